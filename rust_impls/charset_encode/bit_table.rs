//! The bit table of charset finds the vocabulary, and the id table of encode_array the ids.

use super::Charset;
use crate::charset;
use crate::id_table::IdTable;
use crate::simd;
use crate::text::Text;
use crate::vocabulary::U16_ENTRIES;

/// # Errors
///
/// When `u16` ids cannot name all its characters.
#[allow(unsafe_code)] // a vector of uninitialized memory, filled by a kernel
pub fn charset_encode(text: Text<'_>) -> Charset {
    let mut vocabulary = charset::bit_table::charset(text);
    if vocabulary.len() > U16_ENTRIES {
        return Err(vocabulary.len());
    }
    vocabulary.sort_unstable();
    let table = IdTable::new::<u16>(&vocabulary);
    let length = text.len();
    let mut ids = Vec::with_capacity(length);
    let room = &mut ids.spare_capacity_mut()[..length];
    if table.fill(simd::path_or_scalar(), text, room).is_ok() {
        // SAFETY: there is room for `length` ids, and success says that all of them are written.
        unsafe { ids.set_len(length) };
    }
    // None can be outside: these are the text's own characters.
    debug_assert_eq!(ids.len(), length);
    Ok((vocabulary, ids))
}
