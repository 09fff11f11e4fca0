//! A hash set, sorted, then a hash map to the ids: the obvious first version.

use std::collections::{HashMap, HashSet};
use std::mem::MaybeUninit;

use rustc_hash::FxBuildHasher;

use super::Charset;
use crate::text::Text;

/// # Errors
///
/// When the text has more distinct characters than `u16` ids can number.
///
/// # Panics
///
/// When `ids` has another length than `text`.
pub fn charset_encode(text: Text<'_>, ids: &mut [MaybeUninit<u16>]) -> Charset {
    assert_eq!(text.len(), ids.len());
    match text {
        Text::One(codes) => distinct_and_ids(codes, ids),
        Text::Two(codes) => distinct_and_ids(codes, ids),
        Text::Four(codes) => distinct_and_ids(codes, ids),
    }
}

fn distinct_and_ids<C: Copy + Into<u32>>(codes: &[C], places: &mut [MaybeUninit<u16>]) -> Charset {
    let mut distinct: HashSet<u32, FxBuildHasher> = HashSet::default();
    for &code in codes {
        distinct.insert(code.into());
    }
    let mut vocabulary: Vec<u32> = distinct.into_iter().collect();
    vocabulary.sort_unstable();
    let mut ids: HashMap<u32, u16, FxBuildHasher> = HashMap::default();
    for (id, &code) in vocabulary.iter().enumerate() {
        ids.insert(code, u16::try_from(id).map_err(|_| vocabulary.len())?);
    }
    for (place, &code) in places.iter_mut().zip(codes) {
        place.write(ids[&code.into()]);
    }
    Ok(vocabulary)
}
