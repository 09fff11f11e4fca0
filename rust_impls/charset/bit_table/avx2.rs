//! Shuffles of 16 bytes, two at a time (AVX2).
//!
//! The low half of a byte selects one of 16 rows, and its high half one of 16 bits. A row holds
//! eight bits, so that there is one table for ASCII and one for the rest of Latin-1. `VPSHUFB`
//! returns zero for a byte whose top bit is set: each table therefore ignores the bytes that belong
//! to the other.

#![allow(unsafe_code)] // loads

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;

use super::{Latin1, avx2_short, codes_of, ones};

pub const LANES: usize = 32;
/// Bytes that one branch checks for unseen characters.
const BLOCK: usize = 16 * LANES;
/// Bytes at the start of a text that are not looked up in the tables, because too many are new.
const MOSTLY_NEW: usize = 1024;

/// The characters not seen yet, by rows: bit `h % 8` of byte `l` of table `h / 8` stands for the
/// code `16 * h + l`.
struct Unseen {
    seen: Latin1,
    tables: [[u8; 16]; 2],
    ascii: __m256i,
    beyond: __m256i,
}

impl Unseen {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn all_but(seen: Latin1) -> Self {
        let all = _mm256_set1_epi8(-1);
        let mut unseen = Self {
            seen,
            tables: [[0xFF; 16]; 2],
            ascii: all,
            beyond: all,
        };
        for (first, bits) in (0..).step_by(64).zip(seen) {
            for position in ones(bits) {
                unseen.clear(first + position as usize);
            }
        }
        unseen.broadcast_tables();
        unseen
    }

    /// Takes a code out of the tables, but not yet out of the vectors.
    #[inline]
    fn clear(&mut self, code: usize) {
        self.tables[code >> 7][code & 15] &= !(1 << (code >> 4 & 7));
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn broadcast_tables(&mut self) {
        self.ascii = broadcast(&self.tables[0]);
        self.beyond = broadcast(&self.tables[1]);
    }

    /// A vector with a byte other than zero for each of the `codes` that is unseen.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn among(&self, codes: __m256i) -> __m256i {
        let bits = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(codes), _mm256_set1_epi8(0x0F));
        let bit = _mm256_shuffle_epi8(bits, high);
        let ascii = _mm256_shuffle_epi8(self.ascii, codes);
        let flipped = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
        let beyond = _mm256_shuffle_epi8(self.beyond, flipped);
        _mm256_and_si256(_mm256_or_si256(ascii, beyond), bit)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn learn_all(&mut self, codes: &[u8]) {
        for &code in codes {
            self.seen[usize::from(code >> 6)] |= 1 << (code & 63);
            self.clear(code.into());
        }
        self.broadcast_tables();
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn learn(&mut self, codes: &[u8; LANES]) {
        let new = self.among(load(codes));
        if _mm256_testz_si256(new, new) == 0 {
            self.learn_all(codes);
        }
    }

    fn none_left(&self) -> bool {
        self.seen == [u64::MAX; 4]
    }
}

#[target_feature(enable = "avx2")]
pub fn one_byte(codes: &[u8]) -> Vec<u32> {
    let (start, codes) = codes.split_at(codes.len().min(MOSTLY_NEW));
    let seen = avx2_short::one_byte(start);
    if codes.is_empty() {
        return codes_of(seen);
    }
    codes_of(add_one_byte(seen, codes))
}

/// Adds the characters of `codes` to those seen before.
#[inline]
#[target_feature(enable = "avx2")]
pub fn add_one_byte(seen: Latin1, codes: &[u8]) -> Latin1 {
    let mut unseen = Unseen::all_but(seen);
    let (blocks, rest) = codes.as_chunks::<BLOCK>();
    for block in blocks {
        let vectors = block.as_chunks::<LANES>().0;
        let mut any = _mm256_setzero_si256();
        for vector in vectors {
            any = _mm256_or_si256(any, unseen.among(load(vector)));
        }
        if _mm256_testz_si256(any, any) == 0 {
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
    unseen.seen
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn load(vector: &[u8; LANES]) -> __m256i {
    // SAFETY: the array has 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(vector.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn broadcast(table: &[u8; 16]) -> __m256i {
    // SAFETY: the array has 16 bytes, and the load needs no alignment.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
}
