//! Parts of files that are prepared separately, in any order and on any machine.
//!
//! The union of the parts' characters is the vocabulary of the files. The ids of a part belong
//! behind those of all earlier parts. Parts therefore make the same shards as the files in one go.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crc32fast::Hasher;

use crate::file_texts::{
    BLOCK, Blocks, CACHE_LINE, Failure, Fault, Seen, Source, Take, from_cache_line,
};
use crate::gathered_ids::GatheredIds;
use crate::id_table::IdTable;
use crate::text::Text;

pub mod tokens;

/// The bytes `start..end` of a file. Both ends lie between characters.
#[derive(Debug, Clone)]
pub struct Piece {
    pub path: PathBuf,
    pub start: u64,
    pub end: u64,
}

/// The contents of a part.
#[derive(Debug, PartialEq, Eq)]
pub struct Scanned {
    /// The distinct characters, in code-point order.
    pub vocabulary: Vec<u32>,
    /// Number of characters.
    pub characters: usize,
    /// The CRC-32 of the bytes.
    pub checksum: u32,
}

/// Reads the pieces of a part. While it reads, it also calls `tap` with the index of each piece and
/// its bytes.
///
/// # Errors
///
/// When a piece cannot be read, is missing or is not UTF-8.
pub fn scan(pieces: &[Piece], tap: impl FnMut(usize, &[u8])) -> Result<Scanned, Failure> {
    let mut seen = Seen::default();
    let checksum = for_each_text(pieces, tap, &mut seen)?;
    Ok(Scanned {
        vocabulary: seen.vocabulary(),
        characters: seen.length,
        checksum,
    })
}

/// The place of a part's ids in the shards. Both files must exist.
#[derive(Debug)]
pub struct Place<'a> {
    pub train: &'a Path,
    pub val: &'a Path,
    /// Number of characters in all earlier parts.
    pub position: u64,
    /// Number of characters whose ids belong into `train`. The others belong into `val`.
    pub training: u64,
}

/// The result of writing a part.
#[derive(Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Number of characters.
    pub characters: usize,
    /// The CRC-32 of the bytes that were read.
    pub read: u32,
    /// The CRC-32 of the bytes that were written, into both files.
    pub written: u32,
    /// Time that the system took to write them.
    pub writing: Duration,
}

/// Writes the ids of a part's characters, little-endian. It also calls `tap` with the bytes that it
/// has written, and with whether they belong to `train`.
///
/// # Errors
///
/// When a piece cannot be read, has changed since it was scanned, or when ids cannot be written.
pub fn encode(
    pieces: &[Piece],
    vocabulary: &[u32],
    place: &Place<'_>,
    tap: impl FnMut(bool, &[u8]),
) -> Result<Encoded, Failure> {
    let table = IdTable::new::<u16>(vocabulary);
    let mut output = Output::new(place, tap);
    let (mut ids, mut characters) = (GatheredIds::default(), 0);
    let read = for_each_text(pieces, |_, _| {}, &mut |text: Text<'_>| {
        characters += text.len();
        ids.add(&table, text, |bytes| output.write(bytes))
    })?;
    output.write(ids.take())?;
    Ok(Encoded {
        characters,
        read,
        written: output.checksum.finalize(),
        writing: output.writing,
    })
}

/// The CRC-32 of the bytes of pieces, which need not be UTF-8.
///
/// # Errors
///
/// When a piece cannot be read or is missing.
pub fn checksum(pieces: &[Piece]) -> Result<u32, Failure> {
    let mut checksum = Hasher::new();
    let mut buffer = vec![0; BLOCK + CACHE_LINE];
    let block = &mut from_cache_line(&mut buffer)[..BLOCK];
    for piece in pieces {
        let mut part = Part::open(piece, &mut checksum, |_: &[u8]| {})?;
        loop {
            match part.read(block) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::io(&piece.path, error)),
            }
        }
        part.check_whole()?;
    }
    Ok(checksum.finalize())
}

/// Gives `take` the characters of all pieces in turn, block by block, and `tap` their bytes.
/// Returns the CRC-32 of the bytes.
fn for_each_text(
    pieces: &[Piece],
    mut tap: impl FnMut(usize, &[u8]),
    take: &mut impl Take<Refusal = Failure>,
) -> Result<u32, Failure> {
    let mut blocks = Blocks::new(BLOCK);
    let mut checksum = Hasher::new();
    for (index, piece) in pieces.iter().enumerate() {
        let mut part = Part::open(piece, &mut checksum, |bytes: &[u8]| tap(index, bytes))?;
        let result = blocks.for_each_text_from(piece.start, &mut part, take);
        if !matches!(result, Err(Fault::Io(_))) {
            part.check_whole()?; // comes first, because a file cut short often is not UTF-8 either
        }
        result.map_err(|fault| fault.of(&piece.path))?;
    }
    Ok(checksum.finalize())
}

