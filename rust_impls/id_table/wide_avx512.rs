//! Texts of two and four bytes a character by perfect hashes in registers: 64 characters at once.

#![allow(unsafe_code)] // vector stores

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::avx512::store;
use super::wide_avx2::WideCode;
use super::{CodeTable, Filled, Number, Wide};
use crate::perfect_hash::avx512::{self, BLOCK, Gathered, LANES, Tables};

/// `all` has the same ids as the hash. It serves short texts, and names what is outside.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn fill<C: WideCode, N: Number>(
    hash: &Wide,
    all: &CodeTable,
    codes: &[C],
    ids: &mut [MaybeUninit<N>],
) -> Filled {
    if codes.len() < BLOCK {
        return all.fill(codes, ids);
    }
    match hash {
        Wide::Small(hash) => fill_by(&Tables::new::<C>(hash), all, codes, ids),
        Wide::Large(hash) => fill_by(&Tables::of_large::<C>(hash), all, codes, ids),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn fill_by<const HALVES: usize, C: WideCode, N: Number>(
    tables: &Tables<HALVES>,
    all: &CodeTable,
    codes: &[C],
    ids: &mut [MaybeUninit<N>],
) -> Filled {
    let mut at = 0;
    while at < codes.len() {
        // The last block overlaps the previous one, and writes the same ids a second time.
        let from = at.min(codes.len() - BLOCK);
        let block = &codes[from..from + BLOCK];
        let places = &mut ids[from..from + BLOCK];
        let mut gathered = Gathered::nothing();
        let vectors = block.as_chunks::<LANES>().0.iter();
        for (codes, places) in vectors.zip(places.as_chunks_mut::<LANES>().0) {
            avx512::prefetch(codes);
            let found = tables.find(codes, &mut gathered);
            if size_of::<N>() == 2 {
                store_pairs(avx512::for_pairs::<C>(found), places);
            } else {
                store(avx512::in_order::<C>(found), places);
            }
        }
        if tables.foreign(&gathered) {
            all.outside(block, from)?;
        }
        at = from + BLOCK;
    }
    Ok(())
}

/// Widens 64 ids to two bytes by halves of each 16 bytes, and writes them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn store_pairs<N: Number>(ids: __m512i, places: &mut [MaybeUninit<N>; LANES]) {
    assert!(size_of::<N>() == 2);
    let to = places.as_mut_ptr().cast::<__m512i>();
    let zero = _mm512_setzero_si512();
    // SAFETY: 64 places of two bytes are written, in two vectors of 64 bytes, which need no
    // alignment. Numbers are integers, for which all bytes are valid.
    unsafe {
        _mm512_storeu_si512(to, _mm512_unpacklo_epi8(ids, zero));
        _mm512_storeu_si512(to.add(1), _mm512_unpackhi_epi8(ids, zero));
    }
}
