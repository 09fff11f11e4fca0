//! Everything that the arms of a race share, written once: an arm itself is one file, `gpt.rs`.
//!
//! `run` reads the options, prepares data, weights and starts, and answers the lines of the
//! protocol (README.md). An arm implements `Gpt`, and its `main` says in an `About` which library
//! computes it.

mod clocks;
mod config;
mod data;
mod error;
mod evaluation;
mod options;
mod protocol;
mod start;
mod versions;
mod weights;

pub use config::{BETAS, CLIP, CONFIGS, Config, Recipe, WEIGHT_DECAY};
pub use data::{Batch, Corpus};
pub use error::{Result, usage};
pub use options::{Dtype, Options};
pub use protocol::{About, Setup, run};
pub use start::{Draws, draw};
pub use versions::{instructions, instructions_of_mkl, locked_version, mimalloc_version};
pub use weights::{Parameter, Weights, parameters};

/// A GPT with its optimizer: what an arm computes.
pub trait Gpt: Sized {
    /// The types that this library can train in.
    const DTYPES: &'static [Dtype];

    /// Tells the library how many threads it may use, before anything is computed.
    fn use_threads(threads: usize) {
        let _ = threads;
    }

    /// Draws the initial weights and where the training sequences start, for `--seed`.
    ///
    /// `windows` is the number of places where a sequence can start, `count` how many are drawn.
    fn draw(parameters: &[Parameter], windows: usize, count: usize, seed: u64) -> Result<Draws> {
        Ok(draw(parameters, windows, count, seed))
    }

    /// Makes the model from its initial weights.
    fn new(setup: &Setup, weights: Weights) -> Result<Self>;

    /// Takes one training step, and returns the batch's mean loss before it, in nats.
    fn step(&mut self, batch: &Batch, learning_rate: f64) -> Result<f64>;

    /// Returns a batch's mean loss, in nats, in the precision of the parameters.
    fn loss(&self, batch: &Batch) -> Result<f64>;

    /// Returns a copy of the present weights, in the order of `parameters`.
    fn weights(&self) -> Result<Weights>;
}
