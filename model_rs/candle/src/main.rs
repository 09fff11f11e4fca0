//! candle with the system's allocator.

use std::process::ExitCode;

use arm_candle::{CandleGpt, about};

fn main() -> ExitCode {
    common::run::<CandleGpt>(&about("candle", "system".to_owned()))
}
