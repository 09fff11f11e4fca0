//! tokio: a thread of its pool reads the next block while this one is looked up.
//!
//! tokio reads files by threads. `tokio::fs` uses the same threads, but reads one block after the
//! other and copies each once more. Threads hardly pay: the system copies a block from its own
//! cache in less time than a thread needs to wake, and reads ahead from a disk anyway.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use tokio::runtime::Builder;
use tokio::task::spawn_blocking;

use crate::file_texts::{
    BLOCK, CACHE_LINE, Codes, Failure, Fault, LONGEST, Seen, Source, from_cache_line,
};

/// # Errors
///
/// When a file cannot be read, is not UTF-8, or changes meanwhile, or when no thread can be
/// started.
pub fn file_charset(paths: &[PathBuf]) -> Result<Vec<u32>, Failure> {
    let mut seen = Seen::default();
    for path in paths {
        let runtime = Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| Failure::io(path, error))?;
        let added = runtime.block_on(add(path, &mut seen));
        // The thread may be waiting for a pipe without data, for any length of time.
        runtime.shutdown_background();
        added?;
    }
    Ok(seen.vocabulary())
}

/// The data that travel to the reading thread and back.
struct Reading {
    file: File,
    /// Memory for the start of a character, left over from the previous block, and for a block at
    /// `start`.
    buffer: Box<[u8]>,
    start: usize,
    read: usize,
}

impl Reading {
    fn new(file: File) -> Self {
        let mut buffer = vec![0; 2 * CACHE_LINE + BLOCK].into_boxed_slice();
        let start = buffer.len() - from_cache_line(&mut buffer[LONGEST..]).len();
        let read = 0;
        Self {
            file,
            buffer,
            start,
            read,
        }
    }

    fn read(mut self) -> io::Result<Self> {
        loop {
            match self.file.read(&mut self.buffer[self.start..][..BLOCK]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                read => {
                    self.read = read?;
                    return Ok(self);
                }
            }
        }
    }
}

async fn add(path: &Path, seen: &mut Seen) -> Result<(), Failure> {
    let failed = |error| Failure::io(path, error);
    let source = Source::open(path)?;
    let open = || source.file.try_clone().map(Reading::new).map_err(failed);
    let (mut spare, first) = (open()?, open()?);
    let mut next = spawn_blocking(|| first.read());
    let (mut codes, mut position) = (Codes::default(), 0);
    let (mut left, mut kept) = ([0; LONGEST], 0);
    loop {
        let done = next.await.map_err(io::Error::other).flatten();
        let mut block = done.map_err(failed)?;
        if block.read == 0 || source.known_size().is_some_and(|size| size < position) {
            break;
        }
        next = spawn_blocking(|| spare.read());
        let start = block.start;
        block.buffer[start - kept..start].copy_from_slice(&left[..kept]);
        let bytes = &block.buffer[start - kept..start + block.read];
        let taken = codes.give(bytes, position, seen);
        let whole = taken.map_err(|fault| source.failure(fault))?;
        position += whole as u64;
        kept = bytes.len() - whole;
        left[..kept].copy_from_slice(&bytes[whole..]);
        spare = block;
    }
    if kept > 0 {
        return Err(source.failure(Fault::NotUtf8(position)));
    }
    source.require_unchanged(position)
}
