//! What the tasks of byte-pair encoding share: the split of a text into pieces, ranks, and merging.

pub mod cache;
pub mod files;
pub mod keys;
pub mod merge;
pub mod ranks;
pub mod split;
pub(crate) mod steps;

#[cfg(test)]
mod encode_tests;
#[cfg(test)]
mod train_tests;
