//! Shuffles of 64 bytes (AVX-512 VBMI).
//!
//! The low six bits of a byte select one of 64 rows, and its high two bits one of the four bits in
//! a row. `VPERMB` fetches the rows of 64 bytes at once, and ignores the high bits by itself.

#![allow(unsafe_code)] // loads

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;

use super::{Latin1, avx512_short, code_table, codes_of, hashed, ones};

const LANES: usize = 64;
/// Bytes that one branch checks for unseen characters.
const BLOCK: usize = 8 * LANES;
/// With more unseen bytes than this in a vector, marking all in memory is faster than one by one.
const MANY: u32 = 8;

/// How many bytes ahead memory is prefetched. The processor's own prefetching stops at the end of a
/// 4 KB page: without this, a text of one megabyte that was no longer in the core's own caches took
/// 1.4 times as long.
const AHEAD: usize = 6144;
/// Bytes at the start of a text that are not looked up in the rows, because too many are new.
const SHORT: usize = 1024;
/// Bytes at the start of files that are marked without a check, because most of them are new.
const MOSTLY_NEW: usize = 192;

/// The characters not seen yet, by rows: bit `k` of byte `r` stands for the code `64 * k + r`.
struct Unseen {
    rows: __m512i,
    flags: [u8; 256],
}

impl Unseen {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn all() -> Self {
        Self {
            rows: _mm512_set1_epi8(0x0F),
            flags: [0; 256],
        }
    }

