//! Parts of files as ids of byte-pair tokens. How many ids a part has is known only when it is
//! encoded, so each part is written into a file of its own, and whoever has all of them joins them.
//!
//! Parts begin and end where a text can be cut (`bpe::split::cuts`). The same holds within a part: it
//! is encoded block by block, and a block ends at its last cut. A text without a cut is held in memory
//! up to the next one.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crc32fast::Hasher;

use super::{Part, Piece};
use crate::bpe::cache::Cache;
use crate::bpe::ranks::Ranks;
use crate::bpe::split::Pattern;
use crate::bpe::split::cuts::{first_cut, last_cut};
use crate::file_texts::{BLOCK, Failure, LONGEST, Source};

/// What a text is encoded by, and the size of an id in bytes: 2 or 4.
#[derive(Clone, Copy)]
pub struct Tokenizer<'a> {
    pub ranks: &'a Ranks,
    pub pattern: Pattern,
    pub width: usize,
}

/// The place of a part's characters among those of all parts.
#[derive(Debug, Clone, Copy)]
pub struct Characters {
    /// Number of characters in all earlier parts.
    pub position: u64,
    /// Number of characters that train. The others validate, and no token crosses that border.
    pub training: u64,
}

/// The result of writing the tokens of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokenized {
    /// Number of characters.
    pub characters: u64,
    /// The CRC-32 of the bytes that were read.
    pub read: u32,
    /// Number of ids that train. They are the first ones in the file.
    pub train: u64,
    /// Number of ids that validate.
    pub val: u64,
    /// The CRC-32 of the bytes that were written.
    pub written: u32,
    /// Time that the system took to write them.
    pub writing: Duration,
}

/// Writes the ids of a part, little-endian, into a file of its own, which is made or replaced.
///
/// # Errors
///
/// When a piece cannot be read or has changed since it was scanned, an id does not fit into its
/// width, or the file cannot be written.
pub fn encode_tokens(
    pieces: &[Piece],
    tokenizer: Tokenizer<'_>,
    out: &Path,
    place: Characters,
) -> Result<Tokenized, Failure> {
    let failed = |error| Failure::io(out, error);
    let mut encoder = Encoder {
        tokenizer,
        cache: Cache::default(),
        ids: Vec::new(),
        bytes: Vec::new(),
        file: BufWriter::new(File::create(out).map_err(failed)?),
        checksum: Hasher::new(),
        training: place.training,
        done: Tokenized {
            characters: place.position,
            read: 0,
            train: 0,
            val: 0,
            written: 0,
            writing: Duration::ZERO,
        },
    };
    let mut checksum = Hasher::new();
    let mut pending = Pending::default();
    let mut block = vec![0; BLOCK];
    for piece in pieces {
        let mut part = Part::open(piece, &mut checksum, |_: &[u8]| {})?;
        loop {
            match part.read(&mut block) {
                Ok(0) => break,
                Ok(read) => {
                    pending.add(&block[..read])?;
                    let (text, cut) = pending.up_to_last_cut();
                    if let Some(cut) = cut {
                        encoder.add(&text[..cut]).map_err(failed)?;
                        pending.drop_first(cut);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::io(&piece.path, error)),
            }
        }
        part.check_whole()?;
    }
    if pending.whole < pending.bytes.len() {
        return Err(Failure::Changed); // it was UTF-8 when it was scanned
    }
    encoder.add(pending.text()).map_err(failed)?;
    encoder.file.flush().map_err(failed)?;
    Ok(Tokenized {
        characters: encoder.done.characters - place.position,
        read: checksum.finalize(),
        written: encoder.checksum.finalize(),
        ..encoder.done
    })
}

/// Bytes that are read and not encoded yet.
#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    /// Number of bytes that are whole characters. Up to three others may follow.
    whole: usize,
    /// Where the search for a cut goes on: there is none before.
    searched: usize,
}

impl Pending {
    /// Adds bytes, and checks that they are UTF-8.
    fn add(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes.extend_from_slice(bytes);
        self.whole = match std::str::from_utf8(&self.bytes[self.whole..]) {
            Ok(_) => self.bytes.len(),
            Err(error) if error.error_len().is_none() => self.whole + error.valid_up_to(),
            Err(_) => return Err(Failure::Changed),
        };
        Ok(())
    }

    /// The whole characters.
    fn text(&self) -> &str {
        #[allow(unsafe_code)]
        // SAFETY: `add` has checked the bytes up to `whole`, and `drop_first` drops whole characters.
        unsafe {
            std::str::from_utf8_unchecked(&self.bytes[..self.whole])
        }
    }

    /// The whole characters, and the last place where they can be cut.
    fn up_to_last_cut(&mut self) -> (&str, Option<usize>) {
        let cut = last_cut(self.text(), self.searched);
        if cut.is_none() {
            // The last character is kept in the search, because what follows it makes a cut or not.
            self.searched = self.whole.saturating_sub(LONGEST);
        }
        (self.text(), cut)
    }

    fn drop_first(&mut self, bytes: usize) {
        self.bytes.drain(..bytes);
        self.whole -= bytes;
        self.searched = 0;
    }
}

