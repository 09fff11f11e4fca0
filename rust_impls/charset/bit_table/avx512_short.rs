//! A bit for each code, in registers (AVX-512): for texts too short to pay for a table of rows.
//!
//! As in `avx2_short`, with eight codes at once.

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;

use super::Latin1;

/// Eight codes.
type Eight = [u8; 8];

/// For each word of `Latin1`, eight words whose bits together are its own.
struct Bits([__m512i; 4]);

impl Bits {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn add(&mut self, eight: Eight, words: std::ops::Range<usize>) {
        let codes = _mm512_cvtepu8_epi64(_mm_cvtsi64_si128(i64::from_le_bytes(eight)));
        let firsts = [0, 64, 128, 192];
        for (word, first) in self.0[words.clone()].iter_mut().zip(&firsts[words]) {
            let shift = _mm512_sub_epi64(codes, _mm512_set1_epi64(*first));
            let bit = _mm512_sllv_epi64(_mm512_set1_epi64(1), shift);
            *word = _mm512_or_si512(*word, bit);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn all(&self) -> Latin1 {
        self.0
            .map(|word| _mm512_reduce_or_epi64(word).cast_unsigned())
    }
}

/// The bits of all codes of a text.
#[inline]
#[target_feature(enable = "avx512f")]
pub fn one_byte(codes: &[u8]) -> Latin1 {
    let mut bits = Bits([_mm512_setzero_si512(); 4]);
    let (eights, last) = codes.as_chunks();
    let (groups, rest) = eights.as_chunks::<4>();
    for group in groups {
        for &eight in group {
            bits.add(eight, 0..2);
        }
        if !group.as_flattened().is_ascii() {
            for &eight in group {
                bits.add(eight, 2..4);
            }
        }
    }
    for &eight in rest {
        bits.add(eight, 0..4);
    }
    if let Some((&first, _)) = last.split_first() {
        // A repeated code changes nothing.
        let mut eight = [first; 8];
        eight[..last.len()].copy_from_slice(last);
        bits.add(eight, 0..4);
    }
    bits.all()
}
