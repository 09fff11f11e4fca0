//! Cuts a text into pieces that threads can work on at the same time.

/// Bytes in a piece: small enough to keep every thread busy on a text of a megabyte, large enough
/// that handing a piece over costs nothing beside the work in it.
pub const CHUNK: usize = 64 * 1024;

/// Pieces of at most [`CHUNK`] bytes, in order, cut between characters. An empty text has none.
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
