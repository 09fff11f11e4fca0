//! Texts of two bytes a character, with few distinct ones: whole blocks are shown to hold nothing new
//! by a perfect hash of the characters seen so far, 32 characters at once (AVX2). For four bytes a
//! character that was hardly faster than marking each, and slower where many characters are rare.

use super::code_table::{self, Seen};
use crate::perfect_hash::PerfectHash;
use crate::perfect_hash::avx2;

/// Shorter texts are left to portable code: the first hashes take longer than they save.
const PAYS: usize = 1 << 17;
/// Characters that are marked before the first hash is made. Many of them are new.
const START: usize = 1024;
/// Blocks with characters that the hash lacks, after which another is made: a hash takes about as
/// long as marking the characters of so many blocks.
const MISSES: usize = 32;
/// A hash is worth its making if it passes this many times as many blocks as it does not pass.
const WORTH: usize = 3;
/// Hashes in a row that were not worth their making, after which none is made any more: texts with
/// many rare characters have one in nearly every block.
const VAIN: usize = 4;

/// Adds the characters of `codes` to those seen before.
#[target_feature(enable = "avx2")]
pub fn distinct_beyond(codes: &[u16], before: Vec<u32>) -> Vec<u32> {
    if codes.len() < PAYS {
        return code_table::distinct_beyond(codes, before);
    }
    code_table::with_seen(before, |seen| {
        let (start, rest) = codes.split_at(codes.len().min(START));
        seen.learn_all(start);
        let mut hash = hash_of(seen);
        let mut rest = rest;
        let (mut passed, mut missed, mut vain) = (0, 0, 0);
        while let Some(usable) = hash.as_ref().filter(|_| rest.len() >= avx2::BLOCK) {
            let known = avx2::known(usable, rest);
            let (block, after) = rest[known..].split_at((rest.len() - known).min(avx2::BLOCK));
            seen.learn_all(block);
            rest = after;
            passed += known / avx2::BLOCK;
            missed += 1;
            if missed == MISSES {
                vain = if passed < WORTH * missed { vain + 1 } else { 0 };
                match hash_of(seen) {
                    Some(larger) if vain < VAIN => hash = Some(larger),
                    // A hash that can grow no more still serves while it passes enough.
                    None if vain == 0 => (),
                    _ => hash = None,
                }
                (passed, missed) = (0, 0);
            }
        }
        seen.learn_all(rest);
    })
}

fn hash_of(seen: &Seen<'_>) -> Option<PerfectHash> {
    let mut vocabulary = seen.characters().to_vec();
    vocabulary.sort_unstable();
    PerfectHash::new(&vocabulary)
}
