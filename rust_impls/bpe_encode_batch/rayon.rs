//! Texts shared out among all cores, each with a cache of pieces of its own.
//!
//! A child process forked after the first call waits for ever: it has no worker threads.

use rayon::prelude::*;

use crate::bpe::ranks::Ranks;
use crate::bpe::split::Pattern;
use crate::bpe_encode::piece_cache::bpe_encode;

pub fn bpe_encode_batch(
    ranks: Ranks,
    pattern: Pattern,
) -> impl Fn(&[&str]) -> Vec<Vec<u32>> + Send + Sync {
    let encode = bpe_encode(ranks, pattern);
    move |texts| {
        texts
            .par_iter()
            .map(|text| {
                let mut ids = Vec::new();
                encode(text, &mut ids);
                ids
            })
            .collect()
    }
}
