//! Tables of ids, shared by the ideas named `id_table` in all `encode` tasks.
//!
//! They read CPython's own storage and write into the caller's memory, in one pass that also finds
//! the first character outside the vocabulary.

use std::mem::MaybeUninit;
use std::ops::{BitAnd, BitOr};

use rayon::prelude::*;

use crate::simd::Path;
use crate::text::Text;
use crate::text_chunks::stored_chunks;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

/// A type in which ids are written. Little-endian: wider ones are the same bytes and zeros.
pub trait Number: Copy + Send + Sync + 'static {
    /// Number of different ids that the type can hold.
    const ENTRIES: usize;

    /// Converts an id below `ENTRIES`.
    fn from_id(id: u32) -> Self;
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

/// `Ok` means that every place has been written.
pub type Filled = Result<(), OutsideCodes>;

/// Marks a code of Latin-1 outside the vocabulary in [`IdTable::latin1`].
const ABSENT: u8 = 0x80;
/// Characters that are looked up before each branch on whether all of them have ids.
const BLOCK: usize = 32;

/// The ids of a vocabulary.
pub struct IdTable {
    /// Ids by code of Latin-1. The sign bit says that a code has no id, so that there is no such
    /// table if the vocabulary has more than 128 characters of Latin-1.
    latin1: Option<Box<[u8; 256]>>,
    all: CodeTable,
}

/// Ids by code point, up to one code beyond the last in the vocabulary. The sign bit says that a
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
        let vocabulary = &vocabulary[..vocabulary.len().min(N::ENTRIES)];
        let in_latin1 = vocabulary.iter().take_while(|&&code| code < 0x100).count();
        let latin1 = (in_latin1 <= usize::from(ABSENT)).then(|| {
            let mut ids = Box::new([ABSENT; 256]);
            for (id, &code) in (0..ABSENT).zip(&vocabulary[..in_latin1]) {
                ids[code as usize] = id;
            }
            ids
        });
        Self {
            latin1,
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
    match codes
        .iter()
        .position(|&code| table[usize::from(code)] == ABSENT)
    {
        Some(at) => Err(OutsideCodes {
            code: codes[at].into(),
            position: before + at,
        }),
        None => Ok(()),
    }
}

impl CodeTable {
    fn new(vocabulary: &[u32]) -> Self {
        if vocabulary.len() <= usize::from(u16::ABSENT) {
            Self::Narrow(by_code(vocabulary))
        } else {
            Self::Wide(by_code(vocabulary))
        }
    }

    fn fill<C: Copy + Into<u32>, N: Number>(
        &self,
        codes: &[C],
        ids: &mut [MaybeUninit<N>],
    ) -> Filled {
        match self {
            Self::Narrow(table) => fill_by_code(table, codes, ids),
            Self::Wide(table) => fill_by_code(table, codes, ids),
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
    // A table as long as Latin-1 or longer gets an entry for every code of two bytes.
    let length = match last.map_or(0, |&last| last as usize + 2) {
        length @ 0x100..=TWO_BYTES => length.max(TWO_BYTES + 1),
        length => length.max(1),
    };
    let mut table = vec![E::ABSENT; length].into_boxed_slice();
    for (id, &code) in vocabulary.iter().enumerate() {
        table[code as usize] = E::from_index(id).unwrap_or(E::ABSENT);
    }
    table
}

/// Number of codes of two bytes.
const TWO_BYTES: usize = 1 << 16;

fn fill_by_code<E: Entry, C: Copy + Into<u32>, N: Number>(
    table: &[E],
    codes: &[C],
    ids: &mut [MaybeUninit<N>],
) -> Filled {
    if size_of::<C>() <= size_of::<u16>()
        && let Some(table) = table.first_chunk::<TWO_BYTES>()
    {
        // The mask changes nothing in two bytes. It saves the bounds check.
        return fill_with(codes, ids, |code| table[code.into() as usize % TWO_BYTES]);
    }
    // The last entry belongs to no character. It stands for all codes beyond the table.
    let last = table.len() - 1;
    fill_with(codes, ids, |code| table[(code.into() as usize).min(last)])
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
    match codes.iter().position(|&code| find(code) == E::ABSENT) {
        Some(at) => Err(OutsideCodes {
            code: codes[at].into(),
            position: before + at,
        }),
        None => Ok(()),
    }
}
