//! All pairs counted anew for each merge: the rule in a few lines, for small texts.

use std::collections::HashMap;

use super::{BYTES, Pair, TrainError};
use crate::bpe::split::{Pattern, pieces};

/// # Errors
///
/// When `size` is below 256.
pub fn bpe_train(text: &str, size: usize) -> Result<Vec<Pair>, TrainError> {
    let most = size.checked_sub(BYTES).ok_or(TrainError::TooSmall(size))?;
    let mut counted: HashMap<&str, u64> = HashMap::new();
    for piece in pieces(Pattern::Gpt2, text) {
        *counted.entry(piece).or_default() += 1;
    }
    let mut words: Vec<(Vec<u32>, u64)> = counted
        .into_iter()
        .map(|(piece, count)| (piece.bytes().map(u32::from).collect(), count))
        .collect();
    let mut merges = Vec::new();
    while merges.len() < most {
        let mut counts: HashMap<Pair, u64> = HashMap::new();
        for (word, count) in &words {
            for pair in word.windows(2) {
                *counts.entry((pair[0], pair[1])).or_default() += count;
            }
        }
        let best = counts
            .iter()
            .max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)));
        let Some((&pair, _)) = best else { break };
        let id = u32::try_from(BYTES + merges.len()).map_err(|_| TrainError::TooLarge)?;
        for (word, _) in &mut words {
            *word = merged(word, pair, id);
        }
        merges.push(pair);
    }
    Ok(merges)
}

fn merged(word: &[u32], pair: Pair, id: u32) -> Vec<u32> {
    let mut ids = Vec::with_capacity(word.len());
    let mut rest = word;
    while let [first, after @ ..] = rest {
        if after.first() == Some(&pair.1) && *first == pair.0 {
            ids.push(id);
            rest = &after[1..];
        } else {
            ids.push(*first);
            rest = after;
        }
    }
    ids
}
