//! `count`: how often each character occurs.
#![no_main]

use std::collections::BTreeMap;

use fuzz::Input;
use rust_impls::count;

libfuzzer_sys::fuzz_target!(|input: Input| {
    input.with_text(|text, codes| {
        let mut expected = BTreeMap::new();
        for &code in codes {
            *expected.entry(code).or_insert(0) += 1;
        }
        let expected: Vec<(u32, usize)> = expected.into_iter().collect();
        for count in [
            count::code_table::count,
            count::page_table::count,
            count::pair_table::count,
            count::rustc_hash::count,
        ] {
            let mut counts = count(text);
            counts.sort_unstable();
            assert_eq!(counts, expected);
        }
    });
});
