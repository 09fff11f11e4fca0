use std::sync::LazyLock;

use fancy_regex::Regex;
use proptest::prelude::*;

use super::cuts::{first_cut, is_cut, last_cut};
use super::{Pattern, Splitter, pieces};
use crate::simd;

static ORACLES: LazyLock<Vec<(Pattern, Regex)>> = LazyLock::new(|| {
    let compiled = |(spelling, pattern)| (pattern, Regex::new(spelling).expect("a known pattern"));
    Pattern::SPELLINGS.into_iter().map(compiled).collect()
});

fn split_by_regex<'t>(regex: &Regex, text: &'t str) -> Vec<&'t str> {
    regex
        .find_iter(text)
        .map(|piece| piece.expect("no limit is met").as_str())
        .collect()
}

fn split_on(path: simd::Path, pattern: Pattern, text: &str) -> Vec<&str> {
    let mut splitter = Splitter::on_path(path, pattern, text);
    let (mut ends, mut all) = (Vec::new(), Vec::new());
    while splitter.refill(&mut ends) {
        all.extend_from_slice(&ends);
    }
    let starts = std::iter::once(0).chain(all.iter().copied());
    starts
        .zip(&all)
        .map(|(start, &end)| &text[start..end])
        .collect()
}

/// The spellings that are tested with every text: one of each pattern.
const ONE_OF_EACH: [usize; 3] = [1, 3, 4];

fn check(text: &str) {
    check_with(text, ONE_OF_EACH.iter().map(|&at| &ORACLES[at]));
}

fn check_with<'o>(text: &str, oracles: impl Iterator<Item = &'o (Pattern, Regex)>) {
    for (pattern, regex) in oracles {
        let right = split_by_regex(regex, text);
        assert_eq!(right.concat(), text, "{pattern:?} leaves nothing out");
        for path in simd::available() {
            assert_eq!(
                split_on(path, *pattern, text),
                right,
                "{pattern:?} {path:?} {text:?}"
            );
        }
    }
}

/// Texts of characters that the patterns treat apart, which random characters would hardly make.
fn telling_texts(length: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        10 => prop::sample::select(vec![' ', '\n', '\r', '\t', '\'', '/', '!', '\u{b}', '\0', '\u{1c}']),
        10 => prop::sample::select(vec!['s', 'S', 't', 'r', 'E', 'e', 'v', 'l', 'L', 'd', 'm', 'a', 'Z']),
        4 => prop::sample::select(vec!['0', '9', '7']),
        2 => prop::sample::select(vec![
            'ſ', 'é', 'É', 'ǅ', 'あ', 'ʰ', '\u{301}', '²', '\u{a0}', '\u{2028}', '\u{3000}', '\u{85}',
            '\u{180e}', '😀', 'ж', 'Ж', '٣', '\u{200d}', '“',
        ]),
    ];
    prop::collection::vec(character, 0..length).prop_map(String::from_iter)
}

/// Runs of one character between others, so that blocks begin and end at every place.
fn runs() -> impl Strategy<Value = String> {
    let run = (telling_texts(4), 1..40_usize, telling_texts(6))
        .prop_map(|(repeated, times, others)| repeated.repeat(times) + &others);
    prop::collection::vec(run, 0..8).prop_map(|runs| runs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn short_telling_texts_are_split_as_by_each_regular_expression(text in telling_texts(12)) {
        check_with(&text, ORACLES.iter());
    }

    #[test]
    fn telling_texts_are_split_as_by_the_regular_expression(text in telling_texts(300)) {
        check(&text);
    }

    #[test]
    fn runs_are_split_as_by_the_regular_expression(text in runs()) {
        check(&text);
    }

    #[test]
    fn any_texts_are_split_as_by_the_regular_expression(text in ".{0,100}") {
        check(&text);
    }
}

/// All places where a text can be cut, by asking about each pair of characters.
fn cuts_of(text: &str) -> Vec<usize> {
    let starts: Vec<(usize, char)> = text.char_indices().collect();
    let pairs = starts.windows(2);
    pairs
        .filter(|pair| is_cut(pair[0].1, pair[1].1))
        .map(|pair| pair[1].0)
        .collect()
}

fn check_cuts(text: &str) {
    let cuts = cuts_of(text);
    for pattern in [Pattern::Gpt2, Pattern::Cl100k, Pattern::O200k] {
        let whole: Vec<&str> = pieces(pattern, text).collect();
        for &cut in &cuts {
            let (left, right) = text.split_at(cut);
            let halves: Vec<&str> = pieces(pattern, left)
                .chain(pieces(pattern, right))
                .collect();
            assert_eq!(halves, whole, "{pattern:?} {cut} {text:?}");
        }
    }
    for position in (0..=text.len()).filter(|&position| text.is_char_boundary(position)) {
        let next = cuts.iter().copied().find(|&cut| cut >= position);
        assert_eq!(first_cut(text, position), next, "{position} {text:?}");
        let last = cuts.last().copied().filter(|&cut| cut > position);
        assert_eq!(last_cut(text, position), last, "{position} {text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn halves_of_a_telling_text_have_the_pieces_of_the_whole(text in telling_texts(24)) {
        check_cuts(&text);
    }

    #[test]
    fn halves_of_any_text_have_the_pieces_of_the_whole(text in ".{0,40}") {
        check_cuts(&text);
    }
}

/// Each code point stands between letters, numbers, spaces and others, and doubled. Beyond U+323AF,
/// only a few hundred are assigned, from U+E0001 on.
#[test]
fn every_code_point_is_split_as_by_the_regular_expression() {
    let all: Vec<char> = ('\0'..'\u{32400}')
        .chain('\u{E0000}'..'\u{E0200}')
        .collect();
    for characters in all.chunks(64) {
        let mut text = String::new();
        for c in characters {
            text.extend(['a', *c, 'b', '1', *c, '2', ' ', *c, 'C', 'D', *c, ' ']);
            text.extend(['\'', *c, *c, 'B', '!', *c, '\n', *c, ' ']);
        }
        check(&text);
    }
}

#[test]
fn spellings_are_known_to_the_letter() {
    for (spelling, pattern) in Pattern::SPELLINGS {
        assert_eq!(Pattern::from_regex(spelling), Some(pattern));
        assert_eq!(Pattern::from_regex(&format!("{spelling} ")), None);
    }
}

#[test]
fn pieces_of_a_megabyte_are_found() {
    for repeated in [
        "a", " ", "\n", "7", "あ", "Ж", "!", "'", "aB", "\n/", "\u{301}",
    ] {
        let text = repeated.repeat(1 << 20);
        for pattern in [Pattern::Gpt2, Pattern::Cl100k, Pattern::O200k] {
            let length: usize = pieces(pattern, &text).map(str::len).sum();
            assert_eq!(length, text.len(), "{pattern:?} {repeated:?}");
        }
    }
}
