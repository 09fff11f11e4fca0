//! Parts linked by the bits of a word, and their ranks in vectors: short pieces need no heap.

pub use crate::bpe_encode::linked_list::bpe_encode as bpe_encode_array;
