//! Decodes blocks of UTF-8 into code points.

use std::str;

use super::{Fault, Take};
use crate::text::Text;

/// Memory for decoded characters, of two or four bytes each.
#[derive(Default)]
pub struct Codes {
    two: Vec<u16>,
    four: Vec<u32>,
}

impl Codes {
    /// Gives `take` the characters of some bytes, which begin `before` bytes into their file. ASCII
    /// is passed on as it is. Returns the number of bytes taken: all but those of an incomplete
    /// character at the end.
    ///
    /// # Errors
    ///
    /// When the bytes are not UTF-8, or `take` refuses.
    pub fn give<E>(
        &mut self,
        bytes: &[u8],
        before: u64,
        take: &mut impl Take<Refusal = E>,
    ) -> Result<usize, Fault<E>> {
        if take.ascii(bytes).map_err(Fault::Taker)? {
            return Ok(bytes.len());
        }
        let (whole, text) = self.decode(bytes);
        take.text(text).map_err(Fault::Taker)?;
        let next = str::from_utf8(&bytes[whole..]).err();
        if next.is_some_and(|error| error.error_len().is_some()) {
            return Err(Fault::not_utf8(bytes, whole, before));
        }
        Ok(whole)
    }

    /// Decodes characters up to the first that is wrong or incomplete. Returns their bytes and
    /// them.
    fn decode(&mut self, bytes: &[u8]) -> (usize, Text<'_>) {
        self.two.resize(self.two.len().max(bytes.len()), 0);
        let (whole, characters) = decode(bytes, &mut self.two);
        if !matches!(bytes[whole..], [0xF0..=0xF4, ..]) {
            return (whole, Text::Two(&self.two[..characters]));
        }
        self.four.resize(self.four.len().max(bytes.len()), 0);
        let (whole, characters) = decode(bytes, &mut self.four);
        (whole, Text::Four(&self.four[..characters]))
    }
}

/// Decodes and checks in one pass: in two passes, the processor would have to predict twice where
/// each character begins. Stops at bytes that are not a character, at an incomplete character, and
/// at a character too wide for `C`.
///
/// Returns the number of bytes and the number of characters. `codes` must be as long as `bytes`.
fn decode<C: From<u8> + TryFrom<u32>>(bytes: &[u8], codes: &mut [C]) -> (usize, usize) {
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
