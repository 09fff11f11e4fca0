//! Distinct pieces in one line, the places of each pair in lists, and a heap of counts.
//!
//! A merge visits only the places of its pair. Counts in the heap may be too high, because pairs
//! become rarer: one that comes up with an old count is put back with the present one.

use std::collections::{BinaryHeap, HashMap};

use rustc_hash::FxBuildHasher;

use super::{BYTES, Pair, TrainError};
use crate::bpe::steps;

mod line;
mod words;

use line::Line;

/// # Errors
///
/// When `size` is below 256, or the distinct pieces of the text have more than 1 GiB together.
pub fn bpe_train(text: &str, size: usize) -> Result<Vec<Pair>, TrainError> {
    let most = size.checked_sub(BYTES).ok_or(TrainError::TooSmall(size))?;
    if most == 0 {
        return Ok(Vec::new());
    }
    let mut training = Training::new(Line::new(&words::count(text))?);
    let mut merges = Vec::new();
    while merges.len() < most {
        let Some(place) = training.next_pair() else {
            break;
        };
        let id = u32::try_from(BYTES + merges.len()).map_err(|_| TrainError::TooLarge)?;
        merges.push(training.pairs[place as usize].pair);
        training.merge(place, id);
    }
    Ok(merges)
}

/// What is known of one pair.
struct Counted {
    pair: Pair,
    count: u64,
    /// Where in `Training::places` the places of the pair begin, and how many there are. Some of them
    /// may have been merged with other neighbours.
    start: u32,
    length: u32,
}

/// An entry of the heap: the largest count comes first, and of those the smallest pair.
type Candidate = (u64, std::cmp::Reverse<Pair>, u32);

struct Training {
    line: Line,
    /// All pairs that ever were, in the order in which they came up.
    pairs: Vec<Counted>,
    /// The place of a pair in `pairs`. A pair that has been merged or has run out is left in.
    numbers: HashMap<u64, u32, FxBuildHasher>,
    places: Vec<u32>,
    heap: BinaryHeap<Candidate>,
    /// The new pairs of one merge with their places in the line, in their order.
    new: Vec<(u32, u32)>,
}

fn key((left, right): Pair) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

impl Training {
    fn new(line: Line) -> Self {
        let mut training = Self {
            line,
            pairs: Vec::new(),
            numbers: HashMap::default(),
            places: Vec::new(),
            heap: BinaryHeap::new(),
            new: Vec::new(),
        };
        let mut numbers = vec![u32::MAX; 1 << 16];
        let mut found = Vec::new();
        for (place, pair) in training.line.byte_pairs() {
            let number = &mut numbers[(pair.0 << 8 | pair.1) as usize];
            if *number == u32::MAX {
                *number = training.number_of(pair);
            }
            training.pairs[*number as usize].count += training.line.count_at(place);
            found.push((*number, place));
        }
        training.new = found;
        training.keep_places(0);
        training.new.shrink_to(0);
        training
    }

    /// The number of a pair, a new one if it has none.
    fn number_of(&mut self, pair: Pair) -> u32 {
        #[allow(clippy::cast_possible_truncation)] // there are fewer pairs than places
        let next = self.pairs.len() as u32;
        let number = *self.numbers.entry(key(pair)).or_insert(next);
        if number == next {
            self.pairs.push(Counted {
                pair,
                count: 0,
                start: 0,
                length: 0,
            });
        }
        number
    }

    /// Sorts the places in `new` by pair, keeps them in `places`, and puts the pairs from `first` on
    /// into the heap.
    fn keep_places(&mut self, first: usize) {
        for &(number, _) in &self.new {
            self.pairs[number as usize].length += 1;
        }
        #[allow(clippy::cast_possible_truncation)] // the line has less than 1 GiB
        let mut start = self.places.len() as u32;
        for counted in &mut self.pairs[first..] {
            counted.start = start;
            start += counted.length;
            counted.length = 0;
        }
        self.places.resize(start as usize, 0);
        for &(number, place) in &self.new {
            let counted = &mut self.pairs[number as usize];
            self.places[(counted.start + counted.length) as usize] = place;
            counted.length += 1;
        }
        self.new.clear();
        for (counted, number) in self.pairs[first..].iter().zip(first..) {
            if counted.count > 0 {
                #[allow(clippy::cast_possible_truncation)] // as above
                let number = number as u32;
                self.heap
                    .push((counted.count, std::cmp::Reverse(counted.pair), number));
            }
        }
    }

    /// The pair that comes next, if any is left.
    fn next_pair(&mut self) -> Option<u32> {
        loop {
            let (count, pair, number) = self.heap.pop()?;
            steps::add(1);
            let now = self.pairs[number as usize].count;
            if now == count {
                return Some(number);
            }
            if now > 0 {
                self.heap.push((now, pair, number));
            }
        }
    }

    /// Merges all occurrences of a pair into `id`.
    fn merge(&mut self, number: u32, id: u32) {
        let Counted {
            pair,
            start,
            length,
            ..
        } = self.pairs[number as usize];
        let first_new = self.pairs.len();
        for at in start..start + length {
            steps::add(1);
            let place = self.places[at as usize];
            let Some(next) = self.line.pair_at(place, pair) else {
                continue;
            };
            let count = self.line.count_at(place);
            if let Some((before, left)) = self.line.before(place) {
                self.take((left, pair.0), count);
                self.add((left, id), count, before);
            }
            if let Some(right) = self.line.after(next) {
                self.take((pair.1, right), count);
                self.add((id, right), count, place);
            }
            self.line.merge(place, next, id);
        }
        self.pairs[number as usize].count = 0;
        self.keep_places(first_new);
    }

    /// Takes occurrences from a pair.
    fn take(&mut self, pair: Pair, count: u64) {
        if let Some(&number) = self.numbers.get(&key(pair)) {
            let counted = &mut self.pairs[number as usize];
            counted.count = counted.count.saturating_sub(count);
        }
    }

    /// Adds occurrences of a pair that the present merge makes.
    fn add(&mut self, pair: Pair, count: u64, place: u32) {
        let number = self.number_of(pair);
        self.pairs[number as usize].count += count;
        self.new.push((number, place));
    }
}
