//! Ids by code point, eight lookups in each instruction (`VPGATHERDD`).
//!
//! This serves vocabularies too large for registers. It needs AVX2 alone, but is only used where
//! there is AVX-512: on processors that have no more than AVX2 a gather takes longer than eight
//! loads, and on Intel's it depends on their microcode.

#![allow(unsafe_code)] // gathers and vector stores

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::wide_avx2::WideCode;
use super::{Entry, Filled, Number, TWO_BYTES, fill_block, outside};

const LANES: usize = 16;
/// Characters that are looked up before each branch on whether all of them have ids.
const BLOCK: usize = 4 * LANES;

/// Whether a table is long enough for [`fill`]: each lookup reads an entry and the one behind it.
pub fn suits<C: WideCode>(table: &[u16]) -> bool {
    let least = match size_of::<C>() {
        2 => TWO_BYTES + 1,
        _ => 2,
    };
    table.len() >= least && table.len() < 1 << 30
}

/// The last two entries of `table` belong to no character, and stand for all codes beyond it.
///
/// # Panics
///
/// When the table does not suit.
#[target_feature(enable = "avx2")]
pub fn fill<C: WideCode, N: Number>(
    table: &[u16],
    codes: &[C],
    ids: &mut [MaybeUninit<N>],
) -> Filled {
    assert!(suits::<C>(table));
    let last = table.len() - 2;
    let find = |code: C| table[(code.into() as usize).min(last)];
    let (blocks, rest) = codes.as_chunks::<BLOCK>();
    let (places, places_of_rest) = ids.as_chunks_mut::<BLOCK>();
    let mut position = 0;
    for (codes, places) in blocks.iter().zip(places) {
        let mut gathered = _mm256_setzero_si256();
        let vectors = codes.as_chunks::<LANES>().0.iter();
        for (codes, places) in vectors.zip(places.as_chunks_mut::<LANES>().0) {
            let [first, second] = [0, 8].map(|from| {
                let codes = load(codes, from);
                look_up::<C>(table, codes)
            });
            gathered = _mm256_or_si256(gathered, _mm256_or_si256(first, second));
            store(first, second, places);
        }
        let absent = _mm256_set1_epi32(u16::ABSENT.into());
        if _mm256_testz_si256(gathered, absent) == 0 {
            outside(codes, position, find)?;
        }
        position += BLOCK;
    }
    fill_block(rest, places_of_rest, &find, position)
}

/// Eight codes, widened to four bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn load<C: WideCode>(codes: &[C; LANES], from: usize) -> __m256i {
    let codes = &codes[from..from + 8];
    // SAFETY: the slice has eight codes, and the loads need no alignment.
    unsafe {
        match size_of::<C>() {
            2 => _mm256_cvtepu16_epi32(_mm_loadu_si128(codes.as_ptr().cast())),
            _ => _mm256_loadu_si256(codes.as_ptr().cast()),
        }
    }
}

/// The entries of eight codes.
#[inline]
#[target_feature(enable = "avx2")]
fn look_up<C: WideCode>(table: &[u16], codes: __m256i) -> __m256i {
    let mut codes = codes;
    if size_of::<C>() > size_of::<u16>() {
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // see `suits`
        let last = _mm256_set1_epi32((table.len() - 2) as i32);
        codes = _mm256_min_epu32(codes, last);
    }
    // SAFETY: every lane reads four bytes from a place of two bytes on. Codes of two bytes are at
    // most 65,535, and the table has more entries than that. Other codes are at most the table's
    // last place but one.
    let entries = unsafe { _mm256_i32gather_epi32::<2>(table.as_ptr().cast(), codes) };
    _mm256_and_si256(entries, _mm256_set1_epi32(0xFFFF))
}

/// Writes 16 ids of four bytes as `N`.
#[inline]
#[target_feature(enable = "avx2")]
fn store<N: Number>(first: __m256i, second: __m256i, places: &mut [MaybeUninit<N>; LANES]) {
    let to = places.as_mut_ptr().cast::<__m256i>();
    // Packing takes the halves of both vectors in turn.
    let pairs = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(first, second));
    // SAFETY: 16 places of `size_of::<N>()` bytes each are written, with stores that need no
    // alignment. Numbers are integers, for which all bytes are valid.
    unsafe {
        match size_of::<N>() {
            1 => {
                let low = _mm256_and_si256(pairs, _mm256_set1_epi16(0xFF));
                let bytes = _mm_packus_epi16(
                    _mm256_castsi256_si128(low),
                    _mm256_extracti128_si256::<1>(low),
                );
                _mm_storeu_si128(to.cast(), bytes);
            }
            2 => _mm256_storeu_si256(to, pairs),
            4 => {
                _mm256_storeu_si256(to, first);
                _mm256_storeu_si256(to.add(1), second);
            }
            8 => {
                for (index, ids) in [first, second].into_iter().enumerate() {
                    let to = to.add(2 * index);
                    let low = _mm256_cvtepu32_epi64(_mm256_castsi256_si128(ids));
                    let high = _mm256_cvtepu32_epi64(_mm256_extracti128_si256::<1>(ids));
                    _mm256_storeu_si256(to, low);
                    _mm256_storeu_si256(to.add(1), high);
                }
            }
            _ => unreachable!("no number is of another size"),
        }
    }
}
