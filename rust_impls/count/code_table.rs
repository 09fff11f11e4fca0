//! A counter for each code point: one increment for each character, and no other lookup.

use super::page_table::{self, Pages};
use super::{Count, occurring};
use crate::text::Text;

/// Length of a text in characters from which the table pays. In shorter ones, clearing the table
/// and reading it back takes longer than the lookups of pages.
const LEAST: usize = 32 * 1024;
/// Length in characters up to which no 32-bit counter can overflow. Longer texts are left to pages,
/// whose counters have 64 bits.
const MOST: usize = u32::MAX as usize;
/// Codes of a four-byte text that have a counter of their own: the planes 0 and 1 of Unicode, with
/// all scripts in daily use and the emoji. The few other characters are counted in pages.
const COMMON: usize = 1 << 17;
/// Characters that are checked at once for codes beyond [`COMMON`].
const BLOCK: usize = 1024;
/// Counters that one branch skips if all are zero.
const GROUP: usize = 64;

pub fn count(text: Text<'_>) -> Vec<Count> {
    if !(LEAST..=MOST).contains(&text.len()) {
        return page_table::count(text);
    }
    match text {
        Text::One(codes) => occurring(page_table::one_byte(codes)).collect(),
        Text::Two(codes) => two_bytes(codes),
        Text::Four(codes) => four_bytes(codes),
    }
}

fn two_bytes(codes: &[u16]) -> Vec<Count> {
    let mut counts = Counters::<{ 1 << 16 }>::new();
    counts.add(codes, usize::from);
    counts.occurring()
}

fn four_bytes(codes: &[u32]) -> Vec<Count> {
    let mut counts = Counters::<COMMON>::new();
    let mut rare = Vec::with_capacity(BLOCK);
    let mut pages = Pages::new();
    for block in codes.chunks(BLOCK) {
        if block.iter().fold(0, |all, code| all | code) as usize >= COMMON {
            rare.clear();
            for &code in block {
                match counts.0.get_mut(code as usize) {
                    Some(count) => *count += 1,
                    None => rare.push(code),
                }
            }
            pages.add(&rare);
        } else {
            counts.add(block, |code| code as usize % COMMON);
        }
    }
    let mut occurring = counts.occurring();
    occurring.append(&mut pages.occurring());
    occurring
}

/// One counter for each code below `CODES`.
struct Counters<const CODES: usize>(Box<[u32; CODES]>);

impl<const CODES: usize> Counters<CODES> {
    fn new() -> Self {
        let zeros = vec![0; CODES].try_into();
        Self(zeros.unwrap_or_else(|_| unreachable!("the vector has that length")))
    }

    /// `index` maps a code to itself, in a form that the compiler knows to be below `CODES`. Eight
    /// codes have one jump back between them: where the loop lies in memory then matters little.
    #[inline(never)]
    fn add<C: Copy>(&mut self, codes: &[C], index: impl Fn(C) -> usize) {
        let (eights, rest) = codes.as_chunks::<8>();
        for eight in eights {
            for &code in eight {
                self.0[index(code)] += 1;
            }
        }
        for &code in rest {
            self.0[index(code)] += 1;
        }
    }

    /// A text uses few of the codes, so that most groups of counters are skipped.
    fn occurring(&self) -> Vec<Count> {
        let mut occurring = Vec::new();
        for (first, group) in (0..).step_by(GROUP).zip(self.0.as_chunks::<GROUP>().0) {
            if group.iter().fold(0, |all, count| all | count) > 0 {
                let counts = (first..).zip(group).filter(|&(_, &count)| count > 0);
                occurring.extend(counts.map(|(code, &count)| (code, count as usize)));
            }
        }
        occurring
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Also for texts so short that `count` would not use the table.
        #[test]
        fn counts_by_codes_equal_counts_by_pages(
            two: Vec<u16>,
            four in prop::collection::vec(prop_oneof![0x1F600..=0x1F640_u32, 0..=0x10_FFFF_u32], 0..3 * BLOCK),
        ) {
            prop_assert_eq!(two_bytes(&two), page_table::count(Text::Two(&two)));
            prop_assert_eq!(four_bytes(&four), page_table::count(Text::Four(&four)));
        }
    }
}
