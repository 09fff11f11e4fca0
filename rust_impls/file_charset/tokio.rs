//! tokio: a thread of its pool reads the next block while this one is looked up.
//!
//! `tokio::fs` does the same below, one block after the other, and copies each once more: tokio reads
//! files by threads. Whether that pays is another matter: from its own cache the system copies a block
//! in less time than a thread needs to wake, and what comes from a disk it reads ahead anyway.

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
/// When a file cannot be read, is not UTF-8, or changes meanwhile; when there can be no threads.
pub fn file_charset(paths: &[PathBuf]) -> Result<Vec<u32>, Failure> {
    let mut seen = Seen::default();
    for path in paths {
        let runtime = Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| Failure::io(path, error))?;
        let added = runtime.block_on(add(path, &mut seen));
        // A pipe may have nothing to read for as long as it likes.
        runtime.shutdown_background();
        added?;
    }
    Ok(seen.vocabulary())
}

/// What goes to the thread that reads, and comes back.
struct Reading {
    file: File,
    /// Has room for what the block before has left of a character, and then, from `start`, a block.
    room: Box<[u8]>,
    start: usize,
    read: usize,
}

impl Reading {
    fn new(file: File) -> Self {
        let mut room = vec![0; 2 * CACHE_LINE + BLOCK].into_boxed_slice();
        let start = room.len() - from_cache_line(&mut room[LONGEST..]).len();
        let read = 0;
        Self {
            file,
            room,
            start,
            read,
        }
    }

    fn read(mut self) -> io::Result<Self> {
        loop {
            match self.file.read(&mut self.room[self.start..][..BLOCK]) {
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
        block.room[start - kept..start].copy_from_slice(&left[..kept]);
        let bytes = &block.room[start - kept..start + block.read];
        let taken = codes.each(bytes, position, seen);
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