/// A reader of a piece, which also adds the bytes to a checksum and gives them to `tap`.
struct Part<'a, T> {
    piece: &'a Piece,
    bytes: io::Take<File>,
    checksum: &'a mut Hasher,
    tap: T,
}

impl<'a, T> Part<'a, T> {
    fn open(piece: &'a Piece, checksum: &'a mut Hasher, tap: T) -> Result<Self, Failure> {
        let mut file = Source::open_again(&piece.path)?.file;
        let sought = file.seek(SeekFrom::Start(piece.start));
        sought.map_err(|error| Failure::io(&piece.path, error))?;
        let bytes = file.take(piece.end.saturating_sub(piece.start));
        Ok(Self {
            piece,
            bytes,
            checksum,
            tap,
        })
    }

    /// Checks that the file still holds the whole piece: it may have become shorter.
    fn check_whole(&self) -> Result<(), Failure> {
        let metadata = self.bytes.get_ref().metadata();
        let metadata = metadata.map_err(|error| Failure::io(&self.piece.path, error))?;
        if metadata.len() < self.piece.end {
            return Err(Failure::Changed);
        }
        Ok(())
    }
}

impl<T: FnMut(&[u8])> Read for Part<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.checksum.update(&buffer[..read]);
        (self.tap)(&buffer[..read]);
        Ok(read)
    }
}

/// Writes the bytes of ids into `train` up to its end, and the others into `val`.
struct Output<'a, T> {
    place: &'a Place<'a>,
    /// Position of the next byte, if both files are counted as one.
    position: u64,
    /// The open file, and whether it is `train`.
    open: Option<(File, bool)>,
    checksum: Hasher,
    tap: T,
    writing: Duration,
}

/// Width of an id in bytes.
const WIDTH: u64 = 2;

