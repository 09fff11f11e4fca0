//! `encode(vocabulary)`: builds a function from a text to the ids of its characters.
//!
//! `use<I>` in the return types says that the function keeps nothing of the borrowed vocabulary.

pub mod ahash;
pub mod char_hasher;
pub mod fixed_array;
pub mod foldhash;
pub mod id_table;
pub mod rayon;
pub mod rustc_hash;
pub mod smallvec;
pub mod std_hashset;
