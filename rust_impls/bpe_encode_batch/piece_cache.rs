//! One text after the other, all with the same cache of pieces.

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
            .iter()
            .map(|text| {
                let mut ids = Vec::new();
                encode(text, &mut ids);
                ids
            })
            .collect()
    }
}
