//! burn with mimalloc, which keeps the memory of a step for the next one.

use std::process::ExitCode;

use arm_burn::{BurnGpt, about};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let allocator = common::mimalloc_version(ALLOCATOR.version());
    common::run::<BurnGpt>(&about("burn-mimalloc", allocator))
}
