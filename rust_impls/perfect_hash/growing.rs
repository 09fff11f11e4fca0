//! The perfect hash of the characters seen so far, made anew while new ones come.

use super::PerfectHash;

/// Blocks with characters that the hash lacks, after which another is made: a hash takes about as
/// long as marking the characters of so many blocks.
const MISSES: usize = 32;
/// A hash is worth its making if it passes this many times as many blocks as it does not pass.
const WORTH: usize = 3;
/// Hashes in a row that were not worth their making, after which none is made any more: texts with
/// many rare characters have one in nearly every block.
const VAIN: usize = 4;

/// Characters seen so far.
pub trait Seen<C> {
    fn learn(&mut self, codes: &[C]);

    /// The characters, in no order.
    fn characters(&self) -> &[u32];
}

#[derive(Default)]
pub struct GrowingHash {
    hash: Option<PerfectHash>,
    started: bool,
    /// Blocks since the hash was made that it has passed, and that it has not.
    passed: usize,
    missed: usize,
    vain: usize,
}

impl GrowingHash {
    /// Has `seen` learn all blocks that the hash does not show to hold nothing new. `known` returns
    /// how many characters at the start, in whole blocks, a hash has. At the first call `seen`
    /// should have learned some hundred characters, of which many are new.
    pub fn sift<const BLOCK: usize, C: Copy>(
        &mut self,
        codes: &[C],
        seen: &mut impl Seen<C>,
        known: impl Fn(&PerfectHash, &[C]) -> usize,
    ) {
        if !self.started {
            self.hash = hash_of(seen.characters());
            self.started = true;
        }
        let mut rest = codes;
        while let Some(hash) = &self.hash {
            let known = known(hash, rest);
            self.passed += known / BLOCK;
            rest = &rest[known..];
            let Some((block, after)) = rest.split_first_chunk::<BLOCK>() else {
                break;
            };
            seen.learn(block);
            rest = after;
            self.missed += 1;
            if self.missed == MISSES {
                self.make_anew(seen.characters());
            }
        }
        seen.learn(rest);
    }

    fn make_anew(&mut self, characters: &[u32]) {
        if self.passed < WORTH * self.missed {
            self.vain += 1;
        } else {
            self.vain = 0;
        }
        match hash_of(characters) {
            Some(larger) if self.vain < VAIN => self.hash = Some(larger),
            // A hash that can grow no more still serves while it passes enough.
            None if self.vain == 0 => (),
            _ => self.hash = None,
        }
        (self.passed, self.missed) = (0, 0);
    }
}

fn hash_of(characters: &[u32]) -> Option<PerfectHash> {
    let mut vocabulary = characters.to_vec();
    vocabulary.sort_unstable();
    PerfectHash::new(&vocabulary)
}
