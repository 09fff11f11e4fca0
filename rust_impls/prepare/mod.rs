//! `prepare(paths)`: files to their vocabulary and their ids as numpy.int64, what a training run begins with.

use std::mem::MaybeUninit;

use crate::file_texts::Failure;

pub mod rustc_hash;
pub mod two_passes;

/// Writes all ids, for each character one; `Ok` says that every place has been written.
pub type Fill = dyn FnOnce(&mut [MaybeUninit<i64>]) -> Result<(), Failure> + Send;

/// What is known of files before their ids have a place to be written to.
pub struct Prepared {
    /// In code-point order.
    pub vocabulary: Vec<u32>,
    /// In characters.
    pub length: usize,
    /// To be called with as many places as there are characters.
    pub fill: Box<Fill>,
}
