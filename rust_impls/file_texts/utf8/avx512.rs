//! UTF-8 into code points, 64 bytes at once (AVX-512 VBMI2).
//!
//! As in `avx2`, each byte gets the code of a character that ends there. `VPCOMPRESSB` moves those
//! of the bytes that do end a character next to each other, 64 at once. Runs of characters of three
//! and of four bytes are left to the functions of `avx2`, which check them on the way.
//!
//! Bytes that are not UTF-8 give wrong codes, and nothing worse.

#![allow(unsafe_code)] // vector loads and stores

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;

use super::avx2::{BEFORE, of_four, of_three, start_of_character};
use super::{Code, decode, starts};

const LANES: usize = 64;
/// The bytes that are looked at for one vector: those before it, and one after it.
const WINDOW: usize = BEFORE + LANES + 1;
/// The vectors in which all characters have three or four bytes: a bit for each byte that ends one.
const ENDS_OF_THREE: [u64; 3] = [
    0x4924_9249_2492_4924,
    0x9249_2492_4924_9249,
    0x2492_4924_9249_2492,
];
const ENDS_OF_FOUR: [u64; 4] = [
    0x8888_8888_8888_8888,
    0x4444_4444_4444_4444,
    0x2222_2222_2222_2222,
    0x1111_1111_1111_1111,
];

/// The codes that characters would have that end at each of 64 bytes.
struct Ending {
    lowest: __m512i,
    middle: __m512i,
    highest: __m512i,
    /// A bit for each byte that does end a character.
    ends: u64,
}

/// Writes the codes of `bytes`, which must be UTF-8 and hold no character too wide for `C`. Returns
/// their number.
///
/// # Panics
///
/// When `codes` is shorter than `bytes`.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,avx2,popcnt")]
pub fn transcode<C: Code>(bytes: &[u8], codes: &mut [C]) -> usize {
    assert!(codes.len() >= bytes.len());
    // The first vector comes after some whole characters, because it looks at the bytes before it.
    let mut at = (BEFORE..bytes.len())
        .find(|&at| starts(bytes[at]))
        .unwrap_or(bytes.len());
    let mut length = decode(&bytes[..at], codes).1;
    // A character has at least one byte, so that at least as many places are left as bytes.
    while let Some(window) = window_at(bytes, at) {
        let now = load(window, BEFORE);
        if _mm512_movepi8_mask(now) == 0 {
            store::<C>([now, zero(), zero()], LANES, &mut codes[length..]);
            (at, length) = (at + LANES, length + LANES);
            continue;
        }
        let ending = ending_at::<C>(window, now);
        let start = start_of_character(bytes, at);
        let (size, run) = match size_of::<C>() {
            2 if ENDS_OF_THREE.contains(&ending.ends) => {
                (3, of_three(&bytes[start..], &mut codes[length..]))
            }
            4 if ENDS_OF_FOUR.contains(&ending.ends) => {
                (4, of_four(&bytes[start..], &mut codes[length..]))
            }
            _ => (0, 0),
        };
        if run > 0 {
            (at, length) = (start + size * run, length + run);
            continue;
        }
        let count = ending.ends.count_ones() as usize;
        let parts = [ending.lowest, ending.middle, ending.highest]
            .map(|part| _mm512_maskz_compress_epi8(ending.ends, part));
        store::<C>(parts, count, &mut codes[length..]);
        length += count;
        at += LANES;
    }
    let rest = start_of_character(bytes, at);
    length + decode(&bytes[rest..], &mut codes[length..]).1
}

