//! Reads the files twice, by blocks that stay in the cache, and writes ids as they are found.

use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use super::Shards;
use crate::file_texts::{Failure, each_text, seen_in};
use crate::id_table::IdTable;
use crate::simd;
use crate::text::Text;
use crate::vocabulary::U16_ENTRIES;

/// # Errors
///
/// When a file cannot be read, twice, or is not UTF-8, has more characters than there are ids, or a
/// shard cannot be written.
#[allow(unsafe_code)] // uninitialized memory, filled by a kernel
pub fn shards(paths: &[PathBuf], out: &Path) -> Result<Vec<u32>, Failure> {
    let seen = seen_in(paths)?;
    let vocabulary = seen.vocabulary();
    if vocabulary.len() > U16_ENTRIES {
        return Err(Failure::TooManyDistinct(vocabulary.len()));
    }
    let table = IdTable::new::<u16>(&vocabulary);
    let mut shards = Shards::new(out, seen.length)?;
    let mut room: Vec<MaybeUninit<u16>> = Vec::new();
    let mut written = 0;
    each_text(paths, &mut |text: Text<'_>| {
        if room.len() < text.len() {
            room.resize(text.len(), MaybeUninit::uninit());
        }
        let places = &mut room[..text.len()];
        table
            .fill(simd::path_or_scalar(), text, places)
            .map_err(|_| Failure::Changed)?;
        written += places.len();
        // SAFETY: success says that all of them are written.
        shards.write(unsafe { &*(&raw const *places as *const [u16]) })
    })?;
    shards.finish()?;
    if written == seen.length {
        Ok(vocabulary)
    } else {
        Err(Failure::Changed)
    }
}
