//! Types that all `encode` ideas share: ids, and the error of a character outside the vocabulary.
//!
//! A vocabulary holds distinct characters in code-point order, and an id is an index into it. Code
//! in `python` refuses any other vocabulary, but a kernel must not panic over one.

use std::error::Error;
use std::fmt;

/// The ids of a whole text, or the first character that has none.
pub type Encoded<I> = Result<Vec<I>, OutsideVocabulary>;

/// An unsigned integer that can hold an index into a vocabulary.
///
/// `From<u8>` serves tables with the ids of ASCII characters, which always fit into a byte.
pub trait Id: Copy + From<u8> + TryFrom<usize> + Send + Sync + 'static {}

impl Id for u16 {}
impl Id for u32 {}

/// The largest number of entries for which all ids fit into a `u16`.
pub const U16_ENTRIES: usize = 1 << 16;

/// The first character of a text that the vocabulary does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutsideVocabulary {
    pub character: char,
    /// The number of code points before it, which is its index in a Python `str`.
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

/// The characters of the vocabulary with their ids.
///
/// The iterator stops where ids no longer fit into `I`. The remaining characters then count as
/// outside the vocabulary: an error for a text that uses them, where a truncated id would be a
/// wrong answer.
pub fn ids_in_order<I: Id>(vocabulary: &[char]) -> impl Iterator<Item = (char, I)> {
    vocabulary
        .iter()
        .enumerate()
        .map_while(|(index, &character)| Some((character, I::try_from(index).ok()?)))
}

/// Looks up each character in turn and stops at the first without an id.
///
/// # Errors
///
/// The first character of `text` for which `id_of` has no id.
#[inline]
pub fn encode_with<I: Id>(text: &str, id_of: impl Fn(char) -> Option<I>) -> Encoded<I> {
    // Counting the characters first is far cheaper than looking them up. Reserving `text.len()`
    // places instead would leave three quarters of the memory unused in a text of four-byte
    // characters.
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
