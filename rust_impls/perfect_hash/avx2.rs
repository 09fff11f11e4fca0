//! The ids of 32 characters at once, by shuffles of 16 bytes (AVX2).

#![allow(unsafe_code)] // vector loads

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;

use super::{ABSENT, Code, MOST_ROWS, PerfectHash, ROW, SLOTS, TOP};

pub const LANES: usize = 32;
/// Characters that one branch checks.
pub const BLOCK: usize = 4 * LANES;

/// The first step of each lookup.
struct Products {
    multiplier: __m256i,
    displacements: __m256i,
}

impl Products {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(hash: &PerfectHash) -> Self {
        Self {
            multiplier: _mm256_set1_epi16(hash.multiplier.cast_signed()),
            displacements: broadcast(&hash.displacements),
        }
    }

    /// The low and the high bytes of 32 products, and the third bytes of the codes if there are any.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn of<C: Code>(&self, codes: &[C]) -> (__m256i, __m256i, Option<__m256i>) {
        let ([first, second], planes) = load(codes);
        let split = _mm256_broadcastsi128_si256(_mm_setr_epi8(
            0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15,
        ));
        let first = _mm256_shuffle_epi8(_mm256_mullo_epi16(first, self.multiplier), split);
        let second = _mm256_shuffle_epi8(_mm256_mullo_epi16(second, self.multiplier), split);
        let low = _mm256_unpacklo_epi64(first, second);
        let high = _mm256_unpackhi_epi64(first, second);
        (low, high, planes)
    }

    /// The high bytes plus the displacements. Without the top bits these are the slots.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn sum(&self, low: __m256i, high: __m256i) -> __m256i {
        let displacement = _mm256_shuffle_epi8(self.displacements, upper_half(low));
        _mm256_add_epi8(high, displacement)
    }
}

/// The upper four bits of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn upper_half(bytes: __m256i) -> __m256i {
    _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(0x0F))
}

#[inline]
#[target_feature(enable = "avx2")]
fn without_top() -> __m256i {
    _mm256_set1_epi8((!TOP).cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn first_slot(row: usize) -> __m256i {
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // at most 112
    _mm256_set1_epi8((row * ROW) as i8)
}

/// The tables of a hash in registers. Each row holds the difference from the row before: the
/// exclusive or of all rows up to a slot's own is the slot's entry, and a shuffle returns zero for
/// the rows after it, whose indices are negative.
pub struct Tables<const ROWS: usize> {
    products: Products,
    residues: [__m256i; ROWS],
    entries: [__m256i; ROWS],
    last_slot: __m256i,
    last_id: __m256i,
    /// The last id of a character up to U+FFFF.
    up_to_ffff: __m256i,
}

/// What tells foreign characters from those of the vocabulary, gathered over several vectors.
pub struct Gathered {
    /// Bits that differ from those of the slot's character.
    residues: __m256i,
    /// Here only the top bit of each byte counts.
    tops: __m256i,
    slots: __m256i,
    ids: __m256i,
}

impl Gathered {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn nothing() -> Self {
        let zero = _mm256_setzero_si256();
        Self {
            residues: zero,
            tops: zero,
            slots: zero,
            ids: zero,
        }
    }
}

impl<const ROWS: usize> Tables<ROWS> {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn new<C: Code>(hash: &PerfectHash) -> Self {
        debug_assert!(hash.rows <= ROWS && ROWS <= MOST_ROWS);
        // Codes of two bytes have no plane to tell them from characters beyond U+FFFF, whose ids
        // are the last.
        let count = match size_of::<C>() {
            2 => hash.count.min(hash.beyond),
            _ => hash.count,
        };
        let byte = |byte: u8| _mm256_set1_epi8(byte.cast_signed());
        Self {
            products: Products::new(hash),
            residues: differences(&hash.residues),
            entries: differences(&hash.entries),
            #[allow(clippy::cast_possible_truncation)] // at most 127
            last_slot: byte((ROWS * ROW - 1) as u8),
            last_id: byte(count.wrapping_sub(1)),
            // ABSENT stands for no such character: all ids of the vocabulary are less.
            up_to_ffff: byte(hash.beyond.wrapping_sub(1)),
        }
    }

    /// The ids of 32 characters, in the order in which [`load`] has mixed them. They are right if
    /// [`foreign`](Self::foreign) finds nothing in what was gathered.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn find<C: Code>(&self, codes: &[C], gathered: &mut Gathered) -> __m256i {
        let (low, high, planes) = self.products.of(codes);
        let slot = _mm256_and_si256(self.products.sum(low, high), without_top());
        let mut residue = _mm256_shuffle_epi8(self.residues[0], slot);
        let mut entry = _mm256_shuffle_epi8(self.entries[0], slot);
        for row in 1..ROWS {
            let within = _mm256_sub_epi8(slot, first_slot(row));
            residue = _mm256_xor_si256(residue, _mm256_shuffle_epi8(self.residues[row], within));
            entry = _mm256_xor_si256(entry, _mm256_shuffle_epi8(self.entries[row], within));
        }
        let id = _mm256_and_si256(entry, without_top());

        let other = _mm256_xor_si256(residue, low);
        gathered.residues = _mm256_or_si256(gathered.residues, other);
        gathered.tops = _mm256_or_si256(gathered.tops, _mm256_xor_si256(entry, high));
        gathered.ids = _mm256_max_epu8(gathered.ids, id);
        if ROWS < MOST_ROWS {
            // Slots beyond the tables would look like others of the last row.
            gathered.slots = _mm256_max_epu8(gathered.slots, slot);
        }
        if let Some(planes) = planes {
            // Minus one for ids beyond U+FFFF, whose characters have the plane 1.
            let expected = _mm256_cmpgt_epi8(id, self.up_to_ffff);
            let other = _mm256_add_epi8(planes, expected);
            gathered.residues = _mm256_or_si256(gathered.residues, other);
        }
        id
    }

    /// Whether any of the characters that were looked up is outside the vocabulary.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn foreign(&self, gathered: &Gathered) -> bool {
        let tops = _mm256_and_si256(gathered.tops, _mm256_set1_epi8(TOP.cast_signed()));
        let slots = _mm256_cmpgt_epi8(gathered.slots, self.last_slot);
        let ids = _mm256_cmpgt_epi8(gathered.ids, self.last_id);
        let any = _mm256_or_si256(
            _mm256_or_si256(gathered.residues, tops),
            _mm256_or_si256(slots, ids),
        );
        _mm256_testz_si256(any, any) == 0
    }
}

