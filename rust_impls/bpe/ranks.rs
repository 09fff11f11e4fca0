//! The tokens of a vocabulary and their ids: a hash table in open addressing, built in one pass.

use std::fmt;

use super::cache::ask_for;
use super::keys::{self, Key};

/// What stands for "no such token": no token may have this id.
pub const NONE: u32 = u32::MAX;

/// The id of each token. Of two tokens the one with the lower id is merged first.
pub struct Ranks {
    /// Two words for each token, or zeros. The first is a tag: a short token as it is, and of others
    /// a part of the hash. The second is the id, and above it the place in `middle` or `long`.
    slots: Vec<[u64; 2]>,
    /// How far a hash is shifted to tell the first slot.
    shift: u32,
    /// Four bits for each slot, which tell where in the slot a token's hash points: most texts that
    /// are no tokens are told by these bits, which fill a smaller cache.
    filter: Vec<u64>,
    /// Tokens of 8 to 15 bytes.
    middle: Vec<Key>,
    /// Where the bytes of longer tokens begin, and how many there are.
    long: Vec<(usize, usize)>,
    long_bytes: Vec<u8>,
    bytes: [u32; 256],
    /// The ids of tokens of two bytes, by both: pieces begin with these.
    pairs: Vec<u32>,
    /// The length in bytes of the longest token.
    longest: usize,
    tokens: usize,
}

/// What the last byte of a tag says of tokens of 8 to 15 bytes, and of longer ones.
const MIDDLE: u64 = 0x80 << 56;
const LONG: u64 = 0xFF << 56;

/// A hash of a tag: its highest bits depend on all of the tag.
#[inline]
fn hash_of_tag(tag: u64) -> u64 {
    (tag ^ tag >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The first slot to look into: as many of a hash's highest bits as number the slots.
#[inline]
fn first_slot(hash: u64, shift: u32) -> usize {
    #[allow(clippy::cast_possible_truncation)] // there are no more slots than memory has addresses
    {
        (hash >> shift) as usize
    }
}

/// The tag of a longer token.
fn tag_of_hash(hash: u64, mark: u64) -> u64 {
    hash >> 8 | mark
}

/// Why a vocabulary cannot encode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RanksError {
    MissingByte(u8),
    EmptyToken,
    SameToken(Vec<u8>),
    SameId(u32),
    /// The largest number of 32 bits, which stands for "none".
    LargestId,
    /// More tokens than 32 bits number.
    TooLarge,
}

impl fmt::Display for RanksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingByte(byte) => write!(
                f,
                "ranks lack the byte {byte:#04x}; a vocabulary holds each of the 256 bytes as a token"
            ),
            Self::EmptyToken => write!(f, "ranks hold a token of no byte"),
            Self::SameToken(token) => {
                write!(
                    f,
                    "ranks hold the token b\"{}\" twice",
                    token.escape_ascii()
                )
            }
            Self::SameId(id) => write!(f, "ranks give the id {id} to two tokens"),
            Self::LargestId => write!(f, "ranks hold the id {NONE}; ids are below that"),
            Self::TooLarge => write!(f, "ranks hold more tokens than 32 bits number"),
        }
    }
}

impl std::error::Error for RanksError {}

impl Ranks {
    /// The ranks of tokens with their ids.
    ///
    /// # Errors
    ///
    /// When a byte is missing, a token is empty, or two tokens or two ids are the same.
    pub fn new(pairs: impl IntoIterator<Item = (Vec<u8>, u32)>) -> Result<Self, RanksError> {
        let pairs: Vec<(Vec<u8>, u32)> = pairs.into_iter().collect();
        let mut builder = Builder::new(pairs.len());
        for (token, id) in &pairs {
            builder.push(token, *id)?;
        }
        builder.finish()
    }

    /// The id of a token, or [`NONE`].
    #[inline]
    pub fn id(&self, token: &[u8]) -> u32 {
        self.id_in(token, 0, token.len())
    }

    /// The id of the token from `start` to `end` of a text, or [`NONE`].
    #[inline]
    pub fn id_in(&self, text: &[u8], start: usize, end: usize) -> u32 {
        let length = end - start;
        if length <= keys::LONGEST_TAGGED {
            return self.id_of_tag(keys::tag_in(text, start, length));
        }
        match keys::key_in(text, start, end) {
            Some(key) => self.id_of_middle(key),
            None => self.id_of_long(&text[start..end]),
        }
    }

