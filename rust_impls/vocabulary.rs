//! What every `encode` shares: what an id may be, and what it means to be outside the vocabulary.
//!
//! A vocabulary holds distinct characters in code-point order, and an id is an index into it.
//! `python.rs` refuses anything else. A kernel given an unordered one must still not panic.

use std::error::Error;
use std::fmt;

/// The ids of a whole text, or the first character that has none.
pub type Encoded<I> = Result<Vec<I>, OutsideVocabulary>;

/// An unsigned integer that can hold an index into a vocabulary.
///
/// `From<u8>` is there for tables that hold the ids of ASCII characters, which always fit a byte.
pub trait Id: Copy + From<u8> + TryFrom<usize> + Send + Sync + 'static {}

impl Id for u16 {}
impl Id for u32 {}

/// How many entries a vocabulary can have before its ids no longer fit a `u16`.
pub const U16_ENTRIES: usize = 1 << 16;

/// The first character of a text that the vocabulary does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutsideVocabulary {
    pub character: char,
    /// Counted in code points, as Python indexes a `str`, not in bytes.
    pub position: usize,
}

impl fmt::Display for OutsideVocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            character,
            position,
        } = self;
        let code = u32::from(*character);
        write!(
            f,
            "character {character:?} (U+{code:04X}) at position {position} is not in the vocabulary"
        )
    }
}

impl Error for OutsideVocabulary {}

/// Each character of the vocabulary with its id.
///
/// Stops where ids no longer fit `I`: the rest then counts as outside the vocabulary, which is an
/// error for whoever meets it, where a truncated id would be a wrong answer.
pub fn ids_in_order<I: Id>(vocabulary: &[char]) -> impl Iterator<Item = (char, I)> {
    vocabulary
        .iter()
        .enumerate()
        .map_while(|(index, &character)| Some((character, I::try_from(index).ok()?)))
}

/// Looks every character up in turn and stops at the first that has no id.
///
/// # Errors
///
/// When `id_of` knows no id for a character of `text`.
#[inline]
pub fn encode_each<I: Id>(text: &str, id_of: impl Fn(char) -> Option<I>) -> Encoded<I> {
    // Counting first is far cheaper than any lookup, and reserving `text.len()` instead would leave
    // an array of four-byte characters with three quarters of its memory unused for life.
    let mut ids = Vec::with_capacity(text.chars().count());
    for character in text.chars() {
        match id_of(character) {
            Some(id) => ids.push(id),
            None => {
                return Err(OutsideVocabulary {
                    character,
                    position: ids.len(),
                });
            }
        }
    }
    Ok(ids)
}
