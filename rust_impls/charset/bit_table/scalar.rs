//! Portable code for texts of one byte per character.

use super::{codes_of, no_flags};

/// Length in bytes from which pairs pay. In shorter texts too many pairs are new: at 64 KB pairs
/// took 1.7 times as long as marking each byte.
const PAIRS_PAY: usize = 128 * 1024;
/// Bytes that are looked up before each branch.
const BLOCK: usize = 64;
const SEEN: u8 = 1;

pub fn one_byte(codes: &[u8]) -> Vec<u32> {
    let mut seen = [false; 256];
    if codes.len() < PAIRS_PAY {
        mark(codes, &mut seen);
    } else {
        mark_by_pairs(codes, &mut seen);
    }
    let mut bits = [0; 4];
    for (bits, flags) in bits.iter_mut().zip(seen.as_chunks::<64>().0) {
        *bits = flags
            .iter()
            .rev()
            .fold(0, |bits, &flag| bits << 1 | u64::from(flag));
    }
    codes_of(bits)
}

/// Stores without a check, because no store waits for another.
fn mark(codes: &[u8], seen: &mut [bool; 256]) {
    for &code in codes {
        seen[usize::from(code)] = true;
    }
}

/// Looks up two bytes at once, and a whole block before each branch. A text has some 1,500
/// different pairs, whose flags stay in the first cache. Flags are bytes: with `bool`s the compiler
/// would branch on every other flag.
fn mark_by_pairs(codes: &[u8], seen: &mut [bool; 256]) {
    let mut pairs = no_flags();
    let (blocks, rest) = codes.as_chunks::<BLOCK>();
    for block in blocks {
        let mut all = SEEN;
        for word in block.as_chunks::<8>().0 {
            let word = u64::from_le_bytes(*word);
            for shift in [0, 16, 32, 48] {
                all &= pairs[(word >> shift & 0xFFFF) as usize];
            }
        }
        if all != SEEN && learn_pairs(block, &mut pairs, seen) == 256 {
            return;
        }
    }
    mark(rest, seen);
}

/// Marks the pairs and bytes of a block. Returns how many different bytes have been seen.
#[cold]
#[inline(never)] // inlined, it would take registers from the loop that looks up
fn learn_pairs(block: &[u8; BLOCK], pairs: &mut [u8; 1 << 16], seen: &mut [bool; 256]) -> usize {
    for pair in block.as_chunks::<2>().0 {
        pairs[usize::from(u16::from_le_bytes(*pair))] = SEEN;
    }
    mark(block, seen);
    seen.iter().filter(|&&seen| seen).count()
}
