//! The bit table of charset finds the vocabulary; an array indexed by code then has every id.

use super::Charset;
use crate::charset;
use crate::text::Text;
use crate::vocabulary::U16_ENTRIES;

/// # Errors
///
/// When `u16` ids cannot name all its characters.
pub fn charset_encode(text: Text<'_>) -> Charset {
    let mut vocabulary = charset::bit_table::charset(text);
    if vocabulary.len() > U16_ENTRIES {
        return Err(vocabulary.len());
    }
    vocabulary.sort_unstable();
    let encoded = match text {
        Text::One(codes) => encode_bytes(&vocabulary, codes),
        Text::Two(codes) => encode(&vocabulary, codes),
        Text::Four(codes) => encode(&vocabulary, codes),
    };
    Ok((vocabulary, encoded))
}

/// The index of a byte is always within the table, which spares a look at every character.
fn encode_bytes(vocabulary: &[u32], codes: &[u8]) -> Vec<u16> {
    let mut ids = [0; 256];
    for (id, &code) in (0..).zip(vocabulary) {
        ids[code as usize & 0xFF] = id;
    }
    codes.iter().map(|&code| ids[usize::from(code)]).collect()
}

/// Memory comes zeroed, and only what characters of the text fall into is touched.
fn encode<C: Copy + Into<u32>>(vocabulary: &[u32], codes: &[C]) -> Vec<u16> {
    let mut ids = vec![0; vocabulary.last().map_or(0, |&last| last as usize + 1)];
    for (id, &code) in (0..=u16::MAX).zip(vocabulary) {
        ids[code as usize] = id;
    }
    codes
        .iter()
        .map(|&code| ids[code.into() as usize])
        .collect()
}
