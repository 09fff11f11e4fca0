//! Every idea of every task, compared with plain code of one line.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use proptest::prelude::*;
use rust_impls::id_table::{Filled, Number, OutsideCodes};
use rust_impls::text::{OwnedText, Text};
use rust_impls::text_chunks::CHUNK;
use rust_impls::vocabulary::{Encoded, OutsideVocabulary, U16_ENTRIES};
use rust_impls::{charset, encode, encode_array, encode_int64, encode_uint8};

type Charset = fn(&str) -> Vec<u32>;
type Encoder<I> = Box<dyn Fn(&str) -> Encoded<I>>;
type Encode<I> = fn(&[char]) -> Encoder<I>;

/// The input of an idea: Rust's UTF-8, or CPython's own storage.
trait Source<'a> {
    fn of(text: &'a str, stored: Text<'a>) -> Self;
}

impl<'a> Source<'a> for &'a str {
    fn of(text: &'a str, _: Text<'a>) -> Self {
        text
    }
}

impl<'a> Source<'a> for Text<'a> {
    fn of(_: &'a str, stored: Text<'a>) -> Self {
        stored
    }
}

/// An idea of an encoder. `Kind` distinguishes ideas by the input that they read and by the way in
/// which they return ids.
trait Idea<I, Kind> {
    fn encoder(self, vocabulary: &[char]) -> Encoder<I>;
}

struct OfUtf8<E>(PhantomData<E>);
struct OfStored<E>(PhantomData<E>);

impl<I, E, F> Idea<I, OfUtf8<E>> for F
where
    F: FnOnce(&[char]) -> E,
    E: Fn(&str) -> Encoded<I> + 'static,
{
    fn encoder(self, vocabulary: &[char]) -> Encoder<I> {
        Box::new(self(vocabulary))
    }
}

