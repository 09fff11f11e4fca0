//! A cache of pieces in 5 MiB that never grows: most pieces of a text cost one comparison.

pub use crate::bpe_encode::piece_cache::bpe_encode as bpe_encode_array;
