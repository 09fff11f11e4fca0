//! The texts of a file, block by block: its bytes as UTF-8, or the position of the first wrong
//! byte.
#![no_main]

use rust_impls::file_texts::{Blocks, Fault, Seen};
use rust_impls::simd;
use rust_impls::text::Text;

libfuzzer_sys::fuzz_target!(|input: (Vec<u8>, u8)| {
    let (bytes, size) = input;
    let (mut codes, mut seen) = (Vec::new(), Seen::default());
    let taken = Blocks::new(size.into()).for_each_text(&bytes[..], &mut |block: Text<'_>| {
        match block {
            Text::One(block) => codes.extend(block.iter().copied().map(u32::from)),
            Text::Two(block) => codes.extend(block.iter().copied().map(u32::from)),
            Text::Four(block) => codes.extend(block),
        }
        seen.add(block);
        Ok::<(), ()>(())
    });
    match (std::str::from_utf8(&bytes), taken) {
        (Ok(text), Ok(())) => {
            assert!(text.chars().map(u32::from).eq(codes.iter().copied()));
            assert_eq!(seen.vocabulary(), fuzz::distinct(&codes));
            for path in simd::available() {
                let mut direct = Seen::on(path);
                assert!(
                    Blocks::new(size.into())
                        .for_each_text(&bytes[..], &mut direct)
                        .is_ok()
                );
                assert_eq!(direct.vocabulary(), seen.vocabulary());
            }
        }
        (Err(error), Err(Fault::Gzip)) => {
            assert!(error.valid_up_to() == 1 && bytes.starts_with(b"\x1F\x8B"))
        }
        (Err(error), Err(Fault::NotUtf8(position))) => {
            assert_eq!(position, error.valid_up_to() as u64);
        }
        (expected, result) => panic!("{result:?}, not {expected:?}"),
    }
});
