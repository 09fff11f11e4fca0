//! A cache of pieces and their ids, of a size that never grows: each piece has one line of memory,
//! which it takes from whatever pieces were there.
//!
//! Pieces are looked up in two loops. The first only says which lines are needed, so that memory is
//! waited for many times at once.

use super::keys::{self, Key, READ};
use super::merge::merge;
use super::ranks::{NONE, Ranks};
use super::split::{Pattern, Splitter};

/// Pairs of places for pieces of up to 15 bytes and 3 ids: 2 MiB.
const SHORT_PLACES: usize = 1 << 15;
/// Places for pieces of up to 31 bytes and 7 ids: 1 MiB.
const LONG_PLACES: usize = 1 << 14;
const LONG_READ: usize = 2 * READ;

#[derive(Clone, Copy, Default)]
struct Short {
    key: Key,
    /// The ids, and their number.
    ids: [u32; 4],
}

/// A line of memory with the piece that came last, and the one before.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Line([Short; 2]);

#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Long {
    key: [Key; 2],
    ids: [u32; 8],
}

/// Places for pieces of other lengths, or of more ids: 256 KiB.
const OTHER_PLACES: usize = 1 << 14;
/// The longest such piece that is kept, in bytes.
const LONGEST_KEPT: usize = 255;
/// The words that such pieces and their ids may fill before all are forgotten: 2 MiB.
const OTHER_WORDS: usize = 1 << 19;

/// Pieces of any length with any number of ids, one after the other.
struct Others {
    places: Vec<Other>,
    words: Vec<u32>,
}

#[derive(Clone, Copy, Default)]
struct Other {
    hash: u64,
    /// Where the bytes of the piece begin in `words`. Its ids follow them.
    start: u32,
    bytes: u16,
    ids: u16,
}

impl Default for Others {
    fn default() -> Self {
        Self {
            places: vec![Other::default(); OTHER_PLACES],
            words: Vec::new(),
        }
    }
}

impl Others {
    fn get(&self, hash: u64, piece: &[u8]) -> Option<&[u32]> {
        let place = &self.places[place_of(hash, OTHER_PLACES)];
        if place.hash != hash || usize::from(place.bytes) != piece.len() {
            return None;
        }
        let known = &self.words[place.start as usize..];
        let (bytes, rest) = known.split_at_checked(piece.len().div_ceil(4))?;
        let equal = words_of(piece).eq(bytes.iter().copied());
        equal.then(|| &rest[..usize::from(place.ids)])
    }

    fn insert(&mut self, hash: u64, piece: &[u8], ids: &[u32]) {
        if self.words.len() + piece.len() + ids.len() > OTHER_WORDS {
            self.words.clear();
            self.places.fill(Other::default());
        }
        let sizes = (
            u32::try_from(self.words.len()),
            u16::try_from(piece.len()),
            u16::try_from(ids.len()),
        );
        if let (Ok(start), Ok(bytes), Ok(count)) = sizes {
            self.words.extend(words_of(piece));
            self.words.extend_from_slice(ids);
            self.places[place_of(hash, OTHER_PLACES)] = Other {
                hash,
                start,
                bytes,
                ids: count,
            };
        }
    }
}

/// The bytes of a piece, four to a word, and zeros.
fn words_of(piece: &[u8]) -> impl Iterator<Item = u32> {
    piece.chunks(4).map(|bytes| {
        let mut word = [0; 4];
        word[..bytes.len()].copy_from_slice(bytes);
        u32::from_le_bytes(word)
    })
}

/// The cache of one thread.
pub struct Cache {
    short: Vec<Line>,
    long: Vec<Long>,
    others: Others,
    /// What one batch needs: where pieces end, their keys, their hashes and ids.
    ends: Vec<usize>,
    keys: Vec<(Key, u64)>,
    collected: Vec<u32>,
    merged: Vec<u32>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            short: vec![Line::default(); SHORT_PLACES],
            long: vec![Long::default(); LONG_PLACES],
            others: Others::default(),
            ends: Vec::with_capacity(Splitter::BATCH + 64),
            keys: Vec::with_capacity(Splitter::BATCH + 64),
            collected: vec![0; COLLECTED],
            merged: Vec::new(),
        }
    }
}

