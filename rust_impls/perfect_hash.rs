//! A perfect hash of some hundred characters, whose tables fit into registers.
//!
//! Shuffles look up bytes by four bits, so that a table of 16 bytes a row gives 32 characters their
//! bytes at once. A multiplication spreads the codes of two bytes; its high byte, moved by one of 16
//! displacements, is the slot, and its low byte tells the codes of a slot apart. The displacements
//! are chosen so that each character of the vocabulary has a slot of its own, in as few rows as
//! possible. Whatever alphabet a text is in, it costs the same.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "x86_64")]
pub(crate) mod growing;

/// A code of two or of four bytes.
pub trait Code: Copy + Into<u32> {}
impl Code for u16 {}
impl Code for u32 {}

/// More characters than this hardly ever find slots of their own.
pub const MOST: usize = 104;
/// Slots in a row.
const ROW: usize = 16;
const MOST_ROWS: usize = 8;
const SLOTS: usize = MOST_ROWS * ROW;
/// Multipliers that are tried before another row is used.
const TRIES: usize = 16;
/// An id that no character of a vocabulary has.
const ABSENT: u8 = 0x7F;
/// The bit of an entry that holds the top bit of the product.
const TOP: u8 = 0x80;

/// The ids of a vocabulary, and what tells its characters from all others.
#[derive(Debug, Clone)]
pub struct PerfectHash {
    /// Odd, so that different codes of two bytes have different products.
    multiplier: u16,
    /// By the high half of a product's low byte.
    displacements: [u8; ROW],
    /// The low byte of the product of each slot's character.
    residues: [u8; SLOTS],
    /// The id of each slot's character, and the top bit of its product.
    entries: [u8; SLOTS],
    /// Which sums of a high byte and a displacement are those of a character: a bit for each, in
    /// the byte of its low half, with a table for the sums below 128 and one for the others.
    sums: [[u8; ROW]; 2],
    /// The slots of characters beyond U+FFFF: a bit for each, as in `sums`.
    slots_beyond: [u8; ROW],
    /// Rows of slots in use.
    rows: usize,
    /// Number of ids.
    count: u8,
    /// The first id of a character beyond U+FFFF, which are those up to U+1FFFF.
    beyond: u8,
}

impl PerfectHash {
    /// The hash of a vocabulary, which must be distinct code points in order: ids are indices. There
    /// is none if it has more than [`MOST`] characters, some beyond U+1FFFF, or two that differ only
    /// in whether they are beyond U+FFFF. In rare cases no multiplier is found.
    pub fn new(vocabulary: &[u32]) -> Option<Self> {
        let last = *vocabulary.last()?;
        if vocabulary.len() > MOST || last > 0x1_FFFF {
            return None;
        }
        // More than 27 of 32 slots in use have hardly ever been found.
        let fewest = (vocabulary.len() * 32).div_ceil(27 * ROW);
        (fewest..=MOST_ROWS).find_map(|rows| {
            multipliers()
                .take(TRIES)
                .find_map(|multiplier| Self::with(vocabulary, rows, multiplier))
        })
    }

    /// Finds displacements for one multiplier, the largest group of characters first.
    fn with(vocabulary: &[u32], rows: usize, multiplier: u16) -> Option<Self> {
        let mut groups = [0_u128; ROW];
        for &code in vocabulary {
            let [low, high] = product(code, multiplier);
            let slot = 1 << (high & !TOP);
            let group = &mut groups[usize::from(low >> 4)];
            if *group & slot != 0 {
                return None;
            }
            *group |= slot;
        }
        let mut order: [usize; ROW] = std::array::from_fn(|group| group);
        order.sort_unstable_by_key(|&group| std::cmp::Reverse(groups[group].count_ones()));
        #[allow(clippy::cast_possible_truncation)] // at most 128
        let mut taken = u128::MAX.checked_shl((rows * ROW) as u32).unwrap_or(0);
        let mut displacements = [0; ROW];
        for group in order {
            // Moving by a displacement goes around: slot 127 is followed by slot 0. A bit of `fit`
            // stands for a displacement that brings the whole group to free slots.
            let (mut fit, mut left) = (u128::MAX, groups[group]);
            while left != 0 {
                fit &= !taken.rotate_right(left.trailing_zeros());
                left &= left - 1;
            }
            if fit == 0 {
                return None;
            }
            #[allow(clippy::cast_possible_truncation)] // less than 128
            let displacement = fit.trailing_zeros() as u8;
            displacements[group] = displacement;
            taken |= groups[group].rotate_left(displacement.into());
        }
        let mut hash = Self {
            multiplier,
            displacements,
            residues: [0; SLOTS],
            entries: [ABSENT; SLOTS],
            sums: [[0; ROW]; 2],
            slots_beyond: [0; ROW],
            rows,
            count: 0,
            beyond: ABSENT,
        };
        for &code in vocabulary {
            let (slot, [low, high]) = hash.slot(code);
            hash.residues[slot] = low;
            hash.entries[slot] = hash.count | high & TOP;
            let bit = 1 << (slot / ROW);
            let sum = high.wrapping_add(displacements[usize::from(low >> 4)]);
            hash.sums[usize::from(sum / TOP)][slot % ROW] |= bit;
            if code > 0xFFFF {
                hash.slots_beyond[slot % ROW] |= bit;
                hash.beyond = hash.beyond.min(hash.count);
            }
            hash.count += 1;
        }
        Some(hash)
    }

