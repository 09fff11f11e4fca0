//! Lookups of 64 bytes in 128 (AVX-512 VBMI): `VPERMI2B`, once for ASCII, twice for Latin-1.

#![allow(unsafe_code)] // vector loads and stores

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::{ABSENT, Filled, Number, fill_latin1, outside_latin1};

const LANES: usize = 64;
/// Characters that are looked up before each branch on whether all of them have ids.
const BLOCK: usize = 4 * LANES;

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn fill<N: Number>(table: &[u8; 256], codes: &[u8], ids: &mut [MaybeUninit<N>]) -> Filled {
    if table[128..].iter().any(|&id| id != ABSENT) {
        let tables = [0, 64, 128, 192].map(|first| load(&table[first..]));
        fill_by(tables, table, codes, ids)
    } else {
        let tables = [0, 64].map(|first| load(&table[first..]));
        fill_by(tables, table, codes, ids)
    }
}

/// The ids of 64 codes. The tables are quarters of Latin-1: ASCII has two.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn find<const QUARTERS: usize>(tables: [__m512i; QUARTERS], codes: __m512i) -> __m512i {
    let ascii = _mm512_permutex2var_epi8(tables[0], codes, tables[1]);
    if QUARTERS == 2 {
        // The codes beyond ASCII have the sign bit, which says that there is no id.
        let sign = _mm512_and_si512(codes, _mm512_set1_epi8(-128));
        return _mm512_or_si512(ascii, sign);
    }
    let beyond = _mm512_permutex2var_epi8(tables[QUARTERS - 2], codes, tables[QUARTERS - 1]);
    _mm512_mask_blend_epi8(_mm512_movepi8_mask(codes), ascii, beyond)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn fill_by<const QUARTERS: usize, N: Number>(
    tables: [__m512i; QUARTERS],
    table: &[u8; 256],
    codes: &[u8],
    ids: &mut [MaybeUninit<N>],
) -> Filled {
    if codes.len() < LANES {
        return fill_latin1(table, codes, ids);
    }
    let mut at = 0;
    while at < codes.len() {
        // The last vector overlaps the previous one, and writes the same ids a second time.
        let block = (codes.len() - at).min(BLOCK);
        let mut gathered = _mm512_setzero_si512();
        let mut done = 0;
        while done < block {
            let from = (at + done).min(codes.len() - LANES);
            let looked_up = find(tables, load(&codes[from..]));
            gathered = _mm512_or_si512(gathered, looked_up);
            store(looked_up, &mut ids[from..]);
            done += LANES;
        }
        if _mm512_movepi8_mask(gathered) != 0 {
            // The overlap was checked with the previous vector.
            outside_latin1(table, &codes[at..at + block], at)?;
        }
        at += block;
    }
    Ok(())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8]) -> __m512i {
    let bytes = &bytes[..LANES];
    // SAFETY: the slice has 64 bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Widens 64 ids to `N` and writes them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub fn store<N: Number>(ids: __m512i, places: &mut [MaybeUninit<N>]) {
    let to = places[..LANES].as_mut_ptr().cast::<__m512i>();
    let half = |high| {
        if high {
            _mm512_extracti64x4_epi64::<1>(ids)
        } else {
            _mm512_castsi512_si256(ids)
        }
    };
    let quarters = [
        _mm512_castsi512_si128(ids),
        _mm512_extracti32x4_epi32::<1>(ids),
        _mm512_extracti32x4_epi32::<2>(ids),
        _mm512_extracti32x4_epi32::<3>(ids),
    ];
    // SAFETY: 64 places of `size_of::<N>()` bytes each are written, in vectors of 64 bytes, which
    // need no alignment. Numbers are integers, for which all bytes are valid.
    unsafe {
        match size_of::<N>() {
            1 => _mm512_storeu_si512(to, ids),
            2 => {
                _mm512_storeu_si512(to, _mm512_cvtepu8_epi16(half(false)));
                _mm512_storeu_si512(to.add(1), _mm512_cvtepu8_epi16(half(true)));
            }
            4 => {
                for (index, quarter) in quarters.into_iter().enumerate() {
                    _mm512_storeu_si512(to.add(index), _mm512_cvtepu8_epi32(quarter));
                }
            }
            8 => {
                for (index, quarter) in quarters.into_iter().enumerate() {
                    let to = to.add(2 * index);
                    _mm512_storeu_si512(to, _mm512_cvtepu8_epi64(quarter));
                    let rest = _mm_srli_si128::<8>(quarter);
                    _mm512_storeu_si512(to.add(1), _mm512_cvtepu8_epi64(rest));
                }
            }
            _ => unreachable!("no number is of another size"),
        }
    }
}
