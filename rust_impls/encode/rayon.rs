//! An ahash map that all cores read, each for pieces of the text: pays on long texts.
//!
//! A child process forked after the first call waits for ever: it has no worker threads.

use ahash::HashMap;
use rayon::prelude::*;

use crate::text_chunks::text_chunks;
use crate::vocabulary::{Encoded, Id, OutsideVocabulary, encode_with, ids_in_order};

pub fn encode<I: Id>(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<I> + Send + Sync + use<I> {
    let ids: HashMap<char, I> = ids_in_order(vocabulary).collect();
    move |text| {
        let parts: Vec<Encoded<I>> = text_chunks(text)
            .into_par_iter()
            .map(|chunk| encode_with(chunk, |character| ids.get(&character).copied()))
            .collect();
        join(parts)
    }
}

/// Joins the ids of all pieces in order. All pieces have been finished before: if the first thread
/// to fail stopped the others, the reported character would depend on the scheduler.
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
