//! The distinct pieces of a text and how often each occurs.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::bpe::keys::{self, Key};
use crate::bpe::split::{Pattern, Splitter};

/// Pieces of up to 15 bytes are kept as keys, others as parts of the text.
pub struct Words<'t> {
    short: Table,
    long: HashMap<&'t [u8], u64, FxBuildHasher>,
}

/// Counts the pieces of a text.
pub fn count(text: &str) -> Words<'_> {
    let mut words = Words {
        short: Table::new(),
        long: HashMap::default(),
    };
    let mut splitter = Splitter::new(Pattern::Gpt2, text);
    let text = text.as_bytes();
    let mut ends = Vec::new();
    let mut start = 0;
    while splitter.refill(&mut ends) {
        for &end in &ends {
            match keys::key_in(text, start, end) {
                Some(key) => words.short.add(key),
                None => *words.long.entry(&text[start..end]).or_default() += 1,
            }
            start = end;
        }
    }
    words
}

impl Words<'_> {
    /// Each piece with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Word<'_>, u64)> {
        let short = self.short.places.iter().filter(|(_, count)| *count > 0);
        let short = short.map(|&(key, count)| (Word::of_key(key), count));
        let long = self.long.iter();
        short.chain(long.map(|(&word, &count)| (Word::Long(word), count)))
    }
}

/// The bytes of a piece.
pub enum Word<'w> {
    Short([u8; keys::READ], usize),
    Long(&'w [u8]),
}

impl Word<'_> {
    fn of_key([low, high]: Key) -> Self {
        let bytes = (u128::from(high) << 64 | u128::from(low)).to_le_bytes();
        Word::Short(bytes, bytes[keys::LONGEST].into())
    }
}

impl std::ops::Deref for Word<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Word::Short(bytes, length) => &bytes[..*length],
            Word::Long(bytes) => bytes,
        }
    }
}

/// A hash table in open addressing that doubles when it is half full.
struct Table {
    places: Vec<(Key, u64)>,
    used: usize,
}

impl Table {
    fn new() -> Self {
        Self {
            places: vec![([0; 2], 0); 1 << 10],
            used: 0,
        }
    }

    #[inline]
    fn add(&mut self, key: Key) {
        let place = self.place(key);
        let (known, count) = &mut self.places[place];
        *count += 1;
        if *count == 1 {
            *known = key;
            self.used += 1;
            if self.used * 2 > self.places.len() {
                self.grow();
            }
        }
    }

    #[inline]
    fn place(&self, key: Key) -> usize {
        let last = self.places.len() - 1;
        #[allow(clippy::cast_possible_truncation)] // any bits of the hash will do
        let mut place = keys::hash(key) as usize & last;
        while self.places[place].1 != 0 && self.places[place].0 != key {
            place = (place + 1) & last;
        }
        place
    }

    #[cold]
    fn grow(&mut self) {
        let empty = vec![([0; 2], 0); self.places.len() * 2];
        for (key, count) in std::mem::replace(&mut self.places, empty) {
            if count > 0 {
                let place = self.place(key);
                self.places[place] = (key, count);
            }
        }
    }
}
