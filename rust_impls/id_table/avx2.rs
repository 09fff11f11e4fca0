//! Lookups of 32 bytes in 16 (AVX2): one for each row of 16 codes that occurs in the vocabulary.

#![allow(unsafe_code)] // vector loads and stores

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::{ABSENT, Filled, Number, fill_latin1, outside_latin1};
use crate::simd::avx2::{LANES, store_widened};

/// Characters that are looked up before each branch on whether all of them have ids.
const BLOCK: usize = 4 * LANES;

/// The ids of 16 neighbouring codes. Here the sign bit says that there *is* an id, because a code
/// that belongs to no row is looked up as zero.
#[derive(Clone, Copy)]
struct Row {
    /// The first code of the row. Exclusive or with it makes the codes of this row, and no others,
    /// less than 16.
    first: __m256i,
    ids: __m256i,
}

#[target_feature(enable = "avx2")]
pub fn fill<N: Number>(table: &[u8; 256], codes: &[u8], ids: &mut [MaybeUninit<N>]) -> Filled {
    if codes.len() < LANES {
        return fill_latin1(table, codes, ids);
    }
    let none = Row {
        first: _mm256_setzero_si256(),
        ids: _mm256_setzero_si256(),
    };
    let mut rows = [none; 16];
    let mut count = 0;
    for (first, row) in (0..=u8::MAX).step_by(16).zip(table.as_chunks::<16>().0) {
        if row.iter().any(|&id| id != ABSENT) {
            // ABSENT becomes zero, and every id gets the bit.
            let marked = row.map(|id| id ^ ABSENT);
            rows[count] = Row {
                first: _mm256_set1_epi8(first.cast_signed()),
                // SAFETY: the array has 16 bytes, and the load needs no alignment.
                ids: _mm256_broadcastsi128_si256(unsafe {
                    _mm_loadu_si128(marked.as_ptr().cast())
                }),
            };
            count += 1;
        }
    }
    let rows = &rows[..count];

    let mut at = 0;
    while at < codes.len() {
        // The last vector overlaps the previous one, and writes the same ids a second time.
        let block = (codes.len() - at).min(BLOCK);
        let mut gathered = _mm256_set1_epi8(-1);
        let mut done = 0;
        while done < block {
            let from = (at + done).min(codes.len() - LANES);
            let looked_up = find(rows, load(&codes[from..]));
            gathered = _mm256_and_si256(gathered, looked_up);
            store(
                _mm256_and_si256(looked_up, _mm256_set1_epi8(0x7F)),
                &mut ids[from..],
            );
            done += LANES;
        }
        if _mm256_movemask_epi8(gathered) != -1 {
            // The overlap was checked with the previous vector.
            outside_latin1(table, &codes[at..at + block], at)?;
        }
        at += block;
    }
    Ok(())
}

#[inline]
#[target_feature(enable = "avx2")]
fn find(rows: &[Row], codes: __m256i) -> __m256i {
    let mut looked_up = _mm256_setzero_si256();
    for row in rows {
        // The result is at most 0x7F for the codes of this row, and more for all others, for which
        // the shuffle returns zero.
        let within = _mm256_xor_si256(codes, row.first);
        let within = _mm256_adds_epu8(within, _mm256_set1_epi8(0x70));
        looked_up = _mm256_or_si256(looked_up, _mm256_shuffle_epi8(row.ids, within));
    }
    looked_up
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8]) -> __m256i {
    let bytes = &bytes[..LANES];
    // SAFETY: the slice has 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Widens 32 ids to `N` and writes them.
#[inline]
#[target_feature(enable = "avx2")]
pub fn store<N: Number>(ids: __m256i, places: &mut [MaybeUninit<N>]) {
    let to = places[..LANES].as_mut_ptr();
    // SAFETY: there are 32 places, and numbers are integers.
    unsafe { store_widened(ids, to) };
}