    fn slot(&self, code: u32) -> (usize, [u8; 2]) {
        let [low, high] = product(code, self.multiplier);
        let displacement = self.displacements[usize::from(low >> 4)];
        let slot = high.wrapping_add(displacement) & !TOP;
        (slot.into(), [low, high])
    }

    /// Rows of 16 slots in use, at most eight.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The id of a character of the vocabulary: what the vectors compute, one at a time.
    pub fn id(&self, code: u32) -> Option<u8> {
        let (slot, [low, high]) = self.slot(code);
        let id = self.entries[slot] & !TOP;
        let same_plane = code >> 16 == u32::from(id >= self.beyond);
        let found = slot < self.rows * ROW
            && self.residues[slot] == low
            && (self.entries[slot] ^ high) & TOP == 0
            && id < self.count
            && same_plane;
        found.then_some(id)
    }
}

/// The product of the two low bytes of a code: its low and its high byte.
pub(crate) fn product(code: u32, multiplier: u16) -> [u8; 2] {
    #[allow(clippy::cast_possible_truncation)] // the low bytes are meant
    (code as u16).wrapping_mul(multiplier).to_le_bytes()
}

/// Odd numbers in an order of no pattern.
pub(crate) fn multipliers() -> impl Iterator<Item = u16> {
    let mut state = 0x9E37_79B9_u32;
    std::iter::from_fn(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((state >> 16) as u16 | 1)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every code point is looked up in the hash and in the vocabulary itself.
    fn check(vocabulary: &[u32]) {
        let hash = PerfectHash::new(vocabulary).expect("slots are found");
        for code in 0..0x11_0000 {
            let expected = vocabulary.binary_search(&code).ok();
            assert_eq!(hash.id(code).map(usize::from), expected, "U+{code:04X}");
        }
    }

    #[test]
    fn every_other_code_point_is_outside_the_vocabulary() {
        let range = |first: u32, step: u32, count: u32| -> Vec<u32> {
            (0..count).map(|index| first + step * index).collect()
        };
        for vocabulary in [
            range(0x7A, 1, 1),
            range(0x20, 1, 95),
            range(0x4E00, 97, 65),
            range(0x1F300, 7, 65),
            [range(0x20, 1, 30), range(0x410, 1, 64)].concat(),
            [
                range(0x41, 1, 26),
                range(0xFE0F, 1, 1),
                range(0x1F600, 1, 40),
            ]
            .concat(),
        ] {
            check(&vocabulary);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

        #[test]
        fn ids_are_indices_in_any_vocabulary(
            vocabulary in prop::collection::btree_set(0..=0x1_FFFF_u32, 1..=MOST),
            others in prop::collection::vec(0..=0x10_FFFF_u32, 100),
        ) {
            let vocabulary = Vec::from_iter(vocabulary);
            if let Some(hash) = PerfectHash::new(&vocabulary) {
                for &code in vocabulary.iter().chain(&others) {
                    let expected = vocabulary.binary_search(&code).ok();
                    prop_assert_eq!(hash.id(code).map(usize::from), expected);
                }
            }
        }
    }

    #[test]
    fn up_to_80_characters_nearly_always_have_one() {
        let mut state = 1_u64;
        let mut made = 0;
        for _ in 0..100 {
            let mut vocabulary: Vec<u32> = (0..80)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    u32::try_from(state >> 48).unwrap_or_default()
                })
                .collect();
            vocabulary.sort_unstable();
            vocabulary.dedup();
            made += u32::from(PerfectHash::new(&vocabulary).is_some());
        }
        assert!(made >= 95, "{made} of 100");
    }

    #[test]
    fn vocabularies_that_cannot_have_one_have_none() {
        assert!(PerfectHash::new(&[]).is_none());
        assert!(PerfectHash::new(&(0x400..0x400 + 105).collect::<Vec<_>>()).is_none());
        assert!(PerfectHash::new(&[0x41, 0x2_0000]).is_none());
        assert!(PerfectHash::new(&[0x41, 0x1_0041]).is_none());
    }
}
