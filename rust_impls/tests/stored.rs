//! The ideas that read CPython's own storage: every path of every width, at every alignment, with a
//! new character at every place of a block, against twins of one line.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rust_impls::charset::bit_table;
use rust_impls::simd;
use rust_impls::text::{OwnedText, Text};

/// The largest number of characters that any path asks about at once.
const BLOCK: usize = 512;

/// A text without its first characters, so that it begins at another alignment.
fn after(text: &OwnedText, skipped: usize) -> Text<'_> {
    match text.as_text() {
        Text::One(codes) => Text::One(&codes[skipped..]),
        Text::Two(codes) => Text::Two(&codes[skipped..]),
        Text::Four(codes) => Text::Four(&codes[skipped..]),
    }
}

/// Of each width: some characters, then one that is not among them but as wide.
const ALPHABETS: [(&[u32], u32); 6] = [
    (&[0x61, 0x62, 0x0A], 0x7A),
    (&[0x61, 0xE9, 0xFF], 0x21),
    (&[0x20, 0x410, 0x44F, 0x2014], 0x42F), // few runs of 64 codes
    (&[0x20, 0x4E00, 0x9FA5, 0x2020], 0x3A0), // two of which share their low bits with others
    (&[0x61, 0x62, 0x1F600], 0x7A),
    (&[0x1F600, 0x10_FFFF, 0xD800], 0x1F601),
];

fn check_charset(codes: &[u32], skipped: usize) {
    let skipped = skipped.min(codes.len());
    let stored: OwnedText = codes.iter().copied().collect();
    let expected: BTreeSet<u32> = codes[skipped..].iter().copied().collect();
    for path in simd::available() {
        let mut found = bit_table::charset_on(path, after(&stored, skipped));
        found.sort_unstable();
        // Sorted and not made a set: nothing may be found twice.
        assert!(
            expected.iter().eq(&found),
            "{} found {found:X?} in {} characters, not {expected:X?}",
            path.name(),
            codes.len() - skipped
        );
    }
}

fn text() -> impl Strategy<Value = Vec<u32>> {
    let length = 0..4 * BLOCK;
    let few = |last: u32| prop::collection::vec(0..=last, 1..12);
    let of = |alphabet: Vec<u32>, length: std::ops::Range<usize>| {
        prop::collection::vec(prop::sample::select(alphabet), length)
    };
    prop_oneof![
        prop::collection::vec(0..=0xFF_u32, length.clone()),
        prop::collection::vec(0..=0xFFFF_u32, length.clone()),
        prop::collection::vec(0..=0x10_FFFF_u32, length.clone()),
        few(0x7F).prop_flat_map(move |alphabet| of(alphabet, 0..4 * BLOCK)),
        few(0xFF).prop_flat_map(move |alphabet| of(alphabet, 0..4 * BLOCK)),
        few(0x7FF).prop_flat_map(move |alphabet| of(alphabet, 0..4 * BLOCK)),
        few(0x10_FFFF).prop_flat_map(move |alphabet| of(alphabet, 0..4 * BLOCK)),
    ]
}

proptest! {
    #[test]
    fn charset_of_any_text_at_any_alignment(codes in text(), skipped in 0..65_usize) {
        check_charset(&codes, skipped);
    }
}

#[test]
fn charset_of_every_length_of_a_few_characters() {
    for (alphabet, _) in ALPHABETS {
        for length in 0..2 * BLOCK {
            let codes: Vec<u32> = alphabet.iter().copied().cycle().take(length).collect();
            check_charset(&codes, 0);
        }
    }
}

#[test]
fn charset_finds_a_new_character_in_every_place() {
    // Two blocks, some vectors and some characters more.
    let length = 4 * BLOCK + 3 * 64 + 7;
    for (alphabet, new) in ALPHABETS {
        let mut codes: Vec<u32> = alphabet.iter().copied().cycle().take(length).collect();
        // The first two blocks are there to have everything else seen.
        for place in 2 * BLOCK..length {
            let old = std::mem::replace(&mut codes[place], new);
            check_charset(&codes, 0);
            codes[place] = old;
        }
    }
}

#[test]
fn charset_of_all_of_latin1_stops_early_and_is_right() {
    for length in [256, 300, 4096, 300_000] {
        let codes: Vec<u32> = (0..256).cycle().take(length).collect();
        check_charset(&codes, 0);
    }
}

#[test]
fn charset_of_a_long_text_with_a_new_character_at_its_end() {
    // Long enough for the tables that only pay in long texts.
    for (alphabet, new) in ALPHABETS {
        let mut codes: Vec<u32> = alphabet.iter().copied().cycle().take(300_001).collect();
        codes.push(new);
        check_charset(&codes, 0);
    }
}

#[test]
fn charset_of_all_code_points_and_of_many_runs() {
    check_charset(&(0..0x11_0000).collect::<Vec<u32>>(), 0);
    check_charset(&(0..0x1_0000).collect::<Vec<u32>>(), 1);
    // One run of 64 codes more than the rows have bits for, once in the middle and once at the end.
    for runs in 7..10 {
        let mut codes: Vec<u32> = (0..runs).map(|run| 0x400 + 64 * run).collect();
        let last = codes.pop();
        let mut codes: Vec<u32> = codes.into_iter().cycle().take(3 * BLOCK).collect();
        codes.extend(last);
        check_charset(&codes, 0);
        codes.extend_from_within(..2 * BLOCK);
        check_charset(&codes, 0);
    }
}

/// A call must leave nothing behind in the table that the next one uses.
#[test]
fn charset_of_one_text_after_another() {
    for _ in 0..2 {
        for (alphabet, new) in ALPHABETS {
            check_charset(alphabet, 0);
            check_charset(&[new], 0);
        }
    }
}
