//! Tables of ids, shared by the ideas named `id_table` in all `encode` tasks.
//!
//! They read CPython's own storage and write into the caller's memory, in one pass that also finds
//! the first character outside the vocabulary. Texts of one byte a character have tables of their
//! own. For wider ones a small vocabulary has a perfect hash in registers ([`crate::perfect_hash`],
//! [`crate::large_hash`]), and any other a table by code point.

use std::mem::MaybeUninit;
use std::ops::{BitAnd, BitOr};

use rayon::prelude::*;

use crate::large_hash::LargeHash;
use crate::perfect_hash::PerfectHash;
use crate::simd::Path;
use crate::text::Text;
use crate::text_chunks::stored_chunks;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod gathered;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod wide_avx2;
#[cfg(target_arch = "x86_64")]
mod wide_avx512;

/// A type in which ids are written. Little-endian: wider ones are the same bytes and zeros.
pub trait Number: Copy + Send + Sync + 'static {
    /// Number of different ids that the type can hold.
    const ENTRIES: usize;

    /// Converts an id below `ENTRIES`.
    fn from_id(id: u32) -> Self;

    /// Writes four ids below `ENTRIES`. Small numbers go into one word, because a processor has
    /// fewer stores than loads in a cycle.
    #[inline]
    #[allow(unsafe_code)] // a wider store
    #[allow(clippy::cast_possible_truncation)] // four bytes of a word of four bytes
    fn write_four(ids: [u32; 4], places: &mut [MaybeUninit<Self>; 4]) {
        let bits = 8 * size_of::<Self>();
        if cfg!(target_endian = "little") && bits <= 16 {
            let [a, b, c, d] = ids.map(u64::from);
            let word = (a | b << bits) | (c << (2 * bits) | d << (3 * bits));
            let to = places.as_mut_ptr();
            // SAFETY: the word has the size of the four places, and this write needs no alignment.
            // All of its bytes belong to ids, and numbers are integers, for which all are valid.
            unsafe {
                if bits == 16 {
                    to.cast::<u64>().write_unaligned(word);
                } else {
                    to.cast::<u32>().write_unaligned(word as u32);
                }
            }
            return;
        }
        for (place, id) in places.iter_mut().zip(ids) {
            place.write(Self::from_id(id));
        }
    }
}

macro_rules! numbers {
    ($($number:ty: $entries:expr),*) => {$(
        impl Number for $number {
            const ENTRIES: usize = $entries;

            #[inline]
            #[allow(clippy::cast_possible_truncation, clippy::cast_lossless)]
            fn from_id(id: u32) -> Self {
                id as Self
            }
        }
    )*};
}

numbers!(u8: 1 << 8, u16: 1 << 16, u32: usize::MAX, i64: usize::MAX);

/// The first character of a text that the vocabulary does not hold: its code point, which may be a
/// surrogate, and the number of characters before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutsideCodes {
    pub code: u32,
    pub position: usize,
}

/// A code of one, two or four bytes.
trait Code: Copy + Into<u32> {
    #[inline]
    fn four(codes: &[Self; 4]) -> [u32; 4] {
        codes.map(Into::into)
    }
}

impl Code for u8 {}
impl Code for u32 {}

impl Code for u16 {
    /// Loads limit the speed: one load takes all four codes.
    #[inline]
    #[allow(unsafe_code)] // a wider load
    fn four(codes: &[u16; 4]) -> [u32; 4] {
        if cfg!(target_endian = "big") {
            return codes.map(Into::into);
        }
        // SAFETY: four codes are eight bytes, and this read needs no alignment.
        let word = unsafe { codes.as_ptr().cast::<u64>().read_unaligned() };
        [0, 16, 32, 48].map(|shift| (word >> shift & 0xFFFF) as u32)
    }
}

/// `Ok` means that every place has been written.
pub type Filled = Result<(), OutsideCodes>;

/// Marks a code of Latin-1 outside the vocabulary in [`IdTable::latin1`].
const ABSENT: u8 = 0x80;
/// Length in characters from which a perfect hash saves more time than it takes to make.
const HASH_PAYS: usize = 1 << 15;
/// Characters that are looked up before each branch on whether all of them have ids.
const BLOCK: usize = 32;

/// The ids of a vocabulary.
pub struct IdTable {
    /// Ids by code of Latin-1. The sign bit says that a code has no id, so that there is no such
    /// table if the vocabulary has more than 128 characters of Latin-1.
    latin1: Option<Box<[u8; 256]>>,
    /// For texts of two and four bytes a character, if the vocabulary is small enough.
    wide: Option<Wide>,
    all: CodeTable,
}

