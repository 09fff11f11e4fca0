//! A bit for each code, in registers (AVX2): for texts too short to pay for a table of rows.
//!
//! `VPSLLVQ` shifts a one by four codes at once, and a shift by 64 or more gives zero. So each of
//! the four words of `Latin1` has its bits from the same codes, less 64 for each word before it.
//! Nothing is stored, where marks in memory take two cycles for each byte (Zen 3).

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;

use super::Latin1;
use super::avx2::{LANES, load};

/// Four codes.
type Four = [u8; 4];

/// For each word of `Latin1`, four words whose bits together are its own.
struct Bits([__m256i; 4]);

impl Bits {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn add(&mut self, four: Four, words: std::ops::Range<usize>) {
        let codes = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(i32::from_le_bytes(four)));
        let firsts = [0, 64, 128, 192];
        for (word, first) in self.0[words.clone()].iter_mut().zip(&firsts[words]) {
            let shift = _mm256_sub_epi64(codes, _mm256_set1_epi64x(*first));
            let bit = _mm256_sllv_epi64(_mm256_set1_epi64x(1), shift);
            *word = _mm256_or_si256(*word, bit);
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn all(&self) -> Latin1 {
        self.0.map(|word| {
            let half = _mm_or_si128(
                _mm256_castsi256_si128(word),
                _mm256_extracti128_si256::<1>(word),
            );
            let both = _mm_or_si128(half, _mm_unpackhi_epi64(half, half));
            _mm_cvtsi128_si64(both).cast_unsigned()
        })
    }
}

/// The bits of all codes of a text.
#[inline]
#[target_feature(enable = "avx2")]
pub fn one_byte(codes: &[u8]) -> Latin1 {
    let mut bits = Bits([_mm256_setzero_si256(); 4]);
    let (vectors, rest) = codes.as_chunks::<LANES>();
    for vector in vectors {
        let fours = vector.as_chunks().0;
        for &four in fours {
            bits.add(four, 0..2);
        }
        if _mm256_movemask_epi8(load(vector)) != 0 {
            for &four in fours {
                bits.add(four, 2..4);
            }
        }
    }
    let (fours, last) = rest.as_chunks();
    for &four in fours {
        bits.add(four, 0..4);
    }
    let mut all = bits.all();
    for &code in last {
        all[usize::from(code >> 6)] |= 1 << (code & 63);
    }
    all
}
