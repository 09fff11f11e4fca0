//! `bpe_encode(ranks, pattern)`: builds a function that adds the ids of a text's tokens to a vector.
//!
//! A text is split into pieces. A piece that is a token is one id. In any other, neighbours are
//! merged as long as the bytes of two of them together are a token: always those of the lowest
//! rank, and of several the leftmost.

pub mod heap;
pub mod linked_list;
pub mod longest_match;
pub mod naive;
pub mod piece_cache;
