//! Texts of two and four bytes a character by a perfect hash in registers: 32 characters at once.

#![allow(unsafe_code)] // vector stores

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::avx2::store;
use super::{Code, CodeTable, Filled, Number};
use crate::perfect_hash::avx2::{self, BLOCK, Gathered, LANES, Tables};
use crate::perfect_hash::{self, PerfectHash};

pub trait WideCode: Code + perfect_hash::Code {}
impl WideCode for u16 {}
impl WideCode for u32 {}

/// `all` has the same ids as the hash. It serves short texts, and names what is outside.
#[target_feature(enable = "avx2")]
pub fn fill<C: WideCode, N: Number>(
    hash: &PerfectHash,
    all: &CodeTable,
    codes: &[C],
    ids: &mut [MaybeUninit<N>],
) -> Filled {
    if codes.len() < BLOCK {
        return all.fill(codes, ids);
    }
    match hash.rows() {
        ..=5 => fill_by::<5, C, N>(hash, all, codes, ids),
        6 => fill_by::<6, C, N>(hash, all, codes, ids),
        _ => fill_by::<8, C, N>(hash, all, codes, ids),
    }
}

#[target_feature(enable = "avx2")]
fn fill_by<const ROWS: usize, C: WideCode, N: Number>(
    hash: &PerfectHash,
    all: &CodeTable,
    codes: &[C],
    ids: &mut [MaybeUninit<N>],
) -> Filled {
    let tables = Tables::<ROWS>::new::<C>(hash);
    let mut at = 0;
    while at < codes.len() {
        // The last block overlaps the previous one, and writes the same ids a second time.
        let from = at.min(codes.len() - BLOCK);
        let block = &codes[from..from + BLOCK];
        let places = &mut ids[from..from + BLOCK];
        let mut gathered = Gathered::nothing();
        let vectors = block.as_chunks::<LANES>().0.iter();
        for (codes, places) in vectors.zip(places.as_chunks_mut::<LANES>().0) {
            let found = tables.find(codes, &mut gathered);
            if size_of::<C>() == 2 && size_of::<N>() == 2 {
                store_mixed(found, places);
            } else {
                store(avx2::in_order::<C>(found), places);
            }
        }
        if tables.foreign(&gathered) {
            all.outside(block, from)?;
        }
        at = from + BLOCK;
    }
    Ok(())
}

/// Widens 32 ids to two bytes and writes them. The ids are those of codes of two bytes in the order
/// of [`Tables::find`], which widening by halves of each 16 bytes undoes.
#[inline]
#[target_feature(enable = "avx2")]
fn store_mixed<N: Number>(ids: __m256i, places: &mut [MaybeUninit<N>; LANES]) {
    assert!(size_of::<N>() == 2);
    let to = places.as_mut_ptr().cast::<__m256i>();
    let zero = _mm256_setzero_si256();
    // SAFETY: 32 places of two bytes are written, in two vectors of 32 bytes, which need no
    // alignment. Numbers are integers, for which all bytes are valid.
    unsafe {
        _mm256_storeu_si256(to, _mm256_unpacklo_epi8(ids, zero));
        _mm256_storeu_si256(to.add(1), _mm256_unpackhi_epi8(ids, zero));
    }
}
