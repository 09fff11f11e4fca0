//! A read loop on each core, over pieces of a file that begin and end between characters.
//!
//! A process forked after the first long file has no worker threads and would wait for them for ever.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::read_loop::add;
use crate::file_texts::{BLOCK, Blocks, Failure, Fault, Seen, Source};

/// Bytes that a core takes at once: few enough that none waits long for the last of the others.
const PIECE: u64 = 8 << 20;

/// # Errors
///
/// When a file cannot be read, is not UTF-8, or changes meanwhile.
pub fn file_charset(paths: &[PathBuf]) -> Result<Vec<u32>, Failure> {
    let (mut seen, mut blocks) = (Seen::default(), Blocks::new(BLOCK));
    for path in paths {
        let source = Source::open(path)?;
        // As long as none is worth a second core, and of a pipe, which has no size.
        let read = if source.size()? < 2 * PIECE || rayon::current_num_threads() < 2 {
            0
        } else {
            add_on_all_cores(&source, PIECE, &mut seen)?
        };
        add(source, read, &mut blocks, &mut seen)?;
    }
    Ok(seen.vocabulary())
}

/// Adds what a file holds, by pieces of so many bytes. Returns how far that went.
///
/// # Errors
///
/// The one that comes first in the file.
pub fn add_on_all_cores(source: &Source<'_>, piece: u64, seen: &mut Seen) -> Result<u64, Failure> {
    let size = source.size()?;
    let next = AtomicU64::new(0);
    let found = rayon::broadcast(|_| {
        let (mut seen, mut blocks) = (Seen::default(), Blocks::new(BLOCK));
        // Pieces are taken in their order, and each that is taken is read to its end: whoever fails
        // knows that others see to what comes before.
        loop {
            let start = next.fetch_add(1, Ordering::Relaxed).saturating_mul(piece);
            if start >= size {
                return (seen, None);
            }
            let end = size.min(start.saturating_add(piece));
            if let Err(fault) = add_piece(source, start, end, &mut blocks, &mut seen) {
                return (seen, Some((start, fault)));
            }
        }
    });
    let mut first: Option<(u64, Fault<Failure>)> = None;
    for (mine, failed) in found {
        seen.merge(&mine);
        if let Some((start, fault)) = failed
            && first.as_ref().is_none_or(|&(before, _)| start < before)
        {
            first = Some((start, fault));
        }
    }
    match first {
        Some((_, fault)) => Err(source.failure(fault)),
        None => Ok(size),
    }
}

/// Adds the characters that begin in a piece.
fn add_piece(
    source: &Source<'_>,
    start: u64,
    end: u64,
    blocks: &mut Blocks,
    seen: &mut Seen,
) -> Result<(), Fault<Failure>> {
    let start = source.next_character(start).map_err(Fault::Io)?;
    let end = source.next_character(end).map_err(Fault::Io)?;
    blocks.each_from(start, source.between(start, end), seen)?;
    Ok(())
}
