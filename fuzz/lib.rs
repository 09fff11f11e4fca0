//! Inputs that fuzzers make, and plain code with the right answers.

use std::collections::BTreeSet;
use std::mem::MaybeUninit;

use arbitrary::Arbitrary;
use rust_impls::decoded::{Buffer, Decoded};
use rust_impls::text::{OwnedText, Text};

/// A text, and the number of characters to skip at its start, so that it begins at any alignment.
#[derive(Debug, Arbitrary)]
pub enum Input {
    One(Vec<u8>, u8),
    Two(Vec<u16>, u8),
    Four(Vec<u32>, u8),
    /// A long text of few characters, which a fuzzer would hardly make by chance.
    Repeated(Vec<u32>, u16, Vec<u32>),
}

impl Input {
    /// The code points, without numbers that are not code points.
    pub fn codes(&self) -> Vec<u32> {
        let is_code = |code: &u32| *code <= 0x10_FFFF;
        match self {
            Input::One(codes, _) => codes.iter().map(|&code| code.into()).collect(),
            Input::Two(codes, _) => codes.iter().map(|&code| code.into()).collect(),
            Input::Four(codes, _) => codes.iter().copied().filter(is_code).collect(),
            Input::Repeated(codes, length, end) => {
                let codes: Vec<u32> = codes.iter().copied().filter(is_code).collect();
                let start = codes.iter().copied().cycle().take((*length).into());
                start.chain(end.iter().copied().filter(is_code)).collect()
            }
        }
    }

    fn skipped(&self) -> usize {
        match self {
            Input::One(_, skipped) | Input::Two(_, skipped) | Input::Four(_, skipped) => {
                (*skipped).into()
            }
            Input::Repeated(..) => 0,
        }
    }

    /// Calls `check` with the text as CPython would store it, and with its code points.
    pub fn with_text(&self, check: impl Fn(Text<'_>, &[u32])) {
        let codes = self.codes();
        let stored: OwnedText = codes.iter().copied().collect();
        let skipped = self.skipped().min(codes.len());
        let text = match stored.as_text() {
            Text::One(codes) => Text::One(&codes[skipped..]),
            Text::Two(codes) => Text::Two(&codes[skipped..]),
            Text::Four(codes) => Text::Four(&codes[skipped..]),
        };
        check(text, &codes[skipped..]);
    }
}

/// The distinct characters, in code-point order.
pub fn distinct(codes: &[u32]) -> Vec<u32> {
    codes
        .iter()
        .copied()
        .collect::<BTreeSet<u32>>()
        .into_iter()
        .collect()
}

/// A vocabulary and ids, some of which may be outside it.
#[derive(Debug, Arbitrary)]
pub struct Ids {
    pub vocabulary: BTreeSet<u32>,
    pub ids: Vec<u16>,
    /// If set, all ids are changed to lie within the vocabulary, except the one at this position.
    pub only_outsider: Option<u16>,
}

impl Ids {
    pub fn vocabulary(&self) -> Vec<u32> {
        self.vocabulary
            .iter()
            .copied()
            .filter(|&code| code <= 0x10_FFFF)
            .collect()
    }

    pub fn ids(&self) -> Vec<u16> {
        let size = self.vocabulary().len();
        let mut ids = self.ids.clone();
        if let Some(at) = self.only_outsider {
            for (position, id) in ids.iter_mut().enumerate() {
                if position != usize::from(at) && size > 0 {
                    *id = u16::try_from(usize::from(*id) % size).unwrap_or_default();
                }
            }
        }
        ids
    }

    /// Has `decode` fill a buffer wide enough for the whole vocabulary, and compares it with plain
    /// lookups.
    pub fn check(&self, decode: impl Fn(Buffer<'_>) -> Decoded) {
        let (vocabulary, ids) = (self.vocabulary(), self.ids());
        match vocabulary.last().copied().unwrap_or_default() {
            0..=0xFF => check(&vocabulary, &ids, |buffer: &mut [MaybeUninit<u8>]| {
                decode(Buffer::One(buffer))
            }),
            0x100..=0xFFFF => check(&vocabulary, &ids, |buffer: &mut [MaybeUninit<u16>]| {
                decode(Buffer::Two(buffer))
            }),
            _ => check(&vocabulary, &ids, |buffer: &mut [MaybeUninit<u32>]| {
                decode(Buffer::Four(buffer))
            }),
        }
    }
}

fn check<C: Copy + Default + Into<u32>>(
    vocabulary: &[u32],
    ids: &[u16],
    decode: impl Fn(&mut [MaybeUninit<C>]) -> Decoded,
) {
    let mut buffer = vec![MaybeUninit::new(C::default()); ids.len()];
    let decoded = decode(&mut buffer);
    let outside = ids
        .iter()
        .position(|&id| usize::from(id) >= vocabulary.len());
    match outside {
        Some(position) => assert_eq!(decoded, Err(position)),
        None => {
            assert_eq!(
                decoded,
                Ok(ids.iter().copied().max().unwrap_or_default().into())
            );
            for (&id, place) in ids.iter().zip(buffer) {
                // SAFETY: all values of the buffer were initialized above.
                let code: u32 = unsafe { place.assume_init() }.into();
                assert_eq!(code, vocabulary[usize::from(id)]);
            }
        }
    }
}
