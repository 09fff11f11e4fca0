//! Lookups of 16 bytes in 64 (NEON).
//!
//! The low six bits of a byte select one of 64 rows, and its high two bits one of the four bits in
//! a row.

#![allow(unsafe_code)] // loads

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::aarch64::*;

use super::{Latin1, codes_of, scalar};

const LANES: usize = 16;
/// Bytes that one branch checks for unseen characters.
const BLOCK: usize = 16 * LANES;
/// Shorter texts are left to portable code, because too many of their characters are new. The
/// number was measured with AVX2, not yet with NEON.
const PAYS: usize = 2048;

/// The characters not seen yet, by rows: bit `k` of byte `r` stands for the code `64 * k + r`.
struct Unseen {
    seen: Latin1,
    rows: [u8; 64],
    registers: uint8x16x4_t,
}

impl Unseen {
    #[inline]
    #[target_feature(enable = "neon")]
    fn all() -> Self {
        let rows = [0x0F; 64];
        Self {
            seen: [0; 4],
            rows,
            registers: registers(&rows),
        }
    }

    /// A vector with a byte other than zero for each of the `codes` that is unseen.
    #[inline]
    #[target_feature(enable = "neon")]
    fn among(&self, codes: uint8x16_t) -> uint8x16_t {
        let row = vqtbl4q_u8(self.registers, vandq_u8(codes, vdupq_n_u8(63)));
        let quarter = vreinterpretq_s8_u8(vshrq_n_u8::<6>(codes));
        vandq_u8(row, vshlq_u8(vdupq_n_u8(1), quarter))
    }

    #[inline]
    #[target_feature(enable = "neon")]
    fn learn_all(&mut self, codes: &[u8]) {
        for &code in codes {
            self.seen[usize::from(code >> 6)] |= 1 << (code & 63);
            self.rows[usize::from(code & 63)] &= !(1 << (code >> 6));
        }
        self.registers = registers(&self.rows);
    }

    #[inline]
    #[target_feature(enable = "neon")]
    fn learn(&mut self, codes: &[u8; LANES]) {
        if vmaxvq_u8(self.among(load(codes))) != 0 {
            self.learn_all(codes);
        }
    }

    fn none_left(&self) -> bool {
        self.seen == [u64::MAX; 4]
    }

    fn seen(&self) -> Vec<u32> {
        codes_of(self.seen)
    }
}

#[target_feature(enable = "neon")]
pub fn one_byte(codes: &[u8]) -> Vec<u32> {
    if codes.len() < PAYS {
        return scalar::one_byte(codes);
    }
    let mut unseen = Unseen::all();
    let (blocks, rest) = codes.as_chunks::<BLOCK>();
    for block in blocks {
        let vectors = block.as_chunks::<LANES>().0;
        let mut any = vdupq_n_u8(0);
        for vector in vectors {
            any = vorrq_u8(any, unseen.among(load(vector)));
        }
        if vmaxvq_u8(any) != 0 {
            for vector in vectors {
                unseen.learn(vector);
            }
            if unseen.none_left() {
                break;
            }
        }
    }
    let (vectors, rest) = rest.as_chunks::<LANES>();
    for vector in vectors {
        unseen.learn(vector);
    }
    unseen.learn_all(rest);
    unseen.seen()
}

#[inline]
#[target_feature(enable = "neon")]
fn load(vector: &[u8; LANES]) -> uint8x16_t {
    // SAFETY: the array has 16 bytes, and the load needs no alignment.
    unsafe { vld1q_u8(vector.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn registers(rows: &[u8; 64]) -> uint8x16x4_t {
    let [a, b, c, d] = rows.as_chunks::<LANES>().0 else {
        unreachable!("64 bytes are four vectors")
    };
    uint8x16x4_t(load(a), load(b), load(c), load(d))
}
