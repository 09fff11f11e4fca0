//! `decode_list`: the same for ids and for addresses of small ints.
#![no_main]

use std::collections::BTreeSet;

use fuzz::Ids;
use rust_impls::decode_list::small_ints::{SMALL_INTS, STEP};
use rust_impls::decode_list::{fixed_array, small_ints};
use rust_impls::simd;

/// No int lies there, but none is looked at either.
const ZERO: usize = 0x7F00_1234_5680;

libfuzzer_sys::fuzz_target!(|input: Ids| {
    let wide: Vec<u32> = input.ids().into_iter().map(u32::from).collect();
    let decode = fixed_array::decode_list(&input.vocabulary());
    input.check(|room| decode(&wide, room));

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
        input.check(|room| decode(ZERO, &addresses, room));
    }
});
