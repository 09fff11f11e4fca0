//! Packs the ids of 64 addresses into one register, and looks them up by one shuffle of two
//! registers.

#![allow(unsafe_code)] // vector loads from slices, and vector stores to them

use std::arch::x86_64::{
    __m512i, _MM_HINT_T0, _mm_prefetch, _mm512_cmpge_epu8_mask, _mm512_loadu_si512,
    _mm512_max_epu8, _mm512_or_si512, _mm512_permutex2var_epi8, _mm512_permutexvar_epi8,
    _mm512_set1_epi8, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_slli_epi64,
    _mm512_srli_epi64, _mm512_storeu_si512, _mm512_sub_epi64, _mm512_test_epi64_mask,
};
use std::mem::MaybeUninit;

use super::{STEP, id_at};
use crate::decoded::{Decoded, fill};

const BLOCK: usize = 64;
/// How many addresses ahead memory is prefetched: 4 KB.
const AHEAD: usize = 512;
/// Characters that fit into two registers.
const MOST: usize = 128;

/// The order of bytes that turns columns into rows: eight registers of eight ids each are merged
/// into one, in which the ids of a register form a column.
const ROWS_OF_COLUMNS: [u8; BLOCK] = {
    let mut rows = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        #[allow(clippy::cast_possible_truncation)] // less than 64
        let index = (8 * (at % 8) + at / 8) as u8;
        rows[at] = index;
        at += 1;
    }
    rows
};

/// Fills `buffer` from a table of at most 128 characters. `addresses` and `buffer` have the same
/// length.
///
/// # Safety
///
/// The processor has AVX-512 F, BW and VBMI.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub unsafe fn one_byte(
    characters: &[u8],
    zero: usize,
    addresses: &[usize],
    buffer: &mut [MaybeUninit<u8>],
) -> Decoded {
    let mut table = [0_u8; MOST];
    table[..characters.len()].copy_from_slice(characters);
    // SAFETY: each load reads 64 bytes of an array that has at least as many.
    let (low, high) = unsafe {
        (
            _mm512_loadu_si512(table.as_ptr().cast()),
            _mm512_loadu_si512(table.as_ptr().add(64).cast()),
        )
    };
    blocks(characters, zero, addresses, buffer, |ids, buffer| {
        let decoded = _mm512_permutex2var_epi8(low, ids, high);
        // SAFETY: 64 bytes fill one register.
        unsafe { _mm512_storeu_si512(buffer.as_mut_ptr().cast(), decoded) };
    })
}

/// The same for characters of two or four bytes, which are loaded one by one. Only the ids are
/// computed by vectors.
///
/// # Safety
///
/// The processor has AVX-512 F, BW and VBMI.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub unsafe fn wide<C: Copy>(
    characters: &[C],
    zero: usize,
    addresses: &[usize],
    buffer: &mut [MaybeUninit<C>],
) -> Decoded {
    blocks(characters, zero, addresses, buffer, |ids, buffer| {
        let mut lanes_of_ids = [0_u8; BLOCK];
        // SAFETY: 64 bytes fill one register.
        unsafe { _mm512_storeu_si512(lanes_of_ids.as_mut_ptr().cast(), ids) };
        for (place, id) in buffer.iter_mut().zip(lanes_of_ids) {
            // SAFETY: `blocks` has checked that all of these ids are within the table.
            place.write(*unsafe { characters.get_unchecked(usize::from(id)) });
        }
    })
}

/// Calls `look_up` on 64 ids at a time, all of them within the table, to fill a block of the
/// buffer.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn blocks<C: Copy>(
    characters: &[C],
    zero: usize,
    addresses: &[usize],
    buffer: &mut [MaybeUninit<C>],
    look_up: impl Fn(__m512i, &mut [MaybeUninit<C>; BLOCK]),
) -> Decoded {
    // SAFETY: this reads 64 bytes of an array that has as many.
    let rows = unsafe { _mm512_loadu_si512(ROWS_OF_COLUMNS.as_ptr().cast()) };
    #[allow(clippy::cast_possible_wrap)] // an address keeps its bits, and the other number is small
    let (zeros, ids) = (zero as i64, ((MOST - 1) * STEP) as i64);
    let zeros = _mm512_set1_epi64(zeros);
    // The bits that are zero in the distance from 0 of every id below 128.
    let strange = _mm512_set1_epi64(!ids);
    #[allow(clippy::cast_possible_wrap, clippy::cast_possible_truncation)] // at most 128, unsigned
    let outside = _mm512_set1_epi8(characters.len() as u8 as i8);

    let (address_blocks, addresses_left) = addresses.as_chunks::<BLOCK>();
    let (buffer_blocks, buffer_left) = buffer.as_chunks_mut::<BLOCK>();
    let mut highest = _mm512_setzero_si512();
    for (block, (addresses, buffer)) in address_blocks.iter().zip(buffer_blocks).enumerate() {
        // The processor's own prefetching stops at the end of a page. Prefetching beyond the list
        // does nothing, and no harm.
        for line in 0..8 {
            let ahead = addresses.as_ptr().wrapping_add(AHEAD + 8 * line);
            _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
        }
        let distances: [__m512i; 8] = std::array::from_fn(|at| {
            // SAFETY: this reads 8 addresses at 0, 8, ... 56 of 64.
            let eight = unsafe { _mm512_loadu_si512(addresses.as_ptr().add(8 * at).cast()) };
            _mm512_sub_epi64(eight, zeros)
        });
        let any = distances
            .into_iter()
            .fold(_mm512_setzero_si512(), |any, eight| {
                _mm512_or_si512(any, eight)
            });
        // A distance is 32 times the id. Shifted into its column, an id fills one byte of eight.
        let columns = [
            _mm512_srli_epi64::<5>(distances[0]),
            _mm512_slli_epi64::<3>(distances[1]),
            _mm512_slli_epi64::<11>(distances[2]),
            _mm512_slli_epi64::<19>(distances[3]),
            _mm512_slli_epi64::<27>(distances[4]),
            _mm512_slli_epi64::<35>(distances[5]),
            _mm512_slli_epi64::<43>(distances[6]),
            _mm512_slli_epi64::<51>(distances[7]),
        ];
        let columns = columns
            .into_iter()
            .fold(_mm512_setzero_si512(), |all, column| {
                _mm512_or_si512(all, column)
            });
        let ids = _mm512_permutexvar_epi8(rows, columns);
        if _mm512_test_epi64_mask(any, strange) != 0 || _mm512_cmpge_epu8_mask(ids, outside) != 0 {
            let at = addresses
                .iter()
                .position(|&address| id_at(zero, address) >= characters.len());
            return Err(block * BLOCK + at.unwrap_or_default());
        }
        highest = _mm512_max_epu8(highest, ids);
        look_up(ids, buffer);
    }
    let last = fill(characters, addresses_left, buffer_left, |address| {
        id_at(zero, address)
    })
    .map_err(|at| address_blocks.len() * BLOCK + at)?;
    let mut lanes = [0_u8; BLOCK];
    // SAFETY: 64 bytes fill one register.
    unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), highest) };
    Ok(lanes
        .iter()
        .fold(last, |highest, &lane| highest.max(lane.into())))
}
