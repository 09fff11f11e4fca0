//! A read loop on each core, over pieces of a file that begin and end between characters.
//!
//! A child process forked after the first long file waits for ever: it has no worker threads.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::read_loop::add;
use crate::file_texts::{BLOCK, Blocks, Failure, Fault, Seen, Source};

/// Bytes that a core takes at once: few enough that no core waits long for the last one.
const PIECE: u64 = 8 << 20;

/// # Errors
///
/// When a file cannot be read, is not UTF-8, or changes meanwhile.
pub fn file_charset(paths: &[PathBuf]) -> Result<Vec<u32>, Failure> {
    let (mut seen, mut blocks) = (Seen::default(), Blocks::new(BLOCK));
    for path in paths {
        let source = Source::open(path)?;
        // One core reads files too short for a second core, and pipes, which have no size.
        let read = if source.size()? < 2 * PIECE || rayon::current_num_threads() < 2 {
            0
        } else {
            add_on_all_cores(&source, PIECE, &mut seen)?
        };
        add(source, read, &mut blocks, &mut seen)?;
    }
    Ok(seen.vocabulary())
}

/// Adds the characters of a file, in pieces of `piece` bytes. Returns the position of its end.
///
/// # Errors
///
/// The failure that comes first in the file.
pub fn add_on_all_cores(source: &Source<'_>, piece: u64, seen: &mut Seen) -> Result<u64, Failure> {
    let size = source.size()?;
    let next = AtomicU64::new(0);
    let results = rayon::broadcast(|_| {
        let (mut seen, mut blocks) = (Seen::default(), Blocks::new(BLOCK));
        // Pieces are taken in order, and each is read to its end. A thread that fails can therefore
        // stop: other threads read all earlier pieces.
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
    for (seen_by_thread, failure) in results {
        seen.merge(&seen_by_thread);
        if let Some((start, fault)) = failure
            && first.as_ref().is_none_or(|&(earliest, _)| start < earliest)
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
    blocks.for_each_text_from(start, source.between(start, end), seen)?;
    Ok(())
}
