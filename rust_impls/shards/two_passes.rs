//! Reads the files twice, by blocks that stay in the cache, and writes ids as they are found.

use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use super::Shards;
use crate::file_texts::{Failure, for_each_text, seen_in};
use crate::id_table::IdTable;
use crate::simd;
use crate::text::Text;
use crate::vocabulary::U16_ENTRIES;

/// # Errors
///
/// When a file cannot be read, or not twice, or is not UTF-8; when there are more distinct
/// characters than ids; when a shard cannot be written.
#[allow(unsafe_code)] // uninitialized memory, which a kernel fills
pub fn shards(paths: &[PathBuf], out: &Path) -> Result<Vec<u32>, Failure> {
    let seen = seen_in(paths)?;
    let vocabulary = seen.vocabulary();
    if vocabulary.len() > U16_ENTRIES {
        return Err(Failure::TooManyDistinct(vocabulary.len()));
    }
    let table = IdTable::new::<u16>(&vocabulary);
    let mut shards = Shards::new(out, seen.length)?;
    let mut buffer: Vec<MaybeUninit<u16>> = Vec::new();
    let mut written = 0;
    for_each_text(paths, &mut |text: Text<'_>| {
        if buffer.len() < text.len() {
            buffer.resize(text.len(), MaybeUninit::uninit());
        }
        let places = &mut buffer[..text.len()];
        table
            .fill(simd::path_or_scalar(), text, places)
            .map_err(|_| Failure::Changed)?;
        written += places.len();
        // SAFETY: `fill` has succeeded, so that all places are written.
        shards.write(unsafe { &*(&raw const *places as *const [u16]) })
    })?;
    shards.finish()?;
    if written == seen.length {
        Ok(vocabulary)
    } else {
        Err(Failure::Changed)
    }
}
