//! The ids of 64 characters at once, by lookups of 64 bytes in 128 or 256 (AVX-512 VBMI).
//!
//! `VPERMI2B` looks up all slots of a hash in one step, however many rows it uses, and those of a
//! large one in two.

#![allow(unsafe_code)] // vector loads

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;

use super::{Code, PerfectHash, ROW, TOP};
use crate::large_hash::LargeHash;

pub const LANES: usize = 64;
/// Characters that one branch checks.
pub const BLOCK: usize = 4 * LANES;

/// The tables of a hash in registers: those of a [`PerfectHash`] have one half, those of a
/// [`LargeHash`] two.
pub struct Tables<const HALVES: usize> {
    multiplier: __m512i,
    /// The lookup takes six bits of an index. The displacements of a small hash stand here four
    /// times, because two of the bits are lower ones of the product.
    displacements: __m512i,
    residues: [[__m512i; 2]; HALVES],
    /// Ids, in a small hash with the top bit of the product.
    entries: [[__m512i; 2]; HALVES],
    /// Number of ids, which is the least that none has.
    count: __m512i,
    /// The first id of a character beyond U+FFFF.
    beyond: __m512i,
}

/// What tells foreign characters from those of the vocabulary, gathered over several vectors.
pub struct Gathered {
    /// Bits that differ from those of the slot's character.
    residues: __m512i,
    /// Here only the top bit of each byte counts.
    tops: __m512i,
    ids: __m512i,
}

impl Gathered {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub fn nothing() -> Self {
        let zero = _mm512_setzero_si512();
        Self {
            residues: zero,
            tops: zero,
            ids: zero,
        }
    }
}

impl Tables<1> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub fn new<C: Code>(hash: &PerfectHash) -> Self {
        Self {
            multiplier: _mm512_set1_epi16(hash.multiplier.cast_signed()),
            displacements: load_bytes(&std::array::from_fn(|index| {
                hash.displacements[index * ROW / LANES]
            })),
            residues: halves(&hash.residues),
            entries: halves(&hash.entries),
            count: ids_of::<C>(hash.count, hash.beyond),
            beyond: _mm512_set1_epi8(hash.beyond.cast_signed()),
        }
    }
}

impl Tables<2> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub fn of_large<C: Code>(hash: &LargeHash) -> Self {
        Self {
            multiplier: _mm512_set1_epi16(hash.multiplier.cast_signed()),
            displacements: load_bytes(&hash.displacements),
            residues: halves(&hash.residues),
            entries: halves(&hash.ids),
            count: ids_of::<C>(hash.count, hash.beyond),
            beyond: _mm512_set1_epi8(hash.beyond.cast_signed()),
        }
    }
}

/// The number of ids of characters that a code of this width can be. Codes of two bytes have no
/// plane to tell them from characters beyond U+FFFF, whose ids are the last.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn ids_of<C: Code>(count: u8, beyond: u8) -> __m512i {
    let count = match size_of::<C>() {
        2 => count.min(beyond),
        _ => count,
    };
    _mm512_set1_epi8(count.cast_signed())
}

impl<const HALVES: usize> Tables<HALVES> {
    /// The ids of 64 characters, in an order that [`in_order`] and [`for_pairs`] know. They are
    /// right if [`foreign`](Self::foreign) finds nothing in what was gathered.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub fn find<C: Code>(&self, codes: &[C; LANES], gathered: &mut Gathered) -> __m512i {
        let ([first, second], planes) = load(codes);
        let first = _mm512_mullo_epi16(first, self.multiplier);
        let second = _mm512_mullo_epi16(second, self.multiplier);
        let bytes = _mm512_set1_epi16(0xFF);
        let low = _mm512_packus_epi16(
            _mm512_and_si512(first, bytes),
            _mm512_and_si512(second, bytes),
        );
        let high = _mm512_packus_epi16(
            _mm512_srli_epi16::<8>(first),
            _mm512_srli_epi16::<8>(second),
        );
        // Only the low six bits of an index count, so that the neighbour's bits do no harm.
        let displacement = _mm512_permutexvar_epi8(_mm512_srli_epi16::<2>(low), self.displacements);
        // Here the low seven bits count.
        let slot = _mm512_add_epi8(high, displacement);
        let residue = look_up(&self.residues, slot);
        let entry = look_up(&self.entries, slot);
        let mut id = entry;
        if HALVES == 1 {
            id = _mm512_and_si512(entry, _mm512_set1_epi8((!TOP).cast_signed()));
            gathered.tops = or_different(gathered.tops, entry, high);
        }
        gathered.residues = or_different(gathered.residues, residue, low);
        gathered.ids = _mm512_max_epu8(gathered.ids, id);
        if let Some(planes) = planes {
            // The plane of characters beyond U+FFFF is 1.
            let is_beyond = _mm512_cmpge_epu8_mask(id, self.beyond);
            let expected = _mm512_maskz_set1_epi8(is_beyond, 1);
            gathered.residues = or_different(gathered.residues, planes, expected);
        }
        id
    }

    /// Whether any of the characters that were looked up is outside the vocabulary.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub fn foreign(&self, gathered: &Gathered) -> bool {
        let others = _mm512_test_epi8_mask(gathered.residues, gathered.residues);
        let tops = _mm512_movepi8_mask(gathered.tops);
        let ids = _mm512_cmpge_epu8_mask(gathered.ids, self.count);
        others | tops | ids != 0
    }
}

