//! A hash map from words, as slices of the text, to counts: nothing is copied before the end.

use std::collections::HashMap;

use pyo3::prelude::*;

/// Python's `str.split` takes the four separators below U+0020 for spaces too; Unicode does not.
fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

#[pymodule]
mod rust {
    use super::{HashMap, is_space, pyfunction};

    /// A hash map from words, as slices of the text, to counts: nothing is copied before the end.
    #[pyfunction]
    fn hash_map(text: &str) -> HashMap<&str, usize> {
        let mut counts = HashMap::new();
        for word in text.split(is_space).filter(|word| !word.is_empty()) {
            *counts.entry(word).or_default() += 1;
        }
        counts
    }
}
