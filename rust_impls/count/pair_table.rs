//! A counter for each pair of bytes: half as many increments; wide characters become bytes first.

use super::{Count, occurring, page_table};
use crate::charset;
use crate::text::Text;

/// Length of a text from which the table of pairs pays. In shorter ones, clearing the table and
/// reading it back takes longer than it saves.
const LEAST: usize = 128 * 1024;
/// Bytes after which the 32-bit counters are read back, before any of them can overflow.
const MOST: usize = 1 << 30;
/// Wide characters that are turned into bytes at a time: few enough to stay in the first-level
/// cache.
const BLOCK: usize = 4096;
const CODES: usize = 256;

pub fn count(text: Text<'_>) -> Vec<Count> {
    if text.len() < LEAST {
        return page_table::count(text);
    }
    match text {
        Text::One(codes) => {
            let mut pairs = Pairs::new();
            pairs.add(codes);
            occurring(pairs.counts()).collect()
        }
        Text::Two(codes) => by_ids(text, codes),
        Text::Four(codes) => by_ids(text, codes),
    }
}

/// Counts each character's index among the distinct ones, if a byte can hold all indices.
fn by_ids<C: Copy + Into<u32>>(text: Text<'_>, codes: &[C]) -> Vec<Count> {
    let vocabulary = charset::bit_table::charset(text);
    if vocabulary.len() > CODES {
        return page_table::count(text);
    }
    let last = vocabulary.iter().copied().max().unwrap_or_default();
    let mut ids = vec![0; last as usize + 1];
    for (id, &code) in (0..=u8::MAX).zip(&vocabulary) {
        ids[code as usize] = id;
    }
    let mut pairs = Pairs::new();
    let mut block = [0; BLOCK];
    for codes in codes.chunks(BLOCK) {
        let block = &mut block[..codes.len()];
        find(&ids, codes, block);
        pairs.add(block);
    }
    vocabulary.into_iter().zip(pairs.counts()).collect()
}

/// Writes the id of each code. Eight codes have one jump back between them: with a jump for each,
/// the loop took a fifth longer where it lay across the border between two cache lines.
#[inline(never)]
fn find<C: Copy + Into<u32>>(ids: &[u8], codes: &[C], places: &mut [u8]) {
    let (eights, rest) = codes.as_chunks::<8>();
    let (eight_places, rest_places) = places.as_chunks_mut::<8>();
    for (codes, places) in eights.iter().zip(eight_places) {
        for (&code, place) in codes.iter().zip(places) {
            *place = ids[code.into() as usize];
        }
    }
    for (&code, place) in rest.iter().zip(rest_places) {
        *place = ids[code.into() as usize];
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

    fn read_back(&mut self) {
        for (second, row) in self.table.as_chunks_mut::<CODES>().0.iter_mut().enumerate() {
            for (count, &more) in self.counts.iter_mut().zip(row.iter()) {
                *count += more as usize;
            }
            self.counts[second] += row.iter().map(|&more| more as usize).sum::<usize>();
            row.fill(0);
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
