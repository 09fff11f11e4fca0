//! Vectors of 32 bytes (AVX2): the code of a character is put together at its last byte.
//!
//! At each byte, the code is put together that a character would have if it ended there. The codes
//! of the bytes that do end a character are then moved next to each other, eight bytes at a time.
//! No step waits for the length of an earlier character, and none is predicted, so that it does not
//! matter in which order characters of different lengths follow.
//!
//! Bytes that are not UTF-8 give wrong codes, and nothing worse.

#![allow(unsafe_code)] // vector loads and stores

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;

use super::{Code, decode, starts};
use crate::simd::avx2::{LANES, store_widened};

/// The longest part of a character that comes before its last byte.
pub const BEFORE: usize = 3;
/// The bytes that are looked at for one vector: those before it, and one after it.
const WINDOW: usize = BEFORE + LANES + 1;
/// The vectors in which all characters have three or four bytes: a bit for each byte that ends one.
const ENDS_OF_THREE: [u32; 3] = [0x2492_4924, 0x4924_9249, 0x9249_2492];
const ENDS_OF_FOUR: [u32; 4] = [0x8888_8888, 0x4444_4444, 0x2222_2222, 0x1111_1111];

/// For each choice of eight lanes, the shuffle that moves them to the front. A lane has `WIDTH`
/// bytes, and the shuffle has `SIZE`.
const fn to_the_front<const WIDTH: usize, const SIZE: usize>() -> [[u8; SIZE]; 256] {
    let mut shuffles = [[0; SIZE]; 256];
    let mut chosen = 0;
    while chosen < 256 {
        let (mut from, mut to) = (0, 0);
        while from < SIZE {
            if chosen >> (from / WIDTH) & 1 == 1 {
                #[allow(clippy::cast_possible_truncation)] // at most 15
                let byte = from as u8;
                shuffles[chosen][to] = byte;
                to += 1;
            }
            from += 1;
        }
        chosen += 1;
    }
    shuffles
}

static BYTES_TO_THE_FRONT: [[u8; 8]; 256] = to_the_front::<1, 8>();
static PAIRS_TO_THE_FRONT: [[u8; 16]; 256] = to_the_front::<2, 16>();

/// The codes that characters would have that end at each of 32 bytes.
struct Ending {
    lowest: __m256i,
    middle: __m256i,
    highest: __m256i,
    /// A bit for each byte that does end a character.
    ends: u32,
}

/// Writes the codes of `bytes`, which must be UTF-8 and hold no character too wide for `C`. Returns
/// their number.
///
/// # Panics
///
/// When `codes` is shorter than `bytes`.
#[target_feature(enable = "avx2,popcnt")]
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
        if _mm256_movemask_epi8(now) == 0 {
            store_ascii(now, &mut codes[length..]);
            (at, length) = (at + LANES, length + LANES);
            continue;
        }
        let ending = ending_at::<C>(window);
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
        length += store(&ending, &mut codes[length..]);
        at += LANES;
    }
    let rest = start_of_character(bytes, at);
    length + decode(&bytes[rest..], &mut codes[length..]).1
}

/// The 32 bytes at `at` with those around them, if there are so many.
#[inline]
fn window_at(bytes: &[u8], at: usize) -> Option<&[u8; WINDOW]> {
    bytes.get(at.checked_sub(BEFORE)?..)?.first_chunk()
}

