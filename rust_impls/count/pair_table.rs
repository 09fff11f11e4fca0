//! A counter for each pair of bytes: half as many increments. Wider characters are counted singly.

use super::{Count, code_table, occurring, page_table};
use crate::text::Text;

/// Length of a text from which the table of pairs pays. In shorter ones, clearing the table and
/// reading it back takes longer than it saves.
const LEAST: usize = 128 * 1024;
/// Bytes after which the 32-bit counters are read back, before any of them can overflow.
const MOST: usize = 1 << 30;
const CODES: usize = 256;

pub fn count(text: Text<'_>) -> Vec<Count> {
    match text {
        Text::One(codes) if codes.len() >= LEAST => {
            let mut pairs = Pairs::new();
            pairs.add(codes);
            occurring(pairs.counts()).collect()
        }
        Text::One(_) => page_table::count(text),
        Text::Two(_) | Text::Four(_) => code_table::count(text),
    }
}

/// Counters of pairs of bytes. A text has few of the 65,536 pairs, so that their counters stay in
/// the first-level cache. The same pair seldom comes twice in a row, so that an increment seldom
/// waits for the previous one. Texts that repeat a single character are the exception.
struct Pairs {
    /// One counter for each pair, indexed by the pair as a little-endian number.
    table: Vec<u32>,
    /// Bytes counted in the table since it was last read back.
    bytes: usize,
    counts: [usize; CODES],
}

impl Pairs {
    fn new() -> Self {
        Self {
            table: vec![0; CODES * CODES],
            bytes: 0,
            counts: [0; CODES],
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(MOST) {
            if self.bytes + part.len() > MOST {
                self.read_back();
            }
            self.bytes += part.len();
            let (pairs, rest) = part.as_chunks::<2>();
            // In a vector the compiler could not know that 16 bits are always a valid index.
            if let Some(table) = self.table.first_chunk_mut::<{ CODES * CODES }>() {
                for &pair in pairs {
                    table[usize::from(u16::from_le_bytes(pair))] += 1;
                }
            }
            for &byte in rest {
                self.counts[usize::from(byte)] += 1;
            }
        }
    }

    /// The counters of a part add up to less than 2^32. Most rows are empty: a text has few of the
    /// 256 bytes.
    fn read_back(&mut self) {
        let mut firsts = [0_u32; CODES];
        for (second, row) in self.table.as_chunks_mut::<CODES>().0.iter_mut().enumerate() {
            let sum: u32 = row.iter().sum();
            if sum > 0 {
                for (first, more) in firsts.iter_mut().zip(row.iter()) {
                    *first += more;
                }
                self.counts[second] += sum as usize;
                row.fill(0);
            }
        }
        for (count, more) in self.counts.iter_mut().zip(firsts) {
            *count += more as usize;
        }
        self.bytes = 0;
    }

    fn counts(mut self) -> [usize; CODES] {
        self.read_back();
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Also for texts so short that `count` would not use pairs, and with counters read back
        /// midway.
        #[test]
        fn counts_by_pairs_equal_counts_by_bytes(codes: Vec<u8>, more: Vec<u8>) {
            let mut naive = [0; CODES];
            for &code in codes.iter().chain(&more) {
                naive[usize::from(code)] += 1;
            }
            let mut pairs = Pairs::new();
            pairs.add(&codes);
            pairs.read_back();
            pairs.add(&more);
            prop_assert_eq!(pairs.counts(), naive);
        }
    }
}
