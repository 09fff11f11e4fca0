//! Windows of a file as memory: no copy. A file cut short while in one ends the process (SIGBUS).
//!
//! Mapped as a whole, a file would count as this process's memory, all that has been looked at. The
//! size is asked for before each window, so that only what is cut off within the millisecond or so
//! that one takes does that; what was cut off before is an error like any other. A program that has
//! to outlive whatever others do to its files reads them (`read_loop`).

use std::path::PathBuf;

use memmap2::MmapOptions;

use super::read_loop::add;
use crate::file_texts::{BLOCK, Blocks, Codes, Failure, Seen, Source, Take};
use crate::text::Text;

/// Bytes mapped at once: enough that mapping costs little.
pub const WINDOW: usize = 4 << 20;

/// # Errors
///
/// When a file cannot be read, is not UTF-8, or changes meanwhile.
pub fn file_charset(paths: &[PathBuf]) -> Result<Vec<u32>, Failure> {
    let (mut seen, mut blocks) = (Seen::default(), Blocks::new(BLOCK));
    for path in paths {
        let source = Source::open(path)?;
        // Looked at for ASCII first, a block comes into the cache in the order that the processor
        // foresees best: up to a tenth faster than what finds ASCII on its way, which wins where a read
        // has brought the block there.
        let end = each_mapped(&source, &mut |text: Text<'_>| {
            seen.add(text);
            Ok(())
        })?;
        // A pipe, a file without a size as in /proc, one that can't be mapped or has grown; and what
        // is cut short at the end.
        add(source, end, &mut blocks, &mut seen)?;
    }
    Ok(seen.vocabulary())
}

/// Gives `take` the characters of what can be mapped of a file. Returns how far that went.
///
/// # Errors
///
/// When it is not UTF-8, or `take` says so.
#[allow(unsafe_code)] // a map, which others may change
pub fn each_mapped(
    source: &Source<'_>,
    take: &mut impl Take<Refusal = Failure>,
) -> Result<u64, Failure> {
    let (mut codes, mut position) = (Codes::default(), 0);
    loop {
        let left = source.size()?.saturating_sub(position);
        let length = usize::try_from(left).map_or(WINDOW, |left| left.min(WINDOW));
        let mut options = MmapOptions::new();
        options.offset(position).len(length).populate();
        // SAFETY: whoever writes into the file meanwhile changes bytes that are borrowed here. Any
        // bytes are allowed, and nothing that is done with them relies on reading them twice alike:
        // places to write to are checked by what has been written. Of what is cut off, see above.
        let Ok(window) = (unsafe { options.map(&source.file) }) else {
            return Ok(position);
        };
        let mut at = 0;
        while at < window.len() {
            let block = &window[at..window.len().min(at + BLOCK)];
            let before = position + at as u64;
            let whole = codes.each(block, before, take);
            match whole.map_err(|fault| source.failure(fault))? {
                0 => break, // of a character cut short
                whole => at += whole,
            }
        }
        if at == 0 {
            return Ok(position);
        }
        position += at as u64;
    }
}
