//! The perfect hashes of small vocabularies: each character has its id, and no other has one.
#![no_main]

use std::collections::BTreeSet;

use rust_impls::large_hash::LargeHash;
use rust_impls::perfect_hash::PerfectHash;

libfuzzer_sys::fuzz_target!(|input: (BTreeSet<u32>, Vec<u32>, u32)| {
    let (codes, others, first) = input;
    // Most numbers of a fuzzer are beyond what the hash takes. Neighbours of one code are a script.
    let script = (0..)
        .zip(&codes)
        .map(|(index, code)| first % 0xFFFF + 16 * index + code % 16);
    let sparse = codes.iter().map(|code| code % 0x2_0000);
    for vocabulary in [BTreeSet::from_iter(script), BTreeSet::from_iter(sparse)] {
        let vocabulary = Vec::from_iter(vocabulary);
        let (small, large) = (PerfectHash::new(&vocabulary), LargeHash::new(&vocabulary));
        for &code in vocabulary.iter().chain(&others) {
            // Another plane must not look like the vocabulary's own.
            for code in [code, code ^ 0x1_0000, code % 0x11_0000] {
                let expected = vocabulary.binary_search(&code).ok();
                if let Some(hash) = &small {
                    assert_eq!(hash.id(code).map(usize::from), expected, "{code:X}");
                }
                if let Some(hash) = &large {
                    assert_eq!(hash.id(code).map(usize::from), expected, "{code:X}");
                }
            }
        }
    }
});
