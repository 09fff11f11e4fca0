//! UTF-8 and the code points in it.

use std::str;

use super::LONGEST;
use crate::simd::Path;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

/// A number that holds a code point: `u8` those of Latin-1, `u16` those up to U+FFFF, `u32` all.
pub trait Code: Copy + Default + From<u8> + TryFrom<u32> {}

impl Code for u8 {}
impl Code for u16 {}
impl Code for u32 {}

/// Whether a path has code of its own for [`transcode`]. Without it, [`decode`] is faster.
pub fn transcodes(path: Path) -> bool {
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 | Path::Avx512 => {
            is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt")
        }
        _ => false,
    }
}

/// Writes the code points of `bytes`, which must be UTF-8 and hold no character too wide for `C`.
/// Returns their number. For other bytes the codes are wrong, and so may be the number.
///
/// # Panics
///
/// When `codes` is shorter than `bytes`.
#[allow(unsafe_code)] // calls a function compiled for instructions that not every processor has
pub fn transcode<C: Code>(path: Path, bytes: &[u8], codes: &mut [C]) -> usize {
    assert!(codes.len() >= bytes.len());
    match path {
        #[cfg(target_arch = "x86_64")]
        Path::Avx512 if path.available() => {
            // SAFETY: the check above shows that the processor has these instructions.
            unsafe { avx512::transcode(bytes, codes) }
        }
        #[cfg(target_arch = "x86_64")]
        path if transcodes(path) => {
            // SAFETY: as above.
            unsafe { avx2::transcode(bytes, codes) }
        }
        _ => decode(bytes, codes).1,
    }
}

/// Writes the code points of the characters at the start of `bytes` that have three bytes each.
/// Returns their number, which may be less than there are, and 0 on a path without code for it. The
/// bytes are checked on the way, which saves a pass over a text of such characters alone.
#[allow(unsafe_code)] // as above
pub fn of_three(path: Path, bytes: &[u8], codes: &mut [u16]) -> usize {
    match path {
        #[cfg(target_arch = "x86_64")]
        path if transcodes(path) => {
            // SAFETY: as above.
            unsafe { avx2::of_three(bytes, codes) }
        }
        _ => 0,
    }
}

/// The same for characters of four bytes.
#[allow(unsafe_code)] // as above
pub fn of_four(path: Path, bytes: &[u8], codes: &mut [u32]) -> usize {
    match path {
        #[cfg(target_arch = "x86_64")]
        path if transcodes(path) => {
            // SAFETY: as above.
            unsafe { avx2::of_four(bytes, codes) }
        }
        _ => 0,
    }
}

/// The start of `bytes` that is UTF-8, without an incomplete character at its end.
///
/// simdutf8 checks 32 bytes at a time, but does not say where a fault is.
pub fn valid(bytes: &[u8]) -> &[u8] {
    let whole = whole_characters(bytes);
    if simdutf8::basic::from_utf8(whole).is_ok() {
        return whole;
    }
    match str::from_utf8(whole) {
        Ok(_) => whole,
        Err(error) => &whole[..error.valid_up_to()],
    }
}

/// The bytes without an incomplete character at their end, if they are UTF-8 up to there.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    let last = bytes.len().saturating_sub(LONGEST - 1);
    let Some(from_last) = bytes[last..].iter().rposition(|&byte| starts(byte)) else {
        return bytes;
    };
    let start = last + from_last;
    let length = match bytes[start] {
        ..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => LONGEST,
    };
    if bytes.len() - start < length {
        &bytes[..start]
    } else {
        bytes
    }
}

