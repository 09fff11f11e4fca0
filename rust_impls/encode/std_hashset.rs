//! The standard hash map: SipHash on every character. Named after its `charset` sibling.

use std::collections::HashMap;

use crate::vocabulary::{Encoded, Id, encode_with, ids_in_order};

pub fn encode<I: Id>(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<I> + Send + Sync + use<I> {
    let ids: HashMap<char, I> = ids_in_order(vocabulary).collect();
    move |text| encode_with(text, |character| ids.get(&character).copied())
}
