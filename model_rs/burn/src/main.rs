//! burn with the system's allocator.

use std::process::ExitCode;

use arm_burn::{BurnGpt, about};

fn main() -> ExitCode {
    common::run::<BurnGpt>(&about("burn", "system".to_owned()))
}