struct Encoder<'a> {
    tokenizer: Tokenizer<'a>,
    cache: Cache,
    ids: Vec<u32>,
    bytes: Vec<u8>,
    file: BufWriter<File>,
    checksum: Hasher,
    training: u64,
    /// What was done so far; its characters count those of earlier parts too.
    done: Tokenized,
}

impl Encoder<'_> {
    /// Encodes a text that begins and ends at cuts, or at the ends of the training text.
    fn add(&mut self, text: &str) -> io::Result<()> {
        let end = self.done.characters + text.chars().count() as u64;
        let left = self.training.saturating_sub(self.done.characters);
        let border = if end <= self.training {
            text.len()
        } else {
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            text.char_indices()
                .nth(left)
                .map_or(text.len(), |(at, _)| at)
        };
        let (train, val) = text.split_at(border);
        self.done.train += self.write(train)?;
        self.done.val += self.write(val)?;
        self.done.characters = end;
        Ok(())
    }

    /// Writes the ids of a text, and returns how many there are.
    fn write(&mut self, text: &str) -> io::Result<u64> {
        let Tokenizer {
            ranks,
            pattern,
            width,
        } = self.tokenizer;
        self.ids.clear();
        self.cache.encode(ranks, pattern, text, &mut self.ids);
        self.bytes.clear();
        if width == 2 {
            for &id in &self.ids {
                let id = u16::try_from(id).map_err(|_| too_large(id))?;
                self.bytes.extend_from_slice(&id.to_le_bytes());
            }
        } else {
            let all = self.ids.iter().flat_map(|id| id.to_le_bytes());
            self.bytes.extend(all);
        }
        self.checksum.update(&self.bytes);
        let begun = Instant::now();
        self.file.write_all(&self.bytes)?;
        self.done.writing += begun.elapsed();
        Ok(self.ids.len() as u64)
    }
}

fn too_large(id: u32) -> io::Error {
    io::Error::other(format!("the id {id} does not fit into 16 bits"))
}

