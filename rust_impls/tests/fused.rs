//! count, charset_encode and the decoders: every idea on every path, compared with plain code.

#![allow(unsafe_code)] // reads values that a kernel wrote into uninitialized memory
#![allow(clippy::from_iter_instead_of_collect)] // shorter where the type has to be named

use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;

use proptest::prelude::*;
use rust_impls::charset_encode::Charset;
use rust_impls::count::Count;
use rust_impls::decode_array::register_table;
use rust_impls::decode_list::small_ints::{self, SMALL_INTS, STEP};
use rust_impls::decoded::{Buffer, Decoded};
use rust_impls::simd;
use rust_impls::text::{OwnedText, Text};
use rust_impls::{charset_encode, count, decode_array, decode_list};

type CharsetEncode = fn(Text<'_>, &mut [MaybeUninit<u16>]) -> Charset;
type Fill<I> = Box<dyn Fn(&[I], Buffer<'_>) -> Decoded>;
type Decoder<I> = fn(&[u32]) -> Fill<I>;

macro_rules! count_ideas {
    ($($idea:ident),*) => {
        const COUNT: &[(&str, fn(Text<'_>) -> Vec<Count>)] =
            &[$((stringify!($idea), count::$idea::count)),*];
    };
}
macro_rules! charset_encode_ideas {
    ($($idea:ident),*) => {
        const CHARSET_ENCODE: &[(&str, CharsetEncode)] =
            &[$((stringify!($idea), charset_encode::$idea::charset_encode)),*];
    };
}
macro_rules! decode_array_ideas {
    ($($idea:ident),*) => {
        const DECODE_ARRAY: &[(&str, Decoder<u16>)] = &[$((stringify!($idea), |vocabulary| {
            Box::new(decode_array::$idea::decode_array(vocabulary))
        })),*];
    };
}
/// Ideas that are tested in ideas.rs and files.rs, or below if ideas of one task take different
/// arguments.
macro_rules! elsewhere {
    ($($idea:ident),*) => {};
}
use elsewhere as bpe_decode_ideas;
use elsewhere as bpe_encode_ideas;
use elsewhere as bpe_encode_array_ideas;
use elsewhere as bpe_encode_batch_ideas;
use elsewhere as bpe_train_ideas;
use elsewhere as charset_ideas;
use elsewhere as decode_list_ideas;
use elsewhere as encode_array_ideas;
use elsewhere as encode_ideas;
use elsewhere as encode_int64_ideas;
use elsewhere as encode_uint8_ideas;
use elsewhere as file_charset_ideas;
use elsewhere as prepare_ideas;
use elsewhere as shards_ideas;
include!(concat!(env!("OUT_DIR"), "/ideas.rs")); // written by build.rs: calls all of these

/// The largest number of characters or ids that any path processes at once.
const BLOCK: usize = 512;
/// An arbitrary address. There is no int object, but decoders do not read from addresses.
const ZERO: usize = 0x7F00_1234_5680;

// Plain code with the right answers.

fn naive_count(codes: &[u32]) -> Vec<Count> {
    let mut counts = BTreeMap::new();
    for &code in codes {
        *counts.entry(code).or_default() += 1;
    }
    counts.into_iter().collect()
}

/// The vocabulary and the ids. If there are too many distinct characters, the error is their
/// number.
fn naive_charset_encode(codes: &[u32]) -> Result<(Vec<u32>, Vec<u16>), usize> {
    let vocabulary = Vec::from_iter(codes.iter().copied().collect::<BTreeSet<u32>>());
    let id = |code| {
        vocabulary
            .binary_search(code)
            .ok()
            .and_then(|id| u16::try_from(id).ok())
    };
    let ids = codes.iter().map(id).collect::<Option<_>>();
    ids.map(|ids| (vocabulary.clone(), ids))
        .ok_or(vocabulary.len())
}

/// The characters of ids, or the position of the first id without one.
fn naive_decode(vocabulary: &[u32], ids: &[usize]) -> Result<Vec<u32>, usize> {
    let character = |(position, &id)| vocabulary.get(id).copied().ok_or(position);
    ids.iter().enumerate().map(character).collect()
}

fn narrow(id: usize) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}

// Checks for every idea.

fn check_text(codes: &[u32], skipped: usize) {
    let skipped = skipped.min(codes.len());
    let stored: OwnedText = codes.iter().copied().collect();
    let text = match stored.as_text() {
        Text::One(codes) => Text::One(&codes[skipped..]),
        Text::Two(codes) => Text::Two(&codes[skipped..]),
        Text::Four(codes) => Text::Four(&codes[skipped..]),
    };
    let codes = &codes[skipped..];
    for (idea, count) in COUNT {
        let mut counts = count(text);
        counts.sort_unstable();
        assert!(
            counts == naive_count(codes),
            "count::{idea} of {} characters",
            codes.len()
        );
    }
    for (idea, charset_encode) in CHARSET_ENCODE {
        let mut ids = vec![MaybeUninit::uninit(); text.len()];
        let encoded = charset_encode(text, &mut ids).map(|vocabulary| {
            // SAFETY: the call has succeeded, so that all ids are written.
            (
                vocabulary,
                ids.iter().map(|id| unsafe { id.assume_init() }).collect(),
            )
        });
        let right = encoded == naive_charset_encode(codes);
        assert!(
            right,
            "charset_encode::{idea} of {} characters",
            codes.len()
        );
    }
}

/// Checks what `fill` writes and returns, with buffers of each width that fits the whole
/// vocabulary.
fn check_decoder(
    name: &str,
    vocabulary: &[u32],
    ids: &[usize],
    fill: impl Fn(Buffer<'_>) -> Decoded,
) {
    let expected = naive_decode(vocabulary, ids);
    let last = vocabulary.last().copied().unwrap_or(0);
    if last <= 0xFF {
        check_buffer(name, ids, &expected, |buffer| fill(Buffer::One(buffer)));
    }
    if last <= 0xFFFF {
        check_buffer(name, ids, &expected, |buffer| fill(Buffer::Two(buffer)));
    }
    check_buffer(name, ids, &expected, |buffer| fill(Buffer::Four(buffer)));
}

fn check_buffer<C: Copy + Into<u32>>(
    name: &str,
    ids: &[usize],
    expected: &Result<Vec<u32>, usize>,
    fill: impl Fn(&mut [MaybeUninit<C>]) -> Decoded,
) where
    u8: Into<C>,
{
    let fresh: C = 0x55.into();
    let mut buffer = vec![MaybeUninit::new(fresh); ids.len()];
    let answer = fill(&mut buffer);
    let bits = 8 * size_of::<C>();
    match expected {
        Ok(text) => {
            assert_eq!(
                answer,
                Ok(narrow(ids.iter().copied().max().unwrap_or(0))),
                "{name}"
            );
            // SAFETY: all values of `buffer` were initialized above.
            let written = buffer
                .iter()
                .map(|place| unsafe { place.assume_init() }.into());
            assert!(
                written.eq(text.iter().copied()),
                "{name} into {bits} bits, {} ids",
                ids.len()
            );
        }
        Err(position) => assert_eq!(answer, Err(*position), "{name} into {bits} bits"),
    }
}

fn check_ids(vocabulary: &[u32], ids: &[usize], skipped: usize) {
    let skipped = skipped.min(ids.len());
    let (all, ids) = (ids, &ids[skipped..]);
    if let Ok(all) = all
        .iter()
        .map(|&id| u16::try_from(id))
        .collect::<Result<Vec<u16>, _>>()
    {
        let narrow = &all[skipped..];
        for (idea, decoder) in DECODE_ARRAY {
            let decode = decoder(vocabulary);
            let name = format!("decode_array::{idea}");
            check_decoder(&name, vocabulary, ids, |buffer| decode(narrow, buffer));
        }
        for path in simd::available() {
            let decode = register_table::decode_array_on(path, vocabulary);
            let name = format!("decode_array::register_table on {}", path.name());
            check_decoder(&name, vocabulary, ids, |buffer| decode(narrow, buffer));
        }
    }
    let wide: Vec<u32> = all.iter().map(|&id| narrow(id)).collect();
    let decode = decode_list::fixed_array::decode_list(vocabulary);
    check_decoder("decode_list::fixed_array", vocabulary, ids, |buffer| {
        decode(&wide[skipped..], buffer)
    });
    // The decoder by addresses knows only the ids of small ints.
    let small = &vocabulary[..vocabulary.len().min(SMALL_INTS)];
    let addresses: Vec<usize> = all.iter().map(|id| ZERO + STEP * id).collect();
    for path in simd::available() {
        let decode = small_ints::decode_list_on(path, vocabulary);
        let name = format!("decode_list::small_ints on {}", path.name());
        check_decoder(&name, small, ids, |buffer| {
            decode(ZERO, &addresses[skipped..], buffer)
        });
    }
}

// Texts and ids.

fn text() -> impl Strategy<Value = Vec<u32>> {
    let length = 0..4 * BLOCK;
    let few = |last: u32| {
        prop::collection::vec(0..=last, 1..12).prop_flat_map(|alphabet| {
            prop::collection::vec(prop::sample::select(alphabet), 0..4 * BLOCK)
        })
    };
    prop_oneof![
        prop::collection::vec(0..=0xFF_u32, length.clone()),
        prop::collection::vec(0..=0xFFFF_u32, length.clone()),
        prop::collection::vec(0..=0x10_FFFF_u32, length),
        few(0x7F),
        few(0xFF),
        few(0x7FF),
        few(0x10_FFFF),
    ]
}

/// In code-point order, within each width.
fn vocabulary() -> impl Strategy<Value = Vec<u32>> {
    let of = |last: u32, most: usize| {
        prop::collection::btree_set(0..=last, 0..most).prop_map(Vec::from_iter)
    };
    prop_oneof![
        of(0x7F, 129),
        of(0xFF, 257),
        of(0xFFFF, 140),
        of(0xFFFF, 600),
        of(0x10_FFFF, 140),
    ]
}

proptest! {
    #[test]
    fn any_text_at_any_alignment(codes in text(), skipped in 0..65_usize) {
        check_text(&codes, skipped);
    }

    #[test]
    fn any_ids_at_any_alignment(
        vocabulary in vocabulary(),
        ids in prop::collection::vec(any::<prop::sample::Index>(), 0..4 * BLOCK),
        skipped in 0..65_usize,
    ) {
        let size = vocabulary.len();
        if size > 0 {
            let ids: Vec<usize> = ids.iter().map(|id| id.index(size)).collect();
            check_ids(&vocabulary, &ids, skipped);
        }
    }

    #[test]
    fn ids_may_be_outside_the_vocabulary(
        vocabulary in vocabulary(),
        ids in prop::collection::vec(0..200_usize, 0..2 * BLOCK),
    ) {
        check_ids(&vocabulary, &ids, 0);
    }

    #[test]
    fn an_address_of_another_object_is_refused(address: usize, length in 1..200_usize, at: prop::sample::Index) {
        let small = (ZERO..ZERO + STEP * 65).step_by(STEP);
        prop_assume!(!small.clone().any(|int| int == address));
        let at = at.index(length);
        let mut addresses: Vec<usize> = small.cycle().take(length).collect();
        addresses[at] = address;
        for path in simd::available() {
            let decode = small_ints::decode_list_on(path, &Vec::from_iter(0x20..0x20 + 65));
            let mut buffer = vec![MaybeUninit::uninit(); length];
            prop_assert_eq!(decode(ZERO, &addresses, Buffer::One(&mut buffer)), Err(at));
        }
    }

    /// The Python module refuses such a vocabulary, but a kernel must not panic over it.
    #[test]
    fn an_unordered_vocabulary_does_not_panic(vocabulary: Vec<u32>, ids: Vec<u16>) {
        for (_, decoder) in DECODE_ARRAY {
            let _ = decoder(&vocabulary)(&ids, Buffer::One(&mut vec![MaybeUninit::uninit(); ids.len()]));
            let _ = decoder(&vocabulary)(&ids, Buffer::Two(&mut vec![MaybeUninit::uninit(); ids.len()]));
        }
    }
}

#[test]
fn every_length_and_every_width() {
    for vocabulary in [
        &[0x61, 0x62][..],
        &[0x61, 0xFF],
        &[0x20, 0x410, 0x4E00],
        &[0, 0x1F600],
    ] {
        for length in 0..BLOCK + 130 {
            let ids: Vec<usize> = (0..vocabulary.len()).cycle().take(length).collect();
            check_ids(vocabulary, &ids, 0);
            check_text(&Vec::from_iter(ids.iter().map(|&id| vocabulary[id])), 0);
        }
    }
}

#[test]
fn the_first_id_outside_is_reported_in_every_place() {
    let vocabularies = [
        Vec::from_iter(0x30..0x30 + 65),
        Vec::from_iter(0x400..0x400 + 65),
    ];
    let length = 2 * BLOCK + 3 * 64 + 7;
    for vocabulary in vocabularies {
        let mut ids: Vec<usize> = (0..65).cycle().take(length).collect();
        for place in 0..length {
            let id =
                std::mem::replace(&mut ids[place], [65, 127, 128, 255, 256, 65_535][place % 6]);
            check_ids(&vocabulary, &ids, 0);
            ids[place] = id;
        }
        // A later one must not be reported instead.
        ids[BLOCK + 1] = 70;
        ids[length - 1] = 300;
        check_ids(&vocabulary, &ids, 0);
    }
}

#[test]
fn decoding_stops_at_a_character_wider_than_the_buffer() {
    let vocabulary = [0x41, 0xE9, 0x416, 0x1F600];
    for (_, decoder) in DECODE_ARRAY {
        let decode = decoder(&vocabulary);
        let ids = [0, 1, 0, 2, 3];
        assert_eq!(
            decode(&ids, Buffer::One(&mut [MaybeUninit::uninit(); 5])),
            Err(3)
        );
        assert_eq!(
            decode(&ids, Buffer::Two(&mut [MaybeUninit::uninit(); 5])),
            Err(4)
        );
        assert_eq!(
            decode(&ids, Buffer::Four(&mut [MaybeUninit::uninit(); 5])),
            Ok(3)
        );
    }
}

#[test]
fn long_texts_use_other_tables() {
    // Long enough for the tables that pay only in long texts. Odd lengths have a last character
    // without a pair.
    for length in [131_071, 131_072, 300_001] {
        check_text(
            &Vec::from_iter((0..length).map(|at| (at % 997) * (at % 997) % 251)),
            0,
        );
        check_text(&Vec::from_iter((0..length).map(|at| 0x400 + at % 67)), 0);
    }
    check_text(&vec![0x61; 300_001], 0);
}

#[test]
fn all_code_points_and_the_largest_vocabulary() {
    check_text(&Vec::from_iter(0..0x11_0000), 0);
    check_text(&Vec::from_iter(0..0x1_0000), 0);
    check_text(&Vec::from_iter(0..0x1_0001), 0);
    let all = Vec::from_iter(0..0x1_0000_u32);
    check_ids(&all, &Vec::from_iter((0..0x1_0000).rev()), 0);
}
