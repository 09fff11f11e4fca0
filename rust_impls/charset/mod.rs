//! `charset(text)`: the distinct characters of a text, in whatever collection the idea works with.
//! A collection may hold its characters in any order, but each only once.

use std::collections::HashSet;
use std::hash::BuildHasher;

pub mod ahash;
pub mod bit_table;
pub mod bit_table_avx2;
pub mod bit_table_avx512;
pub mod bit_table_neon;
pub mod bit_table_rayon;
pub mod bit_table_scalar;
pub mod char_hasher;
pub mod fixed_array;
pub mod foldhash;
pub mod rayon;
pub mod rustc_hash;
pub mod smallvec;
pub mod std_hashset;

/// What the hash sets share; only their hashers differ.
///
/// Not `text.chars().collect()`, which would first make room for a quarter as many characters as the
/// text has bytes, not knowing that they repeat: for a gigabyte of text a table of nearly three.
fn distinct<S: BuildHasher + Default>(text: &str) -> HashSet<char, S> {
    let mut found = HashSet::default();
    for character in text.chars() {
        found.insert(character);
    }
    found
}