/// The low seven bits of an index select a byte of one half, and the top bit the half.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn look_up<const HALVES: usize>(table: &[[__m512i; 2]; HALVES], slot: __m512i) -> __m512i {
    let in_half = |half: usize| {
        let [first, second] = table[half];
        _mm512_permutex2var_epi8(first, slot, second)
    };
    if HALVES == 1 {
        return in_half(0);
    }
    _mm512_mask_blend_epi8(_mm512_movepi8_mask(slot), in_half(0), in_half(HALVES - 1))
}

/// `gathered | (a ^ b)` in one instruction.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn or_different(gathered: __m512i, a: __m512i, b: __m512i) -> __m512i {
    const OR_XOR: i32 = 0xF0 | (0xCC ^ 0xAA);
    _mm512_ternarylogic_epi32::<OR_XOR>(gathered, a, b)
}

/// The two low bytes of 64 codes in two vectors, and the third bytes if there are any, in the order
/// that packing the vectors gives.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn load<C: Code>(codes: &[C; LANES]) -> ([__m512i; 2], Option<__m512i>) {
    let from = codes.as_ptr().cast::<__m512i>();
    if size_of::<C>() == size_of::<u16>() {
        // SAFETY: 64 codes of two bytes are two vectors, and the loads need no alignment.
        let both = unsafe { [_mm512_loadu_si512(from), _mm512_loadu_si512(from.add(1))] };
        return (both, None);
    }
    assert!(size_of::<C>() == size_of::<u32>());
    // SAFETY: 64 codes of four bytes are four vectors, and the loads need no alignment.
    let [a, b, c, d] = [0, 1, 2, 3].map(|index| unsafe { _mm512_loadu_si512(from.add(index)) });
    // The words of two vectors alternate, which takes no step that moves words between lanes.
    let low = |a, b| _mm512_mask_blend_epi16(ODD, a, _mm512_slli_epi32::<16>(b));
    let high = |a, b| _mm512_mask_blend_epi16(ODD, _mm512_srli_epi32::<16>(a), b);
    let planes = _mm512_packus_epi16(high(a, b), high(c, d));
    ([low(a, b), low(c, d)], Some(planes))
}

/// The upper word of each code of four bytes.
const ODD: u32 = 0xAAAA_AAAA;

/// The place in which [`Tables::find`] returns the id of a character.
const fn place<C>(character: usize) -> usize {
    if size_of::<C>() == size_of::<u16>() {
        let (vector, word) = (character / 32, character % 32);
        return word / 8 * 16 + vector * 8 + word % 8;
    }
    let (vector, dword) = (character / 16, character % 16);
    dword / 4 * 16 + vector / 2 * 8 + dword % 4 * 2 + vector % 2
}

/// Brings ids that [`Tables::find`] returned into the order of the text.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn in_order<C: Code>(ids: __m512i) -> __m512i {
    #[allow(clippy::cast_possible_truncation)] // less than 64
    let places = std::array::from_fn(|character| place::<C>(character) as u8);
    _mm512_permutexvar_epi8(load_bytes(&places), ids)
}

