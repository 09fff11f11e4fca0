//! A hash map whose hash is the character itself: nothing to compute, but no spread either.

use std::collections::HashMap;

use crate::charset::char_hasher::CharHasher;

use crate::vocabulary::{Encoded, Id, encode_with, ids_in_order};

pub fn encode<I: Id>(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<I> + Send + Sync + use<I> {
    let ids: HashMap<char, I, CharHasher> = ids_in_order(vocabulary).collect();
    move |text| encode_with(text, |character| ids.get(&character).copied())
}
