//! The bit table of charset finds the vocabulary, and the id table of encode_array the ids.

use std::mem::MaybeUninit;

use super::Charset;
use crate::charset;
use crate::id_table::IdTable;
use crate::simd;
use crate::text::Text;
use crate::vocabulary::U16_ENTRIES;

/// # Errors
///
/// When the text has more distinct characters than `u16` ids can number.
///
/// # Panics
///
/// When `ids` has another length than `text`.
pub fn charset_encode(text: Text<'_>, ids: &mut [MaybeUninit<u16>]) -> Charset {
    let mut vocabulary = charset::bit_table::charset(text);
    if vocabulary.len() > U16_ENTRIES {
        return Err(vocabulary.len());
    }
    vocabulary.sort_unstable();
    IdTable::for_length::<u16>(&vocabulary, text.len())
        .fill(simd::path_or_scalar(), text, ids)
        .unwrap_or_else(|_| unreachable!("the vocabulary is the text's own"));
    Ok(vocabulary)
}
