//! Files as texts, a block at a time: what ideas share that never hold a whole file.
//!
//! A file is UTF-8 and is its characters: no newline is translated, and a byte order mark is one of
//! them, as by Python's `open(path, encoding="utf-8", newline="")`.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::str;
use std::time::SystemTime;

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
    /// Compressed: what it begins with is not UTF-8 at its second byte.
    Gzip {
        path: PathBuf,
    },
    /// Its size or its time of modification was another when so many bytes had been read.
    Altered {
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

    /// Of a file whose bytes are no text from a position on.
    pub fn not_utf8(path: &Path, bytes: &[u8], position: usize) -> Self {
        Fault::not_utf8(bytes, position, 0).of(path)
    }
}

/// Why a reader's bytes are no text, or what its taker said.
#[derive(Debug)]
pub enum Fault<E> {
    Io(io::Error),
    /// The position of the first byte of what is no character.
    NotUtf8(u64),
    Gzip,
    Taker(E),
}

/// What a file begins with that gzip has compressed (RFC 1952).
const GZIP: &[u8] = &[0x1F, 0x8B];

impl<E> Fault<E> {
    /// Of bytes that begin `before` bytes into their file.
    fn not_utf8(bytes: &[u8], position: usize, before: u64) -> Self {
        if before == 0 && position == 1 && bytes.starts_with(GZIP) {
            Self::Gzip
        } else {
            Self::NotUtf8(before + position as u64)
        }
    }
}

impl Fault<Failure> {
    /// The failure of a file.
    pub fn of(self, path: &Path) -> Failure {
        let name = path.to_owned();
        match self {
            Self::Io(error) => Failure::io(path, error),
            Self::NotUtf8(position) => Failure::NotUtf8 {
                path: name,
                position,
            },
            Self::Gzip => Failure::Gzip { path: name },
            Self::Taker(failure) => failure,
        }
    }
}

/// What takes the characters of files, a block at a time. A closure does, of a [`Text`].
pub trait Take {
    /// Why it takes no more.
    type Refusal;

    /// # Errors
    ///
    /// When it takes no more.
    fn text(&mut self, text: Text<'_>) -> Result<(), Self::Refusal>;

    /// Takes bytes if all of them are ASCII, and says whether they are. Who looks at each byte anyway
    /// can find that out on the way.
    ///
    /// # Errors
    ///
    /// As above.
    fn ascii(&mut self, bytes: &[u8]) -> Result<bool, Self::Refusal> {
        if !bytes.is_ascii() {
            return Ok(false);
        }
        self.text(Text::One(bytes)).map(|()| true)
    }
}

impl<E, F: FnMut(Text<'_>) -> Result<(), E>> Take for F {
    type Refusal = E;

    fn text(&mut self, text: Text<'_>) -> Result<(), E> {
        self(text)
    }
}

/// Gives `take` the characters of all files in turn, a block at a time.
///
/// # Errors
///
/// The first failure, be it that of `take`. A file that cannot be read twice is one, and so is one that
/// changes meanwhile.
pub fn each_text(
    paths: &[PathBuf],
    take: &mut impl Take<Refusal = Failure>,
) -> Result<(), Failure> {
    let mut blocks = Blocks::new(BLOCK);
    for path in paths {
        let source = Source::open_again(path)?;
        source.each_text_from(0, &mut blocks, take)?;
    }
    Ok(())
}

/// A file to be read, and what shows whether it has changed since it was opened.
pub struct Source<'a> {
    pub path: &'a Path,
    pub file: File,
    stamp: Option<Stamp>,
}

/// Size and time of modification: what a write changes, and a pipe has not.
type Stamp = (u64, SystemTime);

impl<'a> Source<'a> {
    /// A pipe is waited for, as by any program. A folder opens like a file, and fails when it is read.
    ///
    /// # Errors
    ///
    /// When the system refuses to open it.
    pub fn open(path: &'a Path) -> Result<Self, Failure> {
        let failed = |error| Failure::io(path, error);
        let file = File::open(path).map_err(failed)?;
        let stamp = stamp(&file).map_err(failed)?;
        Ok(Self { path, file, stamp })
    }