impl<I, E, F> Idea<I, OfStored<E>> for F
where
    F: FnOnce(&[u32]) -> E,
    E: Fn(Text<'_>, &mut [MaybeUninit<I>]) -> Filled + 'static,
    I: Number + Default,
{
    fn encoder(self, vocabulary: &[char]) -> Encoder<I> {
        let codes: Vec<u32> = vocabulary.iter().copied().map(u32::from).collect();
        let fill = self(&codes);
        Box::new(move |text| {
            let stored: OwnedText = text.chars().map(u32::from).collect();
            written(stored.as_text(), &fill).map_err(|outside| OutsideVocabulary {
                character: char::from_u32(outside.code).expect("a character of the text"),
                position: outside.position,
            })
        })
    }
}

/// The ids that `fill` writes. A place that it leaves out keeps a number that no test expects.
fn written<I: Number>(
    text: Text<'_>,
    fill: impl Fn(Text<'_>, &mut [MaybeUninit<I>]) -> Filled,
) -> Result<Vec<I>, OutsideCodes> {
    let mut ids: Vec<MaybeUninit<I>> = vec![MaybeUninit::new(I::from_id(0xEE)); text.len()];
    fill(text, &mut ids)?;
    #[allow(unsafe_code)]
    // SAFETY: all places were initialized above.
    Ok(ids
        .into_iter()
        .map(|id| unsafe { id.assume_init() })
        .collect())
}

fn uniform<I, Kind>(idea: impl Idea<I, Kind>, vocabulary: &[char]) -> Encoder<I> {
    idea.encoder(vocabulary)
}

/// A table of all ideas of the task: the name, and the kernel in a uniform shape.
macro_rules! charset_ideas {
    ($($idea:ident),*) => {
        const CHARSET: &[(&str, Charset)] = &[
            $((stringify!($idea), |text| {
                let stored: OwnedText = text.chars().map(u32::from).collect();
                let characters = charset::$idea::charset(Source::of(text, stored.as_text()));
                characters.into_iter().map(u32::from).collect()
            }),)*
        ];
    };
}
macro_rules! encode_ideas {
    ($($idea:ident),*) => {
        const ENCODE: &[(&str, Encode<u32>)] = &[
            $((stringify!($idea), |vocabulary| uniform(encode::$idea::encode::<u32>, vocabulary)),)*
        ];
    };
}
macro_rules! encode_array_ideas {
    ($($idea:ident),*) => {
        const ENCODE_ARRAY: &[(&str, Encode<u16>)] = &[
            $((stringify!($idea), |vocabulary| uniform(encode_array::$idea::encode_array, vocabulary)),)*
        ];
    };
}
macro_rules! encode_uint8_ideas {
    ($($idea:ident),*) => {
        const ENCODE_UINT8: &[(&str, Encode<u8>)] = &[
            $((stringify!($idea), |vocabulary| uniform(encode_uint8::$idea::encode_uint8, vocabulary)),)*
        ];
    };
}
macro_rules! encode_int64_ideas {
    ($($idea:ident),*) => {
        const ENCODE_INT64: &[(&str, Encode<i64>)] = &[
            $((stringify!($idea), |vocabulary| uniform(encode_int64::$idea::encode_int64, vocabulary)),)*
        ];
    };
}
/// The ideas of these tasks are tested in fused.rs and files.rs.
macro_rules! elsewhere {
    ($($idea:ident),*) => {};
}
use elsewhere as bpe_decode_ideas;
use elsewhere as bpe_encode_ideas;
use elsewhere as bpe_encode_array_ideas;
use elsewhere as bpe_encode_batch_ideas;
use elsewhere as bpe_train_ideas;
use elsewhere as charset_encode_ideas;
use elsewhere as count_ideas;
use elsewhere as decode_array_ideas;
use elsewhere as decode_list_ideas;
use elsewhere as file_charset_ideas;
use elsewhere as prepare_ideas;
use elsewhere as shards_ideas;
include!(concat!(env!("OUT_DIR"), "/ideas.rs")); // written by build.rs: calls all of these

// Plain code with the right answers.

fn naive_charset(text: &str) -> Vec<char> {
    text.chars()
        .collect::<BTreeSet<char>>()
        .into_iter()
        .collect()
}

fn naive_encode(vocabulary: &[char], text: &str) -> Encoded<usize> {
    let id = |character| vocabulary.iter().position(|&entry| entry == character);
    text.chars()
        .enumerate()
        .map(|(position, character)| {
            id(character).ok_or(OutsideVocabulary {
                character,
                position,
            })
        })
        .collect()
}

// Checks for every idea.

/// Sorts the characters but keeps duplicates, because no idea may return a character twice.
fn check_charset(text: &str) {
    let expected = naive_charset(text);
    for &(idea, charset) in CHARSET {
        let mut characters = charset(text);
        characters.sort_unstable();
        let expected = expected.iter().copied().map(u32::from);
        assert!(
            expected.eq(characters),
            "charset::{idea} of {}",
            shown(text)
        );
    }
}

fn check_encode(vocabulary: &[char], text: &str) {
    check_encoded(vocabulary, text, &naive_encode(vocabulary, text));
}

fn check_encoded(vocabulary: &[char], text: &str, expected: &Encoded<usize>) {
    check_all("encode", ENCODE, vocabulary, text, expected);
    check_all("encode_array", ENCODE_ARRAY, vocabulary, text, expected);
    check_all("encode_int64", ENCODE_INT64, vocabulary, text, expected);
    if vocabulary.len() <= 256 {
        check_all("encode_uint8", ENCODE_UINT8, vocabulary, text, expected);
    }
}

fn check_all<I: Copy + TryInto<usize>>(
    task: &str,
    ideas: &[(&str, Encode<I>)],
    vocabulary: &[char],
    text: &str,
    expected: &Encoded<usize>,
) {
    for (idea, encode) in ideas {
        check_idea(
            &format!("{task}::{idea}"),
            &encode(vocabulary),
            text,
            expected,
        );
    }
}

fn check_idea<I: Copy + TryInto<usize>>(
    name: &str,
    encoder: &Encoder<I>,
    text: &str,
    expected: &Encoded<usize>,
) {
    match (encoder(text), expected) {
        (Ok(ids), Ok(expected)) => {
            let same = ids
                .iter()
                .map(|&id| id.try_into().ok())
                .eq(expected.iter().copied().map(Some));
            assert!(same, "{name} of {}", shown(text));
        }
        (Err(outside), Err(expected)) => {
            assert_eq!(outside, *expected, "{name} of {}", shown(text));
        }
        (Ok(_), Err(expected)) => panic!("{name} of {} missed: {expected}", shown(text)),
        (Err(outside), Ok(_)) => panic!("{name} of {} refused: {outside}", shown(text)),
    }
}

/// Shortens a text for a failure message.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    format!("{} bytes beginning {start:?}", text.len())
}

// Texts.

/// The empty text, both ends of Unicode, both sides of the surrogates, each width of UTF-8, and
/// others.
const EDGES: [&str; 10] = [
    "",
    "\0",
    "\u{10FFFF}",
    "\u{7F}\u{80}",
    "\u{7FF}\u{800}",
    "\u{D7FF}\u{E000}",
    "\u{FFFF}\u{10000}",
    "First Citizen:\nBefore we proceed any further, hear me speak.",
    "naïve café, 字, 😀",
    "aaaaaaaa\u{10FFFF}aaaaaaaa\0",
];

/// Texts that repeat their characters, as people write them, beside those of `any::<String>()`,
/// which hardly do.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~\n]{0,300}",
        "[aeé字😀]{0,300}",
        prop::collection::vec(any::<char>(), 0..300).prop_map(String::from_iter),
    ]
}