/// Ids that are collected before they are added to the result. More than a batch of pieces has, by
/// eight each, as many places as the longest write needs.
const COLLECTED: usize = 8 * (Splitter::BATCH + 64) + 8;

impl Cache {
    /// Adds the ids of a text.
    pub fn encode(&mut self, ranks: &Ranks, pattern: Pattern, text: &str, ids: &mut Vec<u32>) {
        let mut splitter = Splitter::new(pattern, text);
        let text = text.as_bytes();
        let mut ends = std::mem::take(&mut self.ends);
        let mut keys = std::mem::take(&mut self.keys);
        let mut collected = std::mem::take(&mut self.collected);
        let mut start = 0;
        while splitter.refill(&mut ends) {
            self.find_lines(text, start, &ends, &mut keys);
            self.encode_pieces(ranks, text, start, (&ends, &keys), &mut collected, ids);
            start = ends.last().copied().unwrap_or(start);
        }
        (self.ends, self.keys, self.collected) = (ends, keys, collected);
    }

    /// Makes the keys and hashes of pieces, and asks memory for their lines.
    fn find_lines(
        &self,
        text: &[u8],
        mut start: usize,
        ends: &[usize],
        keys: &mut Vec<(Key, u64)>,
    ) {
        keys.clear();
        for &end in ends {
            let length = end - start;
            let mut entry = (Key::default(), 0);
            if length <= keys::LONGEST {
                let key = match text.get(start..).and_then(<[u8]>::first_chunk::<READ>) {
                    Some(bytes) => keys::key_of(bytes, length),
                    None => keys::key_of(&keys::padded(&text[start..]), length),
                };
                let hash = keys::hash(key);
                ask_for(&self.short[place_of(hash, SHORT_PLACES)]);
                entry = (key, hash);
            } else if length < LONG_READ {
                let hash = long_key(text, start, end).1;
                ask_for(&self.long[place_of(hash, LONG_PLACES)]);
                entry.1 = hash;
            }
            keys.push(entry);
            start = end;
        }
    }

    fn encode_pieces(
        &mut self,
        ranks: &Ranks,
        text: &[u8],
        mut start: usize,
        (ends, keys): (&[usize], &[(Key, u64)]),
        collected: &mut [u32],
        ids: &mut Vec<u32>,
    ) {
        let mut count = 0;
        for (&end, &(key, hash)) in ends.iter().zip(keys) {
            let piece = start..end;
            start = end;
            if piece.len() <= keys::LONGEST {
                let Line([last, before]) = &self.short[place_of(hash, SHORT_PLACES)];
                let known = if last.key == key { last } else { before };
                if known.key == key {
                    collected[count..count + 4].copy_from_slice(&known.ids);
                    count += known.ids[3] as usize & 3;
                    continue;
                }
                ids.extend_from_slice(&collected[..count]);
                self.miss(ranks, key, hash, &text[piece], ids);
            } else if piece.len() < LONG_READ {
                let (key, _) = long_key(text, piece.start, end);
                let place = &self.long[place_of(hash, LONG_PLACES)];
                if place.key == key {
                    collected[count..count + 8].copy_from_slice(&place.ids);
                    count += place.ids[7] as usize & 7;
                    continue;
                }
                ids.extend_from_slice(&collected[..count]);
                self.miss_long(ranks, key, hash, &text[piece], ids);
            } else {
                ids.extend_from_slice(&collected[..count]);
                self.miss_other(ranks, &text[piece], ids);
            }
            count = 0;
        }
        ids.extend_from_slice(&collected[..count]);
    }

