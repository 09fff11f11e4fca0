//! A flag for each code point, for two and four bytes a character.
//!
//! Flags are bytes: of `bool`s the compiler would make a branch for every other one.
//!
//! The table outlives the call, and a call takes its own marks back: clearing all of it would cost
//! more than most texts do. Only the pages that texts have touched take memory, at most 1.1 MB a
//! thread.

#![allow(unsafe_code)] // a wider load

use std::cell::RefCell;

use super::no_flags;

/// A power of two, so that a mask spares the check of a bound: memory that no text touches is free.
const FLAGS: usize = 1 << 21;
const BLOCK: usize = 16;

const SEEN: u8 = 1;

type Flags = [u8; FLAGS];

thread_local! {
    static FLAGS_OF_THREAD: RefCell<Option<Box<Flags>>> = const { RefCell::new(None) };
}

pub trait Code: Copy + Into<u32> {
    /// Where its flag is. The mask changes nothing in a code point.
    #[inline]
    fn index(self) -> usize {
        self.into() as usize & (FLAGS - 1)
    }

    /// [`SEEN`] if all of a block are.
    #[inline]
    fn all_seen(block: &[Self; BLOCK], flags: &Flags) -> u8 {
        let seen = |all, code: &Self| all & flags[code.index()];
        block.iter().fold(SEEN, seen)
    }
}

impl Code for u16 {
    /// Loads are the limit: four codes by one, and then their flags.
    #[inline]
    fn all_seen(block: &[u16; BLOCK], flags: &Flags) -> u8 {
        let mut all = SEEN;
        for four in block.as_chunks::<4>().0 {
            // SAFETY: four codes are eight bytes, which need no alignment here.
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

/// Adds the characters of `codes` to those found before.
pub fn distinct_beyond<C: Code>(codes: &[C], found: Vec<u32>) -> Vec<u32> {
    with_seen(found, |seen| seen.learn_all(codes))
}

/// Runs `work` with a table in which what was found before is marked, and returns all that is then.
pub fn with_seen(found: Vec<u32>, work: impl FnOnce(&mut Seen<'_>)) -> Vec<u32> {
    FLAGS_OF_THREAD.with_borrow_mut(|flags| {
        let flags = flags.get_or_insert_with(no_flags);
        for &code in &found {
            flags[code.index()] = SEEN;
        }
        let mut seen = Seen { flags, found };
        work(&mut seen);
        let Seen { flags, found } = seen;
        for &code in &found {
            flags[code.index()] = 0;
        }
        found
    })
}

/// The flags of what has been seen, and a list of it.
pub struct Seen<'a> {
    flags: &'a mut Flags,
    found: Vec<u32>,
}

impl Seen<'_> {
    /// Looks a block up before it branches.
    pub fn learn_all<C: Code>(&mut self, codes: &[C]) {
        let (blocks, rest) = codes.as_chunks::<BLOCK>();
        for block in blocks {
            if C::all_seen(block, self.flags) != SEEN {
                self.learn(block);
            }
        }
        self.learn(rest);
    }

    /// Writes every character down and then keeps the new ones: a branch for each would be guessed
    /// wrong for each that is new.
    #[cold]
    #[inline(never)] // its registers would be taken from the loop that looks up
    fn learn<C: Code>(&mut self, codes: &[C]) {
        let mut new = [0; BLOCK];
        let mut count = 0;
        for &code in codes {
            let flag = &mut self.flags[code.index()];
            new[count] = code.into();
            count += usize::from(*flag != SEEN);
            *flag = SEEN;
        }
        self.found.extend_from_slice(&new[..count]);
    }
}