/// The two low bytes of 32 codes in two vectors, and the other bytes if there are any.
#[inline]
#[target_feature(enable = "avx2")]
fn load<C: Code>(codes: &[C]) -> ([__m256i; 2], Option<__m256i>) {
    let codes = &codes[..LANES];
    let from = codes.as_ptr().cast::<__m256i>();
    if size_of::<C>() == size_of::<u16>() {
        // SAFETY: 32 codes of two bytes are two vectors, and the loads need no alignment.
        let both = unsafe { [_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))] };
        return (both, None);
    }
    assert!(size_of::<C>() == size_of::<u32>());
    // Of each four codes: the two low bytes of all, the third bytes of all, and the fourth, which
    // are zero in every code point.
    let split = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0, 1, 4, 5, 8, 9, 12, 13, 2, 6, 10, 14, 3, 7, 11, 15,
    ));
    let [a, b, c, d] = [0, 1, 2, 3].map(|index| {
        // SAFETY: 32 codes of four bytes are four vectors, and the loads need no alignment.
        let codes = unsafe { _mm256_loadu_si256(from.add(index)) };
        _mm256_shuffle_epi8(codes, split)
    });
    let low = [_mm256_unpacklo_epi64(a, b), _mm256_unpacklo_epi64(c, d)];
    let third = |a, b| _mm256_unpackhi_epi32(a, b);
    (low, Some(_mm256_unpacklo_epi64(third(a, b), third(c, d))))
}

/// Brings ids that [`Tables::find`] returned into the order of the text.
#[inline]
#[target_feature(enable = "avx2")]
pub fn in_order<C: Code>(ids: __m256i) -> __m256i {
    if size_of::<C>() == size_of::<u16>() {
        _mm256_permute4x64_epi64::<0b11_01_10_00>(ids)
    } else {
        _mm256_permutevar8x32_epi32(ids, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))
    }
}

/// The number of characters at the start of `codes`, in whole blocks, that are all in the
/// vocabulary. No ids are looked up: a table of bits says which sums are those of characters.
#[target_feature(enable = "avx2")]
pub fn known<C: Code>(hash: &PerfectHash, codes: &[C]) -> usize {
    match hash.rows {
        ..=5 => known_by::<5, C>(hash, codes),
        6 => known_by::<6, C>(hash, codes),
        _ => known_by::<8, C>(hash, codes),
    }
}

