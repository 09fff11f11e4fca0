//! The characters of a text that uses few pages of 128 code points, as most scripts do (AVX2).
//!
//! A page is a table of 16 bytes: the low four bits of a code select a byte, and the next three a
//! bit. One shuffle looks 32 codes up in a page.

#![allow(unsafe_code)] // vector loads

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;

/// Codes that one branch checks.
pub const BLOCK: usize = 64;
/// With more pages, a flag for each code is as fast.
const MOST: usize = 4;
/// The number that stands for all pages that a byte cannot number.
const BEYOND: u8 = u8::MAX;

/// The characters seen so far, by pages.
#[derive(Default)]
pub struct Pages {
    numbers: [u8; MOST],
    tables: [[u8; 16]; MOST],
    count: usize,
    /// Whether there was a character whose page found no place.
    pub full: bool,
}

impl Pages {
    /// Adds characters, unless their pages find no place.
    pub fn learn(&mut self, codes: &[u16]) {
        for &code in codes {
            let number = u8::try_from(code >> 7).unwrap_or(BEYOND);
            let known = self.numbers[..self.count]
                .iter()
                .position(|&page| page == number);
            let page = known.unwrap_or(self.count);
            if page == MOST || number == BEYOND {
                self.full = true;
                return;
            }
            self.numbers[page] = number;
            self.count = self.count.max(page + 1);
            self.tables[page][usize::from(code % 16)] |= 1 << (code >> 4 & 7);
        }
    }

    /// Whether all of the codes have been seen.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn hold(&self, codes: &[u16; BLOCK]) -> bool {
        let [first, second] = [Lookup::new(&codes[..32]), Lookup::new(&codes[32..])];
        let mut seen = [_mm256_setzero_si256(); 2];
        for (&number, table) in self.numbers.iter().zip(&self.tables).take(self.count) {
            // SAFETY: the array has 16 bytes, and the load needs no alignment.
            let table = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
            let table = _mm256_broadcastsi128_si256(table);
            let number = _mm256_set1_epi8(number.cast_signed());
            for (seen, codes) in seen.iter_mut().zip([&first, &second]) {
                let of_page = _mm256_cmpeq_epi8(codes.page, number);
                let byte = _mm256_and_si256(_mm256_shuffle_epi8(table, codes.low), of_page);
                *seen = _mm256_or_si256(*seen, byte);
            }
        }
        let [first, second] = [
            _mm256_andnot_si256(seen[0], first.bit),
            _mm256_andnot_si256(seen[1], second.bit),
        ];
        let new = _mm256_or_si256(first, second);
        _mm256_testz_si256(new, new) == 1
    }
}

/// Where 32 codes are looked up, in any order.
struct Lookup {
    page: __m256i,
    low: __m256i,
    bit: __m256i,
}

impl Lookup {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(codes: &[u16]) -> Self {
        let [first, second] = [&codes[..16], &codes[16..32]];
        // SAFETY: both slices have 32 bytes, and the loads need no alignment.
        let [first, second] =
            [first, second].map(|half| unsafe { _mm256_loadu_si256(half.as_ptr().cast()) });
        // A page beyond 255 becomes 255.
        let page = _mm256_packus_epi16(
            _mm256_srli_epi16::<7>(first),
            _mm256_srli_epi16::<7>(second),
        );
        let in_page = _mm256_set1_epi16(0x7F);
        let in_page = _mm256_packus_epi16(
            _mm256_and_si256(first, in_page),
            _mm256_and_si256(second, in_page),
        );
        let low = _mm256_and_si256(in_page, _mm256_set1_epi8(0x0F));
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(in_page), _mm256_set1_epi8(0x07));
        let bits = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
        Self {
            page,
            low,
            bit: _mm256_shuffle_epi8(bits, high),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A block is held if a set of the characters seen before holds all of it.
        #[test]
        fn pages_hold_what_was_seen(
            seen in prop::collection::vec(prop_oneof![0x400..0x480_u16, 0..0x80_u16, 0x7E00..0x8100_u16, any::<u16>()], 0..60),
            index in prop::collection::vec(any::<prop::sample::Index>(), BLOCK),
            other in prop::option::of((0..BLOCK, any::<u16>())),
        ) {
            if !is_x86_feature_detected!("avx2") || seen.is_empty() {
                return Ok(());
            }
            let mut pages = Pages::default();
            pages.learn(&seen);
            let mut block = [0; BLOCK];
            for (place, index) in block.iter_mut().zip(&index) {
                *place = seen[index.index(seen.len())];
            }
            if let Some((at, other)) = other {
                block[at] = other;
            }
            let set: BTreeSet<u16> = seen.iter().copied().collect();
            // SAFETY: the check above shows that the processor has these instructions.
            let hold = unsafe { pages.hold(&block) };
            let naive = block.iter().all(|code| set.contains(code));
            prop_assert!(naive || !hold);
            prop_assert!(pages.full || hold == naive);
        }
    }
}
