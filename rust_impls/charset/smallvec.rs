//! A list on the stack, searched from its start: quick for few characters, quadratic for many.

use smallvec::SmallVec;

/// In order of first sight, which in natural text puts the common characters near the front.
/// With thousands of distinct characters every search walks most of them.
pub fn charset(text: &str) -> SmallVec<[char; 128]> {
    let mut found = SmallVec::new();
    for character in text.chars() {
        if !found.contains(&character) {
            found.push(character);
        }
    }
    found
}
