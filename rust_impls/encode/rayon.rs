//! An ahash map read by all cores, a piece of the text each, joined in order: pays on long texts.
//!
//! A process forked after the first call has no worker threads and would wait for them for ever.

use ahash::HashMap;
use rayon::prelude::*;

use crate::text_chunks::text_chunks;
use crate::vocabulary::{Encoded, Id, OutsideVocabulary, encode_each, ids_in_order};

pub fn encode<I: Id>(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<I> + Send + Sync + use<I> {
    let ids: HashMap<char, I> = ids_in_order(vocabulary).collect();
    move |text| {
        let parts: Vec<Encoded<I>> = text_chunks(text)
            .into_par_iter()
            .map(|chunk| encode_each(chunk, |character| ids.get(&character).copied()))
            .collect();
        join(parts)
    }
}

/// All pieces are finished before the first is looked at: stopping at whichever fails first would
/// report an offender that depends on the scheduler.
fn join<I: Id>(parts: Vec<Encoded<I>>) -> Encoded<I> {
    let mut all = Vec::with_capacity(parts.iter().flatten().map(Vec::len).sum());
    for part in parts {
        match part {
            Ok(part) => all.extend(part),
            Err(OutsideVocabulary {
                character,
                position,
            }) => {
                return Err(OutsideVocabulary {
                    character,
                    position: all.len() + position,
                });
            }
        }
    }
    Ok(all)
}
