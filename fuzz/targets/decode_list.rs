//! `decode_list`: the characters of ids and of addresses of small ints, on every path.
#![no_main]

use std::collections::BTreeSet;

use fuzz::Ids;
use rust_impls::decode_list::small_ints::{SMALL_INTS, STEP};
use rust_impls::decode_list::{fixed_array, small_ints};
use rust_impls::simd;

/// An arbitrary address. There is no int object, but decoders do not read from addresses.
const ZERO: usize = 0x7F00_1234_5680;

libfuzzer_sys::fuzz_target!(|input: Ids| {
    let wide: Vec<u32> = input.ids().into_iter().map(u32::from).collect();
    let decode = fixed_array::decode_list(&input.vocabulary());
    input.check(|buffer| decode(&wide, buffer));

    let small: BTreeSet<u32> = input.vocabulary().into_iter().take(SMALL_INTS).collect();
    let input = Ids {
        vocabulary: small,
        ..input
    };
    let addresses: Vec<usize> = input
        .ids()
        .into_iter()
        .map(|id| ZERO + STEP * usize::from(id))
        .collect();
    for path in simd::available() {
        let decode = small_ints::decode_list_on(path, &input.vocabulary());
        input.check(|buffer| decode(ZERO, &addresses, buffer));
    }
});
