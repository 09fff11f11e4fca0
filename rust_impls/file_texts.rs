//! Files as texts, block by block, for ideas that never hold a whole file in memory.
//!
//! A file is UTF-8. All its characters count: newlines are not translated, and a byte order mark is
//! a character, as with Python's `open(path, encoding="utf-8", newline="")`.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::text::Text;

mod codes;
mod seen;
pub mod utf8;

pub use codes::{CHUNK, Codes};
pub use seen::{Seen, seen_in};

/// Bytes that are read at once: few enough to stay in the second-level cache until their characters
/// have been looked up, and enough that the call to the system costs next to nothing.
pub const BLOCK: usize = 1 << 18;
/// The length of the longest character in UTF-8. A block must be able to hold one.
pub const LONGEST: usize = 4;

/// Why files could not be read or written. Positions count bytes from the start of the file.
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
    /// The file is compressed by gzip. The second byte of such a file is not UTF-8.
    Gzip {
        path: PathBuf,
    },
    /// After reading up to `position`, the size or the time of modification was different.
    Altered {
        path: PathBuf,
        position: u64,
    },
    /// The path is a pipe or a device, which cannot be read twice.
    NotRegular {
        path: PathBuf,
    },
    /// A second reading found other text than the first.
    Changed,
    /// There are more distinct characters than ids.
    TooManyDistinct(usize),
}

impl Failure {
    pub fn io(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { path, error }
    }

    /// The failure of a file whose bytes are not UTF-8 from `position` on.
    pub fn not_utf8(path: &Path, bytes: &[u8], position: usize) -> Self {
        Fault::not_utf8(bytes, position, 0).of(path)
    }
}

/// Why reading stopped: an error of the reader, bytes that are not UTF-8, or a refusal by the
/// taker.
#[derive(Debug)]
pub enum Fault<E> {
    Io(io::Error),
    /// The position of the first byte that does not belong to a character.
    NotUtf8(u64),
    Gzip,
    Taker(E),
}

/// The first bytes of a file that gzip has compressed (RFC 1952).
const GZIP: &[u8] = &[0x1F, 0x8B];

impl<E> Fault<E> {
    /// The fault at `position` in a block that begins `before` bytes into its file.
    fn not_utf8(bytes: &[u8], position: usize, before: u64) -> Self {
        if before == 0 && position == 1 && bytes.starts_with(GZIP) {
            Self::Gzip
        } else {
            Self::NotUtf8(before + position as u64)
        }
    }
}

impl Fault<Failure> {
    /// The same as a failure, which names the file.
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

/// Takes the characters of files, block by block. Every closure that takes a [`Text`] implements
/// it.
pub trait Take {
    /// The reason to take no more.
    type Refusal;

    /// # Errors
    ///
    /// The reason to take no more.
    fn text(&mut self, text: Text<'_>) -> Result<(), Self::Refusal>;

    /// Takes bytes if all of them are ASCII. Returns whether they are. An implementation that looks
    /// at each byte anyway can find this out at the same time.
    ///
    /// # Errors
    ///
    /// The reason to take no more.
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

/// Gives `take` the characters of all files in turn, block by block.
///
/// # Errors
///
/// The first failure, which may come from `take`. A file that cannot be read twice is a failure,
/// and so is a file that changes meanwhile.
pub fn for_each_text(
    paths: &[PathBuf],
    take: &mut impl Take<Refusal = Failure>,
) -> Result<(), Failure> {
    let mut blocks = Blocks::new(BLOCK);
    for path in paths {
        let source = Source::open_again(path)?;
        source.for_each_text_from(0, &mut blocks, take)?;
    }
    Ok(())
}

/// An open file, with the data that show whether it has changed since it was opened.
pub struct Source<'a> {
    pub path: &'a Path,
    pub file: File,
    stamp: Option<Stamp>,
}

/// Size and time of modification, which every write changes. A pipe has neither.
type Stamp = (u64, SystemTime);

impl<'a> Source<'a> {
    /// Opens a file. Opening a pipe waits for its writer. A folder opens like a file, but reading
    /// it fails.
    ///
    /// # Errors
    ///
    /// When the system refuses to open the path.
    pub fn open(path: &'a Path) -> Result<Self, Failure> {
        let failed = |error| Failure::io(path, error);
        let file = File::open(path).map_err(failed)?;
        let stamp = stamp(&file).map_err(failed)?;
        Ok(Self { path, file, stamp })
    }

    /// Opens a file that can be read a second time from its start.
    ///
    /// # Errors
    ///
    /// When the path is a pipe or a device, or the system refuses to open it.
    pub fn open_again(path: &'a Path) -> Result<Self, Failure> {
        let kind = path.metadata().map_err(|error| Failure::io(path, error))?;
        // The kind is asked for by path, because opening a pipe would wait for its writer.
        if kind.is_file() || kind.is_dir() {
            return Self::open(path);
        }
        let path = path.to_owned();
        Err(Failure::NotRegular { path })
    }

