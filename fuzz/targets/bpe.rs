//! Byte-pair encoding: pieces on every path, the ids of every idea by any tokens, the bytes that come
//! back, and the merges of training.
#![no_main]

use rust_impls::bpe::ranks::{Ranks, RanksError};
use rust_impls::bpe::split::{Pattern, Splitter};
use rust_impls::{bpe_decode, bpe_encode, bpe_train, simd};

/// A text, with how often it is repeated, and tokens besides the bytes.
type Case = (String, u8, Vec<Vec<u8>>);

fn ends(path: simd::Path, pattern: Pattern, text: &str) -> Vec<usize> {
    let mut splitter = Splitter::on_path(path, pattern, text);
    let (mut ends, mut all) = (Vec::new(), Vec::new());
    while splitter.refill(&mut ends) {
        all.extend_from_slice(&ends);
    }
    all
}

fn ranks(tokens: &[(Vec<u8>, u32)]) -> Result<Ranks, RanksError> {
    Ranks::new(tokens.iter().cloned())
}

fn ids(encode: impl Fn(&str, &mut Vec<u32>), text: &str) -> Vec<u32> {
    let mut ids = Vec::new();
    encode(text, &mut ids);
    ids
}

fn check_encoders(
    tokens: &[(Vec<u8>, u32)],
    pattern: Pattern,
    text: &str,
) -> Result<(), RanksError> {
    let right = ids(bpe_encode::naive::bpe_encode(ranks(tokens)?, pattern), text);
    assert_eq!(
        ids(bpe_encode::heap::bpe_encode(ranks(tokens)?, pattern), text),
        right
    );
    assert_eq!(
        ids(
            bpe_encode::linked_list::bpe_encode(ranks(tokens)?, pattern),
            text
        ),
        right
    );
    assert_eq!(
        ids(
            bpe_encode::longest_match::bpe_encode(ranks(tokens)?, pattern),
            text
        ),
        right
    );
    let encode = bpe_encode::piece_cache::bpe_encode(ranks(tokens)?, pattern);
    assert_eq!(ids(&encode, text), right);
    assert_eq!(ids(&encode, text), right);
    let decode = bpe_decode::flat_bytes::bpe_decode(&ranks(tokens)?);
    assert_eq!(decode(&right).as_deref(), Ok(text.as_bytes()));
    Ok(())
}

libfuzzer_sys::fuzz_target!(|case: Case| {
    let (text, times, further) = case;
    let text = text.repeat(usize::from(times % 8) + 1);
    let mut tokens: Vec<(Vec<u8>, u32)> =
        (0..=255_u8).map(|byte| (vec![byte], byte.into())).collect();
    for (id, token) in (256..).zip(further) {
        if !token.is_empty() && tokens.iter().all(|(known, _)| *known != token) {
            tokens.push((token, id));
        }
    }
    for pattern in [Pattern::Gpt2, Pattern::Cl100k, Pattern::O200k] {
        let right = ends(simd::Path::Scalar, pattern, &text);
        assert_eq!(right.last().copied().unwrap_or(0), text.len());
        for path in simd::available() {
            assert_eq!(ends(path, pattern, &text), right, "{}", path.name());
        }
        assert_eq!(check_encoders(&tokens, pattern, &text), Ok(()));
    }
    assert_eq!(
        bpe_train::pair_places::bpe_train(&text, 280),
        bpe_train::naive::bpe_train(&text, 280)
    );
});
