//! The vocabulary in a sorted list on the stack, halved at each step: no hash, but waiting loads.

use smallvec::SmallVec;

use crate::vocabulary::{Encoded, Id, encode_each};

/// Halving beats walking from the start: four times on the 65 characters of English text, since in
/// code-point order the common letters stand far back, and hopelessly where there are thousands.
/// Above 128 entries the list moves to the heap.
pub fn encode<I: Id>(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<I> + Send + Sync + use<I> {
    let vocabulary: SmallVec<[char; 128]> = SmallVec::from_slice(vocabulary);
    move |text| {
        encode_each(text, |character| {
            let index = vocabulary.binary_search(&character).ok()?;
            I::try_from(index).ok()
        })
    }
}
