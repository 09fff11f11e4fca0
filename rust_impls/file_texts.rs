//! Files as texts, a block at a time: what ideas share that never hold a whole file.
//!
//! A file is UTF-8 and is its characters: no newline is translated, and a byte order mark is one of
//! them, as by Python's `open(path, encoding="utf-8", newline="")`.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::str;

use crate::charset::bit_table;
use crate::text::Text;

/// Bytes read at once: they stay in the second cache until their characters have been looked up, and
/// are many enough that asking for them costs nothing.
pub const BLOCK: usize = 1 << 18;
/// The longest character of UTF-8. A block must have room for one.
pub const LONGEST: usize = 4;

/// Why files could not be prepared. Positions count bytes from the start of their file.
#[derive(Debug)]
pub enum Failure {
    /// The system refused to read or write a path.
    Io {
        path: PathBuf,
        error: io::Error,
    },
    NotUtf8 {
        path: PathBuf,
        position: u64,
    },
    /// A pipe or a device, which cannot be read twice.
    NotRegular {
        path: PathBuf,
    },
    /// What was read at first and what was read later are not the same.
    Changed,
    /// More distinct characters than there are ids.
    TooManyDistinct(usize),
}

impl Failure {
    pub fn io(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { path, error }
    }
}

/// Why a reader's bytes are no text, or what its taker said.
#[derive(Debug)]
pub enum Fault<E> {
    Io(io::Error),
    /// The position of the first byte of what is no character.
    NotUtf8(u64),
    Taker(E),
}

/// Gives `take` the characters of all files in turn, a block at a time.
///
/// # Errors
///
/// The first failure, be it that of `take`. A file that cannot be read twice is one.
pub fn each_text(
    paths: &[PathBuf],
    mut take: impl FnMut(Text<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut blocks = Blocks::new(BLOCK);
    for path in paths {
        let file = open(path)?;
        blocks.each(file, &mut take).map_err(|fault| match fault {
            Fault::Io(error) => Failure::io(path, error),
            Fault::NotUtf8(position) => {
                let path = path.clone();
                Failure::NotUtf8 { path, position }
            }
            Fault::Taker(failure) => failure,
        })?;
    }
    Ok(())
}

/// A file that can be read again from its start. A folder opens like one, and fails when it is read.
///
/// # Errors
///
/// When it cannot be opened, or is a pipe or a device.
pub fn open(path: &Path) -> Result<File, Failure> {
    let failed = |error| Failure::io(path, error);
    // Asked for by its name, since to open a pipe would wait for whoever writes into it.
    let kind = path.metadata().map_err(failed)?.file_type();
    if !(kind.is_file() || kind.is_dir()) {
        let path = path.to_owned();
        return Err(Failure::NotRegular { path });
    }
    File::open(path).map_err(failed)
}

/// Room for a block's bytes and its characters, used again for each.
pub struct Blocks {
    bytes: Box<[u8]>,
    codes: Codes,
}

impl Blocks {
    /// Of so many bytes, which are at least [`LONGEST`].
    pub fn new(size: usize) -> Self {
        let bytes = vec![0; size.max(LONGEST)].into_boxed_slice();
        let codes = Codes::default();
        Self { bytes, codes }
    }

    /// Gives `take` the characters of a reader, a block at a time; a block of ASCII as it was read.
    ///
    /// # Errors
    ///
    /// When the reader fails, its bytes are not UTF-8, or `take` says so. What comes before has been
    /// taken then, or part of it.
    pub fn each<E>(
        &mut self,
        mut reader: impl Read,
        mut take: impl FnMut(Text<'_>) -> Result<(), E>,
    ) -> Result<(), Fault<E>> {
        // What has been read of a character that the next block goes on with comes first in that.
        let (mut before, mut kept) = (0_u64, 0);
        loop {
            let read = match reader.read(&mut self.bytes[kept..]) {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Fault::Io(error)),
            };
            if read == 0 {
                return if kept == 0 {
                    Ok(())
                } else {
                    Err(Fault::NotUtf8(before))
                };
            }
            let filled = kept + read;
            let bytes = &self.bytes[..filled];
            let whole = if bytes.is_ascii() {
                take(Text::One(bytes)).map_err(Fault::Taker)?;
                filled
            } else {
                let (whole, text) = self.codes.decode(bytes);
                take(text).map_err(Fault::Taker)?;
                let next = str::from_utf8(&bytes[whole..]).err();
                if next.is_some_and(|wrong| wrong.error_len().is_some()) {
                    return Err(Fault::NotUtf8(before + whole as u64));
                }
                whole
            };
            self.bytes.copy_within(whole..filled, 0);
            before += whole as u64;
            kept = filled - whole;
        }
    }
}

/// What characters are decoded into: as narrow as they allow, but none of one byte.
#[derive(Default)]
struct Codes {
    two: Vec<u16>,
    four: Vec<u32>,
}

impl Codes {
    /// The characters that begin some bytes, up to what is none or is cut short, and their bytes.
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

/// Decodes and checks at once: done one after the other, each would have to guess anew where the next
/// character begins. Stops at what is no character, is cut short, or does not fit a code.
///
/// Returns how many bytes and how many characters that were. There is a code for each byte.
fn decode<C: From<u8> + TryFrom<u32>>(bytes: &[u8], codes: &mut [C]) -> (usize, usize) {
    let (mut at, mut characters) = (0, 0);
    let next = |byte: u8| u32::from(byte & 0x3F);
    while characters < codes.len() {
        let (code, length) = match bytes[at..] {
            [a @ ..0x80, ..] => {
                // Where one is ASCII, others follow: eight at a time.
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

/// Characters of ASCII that are decoded at once.
const ASCII_RUN: usize = 8;

/// How many code points there are.
const CODES: usize = 0x11_0000;

/// What the blocks of a text have been seen to hold.
pub struct Seen {
    /// A bit a code point.
    bits: Box<[u64]>,
    /// Characters, all in all.
    pub length: usize,
}

impl Default for Seen {
    fn default() -> Self {
        let bits = vec![0; CODES / 64].into_boxed_slice();
        Self { bits, length: 0 }
    }
}

impl Seen {
    pub fn add(&mut self, text: Text<'_>) {
        for code in bit_table::charset(text) {
            self.bits[code as usize / 64] |= 1 << (code % 64);
        }
        self.length += text.len();
    }

    /// The distinct characters, in code-point order.
    pub fn vocabulary(&self) -> Vec<u32> {
        let words = (0..).step_by(64).zip(&self.bits);
        words
            .filter(|&(_, &bits)| bits != 0)
            .flat_map(|(first, &bits)| {
                (0..64)
                    .filter(move |bit| bits >> bit & 1 == 1)
                    .map(move |bit| first + bit)
            })
            .collect()
    }
}

/// What the files hold.
///
/// # Errors
///
/// When they cannot be read.
pub fn seen_in(paths: &[PathBuf]) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    each_text(paths, |text| {
        seen.add(text);
        Ok(())
    })?;
    Ok(seen)
}
