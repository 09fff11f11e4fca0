//! The arm of burn with its backend flex: its model, and what its executables say of themselves.

mod gpt;

use common::About;
pub use gpt::BurnGpt;

const LOCK: &str = include_str!("../../Cargo.lock");

/// What the arm says of itself, under the name of an executable and with its allocator.
pub fn about(arm: &'static str, allocator: String) -> About {
    let version = |package| common::locked_version(LOCK, package);
    About {
        arm,
        library: format!("burn {} (flex)", version("burn")),
        allocator,
        matmul: format!("gemm {}", version("gemm")),
        instructions: common::instructions().to_owned(),
        thread_variable: Some("RAYON_NUM_THREADS"),
    }
}