    #[inline]
    pub fn id_of_key(&self, key: Key) -> u32 {
        if key[1] >> 56 <= keys::LONGEST_TAGGED as u64 {
            self.id_of_tag(key[0] | key[1])
        } else {
            self.id_of_middle(key)
        }
    }

    #[inline]
    fn id_of_tag(&self, tag: u64) -> u32 {
        self.find(hash_of_tag(tag), tag, |_| true)
    }

    #[inline]
    fn id_of_middle(&self, key: Key) -> u32 {
        if key[1] >> 56 > self.longest as u64 {
            return NONE;
        }
        let hash = keys::hash(key);
        self.find(hash, tag_of_hash(hash, MIDDLE), |place| {
            self.middle[place] == key
        })
    }

    fn id_of_long(&self, token: &[u8]) -> u32 {
        if token.len() > self.longest {
            return NONE;
        }
        let hash = keys::hash_bytes(token);
        self.find(hash, tag_of_hash(hash, LONG), |place| {
            self.long_token(place) == token
        })
    }

    fn long_token(&self, place: usize) -> &[u8] {
        let (start, length) = self.long[place];
        &self.long_bytes[start..start + length]
    }

    #[inline]
    fn find(&self, hash: u64, tag: u64, is_it: impl Fn(usize) -> bool) -> u32 {
        let bit = hash >> (self.shift - 2);
        if self.filter[(bit >> 6) as usize] >> (bit & 63) & 1 == 0 {
            return NONE;
        }
        let last = self.slots.len() - 1;
        let mut at = first_slot(hash, self.shift);
        loop {
            let [known, value] = self.slots[at & last];
            if known == 0 {
                return NONE;
            }
            if known == tag && is_it((value >> 32) as usize) {
                #[allow(clippy::cast_possible_truncation)] // the id is the lower half
                return value as u32;
            }
            at += 1;
        }
    }

    /// The id of a byte.
    #[inline]
    pub fn byte(&self, byte: u8) -> u32 {
        self.bytes[usize::from(byte)]
    }

    /// The id of the token of two bytes, or [`NONE`].
    #[inline]
    pub fn pair(&self, first: u8, second: u8) -> u32 {
        self.pairs[usize::from(first) << 8 | usize::from(second)]
    }

    /// The number of tokens.
    pub fn len(&self) -> usize {
        self.tokens
    }

    pub fn is_empty(&self) -> bool {
        self.tokens == 0
    }

    /// Each token with its id, in no order.
    pub fn tokens(&self) -> impl Iterator<Item = (Vec<u8>, u32)> {
        let used = self.slots.iter().filter(|slot| slot[0] != 0);
        #[allow(clippy::cast_possible_truncation)] // the id is the lower half
        used.map(|&[tag, value]| (self.token(tag, value), value as u32))
    }

    /// The token that a slot stands for.
    fn token(&self, tag: u64, value: u64) -> Vec<u8> {
        let place = (value >> 32) as usize;
        if tag & LONG == LONG {
            return self.long_token(place).to_vec();
        }
        let [low, high] = if tag & MIDDLE == MIDDLE {
            self.middle[place]
        } else {
            [tag & !LONG, tag & LONG]
        };
        let both = u128::from(high) << 64 | u128::from(low);
        both.to_le_bytes()[..(high >> 56) as usize].to_vec()
    }

    /// Whether two slots with the same tag stand for the same token.
    fn are_same(&self, tag: u64, value: u64, other: u64) -> bool {
        let (one, other) = ((value >> 32) as usize, (other >> 32) as usize);
        if tag & LONG == LONG {
            self.long_token(one) == self.long_token(other)
        } else {
            tag & MIDDLE != MIDDLE || self.middle[one] == self.middle[other]
        }
    }
}

/// A token that waits for its slot.
struct Waiting {
    hash: u64,
    tag: u64,
    value: u64,
}

/// Tokens whose slots are asked for at the same time.
const WAITING: usize = 64;

/// Takes the tokens one by one, so that none need be copied before.
pub struct Builder {
    ranks: Ranks,
    ids: Vec<u32>,
    waiting: Vec<Waiting>,
}

