//! Wide texts with few distinct characters: whole blocks are shown to hold nothing new by a perfect
//! hash of the characters seen so far.
//!
//! With AVX2 this is worth it for two bytes a character. For four bytes it was hardly faster than
//! marking each, and slower where many characters are rare.

use super::code_table::{self, Code, Seen};
use crate::perfect_hash::growing::{self, GrowingHash};
use crate::perfect_hash::{self, PerfectHash, avx2, avx512};

/// Shorter texts are left to portable code: the first hashes take longer than they save.
const PAYS: usize = 1 << 17;
/// Characters that are marked before the first hash is made. Many of them are new.
const START: usize = 1024;

/// Adds the characters of `codes` to those seen before, 32 at once.
#[target_feature(enable = "avx2")]
pub fn distinct_by_avx2(codes: &[u16], before: Vec<u32>) -> Vec<u32> {
    let known = |hash: &PerfectHash, codes: &[u16]| avx2::known(hash, codes);
    distinct_beyond::<{ avx2::BLOCK }, u16>(codes, before, known)
}

/// The same, 64 at once.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn distinct_by_avx512<C: Code + perfect_hash::Code>(codes: &[C], before: Vec<u32>) -> Vec<u32> {
    let known = |hash: &PerfectHash, codes: &[C]| avx512::known(hash, codes);
    distinct_beyond::<{ avx512::BLOCK }, C>(codes, before, known)
}

fn distinct_beyond<const BLOCK: usize, C: Code>(
    codes: &[C],
    before: Vec<u32>,
    known: impl Fn(&PerfectHash, &[C]) -> usize,
) -> Vec<u32> {
    if codes.len() < PAYS {
        return code_table::distinct_beyond(codes, before);
    }
    code_table::with_seen(before, |seen| {
        let (start, rest) = codes.split_at(codes.len().min(START));
        seen.learn_all(start);
        GrowingHash::default().sift::<BLOCK, C>(rest, seen, known);
    })
}

impl<C: Code> growing::Seen<C> for Seen<'_> {
    fn learn(&mut self, codes: &[C]) {
        self.learn_all(codes);
    }

    fn characters(&self) -> &[u32] {
        Seen::characters(self)
    }
}
