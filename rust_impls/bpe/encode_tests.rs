use std::fmt::Write;

use proptest::prelude::*;

use crate::bpe::merge::{SHORT, merge_by_heap, merge_short};
use crate::bpe::ranks::{NONE, Ranks, RanksError};
use crate::bpe::split::Pattern;
use crate::bpe::steps;
use crate::bpe_encode::{heap, linked_list, longest_match, naive, piece_cache};
use crate::bpe_train::pair_places::bpe_train;

type Tokens = Vec<(Vec<u8>, u32)>;
type Encode = Box<dyn Fn(&str, &mut Vec<u32>)>;

/// The bytes with ids that are not their values, and further tokens with the ids after them.
fn with_bytes(further: impl IntoIterator<Item = Vec<u8>>) -> Tokens {
    let mut tokens: Tokens = (0..=255_u8)
        .map(|byte| (vec![byte], u32::from(byte) ^ 5))
        .collect();
    for token in further {
        if !tokens.iter().any(|(known, _)| *known == token) {
            tokens.push((token, u32::try_from(tokens.len()).unwrap()));
        }
    }
    tokens
}

fn trained(text: &str, size: usize) -> Tokens {
    let mut tokens: Tokens = (0..=255_u8).map(|byte| (vec![byte], byte.into())).collect();
    for (left, right) in bpe_train(text, size).unwrap() {
        let token = [&*tokens[left as usize].0, &*tokens[right as usize].0].concat();
        tokens.push((token, u32::try_from(tokens.len()).unwrap()));
    }
    tokens
}

