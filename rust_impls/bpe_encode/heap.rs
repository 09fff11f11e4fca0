//! A heap of the pairs that can be merged: n log n for any piece, but slow for short ones.

use crate::bpe::merge::merge_by_heap;
use crate::bpe::ranks::{NONE, Ranks};
use crate::bpe::split::{Pattern, pieces};

pub fn bpe_encode(ranks: Ranks, pattern: Pattern) -> impl Fn(&str, &mut Vec<u32>) + Send + Sync {
    move |text, ids| {
        for piece in pieces(pattern, text) {
            let id = ranks.id(piece.as_bytes());
            if id == NONE {
                merge_by_heap(&ranks, piece.as_bytes(), ids);
            } else {
                ids.push(id);
            }
        }
    }
}
