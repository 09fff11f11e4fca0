//! The ends of pieces in ASCII, 64 bytes at a time: a bit for each byte and class, and arithmetic
//! on these bits.
//!
//! A block begins with a piece, so that nothing before it matters. What follows it may matter to its
//! last bytes: only starts of pieces that no later byte can change are used, and the next block begins at
//! the last of them.

#![allow(unsafe_code)]

use super::Pattern;
use crate::simd::Path;

const BLOCK: usize = 64;

/// Whether a path classifies blocks: each that has AVX2 does.
pub fn available(path: Path) -> bool {
    !matches!(path, Path::Scalar)
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
}

/// Adds the ends of the pieces of one block at `at`, moves `at` to the last of them, and returns
/// whether there was any.
///
/// # Safety
///
/// [`available`] must have said yes.
pub unsafe fn push_ends(
    pattern: Pattern,
    text: &[u8],
    at: &mut usize,
    ends: &mut Vec<usize>,
) -> bool {
    let Some(block) = text.get(*at..).and_then(<[u8]>::first_chunk::<BLOCK>) else {
        return false;
    };
    if (block[0] | block[1]) >= 0x80 {
        return false;
    }
    // SAFETY: the caller vouches for the features.
    push_bits(unsafe { avx2::ends(pattern, block) }, at, ends)
}

