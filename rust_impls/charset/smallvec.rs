//! A list on the stack, searched from its start: quick for few characters, quadratic for many.

use smallvec::SmallVec;

/// The list is in order of first occurrence, which in natural text puts the common characters near
/// its start. With thousands of distinct characters, every search passes most of them.
pub fn charset(text: &str) -> SmallVec<[char; 128]> {
    let mut characters = SmallVec::new();
    for character in text.chars() {
        if !characters.contains(&character) {
            characters.push(character);
        }
    }
    characters
}