/// Brings ids that [`Tables::find`] returned into the order that widening by halves of each 16 bytes
/// undoes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn for_pairs<C: Code>(ids: __m512i) -> __m512i {
    if size_of::<C>() == size_of::<u16>() {
        return ids;
    }
    #[allow(clippy::cast_possible_truncation)] // less than 64
    let places = std::array::from_fn(|at| {
        let (lane, in_lane) = (at / 16, at % 16);
        place::<C>(in_lane / 8 * 32 + lane * 8 + in_lane % 8) as u8
    });
    _mm512_permutexvar_epi8(load_bytes(&places), ids)
}

/// The number of characters at the start of `codes`, in whole blocks, that are all in the
/// vocabulary.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub fn known<C: Code>(hash: &PerfectHash, codes: &[C]) -> usize {
    let tables = Tables::new::<C>(hash);
    let mut known = 0;
    for block in codes.as_chunks::<BLOCK>().0 {
        let mut gathered = Gathered::nothing();
        for codes in block.as_chunks::<LANES>().0 {
            prefetch(codes);
            tables.find(codes, &mut gathered);
        }
        if tables.foreign(&gathered) {
            break;
        }
        known += BLOCK;
    }
    known
}

/// How many bytes ahead memory is prefetched: the processor's own prefetching stops at the end of a
/// page.
const AHEAD: usize = 6144;

#[inline]
pub fn prefetch<C: Code>(codes: &[C; LANES]) {
    for line in 0..size_of_val(codes) / LANES {
        let ahead = codes
            .as_ptr()
            .cast::<i8>()
            .wrapping_add(AHEAD + line * LANES);
        // SAFETY: this is a hint, which reads nothing and is ignored for an address without memory.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead) };
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn halves<const HALVES: usize>(table: &[u8]) -> [[__m512i; 2]; HALVES] {
    let quarters = table.as_chunks::<LANES>().0;
    std::array::from_fn(|half| [0, 1].map(|index| load_bytes(&quarters[2 * half + index])))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn load_bytes(bytes: &[u8; LANES]) -> __m512i {
    // SAFETY: the array has 64 bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether all characters of a block are in a large hash.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn known_to_large<C: Code>(hash: &LargeHash, codes: &[C; BLOCK]) -> bool {
        let tables = Tables::of_large::<C>(hash);
        let mut gathered = Gathered::nothing();
        for codes in codes.as_chunks::<LANES>().0 {
            tables.find(codes, &mut gathered);
        }
        !tables.foreign(&gathered)
    }

    /// Blocks of the vocabulary's characters, in which each code point stands once, in any place.
    #[test]
    fn every_code_point_is_known_only_if_the_hash_has_it() {
        if !crate::simd::Path::Avx512.available() {
            return;
        }
        for (first, step) in [(0x40, 1), (0x4E00, 97), (0xFFB0, 7)] {
            for count in [20, 65, 90, 200] {
                let vocabulary: Vec<u32> = (0..count).map(|index| first + step * index).collect();
                let small = PerfectHash::new(&vocabulary);
                let large = LargeHash::new(&vocabulary).expect("slots are found");
                assert!(small.is_some() || count > 90);
                let cycled = || vocabulary.iter().copied().cycle();
                let mut four: [u32; BLOCK] = [0; BLOCK];
                four.iter_mut()
                    .zip(cycled())
                    .for_each(|(place, code)| *place = code);
                let mut two: [u16; BLOCK] = [0; BLOCK];
                let narrow = cycled().filter_map(|code| code.try_into().ok());
                two.iter_mut()
                    .zip(narrow)
                    .for_each(|(place, code)| *place = code);
                for code in 0..0x11_0000 {
                    let place = (code % 251) as usize;
                    let expected = vocabulary.binary_search(&code).is_ok();
                    let old = std::mem::replace(&mut four[place], code);
                    // SAFETY: the check above shows that the processor has these instructions.
                    unsafe {
                        assert_eq!(known_to_large(&large, &four), expected, "U+{code:04X}");
                        if let Some(small) = &small {
                            assert_eq!(known(small, &four) == BLOCK, expected, "U+{code:04X}");
                        }
                    }
                    four[place] = old;
                    if let Ok(code) = code.try_into() {
                        let old = std::mem::replace(&mut two[place], code);
                        // SAFETY: as above.
                        unsafe {
                            assert_eq!(known_to_large(&large, &two), expected, "U+{code:04X}");
                            if let Some(small) = &small {
                                assert_eq!(known(small, &two) == BLOCK, expected, "U+{code:04X}");
                            }
                        }
                        two[place] = old;
                    }
                }
            }
        }
    }
}