impl<'a, T: FnMut(bool, &[u8])> Output<'a, T> {
    fn new(place: &'a Place<'a>, tap: T) -> Self {
        Self {
            place,
            position: WIDTH * place.position,
            open: None,
            checksum: Hasher::new(),
            tap,
            writing: Duration::ZERO,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.checksum.update(bytes);
        let left = (WIDTH * self.place.training).saturating_sub(self.position);
        let now = bytes.len().min(left.try_into().unwrap_or(usize::MAX));
        let (train, val) = bytes.split_at(now);
        self.write_into(true, train)?;
        self.write_into(false, val)
    }

    fn write_into(&mut self, train: bool, bytes: &[u8]) -> Result<(), Failure> {
        if bytes.is_empty() {
            return Ok(());
        }
        let start_of_writing = Instant::now();
        let (path, before) = if train {
            (self.place.train, 0)
        } else {
            (self.place.val, WIDTH * self.place.training)
        };
        let failed = |error| Failure::io(path, error);
        let file = match &mut self.open {
            Some((file, into_train)) if *into_train == train => file,
            open => {
                let mut file = OpenOptions::new().write(true).open(path).map_err(failed)?;
                let start = SeekFrom::Start(self.position - before);
                file.seek(start).map_err(failed)?;
                &mut open.insert((file, train)).0
            }
        };
        file.write_all(bytes).map_err(failed)?;
        self.position += bytes.len() as u64;
        self.writing += start_of_writing.elapsed();
        (self.tap)(train, bytes);
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn pieces(paths: &[PathBuf], cuts: &[prop::sample::Index]) -> Vec<Vec<Piece>> {
        let mut parts = Vec::new();
        for path in paths {
            let text = fs::read_to_string(path).unwrap();
            let mut ends: Vec<usize> = cuts
                .iter()
                .map(|cut| text.ceil_char_boundary(cut.index(text.len() + 1)))
                .chain([text.len()])
                .collect();
            ends.sort_unstable();
            let mut start = 0;
            for end in ends {
                let piece = Piece {
                    path: path.clone(),
                    start: start as u64,
                    end: end as u64,
                };
                // Some parts get several pieces, which may be of several files.
                match parts.last_mut() {
                    Some(part) if (start + end) % 3 == 0 => Vec::push(part, piece),
                    _ => parts.push(vec![piece]),
                }
                start = end;
            }
        }
        parts
    }

    fn crc(bytes: &[u8]) -> u32 {
        crc32fast::hash(bytes)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 64 }))]

        #[test]
        fn parts_make_the_same_shards_as_the_files_in_one_go(
            texts in prop::collection::vec(".{0,40}|[a-f]{0,40}", 1..4),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            shares in 0..=10_u64,
            order in any::<prop::sample::Index>(),
        ) {
            let folder = Folder::new();
            let paths: Vec<PathBuf> = (0..texts.len()).map(|at| folder.0.join(at.to_string())).collect();
            for (path, text) in paths.iter().zip(&texts) {
                fs::write(path, text).unwrap();
            }
            let whole = texts.concat();
            let mut vocabulary: Vec<u32> = whole.chars().map(u32::from).collect();
            vocabulary.sort_unstable();
            vocabulary.dedup();
            let ids: Vec<u16> = whole
                .chars()
                .map(|character| vocabulary.binary_search(&character.into()).unwrap().try_into().unwrap())
                .collect();
            let training = ids.len() as u64 * shares / 10;
            let (train, val) = (folder.0.join("train"), folder.0.join("val"));
            File::create(&train).unwrap();
            File::create(&val).unwrap();

            let parts = pieces(&paths, &cuts);
            let mut union = Vec::new();
            let mut starts = vec![0];
            for part in &parts {
                let mut tapped = vec![Vec::new(); part.len()];
                let scanned = scan(part, |index, bytes| tapped[index].extend(bytes)).unwrap();
                prop_assert_eq!(scanned.checksum, crc(&tapped.concat()));
                union.extend(scanned.vocabulary);
                starts.push(starts[starts.len() - 1] + scanned.characters as u64);
                prop_assert_eq!(scanned.checksum, checksum(part).unwrap());
            }
            union.sort_unstable();
            union.dedup();
            prop_assert_eq!(&union, &vocabulary);

            // The parts are encoded in another order.
            let first = order.index(parts.len());
            for at in (first..parts.len()).chain(0..first) {
                let place = Place { train: &train, val: &val, position: starts[at], training };
                let mut tapped = [const { Vec::<u8>::new() }; 2];
                let encoded = encode(&parts[at], &vocabulary, &place, |into_train, bytes| {
                    tapped[usize::from(into_train)].extend(bytes);
                }).unwrap();
                let own = usize::try_from(starts[at]).unwrap()..usize::try_from(starts[at + 1]).unwrap();
                let bytes: Vec<u8> = ids[own].iter().flat_map(|id| id.to_le_bytes()).collect();
                prop_assert_eq!(encoded.written, crc(&bytes));
                let [into_val, into_train] = tapped;
                prop_assert_eq!([into_train, into_val].concat(), bytes);
                prop_assert_eq!(encoded.read, checksum(&parts[at]).unwrap());
            }
            let mut bytes = fs::read(&train).unwrap();
            prop_assert_eq!(bytes.len() as u64, 2 * training);
            bytes.extend(fs::read(&val).unwrap());
            let expected: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
            prop_assert_eq!(bytes, expected);
        }
    }

    #[test]
    fn failures_are_named_by_their_place_in_the_file() {
        let folder = Folder::new();
        let path = folder.0.join("text");
        fs::write(&path, b"abc\xE9def").unwrap();
        let piece = |start, end| Piece {
            path: path.clone(),
            start,
            end,
        };
        assert!(scan(&[piece(0, 3), piece(4, 7)], |_, _| {}).is_ok());
        let failure = scan(&[piece(2, 7)], |_, _| {}).unwrap_err();
        assert!(matches!(failure, Failure::NotUtf8 { position: 3, .. }));
        for failure in [
            scan(&[piece(4, 8)], |_, _| {}).unwrap_err(),
            checksum(&[piece(0, 8)]).unwrap_err(),
        ] {
            assert!(matches!(failure, Failure::Changed), "{failure:?}");
        }
        let place = Place {
            train: &path,
            val: &path,
            position: 0,
            training: 7,
        };
        let failure = encode(&[piece(0, 3)], &[97, 98], &place, |_, _| {}).unwrap_err();
        assert!(matches!(failure, Failure::Changed));
        let absent = Place {
            train: &folder.0.join("none"),
            ..place
        };
        let failure = encode(&[piece(0, 2)], &[97, 98], &absent, |_, _| {}).unwrap_err();
        assert!(matches!(failure, Failure::Io { .. }));
    }

    /// A temporary folder, which is removed with its contents when it is dropped.
    pub struct Folder(pub PathBuf);

    impl Folder {
        pub fn new() -> Self {
            use std::sync::atomic::{AtomicUsize, Ordering};
            static NUMBER: AtomicUsize = AtomicUsize::new(0);
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("nanogpt-rs-partition-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }
}
