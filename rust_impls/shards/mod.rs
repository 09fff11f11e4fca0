//! `shards(paths, out)`: writes the ids of files as nanoGPT's `train.bin` and `val.bin`, which hold
//! little-endian 16-bit numbers, and returns the vocabulary.

use std::fs::File;
use std::io::{BufWriter, Write};
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
    /// Number of ids that the open shard still takes.
    left: usize,
    file: BufWriter<File>,
    name: &'static str,
}

const TRAIN: &str = "train.bin";
const VAL: &str = "val.bin";

impl<'a> Shards<'a> {
    /// Opens the first shard in `folder`, for a text of `length` characters.
    ///
    /// # Errors
    ///
    /// When the file cannot be created.
    pub fn new(folder: &'a Path, length: usize) -> Result<Self, Failure> {
        Ok(Self {
            folder,
            left: training_characters(length),
            file: create(folder, TRAIN)?,
            name: TRAIN,
        })
    }

    /// Writes ids into the open shard. Opens the second shard when the first is full.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn write(&mut self, ids: &[u16]) -> Result<(), Failure> {
        let (now, later) = ids.split_at(self.left.min(ids.len()));
        self.write_here(now)?;
        self.left -= now.len();
        if later.is_empty() {
            return Ok(());
        }
        self.finish_train()?;
        self.left = usize::MAX;
        self.write_here(later)
    }

    /// Makes sure that both shards exist and are complete.
    ///
    /// # Errors
    ///
    /// When something cannot be written.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.finish_train()?;
        self.flush()
    }

    fn finish_train(&mut self) -> Result<(), Failure> {
        if self.name == TRAIN {
            self.flush()?;
            self.file = create(self.folder, VAL)?;
            self.name = VAL;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let done = self.file.flush();
        done.map_err(|error| Failure::io(&self.folder.join(self.name), error))
    }

    fn write_here(&mut self, ids: &[u16]) -> Result<(), Failure> {
        let mut bytes = [0; 4096];
        for ids in ids.chunks(bytes.len() / 2) {
            for (place, id) in bytes.chunks_exact_mut(2).zip(ids) {
                place.copy_from_slice(&id.to_le_bytes());
            }
            let done = self.file.write_all(&bytes[..2 * ids.len()]);
            done.map_err(|error| Failure::io(&self.folder.join(self.name), error))?;
        }
        Ok(())
    }
}

fn create(folder: &Path, name: &str) -> Result<BufWriter<File>, Failure> {
    let path = folder.join(name);
    match File::create(&path) {
        Ok(file) => Ok(BufWriter::with_capacity(1 << 18, file)),
        Err(error) => Err(Failure::io(&path, error)),
    }
}