/// The perfect hash of a vocabulary of some dozens of characters, or of some two hundred, for which
/// only AVX-512 has enough registers.
enum Wide {
    Small(Box<PerfectHash>),
    Large(Box<LargeHash>),
}

impl Wide {
    fn new(vocabulary: &[u32]) -> Option<Self> {
        if !cfg!(target_arch = "x86_64") {
            return None;
        }
        if let Some(small) = PerfectHash::new(vocabulary) {
            return Some(Self::Small(Box::new(small)));
        }
        let large = Path::Avx512.available().then(|| LargeHash::new(vocabulary));
        Some(Self::Large(Box::new(large.flatten()?)))
    }
}

/// Ids by code point, up to two codes beyond the last in the vocabulary. The sign bit says that a
/// code has no id, so that more than 32,768 ids need a table of wider numbers.
enum CodeTable {
    Narrow(Box<[u16]>),
    Wide(Box<[u32]>),
}

impl IdTable {
    /// The table of a vocabulary, which must be distinct code points in order. With others the ids
    /// are wrong, but nothing panics.
    ///
    /// Entries whose ids do not fit into `N` count as outside the vocabulary: an error for a text
    /// that uses them, where a truncated id would be a wrong answer.
    pub fn new<N: Number>(vocabulary: &[u32]) -> Self {
        Self::for_length::<N>(vocabulary, usize::MAX)
    }

    /// The same for a single text of some length, with the tables that pay in it.
    pub fn for_length<N: Number>(vocabulary: &[u32], length: usize) -> Self {
        let vocabulary = &vocabulary[..vocabulary.len().min(N::ENTRIES)];
        let in_latin1 = vocabulary.iter().take_while(|&&code| code < 0x100).count();
        let latin1 = (in_latin1 <= usize::from(ABSENT)).then(|| {
            let mut ids = Box::new([ABSENT; 256]);
            for (id, &code) in (0..ABSENT).zip(&vocabulary[..in_latin1]) {
                ids[code as usize] = id;
            }
            ids
        });
        let pays = in_latin1 < vocabulary.len() && length >= HASH_PAYS;
        let wide = pays.then(|| Wide::new(vocabulary)).flatten();
        Self {
            latin1,
            wide,
            all: CodeTable::new(vocabulary),
        }
    }

    /// Writes the id of each character of `text` into `ids`, at the same position.
    ///
    /// # Errors
    ///
    /// The first character outside the vocabulary.
    ///
    /// # Panics
    ///
    /// When `ids` has another length than `text`.
    #[allow(unsafe_code)] // calls functions compiled for instructions that not every processor has
    pub fn fill<N: Number>(
        &self,
        path: Path,
        text: Text<'_>,
        ids: &mut [MaybeUninit<N>],
    ) -> Filled {
        assert_eq!(text.len(), ids.len());
        #[cfg(target_arch = "x86_64")]
        if let (Some(hash), Text::Two(_) | Text::Four(_)) = (&self.wide, text)
            && path.available()
        {
            match (path, hash, text) {
                (Path::Avx512, hash, Text::Two(codes)) => {
                    // SAFETY: the check above shows that the processor has these instructions.
                    return unsafe { wide_avx512::fill(hash, &self.all, codes, ids) };
                }
                (Path::Avx512, hash, Text::Four(codes)) => {
                    // SAFETY: as above.
                    return unsafe { wide_avx512::fill(hash, &self.all, codes, ids) };
                }
                (Path::Avx2, Wide::Small(hash), Text::Two(codes)) => {
                    // SAFETY: as above.
                    return unsafe { wide_avx2::fill(hash, &self.all, codes, ids) };
                }
                (Path::Avx2, Wide::Small(hash), Text::Four(codes)) => {
                    // SAFETY: as above.
                    return unsafe { wide_avx2::fill(hash, &self.all, codes, ids) };
                }
                _ => (),
            }
        }
        #[cfg(target_arch = "x86_64")]
        match (path, text, &self.all) {
            (Path::Avx512, Text::Two(codes), CodeTable::Narrow(table))
                if gathered::suits::<u16>(table) && path.available() =>
            {
                // SAFETY: as above.
                return unsafe { gathered::fill(table, codes, ids) };
            }
            (Path::Avx512, Text::Four(codes), CodeTable::Narrow(table))
                if gathered::suits::<u32>(table) && path.available() =>
            {
                // SAFETY: as above.
                return unsafe { gathered::fill(table, codes, ids) };
            }
            _ => (),
        }
        match (path, text, &self.latin1) {
            #[cfg(target_arch = "x86_64")]
            (Path::Avx512, Text::One(codes), Some(table)) if path.available() => {
                // SAFETY: the check above shows that the processor has these instructions.
                unsafe { avx512::fill(table, codes, ids) }
            }
            #[cfg(target_arch = "x86_64")]
            (Path::Avx2, Text::One(codes), Some(table)) if path.available() => {
                // SAFETY: as above.
                unsafe { avx2::fill(table, codes, ids) }
            }
            #[cfg(target_arch = "aarch64")]
            (Path::Neon, Text::One(codes), Some(table)) if path.available() => {
                // SAFETY: as above.
                unsafe { neon::fill(table, codes, ids) }
            }
            (_, Text::One(codes), Some(table)) => fill_latin1(table, codes, ids),
            (_, Text::One(codes), None) => self.all.fill(codes, ids),
            (_, Text::Two(codes), _) => self.all.fill(codes, ids),
            (_, Text::Four(codes), _) => self.all.fill(codes, ids),
        }
    }
}