/// The first place at or after `start` where a file can be cut, if there is one. A file that is not
/// UTF-8 has none from the first wrong byte on.
///
/// # Errors
///
/// When the file cannot be read.
pub fn next_cut(path: &Path, start: u64) -> Result<Option<u64>, Failure> {
    let failed = |error| Failure::io(path, error);
    let mut file = Source::open_again(path)?.file;
    // The character before `start` decides too. It begins at most four bytes before.
    let mut first = start.saturating_sub(LONGEST as u64);
    file.seek(SeekFrom::Start(first)).map_err(failed)?;
    let mut pending = Pending::default();
    let mut block = vec![0; 1 << 12];
    let mut begun = first == 0;
    loop {
        let read = match file.read(&mut block) {
            Ok(0) => return Ok(None),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = &block[..read];
        if !begun {
            // The reading began within a character, perhaps.
            let within = bytes
                .iter()
                .take(LONGEST - 1)
                .take_while(|&&byte| byte & 0xC0 == 0x80);
            let within = within.count();
            first += within as u64;
            bytes = &bytes[within..];
            begun = true;
        }
        if pending.add(bytes).is_err() {
            return Ok(None);
        }
        let text = pending.text();
        let from = usize::try_from(start.saturating_sub(first)).unwrap_or(usize::MAX);
        let from = text.ceil_char_boundary(from.max(pending.searched).min(text.len()));
        if let Some(cut) = first_cut(text, from) {
            return Ok(Some(first + cut as u64));
        }
        // All but the last character is done with.
        let kept = text.char_indices().next_back().map_or(0, |(at, _)| at);
        pending.drop_first(kept);
        first += kept as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::bpe_encode::naive;
    use crate::bpe_train;
    use crate::partition::tests::Folder;

    /// Ranks of a small vocabulary, whose ids need two bytes.
    fn pairs() -> Vec<(Vec<u8>, u32)> {
        let text =
            "the cat sat on the mat, then the cats ate; 123 1234 'tis it's\n\n  x!\n".repeat(3);
        let merges = bpe_train::naive::bpe_train(&text, 330).unwrap();
        let mut tokens: Vec<Vec<u8>> = (0..=255_u8).map(|byte| vec![byte]).collect();
        for (left, right) in merges {
            let both = [&tokens[left as usize][..], &tokens[right as usize][..]].concat();
            tokens.push(both);
        }
        (0..).zip(tokens).map(|(id, token)| (token, id)).collect()
    }

    fn parts_of(paths: &[std::path::PathBuf], texts: &[String], size: u64) -> Vec<Vec<Piece>> {
        let mut parts = vec![Vec::new()];
        for (path, text) in paths.iter().zip(texts) {
            let (mut start, end) = (0, text.len() as u64);
            while start < end {
                let next = next_cut(path, start + size).unwrap().unwrap_or(end);
                let path = path.clone();
                parts.last_mut().unwrap().push(Piece {
                    path,
                    start,
                    end: next,
                });
                if next < end {
                    parts.push(Vec::new());
                }
                start = next;
            }
        }
        parts
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 128 }))]

        #[test]
        fn parts_have_the_ids_of_the_two_texts_at_once(
            texts in prop::collection::vec("(the|cat| |  |\n|it's|12|'|!|é|字|。|\u{301}|/|\t|.){0,30}", 1..4),
            size in 1..40_u64,
            shares in 0..=10_u64,
            width in prop::sample::select(vec![2_usize, 4]),
        ) {
            let folder = Folder::new();
            let paths: Vec<_> = (0..texts.len()).map(|at| folder.0.join(at.to_string())).collect();
            for (path, text) in paths.iter().zip(&texts) {
                fs::write(path, text).unwrap();
            }
            let whole = texts.concat();
            let characters = whole.chars().count() as u64;
            let training = characters * shares / 10;
            let at = whole.char_indices().nth(usize::try_from(training).unwrap());
            let (train, val) = whole.split_at(at.map_or(whole.len(), |(at, _)| at));
            for pattern in [Pattern::Gpt2, Pattern::Cl100k, Pattern::O200k] {
                let ranks = Ranks::new(pairs()).unwrap();
                let tokenizer = Tokenizer { ranks: &ranks, pattern, width };
                let (mut made, mut position) = ([Vec::new(), Vec::new()], 0);
                for part in parts_of(&paths, &texts, size) {
                    let out = folder.0.join("out");
                    let place = Characters { position, training };
                    let done = encode_tokens(&part, tokenizer, &out, place).unwrap();
                    let bytes = fs::read(&out).unwrap();
                    prop_assert_eq!(crc32fast::hash(&bytes), done.written);
                    prop_assert_eq!(bytes.len() as u64, (done.train + done.val) * width as u64);
                    let border = usize::try_from(done.train).unwrap() * width;
                    made[0].extend_from_slice(&bytes[..border]);
                    made[1].extend_from_slice(&bytes[border..]);
                    prop_assert_eq!(done.read, super::super::checksum(&part).unwrap());
                    position += done.characters;
                }
                prop_assert_eq!(position, characters);
                let encode = naive::bpe_encode(Ranks::new(pairs()).unwrap(), pattern);
                for (text, made) in [train, val].into_iter().zip(made) {
                    let mut ids = Vec::new();
                    encode(text, &mut ids);
                    let right = ids.iter().flat_map(|id| id.to_le_bytes()[..width].to_vec());
                    prop_assert_eq!(made, right.collect::<Vec<u8>>());
                }
            }
        }
    }

    #[test]
    fn blocks_end_at_cuts_and_texts_without_any_are_encoded_at_once() {
        let folder = Folder::new();
        let (path, out) = (folder.0.join("text"), folder.0.join("out"));
        let words = "the cat's 字。é 123 ".repeat(BLOCK / 8);
        let (none, blank) = ("a".repeat(3 * BLOCK), "\n ".repeat(BLOCK));
        let ranks = Ranks::new(pairs()).unwrap();
        for text in [words, none, blank] {
            fs::write(&path, &text).unwrap();
            let end = text.len() as u64;
            let part = [Piece {
                path: path.clone(),
                start: 0,
                end,
            }];
            for pattern in [Pattern::Gpt2, Pattern::Cl100k, Pattern::O200k] {
                let tokenizer = Tokenizer {
                    ranks: &ranks,
                    pattern,
                    width: 4,
                };
                let place = Characters {
                    position: 0,
                    training: u64::MAX,
                };
                let done = encode_tokens(&part, tokenizer, &out, place).unwrap();
                let mut ids = Vec::new();
                Cache::default().encode(&ranks, pattern, &text, &mut ids);
                assert_eq!(done.train, ids.len() as u64);
                let right: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
                assert!(fs::read(&out).unwrap() == right, "{pattern:?}");
            }
        }
    }

    #[test]
    fn an_id_that_does_not_fit_and_a_changed_file_are_refused() {
        let folder = Folder::new();
        let (path, out) = (folder.0.join("text"), folder.0.join("out"));
        let large = (0..=255_u8).map(|byte| (vec![byte], 70_000 + u32::from(byte)));
        let ranks = Ranks::new(large).unwrap();
        let tokenizer = Tokenizer {
            ranks: &ranks,
            pattern: Pattern::Gpt2,
            width: 2,
        };
        let place = Characters {
            position: 0,
            training: 1,
        };
        let part = |end| {
            [Piece {
                path: path.clone(),
                start: 0,
                end,
            }]
        };
        fs::write(&path, "ab").unwrap();
        let failure = encode_tokens(&part(2), tokenizer, &out, place).unwrap_err();
        assert!(matches!(failure, Failure::Io { .. }));
        let failure = encode_tokens(&part(3), tokenizer, &out, place).unwrap_err();
        assert!(matches!(failure, Failure::Io { .. } | Failure::Changed));
        for bytes in [&b"a\xFF"[..], b"a\xC3"] {
            fs::write(&path, bytes).unwrap();
            let wide = Tokenizer {
                width: 4,
                ..tokenizer
            };
            let failure = encode_tokens(&part(2), wide, &out, place).unwrap_err();
            assert!(matches!(failure, Failure::Changed));
            assert_eq!(next_cut(&path, 0).unwrap(), None);
        }
    }
}