    /// A vector with a byte other than zero for each of the `codes` that is unseen.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn among(&self, codes: __m512i) -> __m512i {
        // In a byte shifted by two, the low six bits are the high six bits of the code. The bits
        // that come in from the neighbouring byte are ignored.
        let bit_of_quarter = _mm512_set_epi64(
            0x0808_0808_0808_0808,
            0x0808_0808_0808_0808,
            0x0404_0404_0404_0404,
            0x0404_0404_0404_0404,
            0x0202_0202_0202_0202,
            0x0202_0202_0202_0202,
            0x0101_0101_0101_0101,
            0x0101_0101_0101_0101,
        );
        let bit = _mm512_permutexvar_epi8(_mm512_srli_epi16::<2>(codes), bit_of_quarter);
        _mm512_and_si512(_mm512_permutexvar_epi8(codes, self.rows), bit)
    }

    /// Marks the bytes of a vector that belong to the text, which are the lanes in `valid`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn learn(&mut self, codes: __m512i, valid: u64) {
        let mut bytes = [0_u8; LANES];
        let mut new = valid & _mm512_test_epi8_mask(self.among(codes), self.among(codes));
        if new == 0 {
            return;
        }
        // SAFETY: the array has 64 bytes, and the store needs no alignment.
        unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), codes) };
        if new.count_ones() > MANY {
            self.mark(ones(new).map(|lane| bytes[lane as usize]));
            return;
        }
        while new != 0 {
            let code = bytes[new.trailing_zeros() as usize];
            self.flags[usize::from(code)] = 0xFF;
            let row = 1 << (code & 63);
            let bit = _mm512_set1_epi8(1 << (code >> 6));
            // The bit is set, so that subtracting it clears it.
            self.rows = _mm512_mask_sub_epi8(self.rows, row, self.rows, bit);
            new = valid & _mm512_test_epi8_mask(self.among(codes), self.among(codes));
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn mark(&mut self, codes: impl Iterator<Item = u8>) {
        for code in codes {
            self.flags[usize::from(code)] = 0xFF;
        }
        let mut rows = _mm512_setzero_si512();
        for (quarter, flags) in self.flags.as_chunks::<LANES>().0.iter().enumerate() {
            let bit = _mm512_set1_epi8(1 << quarter);
            rows = _mm512_or_si512(rows, _mm512_andnot_si512(load(flags), bit));
        }
        self.rows = rows;
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn none_left(&self) -> bool {
        _mm512_test_epi8_mask(self.rows, self.rows) == 0
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn seen(&self) -> Latin1 {
        [1, 2, 4, 8].map(|bit| _mm512_testn_epi8_mask(self.rows, _mm512_set1_epi8(bit)))
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn one_byte(codes: &[u8]) -> Vec<u32> {
    let (start, rest) = codes.split_at(codes.len().min(SHORT));
    let seen = avx512_short::one_byte(start);
    if rest.is_empty() {
        return codes_of(seen);
    }
    codes_of(add_one_byte(seen, rest))
}

/// Adds the characters of `codes` to those seen before.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn add_one_byte(seen: Latin1, codes: &[u8]) -> Latin1 {
    let mut unseen = Unseen::all();
    let unchecked = if seen == [0; 4] { MOSTLY_NEW } else { 0 };
    let (start, codes) = codes.split_at(codes.len().min(unchecked));
    let seen = seen
        .into_iter()
        .zip((0_u8..).step_by(64))
        .flat_map(|(bits, first)| {
            #[allow(clippy::cast_possible_truncation)] // less than 64
            ones(bits).map(move |bit| first + bit as u8)
        });
    unseen.mark(seen.chain(start.iter().copied()));
    let (blocks, rest) = codes.as_chunks::<BLOCK>();
    for block in blocks {
        let mut any = _mm512_setzero_si512();
        for vector in block.as_chunks::<LANES>().0 {
            prefetch(vector);
            any = _mm512_or_si512(any, unseen.among(load(vector)));
        }
        if _mm512_test_epi8_mask(any, any) != 0 {
            for vector in block.as_chunks::<LANES>().0 {
                unseen.learn(load(vector), u64::MAX);
            }
            if unseen.none_left() {
                break;
            }
        }
    }
    let (vectors, rest) = rest.as_chunks::<LANES>();
    for vector in vectors {
        unseen.learn(load(vector), u64::MAX);
    }
    if !rest.is_empty() {
        let valid = u64::MAX >> (LANES - rest.len());
        // SAFETY: lanes outside `valid`, which lie beyond the slice, are not read.
        let codes = unsafe { _mm512_maskz_loadu_epi8(valid, rest.as_ptr().cast()) };
        unseen.learn(codes, valid);
    }
    unseen.seen()
}

#[inline]
fn prefetch<T>(vector: &[T]) {
    let ahead = vector.as_ptr().cast::<i8>().wrapping_add(AHEAD);
    // SAFETY: this is a hint, which reads nothing and is ignored for an address without memory.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(vector: &[u8; LANES]) -> __m512i {
    // SAFETY: the array has 64 bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(vector.as_ptr().cast()) }
}

/// Characters that one branch checks for unseen ones.
const WIDE_BLOCK: usize = 8 * WIDE_LANES;
const WIDE_LANES: usize = LANES / 2;
/// Marks an empty place. No code shifted by ten has this value, so that it matches no character.
const VACANT: u8 = 0xFF;

/// Rows for up to eight runs of 64 neighbouring codes. An alphabet with its spaces and punctuation
/// rarely needs more.
///
/// The number of a run determines its place. The place holds the bit that the run has in every row,
/// and the codes of the run shifted by ten, which distinguish it from other runs with this place.
struct Runs {
    /// The characters not seen yet.
    rows: [u8; 64],
    bit: [u8; 64],
    shifted: [u8; 64],
    used: u32,
}

/// There are more than eight runs, or two in one place.
struct Crowded;

impl Runs {
    fn learn(&mut self, code: u16) -> Result<(), Crowded> {
        let shifted = (code >> 10) as u8; // six bits
        let place = usize::from((code >> 6 ^ code >> 10) & 63);
        if self.bit[place] == 0 {
            if self.used == 8 {
                return Err(Crowded);
            }
            self.bit[place] = 1 << self.used;
            self.shifted[place] = shifted;
            self.used += 1;
        } else if self.shifted[place] != shifted {
            return Err(Crowded);
        }
        self.rows[usize::from(code & 63)] &= !self.bit[place];
        Ok(())
    }

    fn seen(&self) -> Vec<u32> {
        let mut characters = Vec::with_capacity(128);
        for (place, (&bit, &shifted)) in (0..).zip(self.bit.iter().zip(&self.shifted)) {
            if bit != 0 {
                let shifted = u32::from(shifted);
                let first = shifted << 10 | (place ^ shifted & 63) << 6;
                let rows = (0..).zip(self.rows);
                characters.extend(
                    rows.filter(|(_, row)| row & bit == 0)
                        .map(|(low, _)| first | low),
                );
            }
        }
        characters
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn two_bytes(codes: &[u16]) -> Vec<u32> {
    let (blocks, rest) = codes.as_chunks::<WIDE_BLOCK>();
    let mut runs = Runs {
        rows: [0xFF; 64],
        bit: [0; 64],
        shifted: [VACANT; 64],
        used: 0,
    };
    let mut tables = [load(&runs.rows), load(&runs.bit), load(&runs.shifted)];
    for (index, block) in blocks.iter().enumerate() {
        let mut any = _mm512_setzero_si512();
        for vector in block.as_chunks::<WIDE_LANES>().0 {
            prefetch(vector);
            any = _mm512_or_si512(any, unseen(load_wide(vector), &tables));
        }
        if _mm512_test_epi16_mask(any, _mm512_set1_epi16(0xFF)) == 0 {
            continue;
        }
        for vector in block.as_chunks::<WIDE_LANES>().0 {
            let new = unseen(load_wide(vector), &tables);
            if _mm512_test_epi16_mask(new, _mm512_set1_epi16(0xFF)) == 0 {
                continue;
            }
            for &code in vector {
                if runs.learn(code).is_err() {
                    let after = &codes[index * WIDE_BLOCK..];
                    return hashed::distinct_by_avx512(after, runs.seen());
                }
            }
            tables = [load(&runs.rows), load(&runs.bit), load(&runs.shifted)];
        }
    }
    if blocks.is_empty() {
        return code_table::distinct(rest);
    }
    for &code in rest {
        if runs.learn(code).is_err() {
            return code_table::distinct_beyond(rest, runs.seen());
        }
    }
    runs.seen()
}

/// A vector with a low byte other than zero in the two-byte lane of each unseen code.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn unseen(codes: __m512i, &[rows, bit, shifted]: &[__m512i; 3]) -> __m512i {
    // The low six bits of each index count. The result of a high byte has no meaning.
    let by_ten = _mm512_srli_epi16::<10>(codes);
    let place = _mm512_xor_si512(_mm512_srli_epi16::<6>(codes), by_ten);
    let row = _mm512_permutexvar_epi8(codes, rows);
    let bit = _mm512_permutexvar_epi8(place, bit);
    let other_run = _mm512_xor_si512(_mm512_permutexvar_epi8(place, shifted), by_ten);
    _mm512_or_si512(_mm512_and_si512(row, bit), other_run)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_wide(vector: &[u16; WIDE_LANES]) -> __m512i {
    // SAFETY: the array has 64 bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(vector.as_ptr().cast()) }
}

/// Characters at the start of a text that show whether most of it is within Latin-1.
const GLANCE: usize = 1024;

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn four_bytes(codes: &[u32]) -> Vec<u32> {
    let glance = &codes[..codes.len().min(GLANCE)];
    let wide_ones = glance.iter().filter(|&&code| code > 0xFF).count();
    if wide_ones > glance.len() / 4 {
        return hashed::distinct_by_avx512(codes, Vec::new());
    }
    mostly_latin1(codes)
}

/// Checks characters of Latin-1 by rows, like texts of one byte per character. Wider characters,
/// which are rare in most such texts, are set aside and looked up in the table. Where they are
/// frequent, all characters are.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn mostly_latin1(codes: &[u32]) -> Vec<u32> {
    const BLOCK: usize = 256;
    const LANES: usize = 16;
    let mut latin1 = Unseen::all();
    let mut aside = [0_u32; 2 * BLOCK + LANES];
    let mut waiting = 0;
    let mut wide_ones = 0;
    let (blocks, rest) = codes.as_chunks::<BLOCK>();
    code_table::with_seen(Vec::new(), |seen| {
        for block in blocks {
            if wide_ones > BLOCK / 4 {
                // The count is that of the previous block: most blocks resemble their neighbours.
                wide_ones = block.iter().filter(|&&code| code > 0xFF).count();
                seen.learn_all(block);
                continue;
            }
            let before = waiting;
            let mut any = _mm512_setzero_si512();
            let vectors = block.as_chunks::<LANES>().0;
            for vector in vectors {
                let codes = load_widest(vector);
                let wide = _mm512_cmpgt_epu32_mask(codes, _mm512_set1_epi32(0xFF));
                any = _mm512_mask_or_epi32(any, !wide, any, latin1.among(codes));
                // SAFETY: 16 of 528 lanes are written. Fewer than 256 waited at the start of this
                // block, which has set aside at most the 240 before this vector.
                unsafe {
                    let aside = aside.as_mut_ptr().add(waiting);
                    _mm512_storeu_si512(aside.cast(), _mm512_maskz_compress_epi32(wide, codes));
                }
                waiting += wide.count_ones() as usize;
            }
            wide_ones = waiting - before;
            if waiting >= BLOCK {
                seen.learn_all(&aside[..waiting]);
                waiting = 0;
            }
            // Only the low byte of a lane counts.
            let low = _mm512_set1_epi32(0xFF);
            if _mm512_test_epi32_mask(any, low) == 0 {
                continue;
            }
            for vector in vectors {
                if _mm512_test_epi32_mask(latin1.among(load_widest(vector)), low) != 0 {
                    latin1.mark(vector.iter().filter_map(|&code| u8::try_from(code).ok()));
                }
            }
        }
        seen.learn_all(&aside[..waiting]);
        seen.learn_all(rest);
        seen.learn_all(&codes_of(latin1.seen()));
    })
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_widest(vector: &[u32; 16]) -> __m512i {
    // SAFETY: the array has 64 bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(vector.as_ptr().cast()) }
}