    /// The same of what can be read again from its start.
    ///
    /// # Errors
    ///
    /// When it is a pipe or a device, or the system refuses to open it.
    pub fn open_again(path: &'a Path) -> Result<Self, Failure> {
        let kind = path.metadata().map_err(|error| Failure::io(path, error))?;
        // Asked for by its name, since to open a pipe would wait for whoever writes into it.
        if kind.is_file() || kind.is_dir() {
            return Self::open(path);
        }
        let path = path.to_owned();
        Err(Failure::NotRegular { path })
    }

    /// Its bytes now, as far as the system knows them: none of a pipe.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn size(&self) -> Result<u64, Failure> {
        let stamp = stamp(&self.file).map_err(|error| Failure::io(self.path, error))?;
        Ok(stamp.map_or(0, |(size, _)| size))
    }

    /// How many bytes it had when it was opened. Some files have a size of 0 that says nothing, as in
    /// /proc.
    pub fn known_size(&self) -> Option<u64> {
        self.stamp.map(|(size, _)| size).filter(|&size| size > 0)
    }

    /// Gives `take` the characters from a position on, which begins one.
    ///
    /// # Errors
    ///
    /// The first failure, be it that of `take`; last of all, that the file has changed.
    pub fn each_text_from(
        mut self,
        position: u64,
        blocks: &mut Blocks,
        take: &mut impl Take<Refusal = Failure>,
    ) -> Result<(), Failure> {
        if position > 0 {
            let found = self.file.seek(SeekFrom::Start(position));
            found.map_err(|error| Failure::io(self.path, error))?;
        }
        // Another might write for ever: what is more than there was at first shows that it does.
        let more = self
            .known_size()
            .map_or(u64::MAX, |size| size - size.min(position) + 1);
        match blocks.each_from(position, (&self.file).take(more), take) {
            Ok(end) => self.require_unchanged(end),
            Err(fault) => Err(self.failure(fault)),
        }
    }

    /// What a fault in reading it comes of: what another writes may be cut short within a character.
    pub fn failure(&self, fault: Fault<Failure>) -> Failure {
        let position = match &fault {
            Fault::NotUtf8(position) => *position,
            Fault::Gzip => 1,
            Fault::Io(_) | Fault::Taker(_) => return fault.of(self.path),
        };
        match self.require_unchanged(position) {
            Ok(()) => fault.of(self.path),
            Err(changed) => changed,
        }
    }

    /// Where the first character begins from a position on, if this is UTF-8. If it is not, what lies
    /// before that is none, so that two who read up to there and from there on miss nothing.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn next_character(&self, position: u64) -> io::Result<u64> {
        let mut bytes = [0; LONGEST - 1];
        let mut reader = self.between(position, position + bytes.len() as u64);
        let mut read = 0;
        while read < bytes.len() {
            match reader.read(&mut bytes[read..]) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
        let within = bytes[..read]
            .iter()
            .take_while(|&&byte| byte & 0xC0 == 0x80);
        Ok(position
            + if position == 0 {
                0
            } else {
                within.count() as u64
            })
    }

    /// Reads the bytes between two positions, wherever others read.
    pub fn between(&self, start: u64, end: u64) -> impl Read {
        Between {
            file: &self.file,
            position: start,
            end,
        }
    }

    /// # Errors
    ///
    /// When it has changed since it was opened; to be asked when it has been read up to a position.
    pub fn require_unchanged(&self, position: u64) -> Result<(), Failure> {
        let path = self.path.to_owned();
        match stamp(&self.file) {
            Ok(now) if now == self.stamp => Ok(()),
            Ok(_) => Err(Failure::Altered { path, position }),
            Err(error) => Err(Failure::Io { path, error }),
        }
    }
}

struct Between<'a> {
    file: &'a File,
    position: u64,
    end: u64,
}

impl Read for Between<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_sub(self.position);
        let size = usize::try_from(left).map_or(room.len(), |left| left.min(room.len()));
        #[cfg(unix)]
        let read =
            std::os::unix::fs::FileExt::read_at(self.file, &mut room[..size], self.position)?;
        #[cfg(windows)]
        let read =
            std::os::windows::fs::FileExt::seek_read(self.file, &mut room[..size], self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

fn stamp(file: &File) -> io::Result<Option<Stamp>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH); // if the system has none
    Ok(Some((metadata.len(), modified)))
}

/// Bytes of a cache line, or more.
pub const CACHE_LINE: usize = 64;

