//! Ids in an array indexed by code point: one load per character, memory up to the last code.

use crate::vocabulary::{Encoded, Id, encode_with, ids_in_order};

/// Marks an ASCII character outside the vocabulary. No id in the ASCII table has this bit: in
/// code-point order the ASCII characters come first, and their ids are below 128.
const ABSENT: u8 = 0x80;

pub fn encode<I: Id>(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<I> + Send + Sync + use<I> {
    let last = vocabulary.iter().max();
    let mut ids: Vec<Option<I>> = vec![None; last.map_or(0, |&last| last as usize + 1)];
    for (character, id) in ids_in_order(vocabulary) {
        ids[character as usize] = Some(id);
    }

    // An entry for each byte, though ASCII has only half of them: no bound need be checked.
    let mut ascii_ids = [ABSENT; 256];
    for (index, &character) in (0..ABSENT).zip(vocabulary) {
        if let Some(id) = ascii_ids.get_mut(character as usize) {
            *id = index;
        }
    }

    move |text| {
        let ascii = if text.is_ascii() {
            encode_ascii(text.as_bytes(), &ascii_ids)
        } else {
            None
        };
        match ascii {
            Some(ids) => Ok(ids),
            None => encode_with(text, |character| *ids.get(character as usize)?),
        }
    }
}

/// Encodes ASCII text, or returns `None` if a character is outside the vocabulary. One bit,
/// gathered over the whole text, tells that. The caller then searches for the character, which
/// needs a second pass in any case.
fn encode_ascii<I: Id>(text: &[u8], table: &[u8; 256]) -> Option<Vec<I>> {
    let mut ids = Vec::with_capacity(text.len());
    let mut gathered = 0;
    let mut find = |&byte: &u8| {
        let id = table[usize::from(byte)];
        gathered |= id;
        I::from(id)
    };
    // Sixteen characters without a jump between them, for the reason in `charset::fixed_array`.
    let (blocks, rest) = text.as_chunks::<16>();
    for block in blocks {
        ids.extend(block.iter().map(&mut find));
    }
    ids.extend(rest.iter().map(&mut find));
    (gathered & ABSENT == 0).then_some(ids)
}
