//! `charset_encode`: the vocabulary indexed by the ids gives back the text.
#![no_main]

use std::mem::MaybeUninit;

use fuzz::{Input, distinct};
use rust_impls::charset_encode;

libfuzzer_sys::fuzz_target!(|input: Input| {
    input.with_text(|text, codes| {
        for encode in [
            charset_encode::bit_table::charset_encode,
            charset_encode::rustc_hash::charset_encode,
        ] {
            let mut ids = vec![MaybeUninit::uninit(); text.len()];
            let Ok(vocabulary) = encode(text, &mut ids) else {
                panic!("a text of a fuzzer never has so many distinct characters");
            };
            assert_eq!(vocabulary, distinct(codes));
            assert!(
                ids.iter()
                    // SAFETY: the call has succeeded, so that all ids are written.
                    .map(|id| vocabulary[usize::from(unsafe { id.assume_init() })])
                    .eq(codes.iter().copied())
            );
        }
    });
});