    #[inline(never)]
    fn miss(&mut self, ranks: &Ranks, key: Key, hash: u64, piece: &[u8], ids: &mut Vec<u32>) {
        let id = ranks.id_of_key(key);
        let Line([last, before]) = &mut self.short[place_of(hash, SHORT_PLACES)];
        if id != NONE {
            ids.push(id);
            *before = *last;
            *last = Short {
                key,
                ids: [id, 0, 0, 1],
            };
            return;
        }
        if let Some(known) = self.others.get(hash, piece) {
            ids.extend_from_slice(known);
            return;
        }
        self.merged.clear();
        merge(ranks, piece, &mut self.merged);
        ids.extend_from_slice(&self.merged);
        if let Some(ids) = with_count::<4>(&self.merged) {
            *before = *last;
            *last = Short { key, ids };
        } else {
            self.others.insert(hash, piece, &self.merged);
        }
    }

    #[inline(never)]
    fn miss_long(
        &mut self,
        ranks: &Ranks,
        key: [Key; 2],
        hash: u64,
        piece: &[u8],
        ids: &mut Vec<u32>,
    ) {
        if let Some(known) = self.others.get(hash, piece) {
            ids.extend_from_slice(known);
            return;
        }
        self.merged.clear();
        encode_piece(ranks, piece, &mut self.merged);
        ids.extend_from_slice(&self.merged);
        if let Some(ids) = with_count::<8>(&self.merged) {
            self.long[place_of(hash, LONG_PLACES)] = Long { key, ids };
        } else {
            self.others.insert(hash, piece, &self.merged);
        }
    }

    #[inline(never)]
    fn miss_other(&mut self, ranks: &Ranks, piece: &[u8], ids: &mut Vec<u32>) {
        if piece.len() > LONGEST_KEPT {
            encode_piece(ranks, piece, ids);
            return;
        }
        let hash = keys::hash_bytes(piece);
        if let Some(known) = self.others.get(hash, piece) {
            ids.extend_from_slice(known);
            return;
        }
        let first = ids.len();
        encode_piece(ranks, piece, ids);
        self.others.insert(hash, piece, &ids[first..]);
    }
}

/// The place among so many that a hash points to.
#[inline]
fn place_of(hash: u64, places: usize) -> usize {
    (hash >> 40) as usize % places
}

/// Asks memory for a line that will be read soon.
#[inline]
pub fn ask_for<T>(line: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[allow(unsafe_code)]
        // SAFETY: the address is that of a reference, and nothing is read from it but into a cache.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(line).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

/// Adds the ids of a piece.
#[inline]
pub fn encode_piece(ranks: &Ranks, piece: &[u8], ids: &mut Vec<u32>) {
    let id = ranks.id(piece);
    if id == NONE {
        merge(ranks, piece, ids);
    } else {
        ids.push(id);
    }
}

/// The ids with their number in the last place, if there is room.
fn with_count<const N: usize>(ids: &[u32]) -> Option<[u32; N]> {
    if ids.len() >= N {
        return None;
    }
    let mut places = [0; N];
    places[..ids.len()].copy_from_slice(ids);
    places[N - 1] = u32::try_from(ids.len()).ok()?;
    Some(places)
}

/// The key of a piece of 16 to 31 bytes, and its hash.
#[inline]
fn long_key(text: &[u8], start: usize, end: usize) -> ([Key; 2], u64) {
    let rest = &text[start..];
    let bytes = match rest.first_chunk::<LONG_READ>() {
        Some(bytes) => *bytes,
        None => keys::padded(rest),
    };
    let (halves, _) = bytes.as_chunks::<READ>();
    let whole = u128::from_le_bytes(halves[0]);
    #[allow(clippy::cast_possible_truncation)] // the two halves are meant
    let first = [whole as u64, (whole >> 64) as u64];
    let second = keys::key_of(&halves[1], end - start - READ);
    let hash = keys::hash([first[0] ^ second[0], first[1].rotate_left(32) ^ second[1]]);
    ([first, second], hash)
}
