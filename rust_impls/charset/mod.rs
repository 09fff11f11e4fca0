//! `charset(text)`: the distinct characters of a text.
//!
//! Each idea returns the collection that it works with. The order of the characters is free, but
//! none may occur twice.

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

/// The distinct characters in a hash set. The ideas that call this differ only in their hashers.
///
/// `text.chars().collect()` would first reserve memory for a quarter as many characters as the text
/// has bytes, because it cannot know that characters repeat: for a gigabyte of text, a table of
/// nearly three gigabytes.
fn distinct<S: BuildHasher + Default>(text: &str) -> HashSet<char, S> {
    let mut characters = HashSet::default();
    for character in text.chars() {
        characters.insert(character);
    }
    characters
}
