//! A hash set with foldhash: a seeded wide multiplication folded in half, well spread and cheap.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::distinct;

pub fn charset(text: &str) -> HashSet<char, RandomState> {
    distinct(text)
}
