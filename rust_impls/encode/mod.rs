//! `encode(vocabulary)`: builds a function that returns the ids of a text's characters.
//!
//! `use<I>` in the return types says that this function does not keep the borrowed vocabulary.

pub mod ahash;
pub mod char_hasher;
pub mod fixed_array;
pub mod foldhash;
pub mod id_table;
pub mod rayon;
pub mod rustc_hash;
pub mod smallvec;
pub mod std_hashset;
