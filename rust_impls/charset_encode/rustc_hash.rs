//! A hash set, sorted, then a hash map to the ids: what one would write first.

use std::collections::{HashMap, HashSet};

use rustc_hash::FxBuildHasher;

use super::Charset;
use crate::text::Text;

/// # Errors
///
/// When `u16` ids cannot name all its characters.
pub fn charset_encode(text: Text<'_>) -> Charset {
    match text {
        Text::One(codes) => distinct_and_ids(codes),
        Text::Two(codes) => distinct_and_ids(codes),
        Text::Four(codes) => distinct_and_ids(codes),
    }
}

fn distinct_and_ids<C: Copy + Into<u32>>(codes: &[C]) -> Charset {
    let mut found: HashSet<u32, FxBuildHasher> = HashSet::default();
    for &code in codes {
        found.insert(code.into());
    }
    let mut vocabulary: Vec<u32> = found.into_iter().collect();
    vocabulary.sort_unstable();
    let mut ids: HashMap<u32, u16, FxBuildHasher> = HashMap::default();
    for (id, &code) in vocabulary.iter().enumerate() {
        ids.insert(code, u16::try_from(id).map_err(|_| vocabulary.len())?);
    }
    let encoded = codes.iter().map(|&code| ids[&code.into()]).collect();
    Ok((vocabulary, encoded))
}