fn starts(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

/// Decodes and checks in one pass: in two passes, the processor would have to predict twice where
/// each character begins. Stops at bytes that are not a character, at an incomplete character, and
/// at a character too wide for `C`.
///
/// Returns the number of bytes and the number of characters. `codes` must be as long as `bytes`.
pub fn decode<C: Code>(bytes: &[u8], codes: &mut [C]) -> (usize, usize) {
    let (mut at, mut characters) = (0, 0);
    let next = |byte: u8| u32::from(byte & 0x3F);
    while characters < codes.len() {
        let (code, length) = match bytes[at..] {
            [a @ ..0x80, ..] => {
                // ASCII characters come in runs, which are decoded eight at a time.
                if let Some(run) = bytes[at..].first_chunk::<ASCII_RUN>()
                    && let Some(places) = codes[characters..].first_chunk_mut::<ASCII_RUN>()
                    && run.is_ascii()
                {
                    for (place, &byte) in places.iter_mut().zip(run) {
                        *place = byte.into();
                    }
                    at += ASCII_RUN;
                    characters += ASCII_RUN;
                    continue;
                }
                (a.into(), 1)
            }
            [a @ 0xC2..0xE0, b @ 0x80..0xC0, ..] => (u32::from(a & 0x1F) << 6 | next(b), 2),
            [a @ 0xE0..0xF0, b @ 0x80..0xC0, c @ 0x80..0xC0, ..] => {
                let code = u32::from(a & 0x0F) << 12 | next(b) << 6 | next(c);
                if code < 0x800 || code >> 11 == 0xD800 >> 11 {
                    break; // overlong, or a surrogate
                }
                (code, 3)
            }
            [
                a @ 0xF0..0xF5,
                b @ 0x80..0xC0,
                c @ 0x80..0xC0,
                d @ 0x80..0xC0,
                ..,
            ] => {
                let code = u32::from(a & 0x07) << 18 | next(b) << 12 | next(c) << 6 | next(d);
                if !(0x1_0000..0x11_0000).contains(&code) {
                    break;
                }
                (code, 4)
            }
            _ => break,
        };
        let Ok(code) = C::try_from(code) else {
            break;
        };
        codes[characters] = code;
        characters += 1;
        at += length;
    }
    (at, characters)
}

/// ASCII characters that are decoded at once.
const ASCII_RUN: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd;

    /// The start of `bytes` that is UTF-8, found in the obvious way.
    fn naive_valid(bytes: &[u8]) -> &[u8] {
        match str::from_utf8(bytes) {
            Ok(_) => bytes,
            Err(error) => &bytes[..error.valid_up_to()],
        }
    }

    fn naive_codes(text: &str) -> Vec<u32> {
        text.chars().map(u32::from).collect()
    }

    /// Checks each path, into each width that holds all characters of the text.
    fn check(text: &str) {
        let last = text.chars().map(u32::from).max().unwrap_or_default();
        for path in simd::available() {
            if last <= 0xFF {
                check_width::<u8>(path, text);
            }
            if last <= 0xFFFF {
                check_width::<u16>(path, text);
            }
            check_width::<u32>(path, text);
        }
    }

    fn check_width<C: Code + Into<u32>>(path: Path, text: &str) {
        let mut codes = vec![C::default(); text.len()];
        let length = transcode(path, text.as_bytes(), &mut codes);
        let written = codes[..length].iter().map(|&code| code.into());
        assert!(
            written.eq(naive_codes(text)),
            "{} into {} bytes: {text:?}",
            path.name(),
            size_of::<C>()
        );
    }

    fn check_runs(bytes: &[u8]) {
        let text = str::from_utf8(naive_valid(bytes)).expect("UTF-8");
        let length = |size| {
            text.chars()
                .take_while(|one| one.len_utf8() == size)
                .count()
        };
        for path in simd::available() {
            let (mut two, mut four) = (vec![0_u16; bytes.len()], vec![0_u32; bytes.len()]);
            let three = of_three(path, bytes, &mut two);
            assert!(three <= length(3) && (three + 18 > length(3) || !transcodes(path)));
            let written: Vec<u32> = two[..three].iter().copied().map(u32::from).collect();
            assert_eq!(written, naive_codes(text)[..three]);
            let count = of_four(path, bytes, &mut four);
            assert!(count <= length(4) && (count + 8 > length(4) || !transcodes(path)));
            assert_eq!(four[..count], naive_codes(text)[..count]);
        }
    }

    /// Runs of characters of each length, alone and mixed.
    fn text() -> impl Strategy<Value = String> {
        let run = prop_oneof![
            "[ -~]{0,80}",
            "[\u{80}-\u{FF}]{0,50}",
            "[А-яa ]{0,50}",
            "[\u{800}-\u{FFFF}]{0,50}",
            "[一-龥]{0,50}",
            "[\u{10000}-\u{10FFFF}]{0,40}",
            "[aé漢😀]{0,50}",
            any::<String>(),
        ];
        prop::collection::vec(run, 0..6).prop_map(|runs| runs.concat())
    }

    proptest! {
        #[test]
        fn any_text_is_transcoded(text in text(), skipped in 0..65_usize) {
            check(&text[text.floor_char_boundary(skipped)..]);
        }

        #[test]
        fn bytes_are_valid_up_to_the_first_wrong_one(
            text in text(),
            at: prop::sample::Index,
            wrong in prop::collection::vec(any::<u8>(), 0..5),
        ) {
            let mut bytes = text.into_bytes();
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, wrong);
            for end in at..bytes.len().min(at + 8) {
                let part = &bytes[..end];
                prop_assert_eq!(valid(part), naive_valid(part));
            }
            prop_assert_eq!(valid(&bytes), naive_valid(&bytes));
        }

        /// Nothing is taken that is not a character of that length.
        #[test]
        fn runs_are_checked(
            text in text(),
            skipped: prop::sample::Index,
            at: prop::sample::Index,
            wrong in prop::option::of(any::<u8>()),
        ) {
            let mut bytes = text.into_bytes();
            let skipped = skipped.index(bytes.len() + 1);
            if let (Some(wrong), false) = (wrong, bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] = wrong;
            }
            check_runs(&bytes[skipped..]);
        }

        /// A mapped file may change after it has been checked.
        #[test]
        fn other_bytes_do_no_harm(bytes in prop::collection::vec(prop_oneof![
            any::<u8>(), 0x80..0xC0_u8, 0xE0..0xF8_u8,
        ], 0..300)) {
            for path in simd::available() {
                let mut one = vec![0_u8; bytes.len()];
                prop_assert!(transcode(path, &bytes, &mut one) <= bytes.len());
                let mut two = vec![0_u16; bytes.len()];
                prop_assert!(transcode(path, &bytes, &mut two) <= bytes.len());
                let mut four = vec![0_u32; bytes.len()];
                prop_assert!(transcode(path, &bytes, &mut four) <= bytes.len());
            }
        }
    }

    /// One character of each length at each place among those of each other length.
    #[test]
    fn every_place_of_every_character() {
        for all in ["a", "é", "ж", "漢", "😀"] {
            for other in ["z", "ÿ", "\u{7FF}", "\u{800}", "\u{FFFF}", "\u{10FFFF}"] {
                for before in 0..60 {
                    check(&(all.repeat(before) + other + &all.repeat(70 - before)));
                }
            }
        }
    }

    #[test]
    fn every_code_point() {
        let all: String = (0..=0x10_FFFF).filter_map(char::from_u32).collect();
        check(&all);
        let two_bytes: String = (0..=0xFFFF).filter_map(char::from_u32).collect();
        check(&two_bytes);
        check_runs(&all.as_bytes()[0x800 * 2 - 0x80..]);
        for code in 0..=0x1F_FFFF_u32 {
            // The forms of three and four bytes, of code points and of other numbers.
            let [a, b, c, d] = [code & 0x3F, code >> 6 & 0x3F, code >> 12 & 0x3F, code >> 18];
            let bytes = |lead: u32, rest: &[u32]| {
                let rest = rest.iter().map(|bits| bits | 0x80);
                let bytes = std::iter::once(lead).chain(rest);
                let one: Vec<u8> = bytes.map(|byte| u8::try_from(byte).unwrap()).collect();
                one.repeat(20)
            };
            if code <= 0xFFFF && code % 0x3F == 0
                || (0xD700..0xE100).contains(&code)
                || code < 0x900
            {
                check_runs(&bytes(0xE0 | c, &[b, a]));
            }
            if code % 0x1FF == 0 || code.abs_diff(0x1_0000) < 9 || code.abs_diff(0x11_0000) < 9 {
                check_runs(&bytes(0xF0 | d, &[c, b, a]));
            }
        }
        let latin1: String = (0..=0xFF).filter_map(char::from_u32).collect();
        check(&latin1.repeat(3));
    }
}
