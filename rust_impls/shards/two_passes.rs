//! Reads the files twice, by blocks that stay in the cache, and writes ids as they are found.

use std::path::{Path, PathBuf};

use super::Shards;
use crate::file_texts::{Failure, for_each_text, seen_in};
use crate::gathered_ids::GatheredIds;
use crate::id_table::IdTable;
use crate::text::Text;
use crate::vocabulary::U16_ENTRIES;

/// # Errors
///
/// When a file cannot be read, or not twice, or is not UTF-8; when there are more distinct
/// characters than ids; when a shard cannot be written.
pub fn shards(paths: &[PathBuf], out: &Path) -> Result<Vec<u32>, Failure> {
    let seen = seen_in(paths)?;
    let vocabulary = seen.vocabulary();
    if vocabulary.len() > U16_ENTRIES {
        return Err(Failure::TooManyDistinct(vocabulary.len()));
    }
    let table = IdTable::new::<u16>(&vocabulary);
    let mut shards = Shards::new(out, seen.length)?;
    let (mut ids, mut written) = (GatheredIds::default(), 0);
    for_each_text(paths, &mut |text: Text<'_>| {
        written += text.len();
        ids.add(&table, text, |bytes| shards.write(bytes))
    })?;
    shards.write(ids.take())?;
    shards.finish()?;
    if written == seen.length {
        Ok(vocabulary)
    } else {
        Err(Failure::Changed)
    }
}
