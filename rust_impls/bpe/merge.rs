//! Merging the bytes of a piece: always the two neighbours whose bytes together have the lowest
//! rank, and of several such pairs the leftmost.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::keys::READ;
use super::ranks::{NONE, Ranks};
use super::steps;
use crate::simd;

/// The longest piece in bytes whose parts are marked by the bits of one word.
pub const SHORT: usize = 64;

/// Adds the ids of a piece that is no token, by whatever suits its length.
#[inline]
pub fn merge(ranks: &Ranks, piece: &[u8], ids: &mut Vec<u32>) {
    if piece.len() <= SHORT {
        merge_short(ranks, piece, ids);
    } else {
        merge_by_heap(ranks, piece, ids);
    }
}

/// Merges a piece of up to [`SHORT`] bytes. A part is the position of its first byte; the positions
/// that begin parts are the ones in a word. Each merge goes over the ranks of all positions, eight
/// at a time.
///
/// # Panics
///
/// When the piece is longer.
pub fn merge_short(ranks: &Ranks, piece: &[u8], ids: &mut Vec<u32>) {
    #[cfg(target_arch = "x86_64")]
    if simd::path_or_scalar() != simd::Path::Scalar && is_x86_feature_detected!("avx2") {
        #[allow(unsafe_code)]
        // SAFETY: the processor has AVX2.
        unsafe {
            avx2::merge_short(ranks, piece, ids);
        }
        return;
    }
    merge_marked(ranks, piece, ids, lowest);
}

/// The lowest rank and the first position that has it.
fn lowest(ranks: &[u32; SHORT], positions: usize) -> (u32, usize) {
    let mut best = (NONE, 0);
    for (position, &rank) in ranks[..positions].iter().enumerate() {
        if rank < best.0 {
            best = (rank, position);
        }
    }
    best
}

/// The position after `position` that begins a part, or the piece's length.
#[inline]
fn next(begins: u64, position: usize, length: usize) -> usize {
    match begins >> 1 >> position {
        0 => length,
        later => position + 1 + later.trailing_zeros() as usize,
    }
}

#[inline(always)]
#[allow(clippy::inline_always)] // it must be compiled for the features of its caller
fn merge_marked(
    ranks: &Ranks,
    piece: &[u8],
    ids: &mut Vec<u32>,
    lowest: impl Fn(&[u32; SHORT], usize) -> (u32, usize),
) {
    let length = piece.len();
    let mut bytes = [0; SHORT + READ];
    bytes[..length].copy_from_slice(piece);
    let mut parts = [0; SHORT];
    // The rank of each part together with the next.
    let mut joined = [NONE; SHORT];
    for (part, &byte) in parts.iter_mut().zip(piece) {
        *part = ranks.byte(byte);
    }
    for (rank, pair) in joined.iter_mut().zip(piece.windows(2)) {
        *rank = ranks.pair(pair[0], pair[1]);
    }
    let mut begins = u64::MAX >> (SHORT - length);
    loop {
        let (rank, at) = lowest(&joined, length);
        steps::add(1);
        if rank == NONE {
            break;
        }
        let middle = next(begins, at, length);
        let end = next(begins, middle, length);
        begins &= !(1 << middle);
        parts[at] = rank;
        joined[middle] = NONE;
        joined[at] = if end < length {
            ranks.id_in(&bytes, at, next(begins, end, length))
        } else {
            NONE
        };
        let earlier = begins & ((1_u64 << at) - 1);
        if earlier != 0 {
            let before = 63 - earlier.leading_zeros() as usize;
            joined[before] = ranks.id_in(&bytes, before, end);
        }
    }
    while begins != 0 {
        ids.push(parts[begins.trailing_zeros() as usize]);
        begins &= begins - 1;
    }
}

