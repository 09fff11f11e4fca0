//! Parts linked by the bits of a word, and their ranks in vectors: short pieces need no heap.

use crate::bpe::cache::encode_piece;
use crate::bpe::ranks::Ranks;
use crate::bpe::split::{Pattern, pieces};

pub fn bpe_encode(ranks: Ranks, pattern: Pattern) -> impl Fn(&str, &mut Vec<u32>) + Send + Sync {
    move |text, ids| {
        for piece in pieces(pattern, text) {
            encode_piece(&ranks, piece.as_bytes(), ids);
        }
    }
}