impl IdTable {
    /// Does the work of [`fill`](Self::fill) on all cores, if each gets enough to do.
    ///
    /// # Errors
    ///
    /// The first character outside the vocabulary. To find it, all pieces are finished first: which
    /// of them fails earliest depends on the scheduler.
    ///
    /// # Panics
    ///
    /// When `ids` has another length than `text`.
    pub fn fill_in_parallel<N: Number>(
        &self,
        path: Path,
        text: Text<'_>,
        ids: &mut [MaybeUninit<N>],
    ) -> Filled {
        let chunks = stored_chunks(text.len());
        if chunks.len() < 2 {
            return self.fill(path, text, ids);
        }
        let mut pieces = Vec::with_capacity(chunks.len());
        let mut rest = ids;
        for chunk in chunks {
            let (piece, after) = rest.split_at_mut(chunk.len());
            pieces.push((chunk, piece));
            rest = after;
        }
        let filled: Vec<Filled> = pieces
            .into_par_iter()
            .map(|(chunk, ids)| {
                let before = chunk.start;
                self.fill(path, text.slice(chunk), ids).map_err(
                    |OutsideCodes { code, position }| OutsideCodes {
                        code,
                        position: before + position,
                    },
                )
            })
            .collect();
        filled.into_iter().collect()
    }
}

fn fill_latin1<N: Number>(table: &[u8; 256], codes: &[u8], ids: &mut [MaybeUninit<N>]) -> Filled {
    fill_with(codes, ids, |code| table[usize::from(code)])
}

/// Finds the first character without an id. `before` is the number of characters before `codes`.
fn outside_latin1(table: &[u8; 256], codes: &[u8], before: usize) -> Filled {
    outside(codes, before, |code| table[usize::from(code)])
}

impl CodeTable {
    fn new(vocabulary: &[u32]) -> Self {
        if vocabulary.len() <= usize::from(u16::ABSENT) {
            Self::Narrow(by_code(vocabulary))
        } else {
            Self::Wide(by_code(vocabulary))
        }
    }

    fn fill<C: Code, N: Number>(&self, codes: &[C], ids: &mut [MaybeUninit<N>]) -> Filled {
        match self {
            Self::Narrow(table) => fill_by_code(table, codes, ids),
            Self::Wide(table) => fill_by_code(table, codes, ids),
        }
    }

    /// Finds the first character without an id, as the function of this name does.
    #[cfg(target_arch = "x86_64")]
    fn outside<C: Code>(&self, codes: &[C], before: usize) -> Filled {
        fn entry<E: Entry>(table: &[E], code: impl Into<u32>) -> E {
            table[(code.into() as usize).min(table.len() - 1)]
        }
        match self {
            Self::Narrow(table) => outside(codes, before, |code| entry(table, code)),
            Self::Wide(table) => outside(codes, before, |code| entry(table, code)),
        }
    }
}

/// An entry of a table: an id, or the sign bit alone if there is none.
trait Entry: Copy + Eq + BitOr<Output = Self> + BitAnd<Output = Self> + Into<u32> {
    const NONE: Self;
    const ABSENT: Self;
    fn from_index(index: usize) -> Option<Self>;
}

impl Entry for u8 {
    const NONE: Self = 0;
    const ABSENT: Self = ABSENT;
    fn from_index(index: usize) -> Option<Self> {
        index.try_into().ok().filter(|&id| id < Self::ABSENT)
    }
}

impl Entry for u16 {
    const NONE: Self = 0;
    const ABSENT: Self = 1 << 15;
    fn from_index(index: usize) -> Option<Self> {
        index.try_into().ok().filter(|&id| id < Self::ABSENT)
    }
}

impl Entry for u32 {
    const NONE: Self = 0;
    const ABSENT: Self = 1 << 31;
    fn from_index(index: usize) -> Option<Self> {
        index.try_into().ok().filter(|&id| id < Self::ABSENT)
    }
}