/// The part of `room` from where a cache line begins: at most [`CACHE_LINE`] elements less, which it
/// must have.
///
/// Where memory for a block comes straight from the system, the allocator has it begin 16 bytes into a
/// page, and what the system copies there takes up to a quarter longer.
pub fn from_cache_line<T>(room: &mut [T]) -> &mut [T] {
    // It may say that it does not know: speed alone hangs on it.
    let first = room.as_ptr().align_offset(CACHE_LINE).min(CACHE_LINE);
    &mut room[first..]
}

/// Buffer for a block's bytes and its characters, used again for each.
pub struct Blocks {
    bytes: Box<[u8]>,
    codes: Codes,
}

impl Blocks {
    /// Of so many bytes, which are at least [`LONGEST`].
    pub fn new(size: usize) -> Self {
        let bytes = vec![0; size.max(LONGEST) + CACHE_LINE].into_boxed_slice();
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
        reader: impl Read,
        take: &mut impl Take<Refusal = E>,
    ) -> Result<(), Fault<E>> {
        self.each_from(0, reader, take).map(drop)
    }

    /// The same of a reader that begins so many bytes into a file. Returns how far into it that went.
    ///
    /// # Errors
    ///
    /// As above; positions count from the start of the file.
    pub fn each_from<E>(
        &mut self,
        mut before: u64,
        mut reader: impl Read,
        take: &mut impl Take<Refusal = E>,
    ) -> Result<u64, Fault<E>> {
        // What has been read of a character that the next block goes on with comes first in that.
        let mut kept = 0;
        let size = self.bytes.len() - CACHE_LINE;
        let bytes = &mut from_cache_line(&mut self.bytes)[..size];
        loop {
            let read = match reader.read(&mut bytes[kept..]) {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Fault::Io(error)),
            };
            if read == 0 {
                return if kept == 0 {
                    Ok(before)
                } else {
                    Err(Fault::NotUtf8(before))
                };
            }
            let filled = kept + read;
            let whole = self.codes.each(&bytes[..filled], before, take)?;
            bytes.copy_within(whole..filled, 0);
            before += whole as u64;
            kept = filled - whole;
        }
    }
}

/// What characters are decoded into: as narrow as they allow, but none of one byte.
#[derive(Default)]
pub struct Codes {
    two: Vec<u16>,
    four: Vec<u32>,
}

impl Codes {
    /// Gives `take` the characters of some bytes, which begin `before` bytes into their file: those of
    /// ASCII as they are. Returns how many bytes that were: all but those of a character cut short.
    ///
    /// # Errors
    ///
    /// When the bytes are not UTF-8, or `take` says so.
    pub fn each<E>(
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
        if next.is_some_and(|wrong| wrong.error_len().is_some()) {
            return Err(Fault::not_utf8(bytes, whole, before));
        }
        Ok(whole)
    }

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
        match (text, self.bits.first_chunk_mut()) {
            (Text::One(codes), Some(known)) => bit_table::add(known, codes),
            _ => {
                for code in bit_table::charset(text) {
                    self.bits[code as usize / 64] |= 1 << (code % 64);
                }
            }
        }
        self.length += text.len();
    }

    /// Adds bytes if all of them are ASCII, and says whether they are.
    pub fn add_ascii(&mut self, bytes: &[u8]) -> bool {
        // Codes beyond ASCII are forgotten for the while, so that another is told from those.
        let mut found = [self.bits[0], self.bits[1], 0, 0];
        bit_table::add(&mut found, bytes);
        let [first, second, 0, 0] = found else {
            return false;
        };
        (self.bits[0], self.bits[1]) = (first, second);
        self.length += bytes.len();
        true
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: &Self) {
        for (bits, &more) in self.bits.iter_mut().zip(&other.bits) {
            *bits |= more;
        }
        self.length += other.length;
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

impl Take for Seen {
    type Refusal = Failure;

    fn text(&mut self, text: Text<'_>) -> Result<(), Failure> {
        self.add(text);
        Ok(())
    }

    fn ascii(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        Ok(self.add_ascii(bytes))
    }
}

/// What the files hold.
///
/// # Errors
///
/// When they cannot be read.
pub fn seen_in(paths: &[PathBuf]) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    each_text(paths, &mut seen)?;
    Ok(seen)
}
