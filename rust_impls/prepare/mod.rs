//! `prepare(paths)`: turns files into their vocabulary and their ids as numpy.int64, for training.

use std::mem::MaybeUninit;

use crate::file_texts::Failure;

pub mod rustc_hash;
pub mod two_passes;

/// A function that writes one id for each character. `Ok` means that every place has been written.
pub type Fill = dyn FnOnce(&mut [MaybeUninit<i64>]) -> Result<(), Failure> + Send;

/// The vocabulary and the length of files, and a function that writes their ids into new memory.
pub struct Prepared {
    /// The distinct characters, in code-point order.
    pub vocabulary: Vec<u32>,
    /// Number of characters.
    pub length: usize,
    /// Writes the ids. It must be called with `length` places.
    pub fill: Box<Fill>,
}
