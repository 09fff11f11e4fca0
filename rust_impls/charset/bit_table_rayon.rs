//! bit_table on all cores, for texts of which each core gets a million characters or more.
//!
//! A process forked after the first such text has no worker threads and would wait for them for ever.

use rayon::prelude::*;

use super::bit_table;
use crate::text::Text;
use crate::text_chunks::stored_chunks;

pub fn charset(text: Text<'_>) -> Vec<u32> {
    let chunks = stored_chunks(text.len());
    if chunks.len() < 2 {
        return bit_table::charset(text);
    }
    let found: Vec<Vec<u32>> = chunks
        .into_par_iter()
        .map(|chunk| bit_table::charset(text.slice(chunk)))
        .collect();
    let mut all = found.concat();
    all.sort_unstable();
    all.dedup();
    all
}
