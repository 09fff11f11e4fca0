//! Ideas that read CPython's own storage, compared with plain code: every path, every width, every
//! alignment, and a new character at every place of a block.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::mem::MaybeUninit;

use proptest::prelude::*;
use rust_impls::charset::{self, bit_table};
use rust_impls::id_table::{Filled, IdTable, Number, OutsideCodes};
use rust_impls::simd;
use rust_impls::text::{OwnedText, Text};
use rust_impls::text_chunks::{WORTH_A_CORE, stored_chunks};

/// The largest number of characters that any path checks at once.
const BLOCK: usize = 512;

/// A text without its first characters, so that it begins at another alignment.
fn after(text: &OwnedText, skipped: usize) -> Text<'_> {
    match text.as_text() {
        Text::One(codes) => Text::One(&codes[skipped..]),
        Text::Two(codes) => Text::Two(&codes[skipped..]),
        Text::Four(codes) => Text::Four(&codes[skipped..]),
    }
}

/// For each width: some characters, and another character of the same width.
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
        let mut characters = bit_table::charset_on(path, after(&stored, skipped));
        // The list is sorted but not made a set, because no character may occur twice.
        characters.sort_unstable();
        assert!(
            expected.iter().eq(&characters),
            "{} returned {characters:X?} for {} characters, not {expected:X?}",
            path.name(),
            codes.len() - skipped
        );
    }
}

