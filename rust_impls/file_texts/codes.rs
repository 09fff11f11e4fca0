//! Decodes blocks of UTF-8 into code points.

use std::str;

use super::utf8::{Code, decode, of_four, of_three, transcode, transcodes, valid};
use super::{Fault, Take};
use crate::simd::{self, Path};
use crate::text::Text;

/// Bytes that are decoded at once, where vectors do it: their characters stay in the first-level
/// cache, or close to it, until they have been taken.
pub const CHUNK: usize = 1 << 15;
/// Characters that are worth a text of their own.
const RUN: usize = 1 << 10;
/// Bytes at the start of a block that show whether it is likely to be ASCII.
const GLANCE: usize = 64;

/// Memory for decoded characters, of one, two or four bytes each.
pub struct Codes {
    path: Path,
    one: Vec<u8>,
    two: Vec<u16>,
    four: Vec<u32>,
}

impl Default for Codes {
    fn default() -> Self {
        Self::on(simd::path_or_scalar())
    }
}

impl Codes {
    /// Memory for characters that are decoded with the instructions of one path.
    pub fn on(path: Path) -> Self {
        Self {
            path,
            one: Vec::new(),
            two: Vec::new(),
            four: Vec::new(),
        }
    }

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
        let glance = &bytes[..bytes.len().min(GLANCE)];
        if glance.is_ascii() && take.ascii(bytes).map_err(Fault::Taker)? {
            return Ok(bytes.len());
        }
        let whole = if transcodes(self.path) {
            self.give_chunks(bytes, take)
        } else {
            let (whole, text) = self.decode(bytes);
            take.text(text).map(|()| whole)
        };
        let whole = whole.map_err(Fault::Taker)?;
        let next = str::from_utf8(&bytes[whole..]).err();
        if next.is_some_and(|error| error.error_len().is_some()) {
            return Err(Fault::not_utf8(bytes, whole, before));
        }
        Ok(whole)
    }

    /// Gives `take` the characters up to the first that is wrong or incomplete. Returns the number
    /// of their bytes.
    fn give_chunks<E>(
        &mut self,
        bytes: &[u8],
        take: &mut impl Take<Refusal = E>,
    ) -> Result<usize, E> {
        let mut at = 0;
        loop {
            let chunk = &bytes[at..bytes.len().min(at + CHUNK)];
            if let Some((run, text)) = self.run(chunk) {
                take.text(text)?;
                at += run;
                continue;
            }
            let chunk = valid(chunk);
            if chunk.is_empty() {
                return Ok(at);
            }
            take.text(self.transcode(chunk))?;
            at += chunk.len();
        }
    }

    /// Characters at the start of `bytes` that have three or four bytes each, if there are several
    /// vectors of them, and their bytes.
    fn run(&mut self, bytes: &[u8]) -> Option<(usize, Text<'_>)> {
        let length = bytes.len();
        match bytes {
            [0xE0..0xF0, ..] => {
                let run = of_three(self.path, bytes, long_enough(&mut self.two, length));
                (run >= RUN).then(|| (3 * run, Text::Two(&self.two[..run])))
            }
            [0xF0..=0xFF, ..] => {
                let run = of_four(self.path, bytes, long_enough(&mut self.four, length));
                (run >= RUN).then(|| (4 * run, Text::Four(&self.four[..run])))
            }
            _ => None,
        }
    }

    /// The characters of UTF-8, in the narrowest form that the first byte of each shows to hold
    /// them.
    fn transcode<'a>(&'a mut self, bytes: &'a [u8]) -> Text<'a> {
        match bytes.iter().copied().max() {
            None | Some(..0x80) => Text::One(bytes),
            Some(0x80..0xC4) => Text::One(transcoded(self.path, bytes, &mut self.one)),
            Some(0xC4..0xF0) => Text::Two(transcoded(self.path, bytes, &mut self.two)),
            Some(0xF0..) => Text::Four(transcoded(self.path, bytes, &mut self.four)),
        }
    }

    /// Decodes characters up to the first that is wrong or incomplete. Returns their bytes and
    /// them.
    fn decode(&mut self, bytes: &[u8]) -> (usize, Text<'_>) {
        let (whole, characters) = decode(bytes, long_enough(&mut self.two, bytes.len()));
        if !matches!(bytes[whole..], [0xF0..=0xF4, ..]) {
            return (whole, Text::Two(&self.two[..characters]));
        }
        let (whole, characters) = decode(bytes, long_enough(&mut self.four, bytes.len()));
        (whole, Text::Four(&self.four[..characters]))
    }
}

fn transcoded<'a, C: Code>(path: Path, bytes: &[u8], codes: &'a mut Vec<C>) -> &'a [C] {
    let codes = long_enough(codes, bytes.len());
    let length = transcode(path, bytes, codes);
    &codes[..length]
}

fn long_enough<C: Code>(codes: &mut Vec<C>, length: usize) -> &mut [C] {
    if codes.len() < length {
        codes.resize(length, C::default());
    }
    codes
}
