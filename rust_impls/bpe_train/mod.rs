//! `bpe_train(text, size)`: the pairs that make a vocabulary of that size, in the order of merging.
//!
//! Ids below 256 are the bytes, and the pair at place k makes the id 256 + k. Pairs are counted within
//! the pieces of GPT-2's pattern. The largest count comes first; of several, the smallest pair.

use std::fmt;

pub mod naive;
pub mod pair_places;

/// The number of bytes, which every vocabulary holds.
pub const BYTES: usize = 256;

/// The two ids that a merge joins.
pub type Pair = (u32, u32);

/// Why there is no vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrainError {
    /// A size below 256.
    TooSmall(usize),
    /// A text whose distinct pieces have more than 1 GiB together.
    TooLarge,
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall(size) => write!(
                f,
                "size is {size}; a vocabulary holds the 256 bytes at least"
            ),
            Self::TooLarge => write!(
                f,
                "the distinct pieces of the text have more than 1 GiB together"
            ),
        }
    }
}

impl std::error::Error for TrainError {}
