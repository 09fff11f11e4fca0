//! An ahash set for each piece of the text, filled by all cores and united: pays on long texts.
//!
//! A process forked after the first call has no worker threads and would wait for them for ever.

use ahash::HashSet;
use rayon::prelude::*;

use super::distinct;
use crate::text_chunks::text_chunks;

pub fn charset(text: &str) -> HashSet<char> {
    text_chunks(text)
        .into_par_iter()
        .map(distinct)
        .reduce(HashSet::default, |mut all, found| {
            all.extend(found);
            all
        })
}
