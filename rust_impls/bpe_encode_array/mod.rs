//! `bpe_encode_array(ranks, pattern)`: what `bpe_encode` builds, for ids that become an array.

pub mod linked_list;
pub mod piece_cache;
