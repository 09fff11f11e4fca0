//! Collects the distinct characters of texts.

use std::path::PathBuf;

use super::{Failure, Take, for_each_text};
use crate::charset::bit_table;
use crate::text::Text;

/// Number of code points.
const CODES: usize = 0x11_0000;

/// The distinct characters of the blocks seen so far.
pub struct Seen {
    /// One bit for each code point.
    bits: Box<[u64]>,
    /// Number of characters, repeated ones included.
    pub length: usize,
}

impl Default for Seen {
    fn default() -> Self {
        let bits = vec![0; CODES / 64].into_boxed_slice();
        Self { bits, length: 0 }
    }
}

impl Seen {
    pub fn add(&mut self, text: Text<'_>) {
        match (text, self.bits.first_chunk_mut()) {
            (Text::One(codes), Some(latin1)) => bit_table::add(latin1, codes),
            _ => {
                for code in bit_table::charset(text) {
                    self.bits[code as usize / 64] |= 1 << (code % 64);
                }
            }
        }
        self.length += text.len();
    }

    /// Adds bytes if all of them are ASCII. Returns whether they are.
    pub fn add_ascii(&mut self, bytes: &[u8]) -> bool {
        // The bits beyond ASCII are left out, so that such a code in `bytes` shows.
        let mut latin1 = [self.bits[0], self.bits[1], 0, 0];
        bit_table::add(&mut latin1, bytes);
        let [first, second, 0, 0] = latin1 else {
            return false;
        };
        (self.bits[0], self.bits[1]) = (first, second);
        self.length += bytes.len();
        true
    }

    /// Adds the characters that `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        for (bits, &more) in self.bits.iter_mut().zip(&other.bits) {
            *bits |= more;
        }
        self.length += other.length;
    }

    /// The distinct characters, in code-point order.
    pub fn vocabulary(&self) -> Vec<u32> {
        let words = (0..).step_by(64).zip(&self.bits);
        words
            .filter(|&(_, &bits)| bits != 0)
            .flat_map(|(first, &bits)| {
                (0..64)
                    .filter(move |bit| bits >> bit & 1 == 1)
                    .map(move |bit| first + bit)
            })
            .collect()
    }
}

impl Take for Seen {
    type Refusal = Failure;

    fn text(&mut self, text: Text<'_>) -> Result<(), Failure> {
        self.add(text);
        Ok(())
    }

    fn ascii(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        Ok(self.add_ascii(bytes))
    }
}

/// The distinct characters of files.
///
/// # Errors
///
/// When a file cannot be read, or not twice, or is not UTF-8.
pub fn seen_in(paths: &[PathBuf]) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    for_each_text(paths, &mut seen)?;
    Ok(seen)
}
