//! bit_table on all cores, if each core gets a million characters or more.
//!
//! A child process forked after the first such text waits for ever: it has no worker threads.

use rayon::prelude::*;

use super::bit_table;
use crate::text::Text;
use crate::text_chunks::stored_chunks;

pub fn charset(text: Text<'_>) -> Vec<u32> {
    let chunks = stored_chunks(text.len());
    if chunks.len() < 2 {
        return bit_table::charset(text);
    }
    let parts: Vec<Vec<u32>> = chunks
        .into_par_iter()
        .map(|chunk| bit_table::charset(text.slice(chunk)))
        .collect();
    let mut characters = parts.concat();
    characters.sort_unstable();
    characters.dedup();
    characters
}
