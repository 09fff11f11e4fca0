//! A hash map from characters to counts, with the cheapest hasher: the obvious first version.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::Count;
use crate::text::Text;

pub fn count(text: Text<'_>) -> Vec<Count> {
    let counts = match text {
        Text::One(codes) => counted(codes),
        Text::Two(codes) => counted(codes),
        Text::Four(codes) => counted(codes),
    };
    counts.into_iter().collect()
}

fn counted<C: Copy + Into<u32>>(codes: &[C]) -> HashMap<u32, usize, FxBuildHasher> {
    let mut counts = HashMap::default();
    for &code in codes {
        *counts.entry(code.into()).or_default() += 1;
    }
    counts
}
