//! The whole text in memory, a hash set, a hash map to the ids: the obvious first version.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;

use rustc_hash::FxBuildHasher;

use super::Prepared;
use crate::file_texts::Failure;

/// # Errors
///
/// When a file cannot be read or is not UTF-8.
pub fn prepare(paths: &[PathBuf]) -> Result<Prepared, Failure> {
    let mut text = String::new();
    for path in paths {
        let bytes = fs::read(path).map_err(|error| Failure::io(path, error))?;
        text += str::from_utf8(&bytes)
            .map_err(|error| Failure::not_utf8(path, &bytes, error.valid_up_to()))?;
    }
    let distinct: HashSet<char, FxBuildHasher> = text.chars().collect();
    let mut characters = Vec::from_iter(distinct);
    characters.sort_unstable();
    let ids: HashMap<char, i64, FxBuildHasher> = characters.iter().copied().zip(0..).collect();
    Ok(Prepared {
        vocabulary: characters.into_iter().map(u32::from).collect(),
        length: text.chars().count(),
        fill: Box::new(move |places| {
            let mut characters = text.chars();
            for (place, character) in places.iter_mut().zip(&mut characters) {
                place.write(ids[&character]);
            }
            Ok(())
        }),
    })
}