    /// The present size in bytes, 0 for a pipe.
    ///
    /// # Errors
    ///
    /// When the system cannot tell the size.
    pub fn size(&self) -> Result<u64, Failure> {
        let stamp = stamp(&self.file).map_err(|error| Failure::io(self.path, error))?;
        Ok(stamp.map_or(0, |(size, _)| size))
    }

    /// The size in bytes at the time of opening. Some files, as in /proc, claim a size of 0
    /// whatever they hold: for those the size is unknown.
    pub fn known_size(&self) -> Option<u64> {
        self.stamp.map(|(size, _)| size).filter(|&size| size > 0)
    }

    /// Gives `take` the characters from `position` on, where a character must begin.
    ///
    /// # Errors
    ///
    /// The first failure, which may come from `take`. At the end, a file that has changed is a
    /// failure.
    pub fn for_each_text_from(
        mut self,
        position: u64,
        blocks: &mut Blocks,
        take: &mut impl Take<Refusal = Failure>,
    ) -> Result<(), Failure> {
        if position > 0 {
            let sought = self.file.seek(SeekFrom::Start(position));
            sought.map_err(|error| Failure::io(self.path, error))?;
        }
        // A writer may append for ever. One byte more than at first is enough to show the change.
        let more = self
            .known_size()
            .map_or(u64::MAX, |size| size - size.min(position) + 1);
        match blocks.for_each_text_from(position, (&self.file).take(more), take) {
            Ok(end) => self.require_unchanged(end),
            Err(fault) => Err(self.failure(fault)),
        }
    }

    /// The failure behind a fault. If the file has changed, that is the failure: a writer may have
    /// been interrupted within a character.
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

    /// The position of the first character that begins at or after `position`, if the file is
    /// UTF-8.
    ///
    /// If it is not, the bytes in between do not form a character. Two readers that stop and begin
    /// at the returned position therefore miss nothing.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
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

    /// A reader of the bytes between two positions, independent of other readers of this file.
    pub fn between(&self, start: u64, end: u64) -> impl Read {
        Between {
            file: &self.file,
            position: start,
            end,
        }
    }

    /// Checks that the file has not changed since it was opened. `position` is the end of the part
    /// that has been read.
    ///
    /// # Errors
    ///
    /// When the file has changed, or the system cannot tell.
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
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_sub(self.position);
        let size = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        #[cfg(unix)]
        let read =
            std::os::unix::fs::FileExt::read_at(self.file, &mut buffer[..size], self.position)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(
            self.file,
            &mut buffer[..size],
            self.position,
        )?;
        self.position += read as u64;
        Ok(read)
    }
}

fn stamp(file: &File) -> io::Result<Option<Stamp>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    // Some systems do not keep the time of modification.
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Ok(Some((metadata.len(), modified)))
}

/// Length of a cache line in bytes, or more.
pub const CACHE_LINE: usize = 64;

/// The part of `buffer` that begins with a cache line. It is at most [`CACHE_LINE`] elements
/// shorter, and `buffer` must have that many.
///
/// A large block of memory begins 16 bytes into a page, after the allocator's own data. The system
/// takes up to a quarter longer to copy a file there.
pub fn from_cache_line<T>(buffer: &mut [T]) -> &mut [T] {
    // `align_offset` may fail, which costs only speed.
    let first = buffer.as_ptr().align_offset(CACHE_LINE).min(CACHE_LINE);
    &mut buffer[first..]
}

/// Memory for the bytes and the characters of one block, which serves all blocks in turn.
pub struct Blocks {
    bytes: Box<[u8]>,
    codes: Codes,
}

impl Blocks {
    /// Memory for blocks of `size` bytes, or of [`LONGEST`] if that is more.
    pub fn new(size: usize) -> Self {
        let bytes = vec![0; size.max(LONGEST) + CACHE_LINE].into_boxed_slice();
        let codes = Codes::default();
        Self { bytes, codes }
    }

    /// Gives `take` the characters of a reader, block by block. ASCII is passed on as it was read.
    ///
    /// # Errors
    ///
    /// When the reader fails, its bytes are not UTF-8, or `take` refuses. Some of the characters
    /// before the error may have been taken.
    pub fn for_each_text<E>(
        &mut self,
        reader: impl Read,
        take: &mut impl Take<Refusal = E>,
    ) -> Result<(), Fault<E>> {
        self.for_each_text_from(0, reader, take).map(drop)
    }

    /// The same for a reader that begins `before` bytes into its file. Returns the position of its
    /// end.
    ///
    /// # Errors
    ///
    /// As above. Positions count from the start of the file.
    pub fn for_each_text_from<E>(
        &mut self,
        mut before: u64,
        mut reader: impl Read,
        take: &mut impl Take<Refusal = E>,
    ) -> Result<u64, Fault<E>> {
        // The start of a character that the next block continues is kept at the start of the
        // buffer.
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
            let whole = self.codes.give(&bytes[..filled], before, take)?;
            bytes.copy_within(whole..filled, 0);
            before += whole as u64;
            kept = filled - whole;
        }
    }
}
