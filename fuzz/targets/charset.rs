//! `charset`: the distinct characters, by every path.
#![no_main]

use fuzz::{Input, distinct};
use rust_impls::{charset, simd};

libfuzzer_sys::fuzz_target!(|input: Input| {
    input.with_text(|text, codes| {
        for path in simd::available() {
            let mut found = charset::bit_table::charset_on(path, text);
            found.sort_unstable();
            assert_eq!(found, distinct(codes), "{}", path.name());
        }
    });
});
