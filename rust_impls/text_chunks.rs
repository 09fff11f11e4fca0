//! Cuts a text into pieces that threads can work on at the same time.

use std::ops::Range;

/// Bytes in a piece: few enough to keep every thread busy on a text of one megabyte, and enough
/// that handing over a piece costs little beside the work in it.
pub const CHUNK: usize = 64 * 1024;

/// Cuts a text between characters, into pieces of at most [`CHUNK`] bytes. An empty text has no
/// pieces.
pub fn text_chunks(text: &str) -> Vec<&str> {
    let mut chunks = Vec::with_capacity(text.len().div_ceil(CHUNK));
    let mut rest = text;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.floor_char_boundary(CHUNK));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// Number of characters from which waking a core should pay: shuffles take some 0.01 ms for a
/// million, and tables 0.2 ms. This is an estimate, which no run on several idle cores has
/// confirmed yet.
pub const WORTH_A_CORE: usize = 1 << 20;

/// The ranges of pieces for a text as CPython stores it: one piece for each core, or fewer if the
/// pieces would be too short. All characters take the same time, so that smaller pieces are not
/// needed.
pub fn stored_chunks(length: usize) -> Vec<Range<usize>> {
    let most = length / WORTH_A_CORE;
    let size = length
        .div_ceil(most.clamp(1, rayon::current_num_threads()))
        .max(1);
    (0..length)
        .step_by(size)
        .map(|start| start..length.min(start + size))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_chunks_cover_the_text_once() {
        let threads = rayon::current_num_threads();
        for length in [
            0,
            1,
            WORTH_A_CORE - 1,
            2 * WORTH_A_CORE - 1,
            9 * WORTH_A_CORE + 7,
        ] {
            let chunks = stored_chunks(length);
            let mut next = 0;
            for chunk in &chunks {
                assert_eq!(chunk.start, next);
                assert!(chunk.start < chunk.end);
                next = chunk.end;
            }
            assert_eq!(next, length);
            assert_eq!(
                chunks.len(),
                (length / WORTH_A_CORE).clamp(usize::from(length > 0), threads)
            );
        }
    }
}