/// The position at or before `at` where a character begins that does not end before `at`.
#[inline]
pub fn start_of_character(bytes: &[u8], at: usize) -> usize {
    let first = at.saturating_sub(BEFORE);
    let mut start = at;
    while start > first && start < bytes.len() && !starts(bytes[start]) {
        start -= 1;
    }
    start
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn load(window: &[u8; WINDOW], from: usize) -> __m256i {
    let bytes = &window[from..from + LANES];
    // SAFETY: the slice has 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Marks the bytes that continue a character: the lowest numbers, if bytes are signed.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn continuing(bytes: __m256i) -> __m256i {
    _mm256_cmpgt_epi8(_mm256_set1_epi8(-64), bytes)
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn ending_at<C: Code>(window: &[u8; WINDOW]) -> Ending {
    let now = load(window, BEFORE);
    let before = load(window, BEFORE - 1);
    let two_before = load(window, BEFORE - 2);
    let three_before = load(window, BEFORE - 3);
    let next = load(window, BEFORE + 1);
    // A byte ends a character if the next one does not continue it.
    let ends = !_mm256_movemask_epi8(continuing(next)).cast_unsigned();

    // No vector shifts bytes. Those of two bytes do, and a mask removes the neighbour's bits.
    let second = continuing(now);
    let before = _mm256_and_si256(before, second);
    let lowest = _mm256_or_si256(
        // 10xxxxxx becomes 00xxxxxx, and ASCII stays as it is.
        _mm256_xor_si256(now, _mm256_and_si256(second, _mm256_set1_epi8(-128))),
        _mm256_and_si256(_mm256_slli_epi16::<6>(before), _mm256_set1_epi8(-64)),
    );

    let third = continuing(before);
    let two_before = _mm256_and_si256(two_before, third);
    let middle = _mm256_or_si256(
        _mm256_and_si256(_mm256_srli_epi16::<2>(before), _mm256_set1_epi8(0x0F)),
        _mm256_and_si256(_mm256_slli_epi16::<4>(two_before), _mm256_set1_epi8(-16)),
    );

    let fourth = continuing(two_before);
    let (two_before, three_before) = (
        _mm256_and_si256(two_before, fourth),
        _mm256_and_si256(three_before, fourth),
    );
    let highest = _mm256_or_si256(
        _mm256_and_si256(_mm256_srli_epi16::<4>(two_before), _mm256_set1_epi8(0x03)),
        _mm256_and_si256(_mm256_slli_epi16::<2>(three_before), _mm256_set1_epi8(0x1C)),
    );
    // The compiler leaves out what a narrower `C` does not use.
    Ending {
        lowest,
        middle,
        highest,
        ends,
    }
}

/// Widens 32 bytes of ASCII to `C` and writes them.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn store_ascii<C: Code>(bytes: __m256i, places: &mut [C]) {
    let to = places[..LANES].as_mut_ptr();
    // SAFETY: there are 32 places, and codes are integers.
    unsafe { store_widened(bytes, to) };
}

/// Writes the codes of the characters that do end. Returns their number. Places behind them are
/// written too, with codes that the next vector overwrites.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn store<C: Code>(ending: &Ending, places: &mut [C]) -> usize {
    let places = &mut places[..LANES];
    let even = _mm256_unpacklo_epi8(ending.lowest, ending.middle);
    let odd = _mm256_unpackhi_epi8(ending.lowest, ending.middle);
    let pairs = [
        _mm256_castsi256_si128(even),
        _mm256_castsi256_si128(odd),
        _mm256_extracti128_si256::<1>(even),
        _mm256_extracti128_si256::<1>(odd),
    ];
    let (lowest, highest) = (eights(ending.lowest), eights(ending.highest));
    let mut length = 0;
    for (index, ends) in ending.ends.to_le_bytes().into_iter().enumerate() {
        let ends = usize::from(ends);
        // SAFETY: at most eight characters end in eight bytes, so that before the group at `index`
        // at most `8 * index` of the 32 places are used, and at least eight are left. Loads and
        // stores of eight codes need no alignment. The tables have 8 and 16 bytes for each choice.
        unsafe {
            let to = places.as_mut_ptr().add(length).cast::<__m256i>();
            let by_bytes = _mm_loadl_epi64(BYTES_TO_THE_FRONT[ends].as_ptr().cast());
            match size_of::<C>() {
                1 => _mm_storel_epi64(to.cast(), _mm_shuffle_epi8(lowest[index], by_bytes)),
                2 => {
                    let by_pairs = _mm_loadu_si128(PAIRS_TO_THE_FRONT[ends].as_ptr().cast());
                    _mm_storeu_si128(to.cast(), _mm_shuffle_epi8(pairs[index], by_pairs));
                }
                4 => {
                    let highest = _mm256_slli_epi32::<16>(_mm256_cvtepu8_epi32(highest[index]));
                    let codes = _mm256_or_si256(_mm256_cvtepu16_epi32(pairs[index]), highest);
                    let lanes = _mm256_cvtepu8_epi32(by_bytes);
                    _mm256_storeu_si256(to, _mm256_permutevar8x32_epi32(codes, lanes));
                }
                _ => unreachable!("no code is of another size"),
            }
        }
        length += ends.count_ones() as usize;
    }
    length
}

/// The eight bytes of each quarter of a vector, at the start of a vector each.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn eights(bytes: __m256i) -> [__m128i; 4] {
    let halves = [
        _mm256_castsi256_si128(bytes),
        _mm256_extracti128_si256::<1>(bytes),
    ];
    [
        halves[0],
        _mm_srli_si128::<8>(halves[0]),
        halves[1],
        _mm_srli_si128::<8>(halves[1]),
    ]
}

