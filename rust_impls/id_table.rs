//! A text to ids by tables, from CPython's own storage into memory that the caller has: in one pass
//! that also finds the first character outside the vocabulary.
//!
//! What the ideas named `id_table` of all `encode` tasks share.

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

/// What ids are written as. Little-endian, so that wider ones are the same bytes and zeros.
pub trait Number: Copy + Send + Sync + 'static {
    /// How many different ids there can be.
    const ENTRIES: usize;

    /// An id below `ENTRIES`.
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

/// The first character of a text that the vocabulary does not hold: a code point, which may be a
/// surrogate, and how many characters come before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutsideCodes {
    pub code: u32,
    pub position: usize,
}

/// `Ok` says that every place has been written.
pub type Filled = Result<(), OutsideCodes>;

/// Marks a code of Latin-1 outside the vocabulary in [`IdTable::latin1`].
const ABSENT: u8 = 0x80;
/// Characters looked up before a branch asks whether all were there.
const BLOCK: usize = 32;

/// The ids of a vocabulary.
pub struct IdTable {
    /// Ids of Latin-1, whose sign bit is free to say that there is none; or nothing, where the
    /// vocabulary has more than 128 of its characters.
    latin1: Option<Box<[u8; 256]>>,
    all: CodeTable,
}

/// Ids by code point, up to one code beyond the last in the vocabulary. The sign bit says that there is
/// no id, which is why more than 32,768 ids need wider ones.
enum CodeTable {
    Narrow(Box<[u16]>),
    Wide(Box<[u32]>),
}

impl IdTable {
    /// Of distinct code points in order. In one out of order, ids are wrong, but nothing panics.
    ///
    /// What has no id among the numbers that are to be written counts as outside the vocabulary, which
    /// is an error for whoever meets it, where a truncated id would be a wrong answer.
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

    /// Writes the id of each character of `text` into the same place of `ids`.
    ///
    /// # Errors
    ///
    /// The first character outside the vocabulary.
    ///
    /// # Panics
    ///
    /// When `ids` has another length than `text`.
    #[allow(unsafe_code)] // calls what was compiled for instructions that not every processor has
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
                // SAFETY: the processor has just been found to have what the function is compiled for.
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
    /// [`fill`](Self::fill) on all cores, where each gets enough to do.
    ///
    /// # Errors
    ///
    /// The first character outside the vocabulary. All pieces are finished before the first is looked
    /// at: which of them fails first is the scheduler's choice.
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
    fill_each(codes, ids, |code| table[usize::from(code)])
}

/// The first of some characters that has no id, counted from `before`, the place of the first.
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

/// What a table holds: an id, or its sign bit alone.
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
    // Any code of two bytes finds a place in a table that has one of them at all.
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

/// How many codes there are of two bytes.
const TWO_BYTES: usize = 1 << 16;

fn fill_by_code<E: Entry, C: Copy + Into<u32>, N: Number>(
    table: &[E],
    codes: &[C],
    ids: &mut [MaybeUninit<N>],
) -> Filled {
    if size_of::<C>() <= size_of::<u16>()
        && let Some(table) = table.first_chunk::<TWO_BYTES>()
    {
        // The mask changes nothing in two bytes. It spares the check of the bound.
        return fill_each(codes, ids, |code| table[code.into() as usize % TWO_BYTES]);
    }
    // The last entry is of no character, and stands for all that come after it.
    let last = table.len() - 1;
    fill_each(codes, ids, |code| table[(code.into() as usize).min(last)])
}

fn fill_each<E: Entry, C: Copy + Into<u32>, N: Number>(
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
