//! Looks up 32 ids by one shuffle for each 16 characters of the vocabulary (AVX2).

#![allow(unsafe_code)] // vector loads from slices, and vector stores to them

use std::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_adds_epu8, _mm256_broadcastsi128_si256,
    _mm256_loadu_si256, _mm256_max_epu16, _mm256_or_si256, _mm256_packus_epi16,
    _mm256_permute4x64_epi64, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_storeu_si256, _mm256_sub_epi8,
};
use std::mem::MaybeUninit;

use super::MOST;
use crate::decoded::{Decoded, fill};

/// Ids that are looked up before each check whether one was outside the vocabulary.
const BLOCK: usize = 512;
const ROW: usize = 16;

/// Fills `buffer` from a table of at most 128 characters. `ids` and `buffer` have the same length.
///
/// # Safety
///
/// The processor has AVX2.
#[target_feature(enable = "avx2")]
pub unsafe fn one_byte(characters: &[u8], ids: &[u16], buffer: &mut [MaybeUninit<u8>]) -> Decoded {
    let mut table = [0_u8; MOST];
    table[..characters.len()].copy_from_slice(characters);
    let rows: [__m256i; MOST / ROW] = std::array::from_fn(|row| {
        // SAFETY: this reads 16 bytes at 0, 16, ... 112 of 128.
        let row: __m128i = unsafe { _mm_loadu_si128(table.as_ptr().add(ROW * row).cast()) };
        _mm256_broadcastsi128_si256(row)
    });
    let rows = &rows[..characters.len().div_ceil(ROW)];

    let (id_blocks, ids_left) = ids.as_chunks::<BLOCK>();
    let (buffer_blocks, buffer_left) = buffer.as_chunks_mut::<BLOCK>();
    let mut highest = 0;
    for (block, (ids, buffer)) in id_blocks.iter().zip(buffer_blocks).enumerate() {
        let block_highest = shuffle(rows, ids, buffer);
        if usize::from(block_highest) >= characters.len() {
            // One of the ids is outside: `fill` returns the error with its position.
            fill(characters, ids, buffer, usize::from).map_err(|at| block * BLOCK + at)?;
        }
        highest = highest.max(block_highest.into());
    }
    let last = fill(characters, ids_left, buffer_left, usize::from)
        .map_err(|at| id_blocks.len() * BLOCK + at)?;
    Ok(last.max(highest))
}

/// Looks up a block and returns its highest id.
#[inline]
#[target_feature(enable = "avx2")]
fn shuffle(rows: &[__m256i], ids: &[u16; BLOCK], buffer: &mut [MaybeUninit<u8>; BLOCK]) -> u16 {
    let sixteen = _mm256_set1_epi8(16);
    let in_row = _mm256_set1_epi8(0x70);
    let mut highest = _mm256_setzero_si256();
    for (ids, buffer) in ids
        .as_chunks::<32>()
        .0
        .iter()
        .zip(buffer.as_chunks_mut::<32>().0)
    {
        // SAFETY: 32 ids fill two registers.
        let (first, second): (__m256i, __m256i) = unsafe {
            (
                _mm256_loadu_si256(ids.as_ptr().cast()),
                _mm256_loadu_si256(ids.as_ptr().add(16).cast()),
            )
        };
        highest = _mm256_max_epu16(highest, _mm256_max_epu16(first, second));
        // Packing works on each half of the registers, so that the quarters must be reordered.
        let mut index =
            _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(first, second));
        let mut characters = _mm256_setzero_si256();
        for &row in rows {
            // The shuffle returns 0 where the index has its highest bit. Adding 0x70 sets that bit,
            // without wrapping round, unless the index lies in this row.
            let of_row = _mm256_adds_epu8(index, in_row);
            characters = _mm256_or_si256(characters, _mm256_shuffle_epi8(row, of_row));
            index = _mm256_sub_epi8(index, sixteen);
        }
        // SAFETY: 32 bytes fill one register.
        unsafe { _mm256_storeu_si256(buffer.as_mut_ptr().cast(), characters) };
    }
    let mut lanes = [0_u16; 16];
    // SAFETY: 16 words fill one register.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), highest) };
    lanes.into_iter().max().unwrap_or(0)
}
