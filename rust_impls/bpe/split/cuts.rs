//! Where a text can be cut so that its two halves, split on their own, have the pieces of the whole.
//!
//! The rule holds for every pattern. At a cut, no pattern has a piece that goes on: after a letter
//! or a number, none of them takes white space or another character but a mark or an apostrophe, and
//! after any other character, none takes white space but line breaks. The character before a cut is
//! never white space, because what happens to white space depends on what follows it.

use super::classes::Class;

/// Whether a text can be cut between two characters.
pub fn is_cut(left: char, right: char) -> bool {
    let (before, after) = (Class::of(left.into()), Class::of(right.into()));
    if before.is_letter() || before.is_number() {
        let goes_on = after.is_letter() || after.is_number() || after.is_mark();
        return !goes_on && right != '\'';
    }
    before.is_other() && after.is_space() && !matches!(right, '\r' | '\n')
}

/// The first cut of a text at or after a position, where a character begins.
pub fn first_cut(text: &str, position: usize) -> Option<usize> {
    let mut left = text[..position].chars().next_back();
    for (offset, right) in text[position..].char_indices() {
        if left.is_some_and(|left| is_cut(left, right)) {
            return Some(position + offset);
        }
        left = Some(right);
    }
    None
}

/// The last cut of a text after a position.
pub fn last_cut(text: &str, position: usize) -> Option<usize> {
    let mut right: Option<(usize, char)> = None;
    for (at, left) in text.char_indices().rev() {
        if let Some((cut, right)) = right {
            if cut <= position {
                return None;
            }
            if is_cut(left, right) {
                return Some(cut);
            }
        }
        right = Some((at, left));
    }
    None
}
