//! A hash map with foldhash: a seeded wide multiplication folded in half, well spread and cheap.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::vocabulary::{Encoded, Id, encode_with, ids_in_order};

pub fn encode<I: Id>(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<I> + Send + Sync + use<I> {
    let ids: HashMap<char, I, RandomState> = ids_in_order(vocabulary).collect();
    move |text| encode_with(text, |character| ids.get(&character).copied())
}
