//! A file mapped window by window: no copy. A file cut short meanwhile ends the process (SIGBUS).
//!
//! If a file were mapped as a whole, all pages read so far would count as this process's memory.
//! The size is checked before each window. A file that was cut short before the check is an
//! ordinary error: only a cut within the millisecond or so that a window takes ends the process. A
//! program that must survive all changes of its files should read them instead (`read_loop`).

use std::path::PathBuf;

use memmap2::MmapOptions;

use super::read_loop::add;
use crate::file_texts::{BLOCK, Blocks, Codes, Failure, Seen, Source, Take};
use crate::text::Text;

/// Bytes that are mapped at once: enough that mapping costs little.
pub const WINDOW: usize = 4 << 20;

/// # Errors
///
/// When a file cannot be read, is not UTF-8, or changes meanwhile.
pub fn file_charset(paths: &[PathBuf]) -> Result<Vec<u32>, Failure> {
    let (mut seen, mut blocks) = (Seen::default(), Blocks::new(BLOCK));
    for path in paths {
        let source = Source::open(path)?;
        // A closure checks for ASCII first, which brings the block into the cache in the order that
        // the processor predicts best. This is up to a tenth faster than `Seen` itself, which finds
        // ASCII on its way and wins where a read has brought the block into the cache.
        let end = for_each_mapped_text(&source, &mut |text: Text<'_>| {
            seen.add(text);
            Ok(())
        })?;
        // The rest is read: all of a pipe, of a file without a size as in /proc, and of a file that
        // cannot be mapped; the new end of a file that has grown; an incomplete last character.
        add(source, end, &mut blocks, &mut seen)?;
    }
    Ok(seen.vocabulary())
}

/// Gives `take` the characters of the part of a file that can be mapped. Returns the end of that
/// part.
///
/// # Errors
///
/// When the part is not UTF-8, or `take` refuses.
#[allow(unsafe_code)] // a mapped file, which others may change
pub fn for_each_mapped_text(
    source: &Source<'_>,
    take: &mut impl Take<Refusal = Failure>,
) -> Result<u64, Failure> {
    let (mut codes, mut position) = (Codes::default(), 0);
    loop {
        let left = source.size()?.saturating_sub(position);
        let length = usize::try_from(left).map_or(WINDOW, |left| left.min(WINDOW));
        let mut options = MmapOptions::new();
        options.offset(position).len(length).populate();
        // SAFETY: others may write into the file and change bytes that are borrowed here. All bytes
        // are valid, and no code relies on reading the same bytes twice: writes are bounded by what
        // has been written, not by an earlier reading. The head of this file covers files cut
        // short.
        let Ok(window) = (unsafe { options.map(&source.file) }) else {
            return Ok(position);
        };
        let mut at = 0;
        while at < window.len() {
            let block = &window[at..window.len().min(at + BLOCK)];
            let before = position + at as u64;
            let whole = codes.give(block, before, take);
            match whole.map_err(|fault| source.failure(fault))? {
                0 => break, // only an incomplete character is left
                whole => at += whole,
            }
        }
        if at == 0 {
            return Ok(position);
        }
        position += at as u64;
    }
}
