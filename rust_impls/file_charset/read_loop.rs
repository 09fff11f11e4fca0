//! A loop that reads blocks into the same memory, where they stay in the cache, and looks them up.

use std::path::PathBuf;

use crate::file_texts::{BLOCK, Blocks, Failure, Seen, Source};

/// # Errors
///
/// When a file cannot be read, is not UTF-8, or changes meanwhile.
pub fn file_charset(paths: &[PathBuf]) -> Result<Vec<u32>, Failure> {
    let (mut seen, mut blocks) = (Seen::default(), Blocks::new(BLOCK));
    for path in paths {
        add(Source::open(path)?, 0, &mut blocks, &mut seen)?;
    }
    Ok(seen.vocabulary())
}

/// Adds the characters of a file from `position` on, where a character must begin.
///
/// # Errors
///
/// When the file cannot be read, is not UTF-8, or changes meanwhile.
pub fn add(
    source: Source<'_>,
    position: u64,
    blocks: &mut Blocks,
    seen: &mut Seen,
) -> Result<(), Failure> {
    source.for_each_text_from(position, blocks, seen)
}
