//! Parts in a vector, searched whole for each merge: quadratic, but there is nothing to build.

use crate::bpe::ranks::{NONE, Ranks};
use crate::bpe::split::{Pattern, pieces};

pub fn bpe_encode(ranks: Ranks, pattern: Pattern) -> impl Fn(&str, &mut Vec<u32>) + Send + Sync {
    move |text, ids| {
        for piece in pieces(pattern, text) {
            encode_piece(&ranks, piece.as_bytes(), ids);
        }
    }
}

/// Adds the ids of a piece.
pub fn encode_piece(ranks: &Ranks, piece: &[u8], ids: &mut Vec<u32>) {
    let id = ranks.id(piece);
    if id != NONE {
        ids.push(id);
        return;
    }
    let mut parts: Vec<&[u8]> = piece.chunks(1).collect();
    loop {
        let mut start = 0;
        let mut best = (NONE, 0, piece);
        for (at, two) in parts.windows(2).enumerate() {
            let joined = &piece[start..start + two[0].len() + two[1].len()];
            let rank = ranks.id(joined);
            if rank < best.0 {
                best = (rank, at, joined);
            }
            start += two[0].len();
        }
        if best.0 == NONE {
            break;
        }
        parts[best.1] = best.2;
        parts.remove(best.1 + 1);
    }
    ids.extend(parts.into_iter().map(|part| ranks.id(part)));
}