proptest! {
    #[test]
    fn charset_of_any_text(text in text()) {
        check_charset(&text);
    }

    #[test]
    fn encode_with_the_texts_own_vocabulary(text in text()) {
        check_encode(&naive_charset(&text), &text);
    }

    #[test]
    fn encode_with_another_vocabulary(text in text(), other in text()) {
        check_encode(&naive_charset(&other), &text);
    }

    #[test]
    fn encode_with_one_character_missing(text in text(), missing in any::<prop::sample::Index>()) {
        let mut vocabulary = naive_charset(&text);
        if !vocabulary.is_empty() {
            vocabulary.remove(missing.index(vocabulary.len()));
        }
        check_encode(&vocabulary, &text);
    }

    /// The Python module refuses such a vocabulary, but a kernel must not panic over it.
    #[test]
    fn an_unordered_vocabulary_does_not_panic(text in text(), vocabulary: Vec<char>) {
        for &(_, encode) in ENCODE {
            let _ = encode(&vocabulary)(&text);
        }
    }
}

#[test]
fn edge_cases_encode_with_the_vocabulary_of_every_other() {
    for text in EDGES {
        check_charset(text);
        for other in EDGES {
            check_encode(&naive_charset(other), text);
        }
    }
}

#[test]
fn the_first_of_two_offenders_is_reported() {
    let outside = OutsideVocabulary {
        character: 'é',
        position: 2,
    };
    check_encoded(&['a', '字'], "字aéaxa", &Err(outside));
    let outside = OutsideVocabulary {
        character: 'x',
        position: 2,
    };
    check_encoded(&['a', '字'], "字axaéa", &Err(outside));
}

#[test]
fn an_offender_at_every_border_of_a_long_text() {
    // The first text is ASCII. In the second, a border falls within a character.
    for (offender, filler) in [('!', "ab"), ('é', "a字😀")] {
        let filler: Vec<char> = filler.chars().collect();
        let text: Vec<char> = filler.iter().copied().cycle().take(3 * CHUNK).collect();
        let whole = String::from_iter(&text);
        assert!(whole.len() >= 3 * CHUNK);
        check_charset(&whole);
        check_encoded(
            &filler,
            &whole,
            &Ok((0..text.len()).map(|at| at % filler.len()).collect()),
        );

        let mut borders = vec![0, text.len() - 1];
        for byte in (CHUNK..whole.len()).step_by(CHUNK) {
            let at = whole[..whole.floor_char_boundary(byte)].chars().count();
            borders.extend([at - 1, at, at + 1]);
        }
        for position in borders {
            let mut text = text.clone();
            text[position] = offender;
            // A later one, in another piece, must not be reported instead.
            if let Some(last) = text.last_mut() {
                *last = offender;
            }
            let text = String::from_iter(text);
            check_charset(&text);
            let outside = OutsideVocabulary {
                character: offender,
                position,
            };
            check_encoded(&filler, &text, &Err(outside));
        }
    }
}

#[test]
fn the_largest_vocabulary_for_u16_is_encoded() {
    let vocabulary: Vec<char> = ('\0'..=char::MAX).take(U16_ENTRIES).collect();
    let text: String = vocabulary.iter().collect();
    check_encoded(&vocabulary, &text, &Ok((0..U16_ENTRIES).collect()));
}

#[test]
fn an_entry_beyond_u16_is_outside_rather_than_wrong() {
    let vocabulary: Vec<char> = ('\0'..=char::MAX).take(U16_ENTRIES + 1).collect();
    let beyond = vocabulary[U16_ENTRIES];
    let expected = Err(OutsideVocabulary {
        character: beyond,
        position: 1,
    });
    for &(idea, encode) in ENCODE_ARRAY {
        assert_eq!(
            encode(&vocabulary)(&format!("a{beyond}")),
            expected,
            "{idea}"
        );
    }
}

#[test]
fn the_message_names_character_and_position() {
    let outside = OutsideVocabulary {
        character: 'é',
        position: 17,
    };
    assert_eq!(
        outside.to_string(),
        "character 'é' (U+00E9) at position 17 is not in the vocabulary"
    );
}
