//! A text to ids by tables, from CPython's own storage into memory that the caller has: in one pass
//! that also finds the first character outside the vocabulary.
//!
//! What the ideas named `id_table` of all `encode` tasks share.

use std::mem::MaybeUninit;

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
const BLOCK: usize = 64;

/// The ids of a vocabulary.
pub struct IdTable {
    /// Ids of Latin-1, whose sign bit is free to say that there is none; or nothing, where the
    /// vocabulary has more than 128 of its characters.
    latin1: Option<Box<[u8; 256]>>,
    all: CodeTable,
}

/// Ids by code point, up to one code beyond the last in the vocabulary. The largest number means that
/// there is no id, which is why the last of 65,536 ids needs wider ones.
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
    let blocks = codes.chunks(BLOCK).zip(ids.chunks_mut(BLOCK));
    for (index, (codes, ids)) in blocks.enumerate() {
        let mut gathered = 0;
        for (&code, place) in codes.iter().zip(ids) {
            let id = table[usize::from(code)];
            gathered |= id;
            place.write(N::from_id(id.into()));
        }
        if gathered & ABSENT != 0 {
            return outside_latin1(table, codes, index * BLOCK);
        }
    }
    Ok(())
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
        if u16::try_from(vocabulary.len()).is_ok() {
            Self::Narrow(by_code(vocabulary, u16::MAX))
        } else {
            Self::Wide(by_code(vocabulary, u32::MAX))
        }
    }

    fn fill<C: Copy + Into<u32>, N: Number>(
        &self,
        codes: &[C],
        ids: &mut [MaybeUninit<N>],
    ) -> Filled {
        match self {
            Self::Narrow(table) => fill_by_code(table, u16::MAX, codes, ids),
            Self::Wide(table) => fill_by_code(table, u32::MAX, codes, ids),
        }
    }
}

fn by_code<E: Copy + TryFrom<usize>>(vocabulary: &[u32], absent: E) -> Box<[E]> {
    let last = vocabulary.iter().max();
    let mut table = vec![absent; last.map_or(0, |&last| last as usize + 1) + 1].into_boxed_slice();
    for (id, &code) in vocabulary.iter().enumerate() {
        table[code as usize] = E::try_from(id).unwrap_or(absent);
    }
    table
}

fn fill_by_code<E, C, N>(table: &[E], absent: E, codes: &[C], ids: &mut [MaybeUninit<N>]) -> Filled
where
    E: Copy + Ord + Into<u32>,
    C: Copy + Into<u32>,
    N: Number,
{
    // The last entry is of no character, and stands for all that come after it.
    let last = table.len() - 1;
    let find = |code: C| table[(code.into() as usize).min(last)];
    let blocks = codes.chunks(BLOCK).zip(ids.chunks_mut(BLOCK));
    for (index, (codes, ids)) in blocks.enumerate() {
        let mut any_absent = false;
        for (&code, place) in codes.iter().zip(ids) {
            let id = find(code);
            any_absent |= id == absent;
            place.write(N::from_id(id.into()));
        }
        if any_absent && let Some(at) = codes.iter().position(|&code| find(code) == absent) {
            return Err(OutsideCodes {
                code: codes[at].into(),
                position: index * BLOCK + at,
            });
        }
    }
    Ok(())
}