/// The ids that `fill` writes. A place that it leaves out keeps a number that is hardly expected
/// there.
#[allow(unsafe_code)]
fn written<N: Number>(
    text: Text<'_>,
    fill: impl Fn(Text<'_>, &mut [MaybeUninit<N>]) -> Filled,
) -> Result<Vec<N>, OutsideCodes> {
    let mut ids = vec![MaybeUninit::new(N::from_id(0xEE)); text.len()];
    fill(text, &mut ids)?;
    // SAFETY: all places were initialized above.
    Ok(ids
        .into_iter()
        .map(|id| unsafe { id.assume_init() })
        .collect())
}

fn naive_ids<N: Number>(vocabulary: &[u32], codes: &[u32]) -> Result<Vec<N>, OutsideCodes> {
    let id = |code: u32| {
        Some(N::from_id(
            vocabulary.binary_search(&code).ok()?.try_into().ok()?,
        ))
    };
    let places = codes.iter().enumerate();
    places
        .map(|(position, &code)| id(code).ok_or(OutsideCodes { code, position }))
        .collect()
}

/// Checks all paths, with numbers of all sizes.
fn check_ids(vocabulary: &[u32], codes: &[u32], skipped: usize) {
    fn check<N: Number + PartialEq + Debug>(vocabulary: &[u32], codes: &[u32], text: Text<'_>) {
        let expected = naive_ids::<N>(vocabulary, codes);
        let table = IdTable::new::<N>(vocabulary);
        for path in simd::available() {
            let ids = written::<N>(text, |text, ids| table.fill(path, text, ids));
            assert!(
                ids == expected,
                "{} bytes by {}: {ids:X?}, not {expected:X?}",
                size_of::<N>(),
                path.name()
            );
        }
    }

    let skipped = skipped.min(codes.len());
    let stored: OwnedText = codes.iter().copied().collect();
    let (text, codes) = (after(&stored, skipped), &codes[skipped..]);
    if vocabulary.len() <= 256 {
        check::<u8>(vocabulary, codes, text);
    }
    check::<u16>(vocabulary, codes, text);
    check::<u32>(vocabulary, codes, text);
    check::<i64>(vocabulary, codes, text);
}

fn sorted(codes: &[u32]) -> Vec<u32> {
    BTreeSet::from_iter(codes).into_iter().copied().collect()
}

fn text() -> impl Strategy<Value = Vec<u32>> {
    let length = 0..4 * BLOCK;
    let few = |last: u32| prop::collection::vec(0..=last, 1..12);
    let some = |last: u32| prop::collection::vec(0..=last, 12..250);
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
        // As many characters as a perfect hash can hold, fewer and more.
        some(0xFFFF).prop_flat_map(move |alphabet| of(alphabet, 0..8 * BLOCK)),
        some(0x1_FFFF).prop_flat_map(move |alphabet| of(alphabet, 0..8 * BLOCK)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn charset_of_any_text_at_any_alignment(codes in text(), skipped in 0..65_usize) {
        check_charset(&codes, skipped);
    }

    #[test]
    fn ids_of_any_text_at_any_alignment(codes in text(), skipped in 0..65_usize) {
        check_ids(&sorted(&codes), &codes, skipped);
    }

    #[test]
    fn ids_by_any_vocabulary(codes in text(), others in text()) {
        check_ids(&sorted(&others), &codes, 0);
    }

    #[test]
    fn ids_with_one_character_missing(codes in text(), missing in any::<prop::sample::Index>()) {
        let mut vocabulary = sorted(&codes);
        if !vocabulary.is_empty() {
            vocabulary.remove(missing.index(vocabulary.len()));
        }
        check_ids(&vocabulary, &codes, 0);
    }
}

#[test]
fn an_unknown_character_is_reported_in_every_place() {
    for (alphabet, unknown) in ALPHABETS {
        for length in [1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 256, 300] {
            let mut codes: Vec<u32> = alphabet.iter().copied().cycle().take(length).collect();
            let vocabulary = sorted(alphabet);
            check_ids(&vocabulary, &codes, 0);
            for place in 0..length {
                let old = std::mem::replace(&mut codes[place], unknown);
                check_ids(&vocabulary, &codes, 0);
                codes[place] = old;
            }
        }
    }
}

/// A text of a vocabulary in which each code point stands once, in any place of a block.
#[test]
fn every_code_point_has_its_id_or_is_reported() {
    for (first, step) in [(0x40, 2), (0xFF80, 7)] {
        let vocabulary: Vec<u32> = (0..65).map(|index| first + step * index).collect();
        let table = IdTable::new::<u16>(&vocabulary);
        let codes: Vec<u32> = vocabulary.iter().copied().cycle().take(128).collect();
        let expected = naive_ids::<u16>(&vocabulary, &codes).expect("all are in the vocabulary");
        let narrow = codes.iter().filter_map(|&code| u16::try_from(code).ok());
        let narrow: Vec<u16> = narrow.collect();
        let mut two: Vec<u16> = narrow.into_iter().cycle().take(128).collect();
        let mut four = codes;
        for code in 0..0x11_0000_u32 {
            let position = code as usize % 128;
            let answer = match vocabulary.binary_search(&code) {
                Ok(id) => Ok(u16::try_from(id).unwrap_or(u16::MAX)),
                Err(_) => Err(OutsideCodes { code, position }),
            };
            for path in simd::available() {
                let fill = |text: Text<'_>, ids: &mut [_]| table.fill::<u16>(path, text, ids);
                let old = std::mem::replace(&mut four[position], code);
                let ids = written(Text::Four(&four), fill);
                four[position] = old;
                assert_eq!(
                    ids.as_ref().map(|ids| ids[position]),
                    answer.as_ref().copied()
                );
                let rest = |ids: &[u16]| [&ids[..position], &ids[position + 1..]].concat();
                assert!(ids.is_err() || rest(&ids.unwrap_or_default()) == rest(&expected));
                if let Ok(code) = code.try_into() {
                    let old = std::mem::replace(&mut two[position], code);
                    let ids = written(Text::Two(&two), fill);
                    two[position] = old;
                    assert_eq!(ids.map(|ids| ids[position]), answer);
                }
            }
        }
    }
}

#[test]
fn pieces_of_a_text_give_what_the_whole_does() {
    // Three threads, however many cores this machine has, and a text long enough for three.
    let three = rayon::ThreadPoolBuilder::new().num_threads(3).build();
    three.expect("three threads").install(|| {
        let length = 3 * WORTH_A_CORE + 5;
        assert_eq!(stored_chunks(length).len(), 3);
        for (alphabet, unknown) in [ALPHABETS[0], ALPHABETS[5]] {
            let mut codes: Vec<u32> = alphabet.iter().copied().cycle().take(length).collect();
            let table = IdTable::new::<u16>(&sorted(alphabet));
            // The first of several unknown characters must be reported, in any piece.
            for place in [length, length - 1, length / 2, 0] {
                if let Some(code) = codes.get_mut(place) {
                    *code = unknown;
                }
                let stored: OwnedText = codes.iter().copied().collect();
                let (text, path) = (stored.as_text(), simd::path_or_scalar());
                let mut characters = charset::bit_table_rayon::charset(text);
                characters.sort_unstable();
                let unknown = codes.get(place).copied();
                assert_eq!(characters, sorted(&[alphabet, unknown.as_slice()].concat()));
                let pieces = written(text, |text, ids| table.fill_in_parallel(path, text, ids));
                match unknown {
                    Some(code) => {
                        let position = place;
                        assert_eq!(pieces, Err(OutsideCodes { code, position }));
                    }
                    None => assert!(
                        pieces == written(text, |text, ids| table.fill::<u16>(path, text, ids))
                    ),
                }
            }
        }
    });
}

#[test]
fn vocabularies_of_about_the_capacity_of_a_table() {
    // 128 ids leave the sign bit of a byte free, 65,535 the largest of 16 bits.
    for entries in [127, 128, 129, 255, 256, 257, 65_535, 65_536, 65_537] {
        let vocabulary: Vec<u32> = (0..entries).collect();
        let codes: Vec<u32> = (0..entries).rev().collect();
        check_ids_of_many(&vocabulary, &codes);
        check_ids_of_many(&vocabulary, &[0, entries - 1, entries]);
    }
}

/// The same as `check_ids`, but also for vocabularies that 16 bits cannot number.
fn check_ids_of_many(vocabulary: &[u32], codes: &[u32]) {
    if vocabulary.len() <= 65_536 {
        check_ids(vocabulary, codes, 0);
        return;
    }
    let stored: OwnedText = codes.iter().copied().collect();
    for path in simd::available() {
        let table = IdTable::new::<i64>(vocabulary);
        let ids = written::<i64>(stored.as_text(), |text, ids| table.fill(path, text, ids));
        assert_eq!(ids, naive_ids(vocabulary, codes));
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
    // The new character comes after two blocks that hold all others, in a third block, a vector or
    // the rest.
    let length = 3 * BLOCK + 64 + 7;
    for (alphabet, new) in ALPHABETS {
        let mut codes: Vec<u32> = alphabet.iter().copied().cycle().take(length).collect();
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
    // Long enough for the tables that pay only in long texts.
    for (alphabet, new) in ALPHABETS {
        let mut codes: Vec<u32> = alphabet.iter().copied().cycle().take(300_001).collect();
        codes.push(new);
        check_charset(&codes, 0);
    }
}

#[test]
fn charset_of_a_long_text_finds_rare_characters_in_every_place() {
    // Long enough for a hash, which is made again as characters are found, and given up at last.
    for (first, step, count) in [
        (0x410, 1, 60),
        (0x4E00, 97, 65),
        (0x1F300, 7, 65),
        (0xFFB0, 3, 300),
    ] {
        let alphabet: Vec<u32> = (0..count).map(|index| first + step * index).collect();
        let mut codes: Vec<u32> = alphabet[..20]
            .iter()
            .copied()
            .cycle()
            .take(140_007)
            .collect();
        for (rank, &code) in alphabet[20..].iter().enumerate() {
            let start = 1000 + 131 * rank;
            for place in (start..codes.len()).step_by(9001 + rank) {
                codes[place] = code;
            }
        }
        check_charset(&codes, 0);
        *codes.last_mut().expect("a long text") = 0x3A0;
        check_charset(&codes, 1);
        check_ids(&sorted(&codes), &codes, 0);
    }
}

#[test]
fn charset_of_all_code_points_and_of_many_runs() {
    check_charset(&(0..0x11_0000).collect::<Vec<u32>>(), 0);
    check_charset(&(0..0x1_0000).collect::<Vec<u32>>(), 1);
    // Around the number of runs of 64 codes for which the rows have bits. The last run comes once
    // at the end and once in the middle.
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

/// A call must leave no marks in the table that the next call uses.
#[test]
fn charset_leaves_no_marks_for_the_next_text() {
    for _ in 0..2 {
        for (alphabet, new) in ALPHABETS {
            check_charset(alphabet, 0);
            check_charset(&[new], 0);
        }
    }
}