impl Builder {
    pub fn new(tokens: usize) -> Self {
        let slots = (tokens.max(256) * 2).next_power_of_two();
        Self {
            ranks: Ranks {
                slots: vec![[0; 2]; slots],
                shift: u64::BITS - slots.trailing_zeros(),
                filter: vec![0; slots / 16],
                middle: Vec::new(),
                long: Vec::new(),
                long_bytes: Vec::new(),
                bytes: [NONE; 256],
                pairs: vec![NONE; 1 << 16],
                longest: 0,
                tokens: 0,
            },
            ids: Vec::with_capacity(tokens),
            waiting: Vec::with_capacity(WAITING),
        }
    }

    /// Adds a token; no more of them than `new` was told.
    ///
    /// # Errors
    ///
    /// When the token is empty or known already, or the id is the largest of 32 bits.
    pub fn push(&mut self, token: &[u8], id: u32) -> Result<(), RanksError> {
        let ranks = &mut self.ranks;
        let length = token.len();
        match token {
            [] => return Err(RanksError::EmptyToken),
            [byte] => ranks.bytes[usize::from(*byte)] = id,
            [first, second] => ranks.pairs[usize::from(*first) << 8 | usize::from(*second)] = id,
            _ => {}
        }
        if id == NONE {
            return Err(RanksError::LargestId);
        }
        let (hash, tag, place) = if length <= keys::LONGEST_TAGGED {
            let tag = keys::tag_in(token, 0, length);
            (hash_of_tag(tag), tag, 0)
        } else if let Some(key) = keys::key_in(token, 0, length) {
            let hash = keys::hash(key);
            (hash, tag_of_hash(hash, MIDDLE), ranks.middle.len())
        } else {
            let hash = keys::hash_bytes(token);
            (hash, tag_of_hash(hash, LONG), ranks.long.len())
        };
        let place = u32::try_from(place).map_err(|_| RanksError::TooLarge)?;
        if length > keys::LONGEST {
            ranks.long.push((ranks.long_bytes.len(), length));
            ranks.long_bytes.extend_from_slice(token);
        } else if length > keys::LONGEST_TAGGED {
            ranks.middle.extend(keys::key_in(token, 0, length));
        }
        ranks.longest = ranks.longest.max(length);
        ranks.tokens += 1;
        self.ids.push(id);
        ask_for(&ranks.slots[first_slot(hash, ranks.shift)]);
        self.waiting.push(Waiting {
            hash,
            tag,
            value: u64::from(place) << 32 | u64::from(id),
        });
        if self.waiting.len() == WAITING {
            self.fill_slots()?;
        }
        Ok(())
    }

    /// Puts the tokens that wait into their slots, which memory has brought meanwhile.
    fn fill_slots(&mut self) -> Result<(), RanksError> {
        let ranks = &mut self.ranks;
        let last = ranks.slots.len() - 1;
        for Waiting { hash, tag, value } in self.waiting.drain(..) {
            let bit = hash >> (ranks.shift - 2);
            ranks.filter[(bit >> 6) as usize] |= 1 << (bit & 63);
            let mut at = first_slot(hash, ranks.shift) & last;
            while ranks.slots[at][0] != 0 {
                let [known, other] = ranks.slots[at];
                if known == tag && ranks.are_same(tag, value, other) {
                    return Err(RanksError::SameToken(ranks.token(tag, value)));
                }
                at = (at + 1) & last;
            }
            ranks.slots[at] = [tag, value];
        }
        Ok(())
    }

    /// The ranks of all tokens that were added.
    ///
    /// # Errors
    ///
    /// When a byte is missing or two ids are the same.
    pub fn finish(mut self) -> Result<Ranks, RanksError> {
        self.fill_slots()?;
        let ranks = self.ranks;
        if let Some(missing) = (0..=255_u8).find(|&byte| ranks.byte(byte) == NONE) {
            return Err(RanksError::MissingByte(missing));
        }
        let mut ids = self.ids;
        let largest = ids.iter().max().map_or(0, |&id| id as usize);
        let same = if largest < 64 * ids.len() {
            let mut seen = vec![0_u64; largest / 64 + 1];
            ids.into_iter().find(|&id| {
                let (word, bit) = (id as usize / 64, 1 << (id % 64));
                let before = seen[word];
                seen[word] |= bit;
                before & bit != 0
            })
        } else {
            ids.sort_unstable();
            let mut two = ids.windows(2);
            two.find_map(|two| (two[0] == two[1]).then_some(two[0]))
        };
        match same {
            Some(id) => Err(RanksError::SameId(id)),
            None => Ok(ranks),
        }
    }
}
