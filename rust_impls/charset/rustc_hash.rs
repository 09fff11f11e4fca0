//! A hash set with the compiler's own FxHash: a multiplication and a rotation, no seed.

use rustc_hash::FxHashSet;

use super::distinct;

pub fn charset(text: &str) -> FxHashSet<char> {
    distinct(text)
}
