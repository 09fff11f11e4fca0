//! Ids that wait until there are enough of them to be written at once.

use std::mem::MaybeUninit;

use crate::file_texts::{CACHE_LINE, Failure, from_cache_line};
use crate::id_table::IdTable;
use crate::simd;
use crate::text::Text;

/// Number of ids that are written at once: enough that the call to the system costs next to
/// nothing, and few enough to stay in the second-level cache until then.
const AT_ONCE: usize = 1 << 16;

/// Memory for ids.
pub struct GatheredIds {
    ids: Vec<MaybeUninit<u16>>,
    filled: usize,
}

impl Default for GatheredIds {
    fn default() -> Self {
        Self {
            ids: vec![MaybeUninit::uninit(); AT_ONCE + CACHE_LINE],
            filled: 0,
        }
    }
}

impl GatheredIds {
    /// Adds the ids of a text. If there is no room for them, `write` takes the earlier ones first.
    ///
    /// # Errors
    ///
    /// When `write` fails. A character without an id shows that the text has changed since its
    /// vocabulary was found.
    pub fn add(
        &mut self,
        table: &IdTable,
        text: Text<'_>,
        write: impl FnOnce(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.filled + text.len() + CACHE_LINE > self.ids.len() {
            write(self.take())?;
            let length = self.ids.len().max(text.len() + CACHE_LINE);
            self.ids.resize(length, MaybeUninit::uninit());
        }
        let places = &mut from_cache_line(&mut self.ids)[self.filled..][..text.len()];
        let filled = table.fill(simd::path_or_scalar(), text, places);
        filled.map_err(|_| Failure::Changed)?;
        self.filled += text.len();
        Ok(())
    }

    /// The bytes of the ids as they belong on the disk, little-endian. None are left.
    #[allow(unsafe_code)] // reads what a kernel has written, and reads it as bytes
    pub fn take(&mut self) -> &[u8] {
        let ids = &mut from_cache_line(&mut self.ids)[..self.filled];
        self.filled = 0;
        for id in &mut *ids {
            // SAFETY: `fill` has returned `Ok` for these places: it has written every one.
            *id = MaybeUninit::new(unsafe { id.assume_init() }.to_le());
        }
        // SAFETY: as above, every byte of an id is initialized. Bytes need no alignment, and the
        // slice lives as long as the ids.
        unsafe { std::slice::from_raw_parts(ids.as_ptr().cast(), size_of_val(ids)) }
    }
}
