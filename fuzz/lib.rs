//! Inputs as fuzzers make them, and the plainest code that answers them.

use std::collections::BTreeSet;
use std::mem::MaybeUninit;

use arbitrary::Arbitrary;
use rust_impls::decoded::{Decoded, Buffer};
use rust_impls::text::{OwnedText, Text};

/// A text, and how many characters of it to leave out, so that it begins at any alignment.
#[derive(Debug, Arbitrary)]
pub enum Input {
    One(Vec<u8>, u8),
    Two(Vec<u16>, u8),
    Four(Vec<u32>, u8),
    /// Long and of few characters, which no fuzzer would hit upon by itself.
    Repeated(Vec<u32>, u16, Vec<u32>),
}

impl Input {
    /// Its code points, those that are none left out.
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

    /// Gives `check` the text as CPython would store it, and its code points.
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
    /// All ids are brought within the vocabulary but one.
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

    /// Has `decode` fill room for the whole vocabulary, and holds it against looking each id up.
    pub fn check(&self, decode: impl Fn(Buffer<'_>) -> Decoded) {
        let (vocabulary, ids) = (self.vocabulary(), self.ids());
        match vocabulary.last().copied().unwrap_or_default() {
            0..=0xFF => check(&vocabulary, &ids, |room: &mut [MaybeUninit<u8>]| {
                decode(Buffer::One(room))
            }),
            0x100..=0xFFFF => check(&vocabulary, &ids, |room: &mut [MaybeUninit<u16>]| {
                decode(Buffer::Two(room))
            }),
            _ => check(&vocabulary, &ids, |room: &mut [MaybeUninit<u32>]| {
                decode(Buffer::Four(room))
            }),
        }
    }
}

fn check<C: Copy + Default + Into<u32>>(
    vocabulary: &[u32],
    ids: &[u16],
    decode: impl Fn(&mut [MaybeUninit<C>]) -> Decoded,
) {
    let mut room = vec![MaybeUninit::new(C::default()); ids.len()];
    let decoded = decode(&mut room);
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
            for (&id, place) in ids.iter().zip(room) {
                // SAFETY: the room was made of initialized values.
                let code: u32 = unsafe { place.assume_init() }.into();
                assert_eq!(code, vocabulary[usize::from(id)]);
            }
        }
    }
}
