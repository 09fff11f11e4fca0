//! Counts the words of a text.

use std::collections::HashMap;

use pyo3::prelude::*;

#[pymodule]
mod rust {
    use super::{HashMap, pyfunction};

    /// Return how often each word of a text occurs; spaces end words.
    #[pyfunction]
    fn count(text: &str) -> HashMap<&str, usize> {
        let mut counts = HashMap::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            *counts.entry(word).or_default() += 1;
        }
        counts
    }
}
