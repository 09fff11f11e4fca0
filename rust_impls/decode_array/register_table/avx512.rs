//! One shuffle of two registers looks up 64 ids if characters are bytes; two shuffles look up 32 if
//! they are words, and four look up 16 if they are double words (AVX-512 with VBMI).

#![allow(unsafe_code)] // vector loads from slices, and vector stores to them

use std::arch::x86_64::{
    __m512i, _mm256_loadu_si256, _mm512_cmpge_epu16_mask, _mm512_cvtepu16_epi32,
    _mm512_loadu_si512, _mm512_mask_blend_epi16, _mm512_mask_blend_epi32, _mm512_max_epu16,
    _mm512_permutex2var_epi8, _mm512_permutex2var_epi16, _mm512_permutex2var_epi32,
    _mm512_set1_epi16, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_si512,
    _mm512_test_epi16_mask, _mm512_test_epi32_mask,
};
use std::mem::MaybeUninit;

use super::MOST;
use crate::decoded::{Decoded, fill};

/// Ids that are looked up before each check whether one was outside the vocabulary.
const BLOCK: usize = 512;

/// The indices of the even bytes of two registers.
const EVEN: [u8; 64] = {
    let mut even = [0; 64];
    let mut at = 0;
    while at < 64 {
        #[allow(clippy::cast_possible_truncation)] // at most 126
        let index = 2 * at as u8;
        even[at] = index;
        at += 1;
    }
    even
};

/// Fills `buffer` from a table of at most 128 characters. `ids` and `buffer` have the same length.
///
/// # Safety
///
/// The processor has AVX-512 F, BW and VBMI.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub unsafe fn one_byte(characters: &[u8], ids: &[u16], buffer: &mut [MaybeUninit<u8>]) -> Decoded {
    let mut table = [0_u8; MOST];
    table[..characters.len()].copy_from_slice(characters);
    // SAFETY: each load reads 64 bytes of an array that has at least as many.
    let (low, high, even) = unsafe {
        (
            _mm512_loadu_si512(table.as_ptr().cast()),
            _mm512_loadu_si512(table.as_ptr().add(64).cast()),
            _mm512_loadu_si512(EVEN.as_ptr().cast()),
        )
    };
    blocks(characters, ids, buffer, |ids, buffer| {
        let mut highest = _mm512_setzero_si512();
        for (ids, buffer) in ids
            .as_chunks::<64>()
            .0
            .iter()
            .zip(buffer.as_chunks_mut::<64>().0)
        {
            // SAFETY: 64 ids fill two registers, and 64 bytes fill one.
            unsafe {
                let first = _mm512_loadu_si512(ids.as_ptr().cast());
                let second = _mm512_loadu_si512(ids.as_ptr().add(32).cast());
                highest = _mm512_max_epu16(highest, _mm512_max_epu16(first, second));
                let narrow = _mm512_permutex2var_epi8(first, even, second);
                let decoded = _mm512_permutex2var_epi8(low, narrow, high);
                _mm512_storeu_si512(buffer.as_mut_ptr().cast(), decoded);
            }
        }
        highest
    })
}

/// The same for characters of two bytes.
///
/// # Safety
///
/// The processor has AVX-512 F, BW and VBMI.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub unsafe fn two_bytes(
    characters: &[u16],
    ids: &[u16],
    buffer: &mut [MaybeUninit<u16>],
) -> Decoded {
    let mut table = [0_u16; MOST];
    table[..characters.len()].copy_from_slice(characters);
    // SAFETY: this reads 32 words at 0, 32, 64 and 96 of 128.
    let tables: [__m512i; 4] =
        std::array::from_fn(|at| unsafe { _mm512_loadu_si512(table.as_ptr().add(32 * at).cast()) });
    let sixty_four = _mm512_set1_epi16(64);
    blocks(characters, ids, buffer, |ids, buffer| {
        let mut highest = _mm512_setzero_si512();
        for (ids, buffer) in ids
            .as_chunks::<32>()
            .0
            .iter()
            .zip(buffer.as_chunks_mut::<32>().0)
        {
            // SAFETY: 32 ids fill one register, and so do 32 characters.
            unsafe {
                let ids = _mm512_loadu_si512(ids.as_ptr().cast());
                highest = _mm512_max_epu16(highest, ids);
                let low = _mm512_permutex2var_epi16(tables[0], ids, tables[1]);
                let high = _mm512_permutex2var_epi16(tables[2], ids, tables[3]);
                let is_high = _mm512_test_epi16_mask(ids, sixty_four);
                let decoded = _mm512_mask_blend_epi16(is_high, low, high);
                _mm512_storeu_si512(buffer.as_mut_ptr().cast(), decoded);
            }
        }
        highest
    })
}