/// Adds a place for each bit, counted from `at`.
fn push_bits(mut bits: u64, at: &mut usize, ends: &mut Vec<usize>) -> bool {
    let start = *at;
    if bits == 0 {
        return false;
    }
    while bits != 0 {
        ends.push(start + bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
    *at = ends.last().copied().unwrap_or(start);
    true
}

/// A bit for each byte of a block, the first byte's lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classes {
    pub beyond_ascii: u64,
    pub upper: u64,
    pub lower: u64,
    pub numbers: u64,
    /// White space, blanks and line breaks included.
    pub spaces: u64,
    pub blanks: u64,
    pub line_breaks: u64,
    pub apostrophes: u64,
    pub slashes: u64,
}

impl Classes {
    fn letters(&self) -> u64 {
        self.upper | self.lower
    }

    fn others(&self) -> u64 {
        !(self.letters() | self.numbers | self.spaces)
    }

    /// The bits up to the last start of a piece that nothing after the block can change. A later
    /// byte can change what an apostrophe among the last two bytes begins, and it can change any
    /// start in white space that reaches the end, except the first.
    #[inline]
    fn certain(&self) -> u64 {
        let valid = self.beyond_ascii.trailing_zeros().max(1);
        let mut last = valid.saturating_sub(3);
        let ends_in_space = self.spaces >> (valid - 1) & 1 == 1;
        if ends_in_space {
            last = last.min(run_start(self.spaces, valid - 1));
        }
        u64::MAX >> (63 - last)
    }
}

/// The lowest bit of the run of ones that the bit `at` belongs to.
#[inline]
fn run_start(bits: u64, at: u32) -> u32 {
    let zeros_below = !bits & (u64::MAX >> (63 - at));
    64 - zeros_below.leading_zeros()
}

/// The ends of pieces in a block whose starts are certain.
#[inline(always)]
#[allow(clippy::inline_always)] // it must be compiled for the features of its caller
fn ends(pattern: Pattern, block: &[u8; BLOCK], classes: &Classes) -> u64 {
    let starts = match pattern {
        Pattern::Gpt2 => gpt2(block, classes),
        Pattern::Cl100k => cl100k(block, classes),
        Pattern::O200k => o200k(block, classes),
    };
    starts & !1
}

/// Starts of runs of one class.
#[inline]
fn first_of(runs: u64) -> u64 {
    runs & !(runs << 1)
}

#[inline(always)]
#[allow(clippy::inline_always)]
fn gpt2(block: &[u8; BLOCK], classes: &Classes) -> u64 {
    let Classes {
        numbers,
        spaces,
        blanks,
        ..
    } = *classes;
    // White space leaves its last character to what follows it, which a blank then begins.
    let in_spaces = spaces & !(spaces << 1 & spaces >> 1);
    let words = first_of(classes.letters()) | first_of(numbers) | first_of(classes.others());
    let starts = in_spaces | words & !(blanks << 1);
    let contractions = classes.apostrophes & starts & classes.letters() >> 1;
    with_contractions(block, starts, contractions, |byte| byte) & classes.certain()
}

/// Starts where each contraction is a piece of its own.
#[inline(always)]
#[allow(clippy::inline_always)]
fn with_contractions(
    block: &[u8; BLOCK],
    mut starts: u64,
    mut apostrophes: u64,
    case: impl Fn(u8) -> u8,
) -> u64 {
    while apostrophes != 0 {
        let at = apostrophes.trailing_zeros() as usize;
        if let Some(length) = contraction(block, at, &case) {
            starts &= !(2 << at);
            starts |= bit(at + length);
        }
        apostrophes &= apostrophes - 1;
    }
    starts
}

/// The bit of a byte, or none if the byte lies beyond the block.
#[inline]
fn bit(byte: usize) -> u64 {
    if byte < BLOCK { 1 << byte } else { 0 }
}

/// The length of a contraction at an apostrophe.
#[inline]
fn contraction(block: &[u8; BLOCK], at: usize, case: impl Fn(u8) -> u8) -> Option<usize> {
    let letter = |offset: usize| block.get(at + offset).map_or(0, |&byte| case(byte));
    match (letter(1), letter(2)) {
        (b's' | b't' | b'm' | b'd', _) => Some(2),
        (b'r' | b'v', b'e') | (b'l', b'l') => Some(3),
        _ => None,
    }
}

/// The starts that cl100k and o200k have in common, without contractions and capital letters.
struct Common {
    starts: u64,
    /// Starts of pieces by characters that are no letters, numbers or white space.
    others: u64,
    certain: u64,
}

/// `absorbed` are the line breaks and slashes that belong to the characters before them.
#[inline(always)]
#[allow(clippy::inline_always)]
fn common(classes: &Classes, absorbed: u64) -> Common {
    let Classes {
        numbers, blanks, ..
    } = *classes;
    let letters = classes.letters();
    let spaces = classes.spaces & !absorbed;
    let line_breaks = classes.line_breaks & !absorbed;
    let others = classes.others() & !absorbed;
    let mut certain = classes.certain();

    // White space: a piece up to its last line break, then one of all the rest but its last
    // character, which may begin what follows.
    let within_lines = spaces & !line_breaks;
    let indents = first_of(within_lines);
    // The bit after each run. Where it is a line break, the run does not end the white space, and
    // its start is none of a piece unless the white space begins there. That is rare: leave it.
    let after = within_lines.wrapping_add(indents) & !within_lines;
    let before_break = after & line_breaks;
    if before_break != 0 {
        let last = run_start(spaces, before_break.trailing_zeros());
        certain &= u64::MAX >> (63 - last);
    }
    let in_spaces = first_of(spaces) | indents | within_lines & !(spaces >> 1);

    let single_others = first_of(others) & !(blanks << 1);
    let joined = (within_lines | single_others) << 1;
    let mut in_numbers = first_of(numbers);
    let fourth = numbers << 1 & numbers << 2 & numbers & numbers << 3;
    let mut next = in_numbers << 3 & fourth;
    while next != 0 {
        in_numbers |= next;
        next = next << 3 & fourth;
    }
    Common {
        starts: in_spaces | single_others | first_of(letters) & !joined | in_numbers,
        others: single_others,
        certain,
    }
}

#[inline(always)]
#[allow(clippy::inline_always)]
fn cl100k(block: &[u8; BLOCK], classes: &Classes) -> u64 {
    let line_breaks = classes.line_breaks;
    let first_absorbed = line_breaks & classes.others() << 1;
    // A carry runs through the line breaks that follow.
    let absorbed = line_breaks & !line_breaks.wrapping_add(first_absorbed);
    let common = common(classes, absorbed);
    let apostrophes = classes.apostrophes & common.others & classes.letters() >> 1;
    let starts = with_contractions(block, common.starts, apostrophes, |byte| byte | 0x20);
    starts & common.certain
}

#[inline(always)]
#[allow(clippy::inline_always)]
fn o200k(block: &[u8; BLOCK], classes: &Classes) -> u64 {
    let absorbable = classes.line_breaks | classes.slashes;
    let first_absorbed = classes.line_breaks & classes.others() << 1;
    let absorbed = absorbable & !absorbable.wrapping_add(first_absorbed);
    // A second carry in one run would undo the first, as in "/\n/\n".
    let slash_after_break = classes.slashes & classes.line_breaks << 1;
    if slash_after_break != 0 && first_absorbed & classes.slashes << 1 != 0 {
        return 0;
    }
    let common = common(classes, absorbed);
    let mut starts = common.starts | classes.upper & classes.lower << 1;
    let mut apostrophes =
        classes.apostrophes & common.others & classes.letters() >> 1 & classes.letters() << 1;
    let mut after_last = 0;
    while apostrophes != 0 {
        let at = apostrophes.trailing_zeros() as usize;
        apostrophes &= apostrophes - 1;
        // After a contraction, the apostrophe begins a word.
        if at != after_last
            && let Some(length) = contraction(block, at, |byte| byte | 0x20)
        {
            after_last = at + length;
            starts &= !(((1 << length) - 1) << at);
            starts |= bit(after_last);
        }
    }
    starts & common.certain
}

mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm256_add_epi8, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_loadu_si256,
        _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
    };

    use super::{BLOCK, Classes, Pattern};

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    pub fn ends(pattern: Pattern, block: &[u8; BLOCK]) -> u64 {
        super::ends(pattern, block, &classes(block))
    }

    #[target_feature(enable = "avx2")]
    pub fn classes(block: &[u8; BLOCK]) -> Classes {
        let (low, high) = block.split_at(32);
        // SAFETY: each half has 32 bytes, and these loads need no alignment.
        let (low, high) = unsafe {
            (
                _mm256_loadu_si256(low.as_ptr().cast()),
                _mm256_loadu_si256(high.as_ptr().cast()),
            )
        };
        let bits = |of: fn(__m256i) -> __m256i| mask(of(low)) | mask(of(high)) << 32;
        Classes {
            beyond_ascii: mask(low) | mask(high) << 32,
            upper: bits(|bytes| between(bytes, b'A', b'Z')),
            lower: bits(|bytes| between(bytes, b'a', b'z')),
            numbers: bits(|bytes| between(bytes, b'0', b'9')),
            spaces: bits(|bytes| _mm256_or_si256(equal(bytes, b' '), between(bytes, b'\t', b'\r'))),
            blanks: bits(|bytes| equal(bytes, b' ')),
            line_breaks: bits(|bytes| _mm256_or_si256(equal(bytes, b'\n'), equal(bytes, b'\r'))),
            apostrophes: bits(|bytes| equal(bytes, b'\'')),
            slashes: bits(|bytes| equal(bytes, b'/')),
        }
    }

    #[target_feature(enable = "avx2")]
    fn mask(bytes: __m256i) -> u64 {
        u64::from(_mm256_movemask_epi8(bytes).cast_unsigned())
    }

    #[target_feature(enable = "avx2")]
    fn equal(bytes: __m256i, byte: u8) -> __m256i {
        _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte.cast_signed()))
    }

    /// Bytes from `first` to `last`: moved so that `last` becomes the largest number of all.
    #[target_feature(enable = "avx2")]
    fn between(bytes: __m256i, first: u8, last: u8) -> __m256i {
        let moved = _mm256_add_epi8(bytes, _mm256_set1_epi8((127 - last).cast_signed()));
        _mm256_cmpgt_epi8(
            moved,
            _mm256_set1_epi8((first + (127 - last)).cast_signed().wrapping_sub(1)),
        )
    }
}
