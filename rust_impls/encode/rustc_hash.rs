//! A hash map with the compiler's own FxHash: a multiplication and a rotation, no seed.

use rustc_hash::FxHashMap;

use crate::vocabulary::{Encoded, Id, encode_with, ids_in_order};

pub fn encode<I: Id>(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<I> + Send + Sync + use<I> {
    let ids: FxHashMap<char, I> = ids_in_order(vocabulary).collect();
    move |text| encode_with(text, |character| ids.get(&character).copied())
}
