//! `charset`: the distinct characters, on every path.
#![no_main]

use fuzz::{Input, distinct};
use rust_impls::{charset, simd};

libfuzzer_sys::fuzz_target!(|input: Input| {
    input.with_text(|text, codes| {
        for path in simd::available() {
            let mut characters = charset::bit_table::charset_on(path, text);
            characters.sort_unstable();
            assert_eq!(characters, distinct(codes), "{}", path.name());
        }
    });
});
