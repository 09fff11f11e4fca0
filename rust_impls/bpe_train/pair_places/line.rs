//! The distinct pieces of a text in one line, as tokens that grow by merging.

use super::super::{Pair, TrainError};
use super::words::Words;

/// Marks a place that holds no token. The other bits of the last such place of a token are the token's
/// length, so that the token can be found from its end.
const NO_TOKEN: u32 = 1 << 31;
/// The longest line: all places of all pairs together, of which each merge makes two, are then fewer
/// than 2^32.
const LONGEST: usize = 1 << 30;
/// The border between two pieces.
const BORDER: u32 = u32::MAX;

/// A place is a byte of a piece, or a border. A token lies at its first byte.
pub struct Line {
    tokens: Vec<u32>,
    /// How often each piece occurs in the text.
    counts: Vec<u64>,
    /// The piece that each place belongs to.
    pieces: Vec<u32>,
    /// The length in bytes of each token, by id.
    lengths: Vec<u32>,
}

impl Line {
    pub fn new(words: &Words<'_>) -> Result<Self, TrainError> {
        // A piece of one byte has no pair.
        let words = || words.iter().filter(|(word, _)| word.len() > 1);
        let length = 1 + words().map(|(word, _)| word.len() + 1).sum::<usize>();
        if length > LONGEST {
            return Err(TrainError::TooLarge);
        }
        let mut line = Self {
            tokens: Vec::with_capacity(length),
            counts: Vec::new(),
            pieces: Vec::with_capacity(length),
            lengths: vec![1; 256],
        };
        line.tokens.push(BORDER);
        line.pieces.push(0);
        for (piece, (word, count)) in (0..).zip(words()) {
            line.tokens.extend(word.iter().map(|&byte| u32::from(byte)));
            line.tokens.push(BORDER);
            line.pieces.resize(line.tokens.len(), piece);
            line.counts.push(count);
        }
        Ok(line)
    }

    /// The pairs of bytes and their places, before anything is merged.
    pub fn byte_pairs(&self) -> impl Iterator<Item = (u32, Pair)> + use<> {
        let tokens = self.tokens.clone();
        (0..tokens.len().saturating_sub(1)).filter_map(move |place| {
            let pair = (tokens[place], tokens[place + 1]);
            let place = u32::try_from(place).ok()?;
            (pair.0 < 256 && pair.1 < 256).then_some((place, pair))
        })
    }

    /// How often the piece at a place occurs.
    pub fn count_at(&self, place: u32) -> u64 {
        self.counts[self.pieces[place as usize] as usize]
    }

    /// The place of the second token of a pair, if the pair still is at a place.
    pub fn pair_at(&self, place: u32, pair: Pair) -> Option<u32> {
        if self.tokens[place as usize] != pair.0 {
            return None;
        }
        let next = place + self.lengths[pair.0 as usize];
        (self.tokens[next as usize] == pair.1).then_some(next)
    }

    /// The place and id of the token before a place, if it is of the same piece.
    pub fn before(&self, place: u32) -> Option<(u32, u32)> {
        let last = self.tokens[place as usize - 1];
        if last == BORDER {
            return None;
        }
        if last & NO_TOKEN == 0 {
            return Some((place - 1, last));
        }
        let first = place - (last & !NO_TOKEN);
        Some((first, self.tokens[first as usize]))
    }

    /// The id of the token after the one at a place, if it is of the same piece.
    pub fn after(&self, place: u32) -> Option<u32> {
        let length = self.lengths[self.tokens[place as usize] as usize];
        let next = self.tokens[(place + length) as usize];
        (next != BORDER).then_some(next)
    }

    /// Makes one token of those at two neighbouring places.
    pub fn merge(&mut self, place: u32, next: u32, id: u32) {
        let end = next + self.lengths[self.tokens[next as usize] as usize];
        let length = end - place;
        if id as usize == self.lengths.len() {
            self.lengths.push(length);
        }
        self.tokens[place as usize] = id;
        self.tokens[next as usize] = NO_TOKEN;
        self.tokens[end as usize - 1] = NO_TOKEN | length;
    }
}
