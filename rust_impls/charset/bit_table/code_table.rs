//! A flag for each code point, for texts of two and four bytes per character.
//!
//! Flags are bytes: with `bool`s the compiler would branch on every other flag.
//!
//! The table outlives the call, and each call takes its own marks back: clearing the whole table
//! would take longer than most texts do. Only the pages that texts have touched take memory, at
//! most 1.1 MB per thread.

#![allow(unsafe_code)] // a wider load

use std::cell::RefCell;

use super::no_flags;

/// A power of two, so that a mask saves the bounds check. Memory that no text touches costs
/// nothing.
const FLAGS: usize = 1 << 21;
const BLOCK: usize = 16;

const SEEN: u8 = 1;

type Flags = [u8; FLAGS];

thread_local! {
    static FLAGS_OF_THREAD: RefCell<Option<Box<Flags>>> = const { RefCell::new(None) };
}

pub trait Code: Copy + Into<u32> {
    /// The place of its flag. The mask changes nothing in a code point.
    #[inline]
    fn index(self) -> usize {
        self.into() as usize & (FLAGS - 1)
    }

    /// [`SEEN`] if all characters of a block have been seen.
    #[inline]
    fn all_seen(block: &[Self; BLOCK], flags: &Flags) -> u8 {
        let seen = |all, code: &Self| all & flags[code.index()];
        block.iter().fold(SEEN, seen)
    }
}

impl Code for u16 {
    /// Loads limit the speed: one load takes four codes, then one load each takes their flags.
    #[inline]
    fn all_seen(block: &[u16; BLOCK], flags: &Flags) -> u8 {
        let mut all = SEEN;
        for four in block.as_chunks::<4>().0 {
            // SAFETY: four codes are eight bytes, and this read needs no alignment.
            let word = unsafe { four.as_ptr().cast::<u64>().read_unaligned() };
            for shift in [0, 16, 32, 48] {
                all &= flags[(word >> shift & 0xFFFF) as usize];
            }
        }
        all
    }
}

impl Code for u32 {}

pub fn distinct<C: Code>(codes: &[C]) -> Vec<u32> {
    distinct_beyond(codes, Vec::new())
}

/// Adds the characters of `codes` to those seen before.
pub fn distinct_beyond<C: Code>(codes: &[C], before: Vec<u32>) -> Vec<u32> {
    with_seen(before, |seen| seen.learn_all(codes))
}

/// Runs `work` on a table that marks the characters seen before. Returns all that are marked then.
pub fn with_seen(before: Vec<u32>, work: impl FnOnce(&mut Seen<'_>)) -> Vec<u32> {
    FLAGS_OF_THREAD.with_borrow_mut(|flags| {
        let flags = flags.get_or_insert_with(no_flags);
        for &code in &before {
            flags[code.index()] = SEEN;
        }
        let mut seen = Seen {
            flags,
            characters: before,
        };
        work(&mut seen);
        let Seen { flags, characters } = seen;
        for &code in &characters {
            flags[code.index()] = 0;
        }
        characters
    })
}

/// The characters seen so far, as flags and as a list.
pub struct Seen<'a> {
    flags: &'a mut Flags,
    characters: Vec<u32>,
}

impl Seen<'_> {
    /// The characters seen so far, in no order.
    #[cfg(target_arch = "x86_64")]
    pub fn characters(&self) -> &[u32] {
        &self.characters
    }

    /// Looks up a whole block before each branch.
    pub fn learn_all<C: Code>(&mut self, codes: &[C]) {
        let (blocks, rest) = codes.as_chunks::<BLOCK>();
        for block in blocks {
            if C::all_seen(block, self.flags) != SEEN {
                self.learn(block);
            }
        }
        self.learn(rest);
    }

    /// Writes down every character but advances only past the new ones: a branch for each character
    /// would be mispredicted at every new one.
    #[cold]
    #[inline(never)] // inlined, it would take registers from the loop that looks up
    fn learn<C: Code>(&mut self, codes: &[C]) {
        let mut new = [0; BLOCK];
        let mut count = 0;
        for &code in codes {
            let flag = &mut self.flags[code.index()];
            new[count] = code.into();
            count += usize::from(*flag != SEEN);
            *flag = SEEN;
        }
        self.characters.extend_from_slice(&new[..count]);
    }
}
