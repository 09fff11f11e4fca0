//! A hash set with ahash: one multiplication per character, AES only where it is compiled in.

use ahash::HashSet;

use super::distinct;

pub fn charset(text: &str) -> HashSet<char> {
    distinct(text)
}