/// Merges a piece of any length in n log n steps: candidates lie in a heap, and those whose parts
/// were merged with others are dropped when they come up.
///
/// # Panics
///
/// When the piece is longer than 4 GiB.
pub fn merge_by_heap(ranks: &Ranks, piece: &[u8], ids: &mut Vec<u32>) {
    let length = u32::try_from(piece.len()).expect("a piece of less than 4 GiB");
    // Where each part ends; 0 for positions within a part. Where the part before begins.
    let mut ends: Vec<u32> = (1..=length).collect();
    let mut before: Vec<u32> = (0..length).map(|at| at.wrapping_sub(1)).collect();
    let mut heap = BinaryHeap::new();
    let candidate = |at: u32, end: u32| {
        steps::add(1);
        let rank = ranks.id_in(piece, at as usize, end as usize);
        (rank != NONE).then_some(Reverse((rank, at, end)))
    };
    heap.extend(
        (0..length.saturating_sub(1))
            .zip(piece.windows(2))
            .filter_map(|(at, pair)| {
                let rank = ranks.pair(pair[0], pair[1]);
                (rank != NONE).then_some(Reverse((rank, at, at + 2)))
            }),
    );
    while let Some(Reverse((_, at, end))) = heap.pop() {
        steps::add(1);
        let middle = ends[at as usize];
        if middle == 0 || middle == length || ends[middle as usize] != end {
            continue;
        }
        ends[at as usize] = end;
        ends[middle as usize] = 0;
        if end < length {
            before[end as usize] = at;
            heap.extend(candidate(at, ends[end as usize]));
        }
        if at > 0 {
            heap.extend(candidate(before[at as usize], end));
        }
    }
    let parts = (0..piece.len()).zip(&ends).filter(|&(_, &end)| end != 0);
    ids.extend(parts.map(|(at, &end)| ranks.id_in(piece, at, end as usize)));
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    #![allow(unsafe_code)]

    use std::arch::x86_64::{
        __m256i, _mm256_castsi256_ps, _mm256_cmpeq_epi32, _mm256_cvtsi256_si32, _mm256_loadu_si256,
        _mm256_min_epu32, _mm256_movemask_ps, _mm256_permute2x128_si256, _mm256_set1_epi32,
        _mm256_shuffle_epi32,
    };

    use super::{Ranks, SHORT, merge_marked};

    #[target_feature(enable = "avx2")]
    pub fn merge_short(ranks: &Ranks, piece: &[u8], ids: &mut Vec<u32>) {
        merge_marked(ranks, piece, ids, |ranks, positions| {
            lowest(ranks, positions)
        });
    }

    #[target_feature(enable = "avx2")]
    fn lowest(ranks: &[u32; SHORT], positions: usize) -> (u32, usize) {
        let (eights, _) = ranks.as_chunks::<8>();
        let eights = &eights[..positions.div_ceil(8)];
        // SAFETY: each chunk has 32 bytes, and these loads need no alignment.
        let load = |eight: &[u32; 8]| unsafe { _mm256_loadu_si256(eight.as_ptr().cast()) };
        let mut least: __m256i = _mm256_set1_epi32(-1);
        for eight in eights {
            least = _mm256_min_epu32(least, load(eight));
        }
        least = _mm256_min_epu32(least, _mm256_permute2x128_si256::<1>(least, least));
        least = _mm256_min_epu32(least, _mm256_shuffle_epi32::<0b01_00_11_10>(least));
        least = _mm256_min_epu32(least, _mm256_shuffle_epi32::<0b10_11_00_01>(least));
        for (block, eight) in eights.iter().enumerate() {
            let equal = _mm256_castsi256_ps(_mm256_cmpeq_epi32(load(eight), least));
            let bits = _mm256_movemask_ps(equal);
            if bits != 0 {
                let position = 8 * block + bits.trailing_zeros() as usize;
                return (_mm256_cvtsi256_si32(least).cast_unsigned(), position);
            }
        }
        (super::NONE, 0)
    }
}