#[target_feature(enable = "avx2")]
fn known_by<const ROWS: usize, C: Code>(hash: &PerfectHash, codes: &[C]) -> usize {
    let products = Products::new(hash);
    let residues: [__m256i; ROWS] = differences(&hash.residues);
    let [below, above] = hash.sums.map(|sums| {
        // Codes of two bytes are none of the characters beyond U+FFFF, and have no plane to tell.
        let wrong = |slot: usize| match size_of::<C>() {
            2 => hash.slots_beyond[slot],
            _ => 0,
        };
        broadcast(&std::array::from_fn(|slot| sums[slot] & !wrong(slot)))
    });
    let slots_beyond = broadcast(&hash.slots_beyond);
    let bits = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
    let mut known = 0;
    for block in codes.as_chunks::<BLOCK>().0 {
        let mut others = _mm256_setzero_si256();
        let mut rightful = _mm256_set1_epi8(-1);
        for codes in block.as_chunks::<LANES>().0 {
            let (low, high, planes) = products.of(codes);
            let sum = products.sum(low, high);
            let slot = _mm256_and_si256(sum, without_top());
            let mut residue = _mm256_shuffle_epi8(residues[0], slot);
            for (row, residues) in residues.iter().enumerate().skip(1) {
                let within = _mm256_sub_epi8(slot, first_slot(row));
                residue = _mm256_xor_si256(residue, _mm256_shuffle_epi8(*residues, within));
            }
            others = _mm256_or_si256(others, _mm256_xor_si256(residue, low));
            // Each of the two shuffles returns zero for the sums that belong to the other.
            let flipped = _mm256_xor_si256(sum, _mm256_set1_epi8(TOP.cast_signed()));
            let row = _mm256_or_si256(
                _mm256_shuffle_epi8(below, sum),
                _mm256_shuffle_epi8(above, flipped),
            );
            let bit = _mm256_shuffle_epi8(bits, upper_half(sum));
            rightful = _mm256_min_epu8(rightful, _mm256_and_si256(row, bit));
            if let Some(planes) = planes {
                let row = _mm256_shuffle_epi8(slots_beyond, slot);
                let expected = _mm256_cmpeq_epi8(_mm256_and_si256(row, bit), bit);
                others = _mm256_or_si256(others, _mm256_add_epi8(planes, expected));
            }
        }
        let none = _mm256_cmpeq_epi8(rightful, _mm256_setzero_si256());
        let any = _mm256_or_si256(others, none);
        if _mm256_testz_si256(any, any) == 0 {
            break;
        }
        known += BLOCK;
    }
    known
}

#[inline]
#[target_feature(enable = "avx2")]
fn differences<const ROWS: usize>(table: &[u8; SLOTS]) -> [__m256i; ROWS] {
    let rows = table.as_chunks::<ROW>().0;
    std::array::from_fn(|row| {
        let before = if row > 0 { rows[row - 1] } else { [0; ROW] };
        broadcast(&std::array::from_fn(|slot| rows[row][slot] ^ before[slot]))
    })
}

#[inline]
#[target_feature(enable = "avx2")]
fn broadcast(row: &[u8; ROW]) -> __m256i {
    // SAFETY: the array has 16 bytes, and the load needs no alignment.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(row.as_ptr().cast()) })
}

const _: () = assert!(ABSENT as usize == SLOTS - 1);

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of the vocabulary's characters, in which each code point stands once, in any place.
    #[test]
    fn every_code_point_is_known_only_if_the_hash_has_it() {
        if !is_x86_feature_detected!("avx2") {
            return;
        }
        for (first, step) in [(0x40, 1), (0x4E00, 97), (0xFFB0, 7)] {
            for count in [20, 65, 90] {
                let vocabulary: Vec<u32> = (0..count).map(|index| first + step * index).collect();
                let hash = PerfectHash::new(&vocabulary).expect("slots are found");
                let cycled = || vocabulary.iter().copied().cycle();
                let mut four: Vec<u32> = cycled().take(BLOCK).collect();
                let mut two: Vec<u16> = cycled()
                    .filter_map(|code| code.try_into().ok())
                    .take(BLOCK)
                    .collect();
                for code in 0..0x11_0000 {
                    let place = (code % 127) as usize;
                    let expected = if hash.id(code).is_some() { BLOCK } else { 0 };
                    let old = std::mem::replace(&mut four[place], code);
                    // SAFETY: the check above shows that the processor has AVX2.
                    assert_eq!(unsafe { known(&hash, &four) }, expected, "U+{code:04X}");
                    four[place] = old;
                    if let Ok(code) = code.try_into() {
                        let old = std::mem::replace(&mut two[place], code);
                        // SAFETY: as above.
                        assert_eq!(unsafe { known(&hash, &two) }, expected, "U+{code:04X}");
                        two[place] = old;
                    }
                }
            }
        }
    }
}