/// Writes the codes of characters of three bytes, 16 at a time, as long as nothing else comes.
/// Returns their number. The bytes need not be UTF-8. `C` must have two bytes.
#[target_feature(enable = "avx2,popcnt")]
pub fn of_three<C: Code>(bytes: &[u8], codes: &mut [C]) -> usize {
    const AT_ONCE: usize = 16;
    // Four characters in each half of a vector, their last byte first.
    let order = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1,
    ));
    let mut length = 0;
    // Each load takes four bytes more than it uses.
    while let Some(block) = bytes[3 * length..].first_chunk::<{ 3 * AT_ONCE + 4 }>()
        && let Some(places) = codes[length..].first_chunk_mut::<AT_ONCE>()
    {
        let twelve = |from: usize| {
            let part: &[u8] = &block[from..from + 16];
            // SAFETY: the slice has 16 bytes, and the load needs no alignment.
            unsafe { _mm_loadu_si128(part.as_ptr().cast()) }
        };
        // The packing below takes the halves of both vectors in turn.
        let first = _mm256_shuffle_epi8(_mm256_set_m128i(twelve(24), twelve(0)), order);
        let second = _mm256_shuffle_epi8(_mm256_set_m128i(twelve(36), twelve(12)), order);
        let shape = _mm256_set1_epi32(0x00E0_8080);
        let wrong = _mm256_or_si256(
            _mm256_xor_si256(first, shape),
            _mm256_xor_si256(second, shape),
        );
        if _mm256_testz_si256(wrong, _mm256_set1_epi32(0x00F0_C0C0)) == 0 {
            break;
        }
        let written = _mm256_packus_epi32(code_of_three(first), code_of_three(second));
        // A code below 0x800 has too long a form, and the others are surrogates.
        let upper = _mm256_and_si256(written, _mm256_set1_epi16(0xF800_u16.cast_signed()));
        let refused = _mm256_or_si256(
            _mm256_cmpeq_epi16(upper, _mm256_setzero_si256()),
            _mm256_cmpeq_epi16(upper, _mm256_set1_epi16(0xD800_u16.cast_signed())),
        );
        if _mm256_testz_si256(refused, refused) == 0 {
            break;
        }
        debug_assert_eq!(size_of::<C>(), 2);
        // SAFETY: 16 places of two bytes are 32 bytes, and the store needs no alignment.
        unsafe { _mm256_storeu_si256(places.as_mut_ptr().cast(), written) };
        length += AT_ONCE;
    }
    length
}

/// The codes of eight characters, of which each has its last byte first.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn code_of_three(characters: __m256i) -> __m256i {
    let bits = _mm256_and_si256(characters, _mm256_set1_epi32(0x000F_3F3F));
    let pairs = _mm256_maddubs_epi16(bits, _mm256_set1_epi32(0x0001_4001)); // times 1, 64, 1
    _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x1000_0001)) // times 1, 4096
}

/// The same for characters of four bytes, eight at a time. `C` must have four bytes.
#[target_feature(enable = "avx2,popcnt")]
pub fn of_four<C: Code>(bytes: &[u8], codes: &mut [C]) -> usize {
    const AT_ONCE: usize = 8;
    let mut length = 0;
    while let Some(block) = bytes[4 * length..].first_chunk::<{ 4 * AT_ONCE }>()
        && let Some(places) = codes[length..].first_chunk_mut::<AT_ONCE>()
    {
        // SAFETY: the array has 32 bytes, and the load needs no alignment.
        let characters = unsafe { _mm256_loadu_si256(block.as_ptr().cast()) };
        let shape = _mm256_set1_epi32(0x8080_80F0_u32.cast_signed());
        let wrong = _mm256_xor_si256(characters, shape);
        if _mm256_testz_si256(wrong, _mm256_set1_epi32(0xC0C0_C0F8_u32.cast_signed())) == 0 {
            break;
        }
        let bits = _mm256_and_si256(characters, _mm256_set1_epi32(0x3F3F_3F07));
        let pairs = _mm256_maddubs_epi16(bits, _mm256_set1_epi16(0x0140)); // times 64, 1
        let written = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x0001_1000)); // times 4096, 1
        // A code below 0x1_0000 has too long a form, and one from 0x11_0000 on is none.
        let beyond = _mm256_sub_epi32(written, _mm256_set1_epi32(0x1_0000));
        if _mm256_testz_si256(beyond, _mm256_set1_epi32(!0xF_FFFF)) == 0 {
            break;
        }
        debug_assert_eq!(size_of::<C>(), 4);
        // SAFETY: 8 places of four bytes are 32 bytes, and the store needs no alignment.
        unsafe { _mm256_storeu_si256(places.as_mut_ptr().cast(), written) };
        length += AT_ONCE;
    }
    length
}
