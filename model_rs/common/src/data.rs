//! The corpus, as ids from nanoGPT's shards or from a text, and the batches that are cut from it.

use std::path::{Path, PathBuf};

use rust_impls::file_texts::{Failure, for_each_text, seen_in};
use rust_impls::gathered_ids::GatheredIds;
use rust_impls::id_table::IdTable;
use rust_impls::shards::training_characters;
use rust_impls::text::Text;

use crate::error::{Result, usage};

/// Number of distinct characters that have an id of 16 bits.
const MOST_DISTINCT: usize = 1 << 16;

/// Both splits of a text.
pub struct Corpus {
    pub train: Vec<u16>,
    pub val: Vec<u16>,
    /// Number of distinct characters, V.
    pub vocabulary: usize,
}

impl Corpus {
    /// Reads `train.bin` and `val.bin`.
    pub fn read(folder: &Path, vocabulary: usize) -> Result<Self> {
        let corpus = Self {
            train: read_shard(&folder.join("train.bin"), vocabulary)?,
            val: read_shard(&folder.join("val.bin"), vocabulary)?,
            vocabulary,
        };
        Ok(corpus)
    }

    /// Prepares a text in UTF-8 with the kernels of this project: its first floor(0.9 n)
    /// characters train.
    pub fn prepare(text: &Path) -> Result<Self> {
        let (vocabulary, mut ids) = ids_of(text).map_err(|failure| refused(text, failure))?;
        let val = ids.split_off(training_characters(ids.len()));
        Ok(Self {
            train: ids,
            val,
            vocabulary,
        })
    }

    /// Number of places where a training sequence can start.
    ///
    /// A sequence has one character more than the context, the last one's target.
    pub fn windows(&self, context: usize) -> Result<usize> {
        match self.train.len().checked_sub(context) {
            Some(windows @ 1..) if self.val.len() >= 2 => Ok(windows),
            _ => Err(usage(format!(
                "the corpus is too short: {} characters train and {} validate, and a context of \
                 {context} needs {} and 2",
                self.train.len(),
                self.val.len(),
                context + 1
            ))),
        }
    }

    /// Cuts the training sequences that start at these positions.
    pub fn batch(&self, starts: &[u32], context: usize) -> Batch {
        let mut batch = Batch::empty(context);
        for &start in starts {
            batch.add(&self.train[start as usize..][..=context]);
        }
        batch
    }
}

/// Ids and the id that follows each of them.
pub struct Batch {
    /// B times T ids, one sequence after another.
    pub inputs: Vec<u32>,
    pub targets: Vec<u32>,
    /// Length of a sequence, T.
    pub length: usize,
}

impl Batch {
    pub fn empty(length: usize) -> Self {
        Self {
            inputs: Vec::new(),
            targets: Vec::new(),
            length,
        }
    }

    /// Adds a sequence, with the target of its last character.
    pub fn add(&mut self, ids: &[u16]) {
        self.inputs
            .extend(ids[..self.length].iter().map(|id| u32::from(*id)));
        self.targets
            .extend(ids[1..].iter().map(|id| u32::from(*id)));
    }

    /// Number of sequences, B.
    pub fn sequences(&self) -> usize {
        self.inputs.len() / self.length
    }
}

fn read_shard(path: &Path, vocabulary: usize) -> Result<Vec<u16>> {
    let fault = |what: String| usage(format!("the shard {}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let (numbers, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        let size = bytes.len();
        return Err(fault(format!("{size} bytes are no whole 16-bit numbers")));
    }
    let ids: Vec<u16> = numbers.iter().map(|b| u16::from_le_bytes(*b)).collect();
    match ids.iter().max() {
        Some(&id) if usize::from(id) >= vocabulary => Err(fault(format!(
            "it holds the id {id}, and a vocabulary of {vocabulary} ends at {}",
            vocabulary - 1
        ))),
        _ => Ok(ids),
    }
}

/// The number of distinct characters of a text, and its ids.
fn ids_of(text: &Path) -> Result<(usize, Vec<u16>), Failure> {
    let paths = [PathBuf::from(text)];
    let seen = seen_in(&paths)?;
    let vocabulary = seen.vocabulary();
    if vocabulary.len() > MOST_DISTINCT {
        return Err(Failure::TooManyDistinct(vocabulary.len()));
    }
    let table = IdTable::new::<u16>(&vocabulary);
    let (mut gathered, mut ids) = (GatheredIds::default(), Vec::with_capacity(seen.length));
    let mut keep = |bytes: &[u8]| {
        let (numbers, _) = bytes.as_chunks::<2>();
        ids.extend(numbers.iter().map(|b| u16::from_le_bytes(*b)));
    };
    for_each_text(&paths, &mut |block: Text<'_>| {
        gathered.add(&table, block, |bytes| {
            keep(bytes);
            Ok(())
        })
    })?;
    keep(gathered.take());
    if ids.len() == seen.length {
        Ok((vocabulary.len(), ids))
    } else {
        Err(Failure::Changed)
    }
}

fn refused(text: &Path, failure: Failure) -> Box<dyn std::error::Error> {
    let what = match failure {
        Failure::Io { error, .. } => error.to_string(),
        Failure::NotUtf8 { position, .. } => format!("byte {position} is not UTF-8"),
        Failure::Gzip { .. } => "it is compressed by gzip; unpack it first".to_owned(),
        Failure::TooManyDistinct(distinct) => {
            format!("it has {distinct} distinct characters, and {MOST_DISTINCT} have an id")
        }
        Failure::NotRegular { .. } => "it is no file that can be read twice".to_owned(),
        Failure::Altered { .. } | Failure::Changed => "it changed while it was read".to_owned(),
    };
    usage(format!("the text {}: {what}", text.display()))
}