/// The 64 bytes at `at` with those around them, if there are so many.
#[inline]
fn window_at(bytes: &[u8], at: usize) -> Option<&[u8; WINDOW]> {
    bytes.get(at.checked_sub(BEFORE)?..)?.first_chunk()
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt")]
fn zero() -> __m512i {
    _mm512_setzero_si512()
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt")]
fn load(window: &[u8; WINDOW], from: usize) -> __m512i {
    let bytes = &window[from..from + LANES];
    // SAFETY: the slice has 64 bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// The lanes of `mask` whose byte continues a character: the lowest numbers, if bytes are signed.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt")]
fn continuing(mask: u64, bytes: __m512i) -> u64 {
    _mm512_mask_cmplt_epi8_mask(mask, bytes, _mm512_set1_epi8(-64))
}

/// The bits of `ones` from `a`, and the others from `b`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt")]
fn select(ones: i8, a: __m512i, b: __m512i) -> __m512i {
    const SELECT: i32 = (0xF0 & 0xCC) | (!0xF0 & 0xAA);
    _mm512_ternarylogic_epi32::<{ SELECT & 0xFF }>(_mm512_set1_epi8(ones), a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt")]
fn ending_at<C: Code>(window: &[u8; WINDOW], now: __m512i) -> Ending {
    let before = load(window, BEFORE - 1);
    let two_before = load(window, BEFORE - 2);
    let three_before = load(window, BEFORE - 3);
    let next = load(window, BEFORE + 1);
    // A byte ends a character if the next one does not continue it.
    let ends = !continuing(u64::MAX, next);
    let second = continuing(u64::MAX, now);
    let third = continuing(second, before);
    let fourth = continuing(third, two_before);

    // No vector shifts bytes. Those of two bytes do, and a selection leaves out the neighbour's bits.
    // 10xxxxxx becomes 00xxxxxx with the lowest bits of the byte before it, and ASCII stays.
    let joined = select(0x3F, now, _mm512_slli_epi16::<6>(before));
    let lowest = _mm512_mask_mov_epi8(now, second, joined);
    let upper = _mm512_maskz_mov_epi8(third, _mm512_slli_epi16::<4>(two_before));
    let middle = select(0x0F, _mm512_srli_epi16::<2>(before), upper);
    let middle = _mm512_maskz_mov_epi8(second, middle);
    let lower = _mm512_and_si512(_mm512_srli_epi16::<4>(two_before), _mm512_set1_epi8(0x03));
    let upper = _mm512_and_si512(_mm512_slli_epi16::<2>(three_before), _mm512_set1_epi8(0x1C));
    let highest = _mm512_maskz_mov_epi8(fourth, _mm512_or_si512(lower, upper));
    // The compiler leaves out what a narrower `C` does not use.
    Ending {
        lowest,
        middle,
        highest,
        ends,
    }
}

/// Writes `count` codes from their lowest, middle and highest bytes. Places behind them are written
/// too, up to 64 in all, with codes that the next vector overwrites.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt")]
fn store<C: Code>([lowest, middle, highest]: [__m512i; 3], count: usize, places: &mut [C]) {
    let to = places[..LANES].as_mut_ptr().cast::<__m512i>();
    // SAFETY: at most 64 places of `size_of::<C>()` bytes each are written, in vectors of 64 bytes,
    // which need no alignment. Codes are integers, for which all bytes are valid.
    unsafe {
        match size_of::<C>() {
            1 => _mm512_storeu_si512(to, lowest),
            2 => {
                let pairs = |lowest, middle| {
                    let middle = _mm512_slli_epi16::<8>(_mm512_cvtepu8_epi16(middle));
                    _mm512_or_si512(_mm512_cvtepu8_epi16(lowest), middle)
                };
                let first = |bytes| _mm512_castsi512_si256(bytes);
                let second = |bytes| _mm512_extracti64x4_epi64::<1>(bytes);
                _mm512_storeu_si512(to, pairs(first(lowest), first(middle)));
                if count > LANES / 2 {
                    _mm512_storeu_si512(to.add(1), pairs(second(lowest), second(middle)));
                }
            }
            4 => {
                let quarter = |bytes, index| match index {
                    0 => _mm512_castsi512_si128(bytes),
                    1 => _mm512_extracti32x4_epi32::<1>(bytes),
                    2 => _mm512_extracti32x4_epi32::<2>(bytes),
                    _ => _mm512_extracti32x4_epi32::<3>(bytes),
                };
                for index in 0..count.div_ceil(LANES / 4) {
                    let [lowest, middle, highest] = [lowest, middle, highest]
                        .map(|part| _mm512_cvtepu8_epi32(quarter(part, index)));
                    let middle = _mm512_slli_epi32::<8>(middle);
                    let highest = _mm512_slli_epi32::<16>(highest);
                    let code = _mm512_or_si512(lowest, _mm512_or_si512(middle, highest));
                    _mm512_storeu_si512(to.add(index), code);
                }
            }
            _ => unreachable!("no code is of another size"),
        }
    }
}
