//! Reads the files twice, by blocks that stay in the cache, and holds nothing but the result.
//!
//! The second reading costs a copy from the system's cache. That is a tenth of the time that it
//! takes to touch memory for a text of the file's size, which would also have to be kept beside the
//! ids.

use std::path::PathBuf;

use super::Prepared;
use crate::file_texts::{Failure, for_each_text, seen_in};
use crate::id_table::IdTable;
use crate::simd;
use crate::text::Text;

/// # Errors
///
/// When a file cannot be read, or not twice, or is not UTF-8. `fill` fails when the files have
/// changed.
pub fn prepare(paths: &[PathBuf]) -> Result<Prepared, Failure> {
    let seen = seen_in(paths)?;
    let vocabulary = seen.vocabulary();
    let table = IdTable::new::<i64>(&vocabulary);
    let paths = paths.to_owned();
    Ok(Prepared {
        vocabulary,
        length: seen.length,
        fill: Box::new(move |ids| {
            let mut rest = ids;
            for_each_text(&paths, &mut |text: Text<'_>| {
                let places = rest.split_off_mut(..text.len()).ok_or(Failure::Changed)?;
                table
                    .fill(simd::path_or_scalar(), text, places)
                    .map_err(|_| Failure::Changed)
            })?;
            if rest.is_empty() {
                Ok(())
            } else {
                Err(Failure::Changed)
            }
        }),
    })
}
