//! The arm of tch: the model on libtorch, and what the executable says of itself.

mod gpt;

use std::process::ExitCode;

use common::About;
use gpt::TchGpt;

const LOCK: &str = include_str!("../Cargo.lock");

fn main() -> ExitCode {
    let mkl = tch::utils::has_mkl();
    let matmul = if mkl { "MKL, by libtorch" } else { "libtorch" };
    common::run::<TchGpt>(&About {
        arm: "tch",
        library: format!(
            "tch {}, libtorch {}",
            common::locked_version(LOCK, "tch"),
            env!("LIBTORCH_VERSION")
        ),
        allocator: "system".to_owned(),
        matmul: matmul.to_owned(),
        instructions: common::instructions_of_mkl(mkl).to_owned(),
        thread_variable: None,
    })
}