fn by_code<E: Entry>(vocabulary: &[u32]) -> Box<[E]> {
    let last = vocabulary.iter().max();
    // A table as long as Latin-1 or longer gets an entry for every code of two bytes. The last two
    // entries belong to no character, because a gather reads an entry and the one behind it.
    let length = match last.map_or(0, |&last| last as usize + 3) {
        length @ 0x100..=TWO_BYTES => length.max(TWO_BYTES + 1),
        length => length.max(2),
    };
    let mut table = vec![E::ABSENT; length].into_boxed_slice();
    for (id, &code) in vocabulary.iter().enumerate() {
        table[code as usize] = E::from_index(id).unwrap_or(E::ABSENT);
    }
    table
}

/// Number of codes of two bytes.
const TWO_BYTES: usize = 1 << 16;

fn fill_by_code<E: Entry, C: Code, N: Number>(
    table: &[E],
    codes: &[C],
    ids: &mut [MaybeUninit<N>],
) -> Filled {
    if size_of::<C>() <= size_of::<u16>()
        && let Some(table) = table.first_chunk::<TWO_BYTES>()
    {
        // The mask changes nothing in two bytes. It saves the bounds check.
        return fill_by_fours(codes, ids, |code| table[code as usize % TWO_BYTES]);
    }
    // The last entry belongs to no character. It stands for all codes beyond the table.
    let last = table.len() - 1;
    fill_by_fours(codes, ids, |code| table[(code as usize).min(last)])
}

fn fill_by_fours<E: Entry, C: Code, N: Number>(
    codes: &[C],
    ids: &mut [MaybeUninit<N>],
    find: impl Fn(u32) -> E,
) -> Filled {
    let (blocks, rest) = codes.as_chunks::<BLOCK>();
    let (places, places_of_rest) = ids.as_chunks_mut::<BLOCK>();
    let mut position = 0;
    for (codes, places) in blocks.iter().zip(places) {
        let mut gathered = 0;
        let places = places.as_chunks_mut::<4>().0;
        for (codes, places) in codes.as_chunks::<4>().0.iter().zip(places) {
            let [a, b, c, d] = C::four(codes).map(&find).map(Into::<u32>::into);
            // For two bytes this is the word that is written, which saves three instructions.
            gathered |= if size_of::<E>() == 2 && size_of::<N>() == 2 {
                (u64::from(a) | u64::from(b) << 16) | (u64::from(c) << 32 | u64::from(d) << 48)
            } else {
                u64::from((a | b) | (c | d)) << (64 - 8 * size_of::<E>())
            };
            N::write_four([a, b, c, d], places);
        }
        let tops = match size_of::<E>() {
            2 if size_of::<N>() == 2 => 0x8000_8000_8000_8000,
            _ => 1 << 63,
        };
        if gathered & tops != 0 {
            outside(codes, position, |code| find(code.into()))?;
        }
        position += BLOCK;
    }
    fill_block(rest, places_of_rest, &|code: C| find(code.into()), position)
}

/// Finds the first character without an id. `before` is the number of characters before `codes`.
fn outside<E: Entry, C: Copy + Into<u32>>(
    codes: &[C],
    before: usize,
    find: impl Fn(C) -> E,
) -> Filled {
    match codes.iter().position(|&code| find(code) == E::ABSENT) {
        Some(at) => Err(OutsideCodes {
            code: codes[at].into(),
            position: before + at,
        }),
        None => Ok(()),
    }
}

fn fill_with<E: Entry, C: Copy + Into<u32>, N: Number>(
    codes: &[C],
    ids: &mut [MaybeUninit<N>],
    find: impl Fn(C) -> E,
) -> Filled {
    let (blocks, rest) = codes.as_chunks::<BLOCK>();
    let (places, places_of_rest) = ids.as_chunks_mut::<BLOCK>();
    let mut position = 0;
    for (codes, ids) in blocks.iter().zip(places) {
        fill_block(codes, ids, &find, position)?;
        position += BLOCK;
    }
    fill_block(rest, places_of_rest, &find, position)
}

#[inline]
fn fill_block<E: Entry, C: Copy + Into<u32>, N: Number>(
    codes: &[C],
    ids: &mut [MaybeUninit<N>],
    find: &impl Fn(C) -> E,
    before: usize,
) -> Filled {
    let mut gathered = E::NONE;
    for (&code, place) in codes.iter().zip(ids) {
        let id = find(code);
        gathered = gathered | id;
        place.write(N::from_id(id.into()));
    }
    if gathered & E::ABSENT == E::NONE {
        return Ok(());
    }
    outside(codes, before, find)
}
