//! A counter for each pair of bytes: half as many increments; pages of 256 codes for wider text.

use super::{Count, occurring, page_table};
use crate::text::Text;

/// Below this the time to clear the table of pairs and to read it back is more than it saves.
const LEAST: usize = 128 * 1024;
/// Bytes after which 32-bit counters are read back: before any can overflow.
const MOST: usize = 1 << 30;
const CODES: usize = 256;

pub fn count(text: Text<'_>) -> Vec<Count> {
    match text {
        Text::One(codes) if codes.len() >= LEAST => occurring(by_pairs(codes)).collect(),
        _ => page_table::count(text),
    }
}

/// A text has few of the 65,536 pairs, so that their counters stay in the first-level cache, and it
/// seldom has one twice in a row, so that an increment seldom waits for the one before it. Texts of one
/// character are the exception, and five times slower.
fn by_pairs(codes: &[u8]) -> [usize; CODES] {
    let mut counts = [0; CODES];
    // An index of 16 bits is always within an array of this size; of a slice the compiler can't know.
    let Ok(mut table) = <Box<[u32; CODES * CODES]>>::try_from(vec![0; CODES * CODES]) else {
        return page_table::one_byte(codes);
    };
    for part in codes.chunks(MOST) {
        let (pairs, rest) = part.as_chunks::<2>();
        for &pair in pairs {
            table[usize::from(u16::from_le_bytes(pair))] += 1;
        }
        for &code in rest {
            counts[usize::from(code)] += 1;
        }
        for (second, row) in table.as_chunks_mut::<CODES>().0.iter_mut().enumerate() {
            for (count, &more) in counts.iter_mut().zip(row.iter()) {
                *count += more as usize;
            }
            counts[second] += row.iter().map(|&more| more as usize).sum::<usize>();
            row.fill(0);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Also of texts too short for it, which `count` counts otherwise.
        #[test]
        fn pairs_are_bytes_counted_two_at_a_time(codes: Vec<u8>) {
            let mut naive = vec![0; CODES];
            for &code in &codes {
                naive[usize::from(code)] += 1;
            }
            prop_assert_eq!(by_pairs(&codes).to_vec(), naive);
        }
    }
}
