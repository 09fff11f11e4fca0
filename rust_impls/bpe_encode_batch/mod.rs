//! `bpe_encode_batch(ranks, pattern)`: builds a function that returns the ids of each of many texts.

pub mod piece_cache;
pub mod rayon;
