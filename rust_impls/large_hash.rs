//! A perfect hash of up to some two hundred characters, for vectors that look up 256 bytes at once.
//!
//! It differs from [`crate::perfect_hash`] in its size alone: a byte is the slot, and there are 64
//! displacements, which many more characters need. Slot and low byte of a product determine its high
//! byte, so that there is no further bit to compare. Real mixtures have such vocabularies, such as
//! Markdown with emoji: ASCII's letters, digits and signs, and some others.

use crate::perfect_hash::{multipliers, product};

/// More characters than this hardly ever find slots of their own.
pub const MOST: usize = 230;
pub(crate) const SLOTS: usize = 256;
pub(crate) const GROUPS: usize = 64;
/// Multipliers that are tried.
const TRIES: usize = 8;
/// An id that no character of a vocabulary has.
pub(crate) const ABSENT: u8 = 0xFF;

/// The ids of a vocabulary, and what tells its characters from all others.
#[derive(Debug, Clone)]
pub struct LargeHash {
    /// Odd, so that different codes of two bytes have different products.
    pub(crate) multiplier: u16,
    /// By the upper six bits of a product's low byte.
    pub(crate) displacements: [u8; GROUPS],
    /// The low byte of the product of each slot's character.
    pub(crate) residues: [u8; SLOTS],
    /// The id of each slot's character.
    pub(crate) ids: [u8; SLOTS],
    /// Number of ids.
    pub(crate) count: u8,
    /// The first id of a character beyond U+FFFF, which are those up to U+1FFFF.
    pub(crate) beyond: u8,
}

impl LargeHash {
    /// The hash of a vocabulary, which must be distinct code points in order: ids are indices. There
    /// is none if it has more than [`MOST`] characters, some beyond U+1FFFF, or two that differ only
    /// in whether they are beyond U+FFFF. In rare cases no multiplier is found.
    pub fn new(vocabulary: &[u32]) -> Option<Self> {
        let last = *vocabulary.last()?;
        if vocabulary.len() > MOST || last > 0x1_FFFF {
            return None;
        }
        multipliers()
            .take(TRIES)
            .find_map(|multiplier| Self::with(vocabulary, multiplier))
    }

    /// Finds displacements for one multiplier, the largest group of characters first.
    fn with(vocabulary: &[u32], multiplier: u16) -> Option<Self> {
        let mut groups: [Vec<u8>; GROUPS] = std::array::from_fn(|_| Vec::new());
        for &code in vocabulary {
            let [low, high] = product(code, multiplier);
            groups[usize::from(low >> 2)].push(high);
        }
        let mut order: [usize; GROUPS] = std::array::from_fn(|group| group);
        order.sort_unstable_by_key(|&group| std::cmp::Reverse(groups[group].len()));
        let mut taken = [false; SLOTS];
        let mut displacements = [0; GROUPS];
        for group in order {
            let highs = &groups[group];
            let slots = |displacement: u8| {
                highs
                    .iter()
                    .map(move |high| usize::from(high.wrapping_add(displacement)))
            };
            let displacement =
                (0..=u8::MAX).find(|&displacement| slots(displacement).all(|slot| !taken[slot]))?;
            for slot in slots(displacement) {
                if taken[slot] {
                    return None; // two characters of one group have the same high byte
                }
                taken[slot] = true;
            }
            displacements[group] = displacement;
        }
        let mut hash = Self {
            multiplier,
            displacements,
            residues: [0; SLOTS],
            ids: [ABSENT; SLOTS],
            count: 0,
            beyond: ABSENT,
        };
        for &code in vocabulary {
            let (slot, low) = hash.slot(code);
            hash.residues[slot] = low;
            hash.ids[slot] = hash.count;
            if code > 0xFFFF {
                hash.beyond = hash.beyond.min(hash.count);
            }
            hash.count += 1;
        }
        Some(hash)
    }

    fn slot(&self, code: u32) -> (usize, u8) {
        let [low, high] = product(code, self.multiplier);
        let displacement = self.displacements[usize::from(low >> 2)];
        (high.wrapping_add(displacement).into(), low)
    }

    /// The id of a character of the vocabulary: what the vectors compute, one at a time.
    pub fn id(&self, code: u32) -> Option<u8> {
        let (slot, low) = self.slot(code);
        let id = self.ids[slot];
        let same_plane = code >> 16 == u32::from(id >= self.beyond);
        let found = self.residues[slot] == low && id < self.count && same_plane;
        found.then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every code point is looked up in the hash and in the vocabulary itself.
    fn check(vocabulary: &[u32]) {
        let hash = LargeHash::new(vocabulary).expect("slots are found");
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
            range(0x20, 1, 200),
            range(0x4E00, 97, 215),
            [range(0x20, 1, 95), range(0x1F300, 7, 100)].concat(),
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
            if let Some(hash) = LargeHash::new(&vocabulary) {
                for &code in vocabulary.iter().chain(&others) {
                    let expected = vocabulary.binary_search(&code).ok();
                    prop_assert_eq!(hash.id(code).map(usize::from), expected);
                }
            }
        }
    }

    #[test]
    fn up_to_200_characters_nearly_always_have_one() {
        let mut state = 1_u64;
        let mut made = 0;
        for _ in 0..100 {
            let mut vocabulary: Vec<u32> = (0..200)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    u32::try_from(state >> 48).unwrap_or_default()
                })
                .collect();
            vocabulary.sort_unstable();
            vocabulary.dedup();
            made += u32::from(LargeHash::new(&vocabulary).is_some());
        }
        assert!(made >= 95, "{made} of 100");
    }

    #[test]
    fn vocabularies_that_cannot_have_one_have_none() {
        assert!(LargeHash::new(&[]).is_none());
        assert!(LargeHash::new(&(0x400..0x400 + 231).collect::<Vec<_>>()).is_none());
        assert!(LargeHash::new(&[0x41, 0x2_0000]).is_none());
        assert!(LargeHash::new(&[0x41, 0x1_0041]).is_none());
    }
}
