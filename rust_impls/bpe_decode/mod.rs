//! `bpe_decode(ranks)`: builds a function that returns the bytes of tokens, or the position of the
//! first id that is no token.

pub mod flat_bytes;
