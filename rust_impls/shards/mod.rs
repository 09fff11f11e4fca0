//! `shards(paths, out)`: writes the ids of files as nanoGPT's `train.bin` and `val.bin`, which hold
//! little-endian 16-bit numbers, and returns the vocabulary.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::file_texts::Failure;

pub mod two_passes;

/// The number of characters for training: nine tenths of `length`, rounded down. The others are for
/// validation.
pub fn training_characters(length: usize) -> usize {
    length / 10 * 9 + length % 10 * 9 / 10
}

/// The two shards, filled one after the other.
pub struct Shards<'a> {
    folder: &'a Path,
    /// Number of bytes that the open shard still takes.
    left: usize,
    file: File,
    name: &'static str,
}

const TRAIN: &str = "train.bin";
const VAL: &str = "val.bin";
/// Width of an id in bytes.
const WIDTH: usize = 2;

impl<'a> Shards<'a> {
    /// Opens the first shard in `folder`, for a text of `length` characters.
    ///
    /// # Errors
    ///
    /// When the file cannot be created.
    pub fn new(folder: &'a Path, length: usize) -> Result<Self, Failure> {
        Ok(Self {
            folder,
            left: WIDTH * training_characters(length),
            file: create(folder, TRAIN)?,
            name: TRAIN,
        })
    }

    /// Writes the bytes of ids into the open shard. Opens the second shard when the first is full.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn write(&mut self, ids: &[u8]) -> Result<(), Failure> {
        let (now, later) = ids.split_at(self.left.min(ids.len()));
        self.write_here(now)?;
        self.left -= now.len();
        if later.is_empty() {
            return Ok(());
        }
        self.finish()?;
        self.left = usize::MAX;
        self.write_here(later)
    }

    /// Makes sure that both shards exist.
    ///
    /// # Errors
    ///
    /// When the second cannot be created.
    pub fn finish(&mut self) -> Result<(), Failure> {
        if self.name == TRAIN {
            self.file = create(self.folder, VAL)?;
            self.name = VAL;
        }
        Ok(())
    }

    fn write_here(&mut self, ids: &[u8]) -> Result<(), Failure> {
        let done = self.file.write_all(ids);
        done.map_err(|error| Failure::io(&self.folder.join(self.name), error))
    }
}

fn create(folder: &Path, name: &str) -> Result<File, Failure> {
    let path = folder.join(name);
    File::create(&path).map_err(|error| Failure::io(&path, error))
}
