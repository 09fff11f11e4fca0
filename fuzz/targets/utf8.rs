//! Which start of some bytes is UTF-8, and its code points on each path, into each width. Bytes that
//! are not UTF-8 do no harm.
#![no_main]

use rust_impls::file_texts::utf8::{Code, of_four, of_three, transcode, valid};
use rust_impls::simd::{self, Path};

fn check<C: Code + Into<u32>>(path: Path, text: &str, bytes: &[u8]) {
    let mut codes = vec![C::default(); bytes.len()];
    assert!(transcode(path, bytes, &mut codes) <= bytes.len());
    let length = transcode(path, text.as_bytes(), &mut codes);
    let written = codes[..length].iter().map(|&code| code.into());
    if text
        .chars()
        .all(|character| C::try_from(character.into()).is_ok())
    {
        assert!(written.eq(text.chars().map(u32::from)));
    }
}

libfuzzer_sys::fuzz_target!(|input: (Vec<u8>, u8)| {
    let (bytes, times) = input;
    // Vectors take characters that follow each other many times.
    let bytes = bytes.repeat(times.into());
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    assert_eq!(valid(&bytes), text.as_bytes());
    for path in simd::available() {
        check::<u8>(path, text, &bytes);
        check::<u16>(path, text, &bytes);
        check::<u32>(path, text, &bytes);

        let (mut two, mut four) = (vec![0; bytes.len()], vec![0; bytes.len()]);
        let run = of_three(path, &bytes, &mut two);
        let written = two[..run].iter().copied().map(u32::from);
        assert!(written.eq(text.chars().map(u32::from).take(run)));
        let run = of_four(path, &bytes, &mut four);
        assert!(
            text.chars()
                .map(u32::from)
                .take(run)
                .eq(four[..run].iter().copied())
        );
    }
});
