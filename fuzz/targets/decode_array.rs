//! `decode_array`: the characters of ids, or the first id without one, on every path.
#![no_main]

use fuzz::Ids;
use rust_impls::decode_array::{fixed_array, register_table};
use rust_impls::simd;

libfuzzer_sys::fuzz_target!(|input: Ids| {
    let (vocabulary, ids) = (input.vocabulary(), input.ids());
    let decode = fixed_array::decode_array(&vocabulary);
    input.check(|buffer| decode(&ids, buffer));
    for path in simd::available() {
        let decode = register_table::decode_array_on(path, &vocabulary);
        input.check(|buffer| decode(&ids, buffer));
    }
});
