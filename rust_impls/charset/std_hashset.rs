//! The standard hash set: SipHash resists chosen keys and pays for it on every character.

use std::collections::HashSet;

use super::distinct;

pub fn charset(text: &str) -> HashSet<char> {
    distinct(text)
}