/// The same for characters of four bytes, with four tables of 32.
///
/// # Safety
///
/// The processor has AVX-512 F, BW and VBMI.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub unsafe fn four_bytes(
    characters: &[u32],
    ids: &[u16],
    buffer: &mut [MaybeUninit<u32>],
) -> Decoded {
    let mut table = [0_u32; MOST];
    table[..characters.len()].copy_from_slice(characters);
    // SAFETY: this reads 16 numbers at 0, 16, ... 112 of 128.
    let tables: [__m512i; 8] =
        std::array::from_fn(|at| unsafe { _mm512_loadu_si512(table.as_ptr().add(16 * at).cast()) });
    let (thirty_two, sixty_four) = (_mm512_set1_epi32(32), _mm512_set1_epi32(64));
    let narrow = characters.len() <= 64;
    blocks(characters, ids, buffer, |ids, buffer| {
        let mut highest = _mm512_setzero_si512();
        for (ids, buffer) in ids
            .as_chunks::<16>()
            .0
            .iter()
            .zip(buffer.as_chunks_mut::<16>().0)
        {
            // SAFETY: 16 ids fill half a register, and 16 characters fill one.
            unsafe {
                let ids = _mm512_cvtepu16_epi32(_mm256_loadu_si256(ids.as_ptr().cast()));
                highest = _mm512_max_epu16(highest, ids);
                let is_second = _mm512_test_epi32_mask(ids, thirty_two);
                let first = _mm512_permutex2var_epi32(tables[0], ids, tables[1]);
                let second = _mm512_permutex2var_epi32(tables[2], ids, tables[3]);
                let mut decoded = _mm512_mask_blend_epi32(is_second, first, second);
                if !narrow {
                    let third = _mm512_permutex2var_epi32(tables[4], ids, tables[5]);
                    let fourth = _mm512_permutex2var_epi32(tables[6], ids, tables[7]);
                    let high = _mm512_mask_blend_epi32(is_second, third, fourth);
                    let is_high = _mm512_test_epi32_mask(ids, sixty_four);
                    decoded = _mm512_mask_blend_epi32(is_high, decoded, high);
                }
                _mm512_storeu_si512(buffer.as_mut_ptr().cast(), decoded);
            }
        }
        highest
    })
}

/// Calls `shuffle` on whole blocks of ids. It returns the highest ids, lane by lane. The characters
/// that it writes for ids outside the vocabulary are overwritten or never read.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn blocks<C: Copy>(
    characters: &[C],
    ids: &[u16],
    buffer: &mut [MaybeUninit<C>],
    shuffle: impl Fn(&[u16; BLOCK], &mut [MaybeUninit<C>; BLOCK]) -> __m512i,
) -> Decoded {
    let (id_blocks, ids_left) = ids.as_chunks::<BLOCK>();
    let (buffer_blocks, buffer_left) = buffer.as_chunks_mut::<BLOCK>();
    #[allow(clippy::cast_possible_wrap, clippy::cast_possible_truncation)] // at most 128
    let outside = _mm512_set1_epi16(characters.len() as i16);
    let mut highest = _mm512_setzero_si512();
    for (block, (ids, buffer)) in id_blocks.iter().zip(buffer_blocks).enumerate() {
        let block_highest = shuffle(ids, buffer);
        if _mm512_cmpge_epu16_mask(block_highest, outside) != 0 {
            // One of the ids is outside: `fill` returns the error with its position.
            fill(characters, ids, buffer, usize::from).map_err(|at| block * BLOCK + at)?;
        }
        highest = _mm512_max_epu16(highest, block_highest);
    }
    let last = fill(characters, ids_left, buffer_left, usize::from)
        .map_err(|at| id_blocks.len() * BLOCK + at)?;
    let mut lanes = [0_u16; 32];
    // SAFETY: 32 words fill one register.
    unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), highest) };
    Ok(lanes
        .iter()
        .fold(last, |highest, &lane| highest.max(lane.into())))
}