fn ideas(tokens: &Tokens, pattern: Pattern) -> [(&'static str, Encode); 4] {
    let ranks = || Ranks::new(tokens.clone()).unwrap();
    [
        ("heap", Box::new(heap::bpe_encode(ranks(), pattern))),
        (
            "linked_list",
            Box::new(linked_list::bpe_encode(ranks(), pattern)),
        ),
        (
            "longest_match",
            Box::new(longest_match::bpe_encode(ranks(), pattern)),
        ),
        (
            "piece_cache",
            Box::new(piece_cache::bpe_encode(ranks(), pattern)),
        ),
    ]
}

fn check(tokens: &Tokens, text: &str) {
    for pattern in [Pattern::Gpt2, Pattern::Cl100k, Pattern::O200k] {
        let mut right = Vec::new();
        naive::bpe_encode(Ranks::new(tokens.clone()).unwrap(), pattern)(text, &mut right);
        for (name, encode) in ideas(tokens, pattern) {
            for call in ["first", "second"] {
                let mut ids = vec![7];
                encode(text, &mut ids);
                assert_eq!(
                    ids[1..],
                    right,
                    "{name} {pattern:?}, {call} call: {text:?} by {tokens:?}"
                );
            }
        }
    }
}

fn tokens_of_few_bytes() -> impl Strategy<Value = Tokens> {
    prop::collection::vec("[ab ]{2,6}|[ab]{14,18}|[éあa]{1,3}", 0..40)
        .prop_map(|tokens| with_bytes(tokens.into_iter().map(String::into_bytes)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Most of these tokens are no merge of two others, and many are never reached.
    #[test]
    fn every_idea_encodes_by_any_tokens_as_the_naive_one(
        tokens in tokens_of_few_bytes(),
        text in "[ab ]{0,90}|[abéあ ]{0,40}",
    ) {
        check(&tokens, &text);
    }

    #[test]
    fn every_idea_encodes_by_trained_tokens_as_the_naive_one(
        text in "([a-d]{1,9} ){0,60}",
        other in "[a-e' \n]{0,200}",
    ) {
        check(&trained(&text, 400), &(other + &text));
    }

    #[test]
    fn pieces_of_any_length_are_merged_alike(
        tokens in tokens_of_few_bytes(),
        piece in "[ab]{1,64}",
    ) {
        let ranks = Ranks::new(tokens).unwrap();
        let (mut by_marks, mut by_heap) = (Vec::new(), Vec::new());
        merge_short(&ranks, piece.as_bytes(), &mut by_marks);
        merge_by_heap(&ranks, piece.as_bytes(), &mut by_heap);
        prop_assert_eq!(by_marks, by_heap);
    }
}

#[test]
fn pieces_at_the_borders_of_each_way_are_encoded_alike() {
    let tokens = trained(&"abracadabra simsalabim ".repeat(20), 330);
    for length in (0..40).chain(SHORT - 2..SHORT + 3).chain([499, 500, 501]) {
        for text in ["a", "ab", "abracadabra", " ", "é"] {
            let text: String = text.chars().cycle().take(length).collect();
            check(&tokens, &text);
            check(&tokens, &format!("{text} simsalabim"));
        }
    }
}

/// More pieces than the cache has places, so that they drive each other out.
#[test]
fn the_cache_forgets_nothing_wrongly() {
    let tokens = trained(&"abracadabra simsalabim ".repeat(20), 330);
    let mut text = String::new();
    for n in 0..60_000_u64 {
        let number = n.wrapping_mul(0x9E37_79B9);
        let letters = "ab".repeat((n % 9) as usize);
        write!(text, " {number:x}{letters}").unwrap();
    }
    let encode = |(_, encode): &(&str, Encode)| {
        let mut ids = Vec::new();
        encode(&text, &mut ids);
        encode(&text, &mut ids);
        ids
    };
    let ideas = ideas(&tokens, Pattern::Cl100k);
    assert_eq!(encode(&ideas[3]), encode(&ideas[0]));
}

/// Doubling a piece doubles the steps, whatever it is made of.
#[test]
fn steps_grow_with_the_length_of_a_piece() {
    let tokens = trained(
        &format!(
            "{} aaaaaaaa 的一是 777 {} \n\n\n\n",
            "abracadabra ".repeat(20),
            " ".repeat(100)
        ),
        330,
    );
    for (name, encode) in ideas(&tokens, Pattern::Gpt2) {
        for repeated in [
            "a",
            "ab",
            " ",
            "\n",
            "7",
            "的",
            "的一是不",
            "abracadabra",
            "!?",
            "xyzzy",
        ] {
            let steps = |length: usize| {
                let text: String = repeated.chars().cycle().take(length).collect();
                steps::of(|| encode(&text, &mut Vec::new()))
            };
            let (one, two, four) = (steps(5_000), steps(10_000), steps(20_000));
            assert!(
                two * 10 <= one * 21 && four * 10 <= two * 21,
                "{name} {repeated}: {one} {two} {four}"
            );
        }
    }
}

#[test]
fn long_pieces_are_encoded() {
    let tokens = trained(&"abracadabra ".repeat(20), 300);
    for (name, encode) in ideas(&tokens, Pattern::O200k) {
        for repeated in ["a", " ", "abra", "的", "7", "\n"] {
            let text = repeated.repeat((1 << 20) / repeated.len());
            let mut ids = Vec::new();
            encode(&text, &mut ids);
            let length: usize = ids.iter().map(|&id| tokens[id as usize].0.len()).sum();
            assert_eq!(length, text.len(), "{name} {repeated}");
        }
    }
}

#[test]
fn ranks_that_cannot_encode_are_refused() {
    let refused = |tokens: Tokens| Ranks::new(tokens).err().expect("an error");
    let mut lacking = with_bytes([]);
    lacking.remove(65);
    assert_eq!(refused(lacking), RanksError::MissingByte(65));
    let with = |token: &[u8], id| [with_bytes([]), vec![(token.to_vec(), id)]].concat();
    assert_eq!(refused(with(b"", 300)), RanksError::EmptyToken);
    assert_eq!(refused(with(b"ab", 3)), RanksError::SameId(3));
    assert_eq!(refused(with(b"ab", NONE)), RanksError::LargestId);
    assert_eq!(
        refused(with(b"a", 300)),
        RanksError::SameToken(b"a".to_vec())
    );
    let twice = [
        with(&[b'a'; 40], 4_000_000_000),
        vec![(vec![b'b'; 40], 4_000_000_000)],
    ]
    .concat();
    assert_eq!(refused(twice), RanksError::SameId(4_000_000_000));
    let known = Ranks::new(with(&[b'a'; 40], 4_000_000_000)).unwrap();
    assert_eq!(known.id(&[b'a'; 40]), 4_000_000_000);
    assert_eq!(known.id(&[b'a'; 39]), NONE);
    let mut tokens: Tokens = known.tokens().collect();
    let mut right = with(&[b'a'; 40], 4_000_000_000);
    tokens.sort();
    right.sort();
    assert_eq!(tokens, right);
}
