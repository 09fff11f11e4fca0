//! The `encode` tasks: ids of every width, or the first character outside the vocabulary, on every
//! path.
#![no_main]

use std::mem::MaybeUninit;

use fuzz::{Input, distinct};
use rust_impls::id_table::{IdTable, Number, OutsideCodes};
use rust_impls::simd;
use rust_impls::text::Text;

/// A text, and the index of the character to leave out of its vocabulary, if it has that many.
type Case = (Input, Option<u8>);

fn check<N: Number + Default + PartialEq + std::fmt::Debug>(
    text: Text<'_>,
    codes: &[u32],
    vocabulary: &[u32],
) {
    let vocabulary = &vocabulary[..vocabulary.len().min(N::ENTRIES)];
    let id = |code| vocabulary.binary_search(code).ok();
    let outside = codes.iter().position(|code| id(code).is_none());
    let table = IdTable::new::<N>(vocabulary);
    for path in simd::available() {
        let mut buffer = vec![MaybeUninit::new(N::default()); codes.len()];
        let filled = table.fill(path, text, &mut buffer);
        match outside {
            Some(position) => {
                let code = codes[position];
                assert_eq!(
                    filled,
                    Err(OutsideCodes { code, position }),
                    "{}",
                    path.name()
                );
            }
            None => {
                assert_eq!(filled, Ok(()), "{}", path.name());
                for (code, place) in codes.iter().zip(buffer) {
                    // SAFETY: all values of the buffer were initialized above.
                    let written = unsafe { place.assume_init() };
                    let id = id(code).and_then(|id| u32::try_from(id).ok());
                    assert_eq!(Some(written), id.map(N::from_id), "{}", path.name());
                }
            }
        }
    }
}

libfuzzer_sys::fuzz_target!(|case: Case| {
    let (input, missing) = case;
    input.with_text(|text, codes| {
        let mut vocabulary = distinct(codes);
        if let Some(missing) = missing
            .map(usize::from)
            .filter(|&index| index < vocabulary.len())
        {
            vocabulary.remove(missing);
        }
        check::<u8>(text, codes, &vocabulary);
        check::<u16>(text, codes, &vocabulary);
        check::<u32>(text, codes, &vocabulary);
        check::<i64>(text, codes, &vocabulary);
    });
});
