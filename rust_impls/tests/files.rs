//! Ideas that read files, compared with plain code that reads whole files: at every border of a
//! block and of a character.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use rust_impls::file_charset::{mmap, rayon};
use rust_impls::file_texts::{
    BLOCK, Blocks, CACHE_LINE, Failure, Fault, Seen, Source, from_cache_line,
};
use rust_impls::prepare::Prepared;
use rust_impls::simd;
use rust_impls::text::Text;
use rust_impls::{file_charset, limit, prepare, shards};

type FileCharset = fn(&[PathBuf]) -> Result<Vec<u32>, Failure>;
type Prepare = fn(&[PathBuf]) -> Result<Prepared, Failure>;
type Shards = fn(&[PathBuf], &Path) -> Result<Vec<u32>, Failure>;

macro_rules! file_charset_ideas {
    ($($idea:ident),*) => {
        const FILE_CHARSET: &[(&str, FileCharset)] =
            &[$((stringify!($idea), file_charset::$idea::file_charset),)*];
    };
}
macro_rules! prepare_ideas {
    ($($idea:ident),*) => {
        const PREPARE: &[(&str, Prepare)] = &[$((stringify!($idea), prepare::$idea::prepare),)*];
    };
}
macro_rules! shards_ideas {
    ($($idea:ident),*) => {
        const SHARDS: &[(&str, Shards)] = &[$((stringify!($idea), shards::$idea::shards),)*];
    };
}
/// The ideas of these tasks are tested in ideas.rs and fused.rs.
macro_rules! elsewhere {
    ($($idea:ident),*) => {};
}
use elsewhere as bpe_decode_ideas;
use elsewhere as bpe_encode_ideas;
use elsewhere as bpe_encode_array_ideas;
use elsewhere as bpe_encode_batch_ideas;
use elsewhere as bpe_train_ideas;
use elsewhere as charset_ideas;
use elsewhere as charset_encode_ideas;
use elsewhere as count_ideas;
use elsewhere as decode_array_ideas;
use elsewhere as decode_list_ideas;
use elsewhere as encode_ideas;
use elsewhere as encode_array_ideas;
use elsewhere as encode_int64_ideas;
use elsewhere as encode_uint8_ideas;
include!(concat!(env!("OUT_DIR"), "/ideas.rs")); // written by build.rs: calls all of these

/// A temporary folder, which is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("nanogpt-rs-test-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).expect("a new folder");
        Self(folder)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("a new file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A reader that returns at most so many bytes at once, as a pipe might.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = buffer.len().min(self.1);
        self.0.read(&mut buffer[..size])
    }
}

fn codes_of(text: Text<'_>) -> Vec<u32> {
    match text {
        Text::One(codes) => codes.iter().copied().map(u32::from).collect(),
        Text::Two(codes) => codes.iter().copied().map(u32::from).collect(),
        Text::Four(codes) => codes.to_vec(),
    }
}

fn distinct(text: &str) -> Vec<u32> {
    let characters: BTreeSet<char> = text.chars().collect();
    characters.into_iter().map(u32::from).collect()
}

fn ids(text: &str) -> Vec<usize> {
    let vocabulary = distinct(text);
    let id = |character| vocabulary.binary_search(&u32::from(character));
    text.chars()
        .filter_map(|character| id(character).ok())
        .collect()
}

fn filled(prepared: Prepared) -> Result<Vec<i64>, Failure> {
    let mut places = vec![MaybeUninit::new(-7); prepared.length];
    (prepared.fill)(&mut places)?;
    #[allow(unsafe_code)]
    // SAFETY: all places were initialized above.
    Ok(places
        .into_iter()
        .map(|id| unsafe { id.assume_init() })
        .collect())
}

fn check(texts: &[String]) {
    let folder = Folder::new();
    let named = |(index, text): (usize, &String)| folder.write(&index.to_string(), text);
    let paths: Vec<PathBuf> = texts.iter().enumerate().map(named).collect();
    let whole = texts.concat();
    let expected = ids(&whole);
    assert_eq!(limit::characters(&paths).expect("readable"), expected.len());
    assert_eq!(limit::read_files(&paths).expect("readable"), whole.len());
    for (name, file_charset) in FILE_CHARSET {
        assert_eq!(
            file_charset(&paths).expect("UTF-8"),
            distinct(&whole),
            "{name}"
        );
    }
    for (name, prepare) in PREPARE {
        let prepared = prepare(&paths).expect("UTF-8");
        assert_eq!(prepared.vocabulary, distinct(&whole), "{name}");
        let written = filled(prepared).expect("the same files");
        assert!(
            written
                .iter()
                .map(|&id| usize::try_from(id))
                .eq(expected.iter().copied().map(Ok)),
            "{name}"
        );
    }
    for (name, shards) in SHARDS {
        let vocabulary = shards(&paths, &folder.0).expect("UTF-8, and a folder");
        assert_eq!(vocabulary, distinct(&whole), "{name}");
        let (train, val) = expected.split_at(expected.len() * 9 / 10);
        for (file, ids) in [("train.bin", train), ("val.bin", val)] {
            let bytes = fs::read(folder.0.join(file)).expect("a shard");
            let written = bytes
                .chunks(2)
                .map(|id| usize::from(id[0]) + 256 * usize::from(id[1]));
            assert!(written.eq(ids.iter().copied()), "{name}: {file}");
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ab\r\n]{0,40}",
        "[aé漢😀\u{FEFF}]{0,40}",
        "[a-zА-я]{0,300}",
    ]
}

proptest! {
    #[test]
    fn several_files_are_one_text(texts in prop::collection::vec(text(), 0..4)) {
        check(&texts);
    }

    #[test]
    fn blocks_of_any_size_make_up_the_text(text in text(), size in 1..40_usize, at_once in 1..9_usize) {
        let (mut codes, mut seen) = (Vec::new(), Seen::default());
        let taken = Blocks::new(size).for_each_text(Trickle(text.as_bytes(), at_once), &mut |block: Text<'_>| {
            codes.extend(codes_of(block));
            seen.add(block);
            Ok::<(), ()>(())
        });
        prop_assert!(taken.is_ok());
        prop_assert!(codes.iter().copied().eq(text.chars().map(u32::from)));
        prop_assert_eq!(seen.vocabulary(), distinct(&text));
        prop_assert_eq!(seen.length, codes.len());

        // `Seen` itself takes the same text, and finds ASCII on its way.
        for path in simd::available() {
            let mut direct = Seen::on(path);
            let taken = Blocks::new(size).for_each_text(Trickle(text.as_bytes(), at_once), &mut direct);
            prop_assert!(taken.is_ok());
            prop_assert_eq!(direct.vocabulary(), distinct(&text));
            prop_assert_eq!(direct.length, codes.len());
        }
    }

    #[test]
    fn wrong_utf8_is_reported_where_it_begins(
        text in text(),
        wrong in prop::collection::vec(0x80..=0xFF_u8, 1..5),
        after in "[a-zé]{0,5}",
        size in 1..40_usize,
        at_once in 1..9_usize,
    ) {
        let bytes = [text.as_bytes(), &wrong, after.as_bytes()].concat();
        let taken = Blocks::new(size).for_each_text(Trickle(&bytes, at_once), &mut |_: Text<'_>| Ok::<(), ()>(()));
        match (str::from_utf8(&bytes), taken) {
            (Ok(_), Ok(())) => (),
            (Err(error), Err(Fault::NotUtf8(position))) => {
                prop_assert_eq!(position, error.valid_up_to() as u64);
            }
            (expected, result) => prop_assert!(false, "{:?}, not {:?}", result, expected),
        }
    }

    /// Several threads find the same characters, or the same wrong byte, with pieces of any size.
    #[test]
    fn pieces_read_by_several_threads_make_up_the_file(
        text in text(),
        wrong in prop::collection::vec(0x80..=0xFF_u8, 0..7),
        after in "[a-zé漢😀]{0,9}",
        piece in 4..40_u64,
    ) {
        let bytes = [text.as_bytes(), &wrong, after.as_bytes()].concat();
        let folder = Folder::new();
        let path = folder.write("text", &bytes);
        let source = Source::open(&path).expect("a file");
        let mut seen = Seen::default();
        let threads = ::rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
        let result = threads.install(|| rayon::add_on_all_cores(&source, piece, &mut seen));
        match (str::from_utf8(&bytes), result) {
            (Ok(text), Ok(end)) => {
                prop_assert_eq!(end, bytes.len() as u64);
                prop_assert_eq!(seen.vocabulary(), distinct(text));
                prop_assert_eq!(seen.length, text.chars().count());
            }
            (Err(error), Err(Failure::NotUtf8 { position, .. })) => {
                prop_assert_eq!(position, error.valid_up_to() as u64);
            }
            (Err(error), Err(Failure::Gzip { .. })) => prop_assert_eq!(error.valid_up_to(), 1),
            (expected, result) => prop_assert!(false, "{:?}, not {:?}", result, expected),
        }
    }
}

proptest! {
    /// A wide text is long enough for vectors, and uses any number of pages.
    #[test]
    fn wide_texts_add_up(
        parts in prop::collection::vec(
            prop::collection::vec(0..0x11_0000_u32, 1..9)
                .prop_flat_map(|few| prop::collection::vec(prop::sample::select(few), 0..300)),
            1..4,
        ),
        divisor in prop::sample::select(vec![1_u32, 17, 300, 4000]),
    ) {
        for path in simd::available() {
            let mut seen = Seen::on(path);
            let mut whole: BTreeSet<u32> = BTreeSet::new();
            for part in &parts {
                let codes: Vec<u32> = part.iter().map(|code| code / divisor).collect();
                whole.extend(&codes);
                let narrow: Result<Vec<u16>, _> = codes.iter().map(|&code| u16::try_from(code)).collect();
                match &narrow {
                    Ok(narrow) => seen.add(Text::Two(narrow)),
                    Err(_) => seen.add(Text::Four(&codes)),
                }
                let mut merged = Seen::on(path);
                merged.merge(&seen);
                prop_assert_eq!(merged.vocabulary(), seen.vocabulary());
            }
            prop_assert!(seen.vocabulary().into_iter().eq(whole), "{}", path.name());
        }
    }

    /// Parts are added to any characters seen before, as texts and as ASCII.
    #[test]
    fn parts_of_latin1_add_up(parts in prop::collection::vec(
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..700),
            prop::collection::vec(b'a'..b'e', 0..3000),
        ],
        0..5,
    )) {
        let mut seen = Seen::default();
        for part in &parts {
            seen.add(Text::One(part));
        }
        let whole: BTreeSet<u32> = parts.concat().into_iter().map(u32::from).collect();
        prop_assert!(seen.vocabulary().into_iter().eq(whole));
        prop_assert_eq!(seen.length, parts.concat().len());

        // Bytes beyond ASCII are recognized whatever was seen before, and are not added.
        let mut ascii = Vec::new();
        let mut latin1 = Seen::default();
        latin1.add(Text::One(&[0x80, 0xFF]));
        for part in &parts {
            prop_assert_eq!(latin1.add_ascii(part), part.is_ascii());
            if part.is_ascii() {
                ascii.extend(part);
            }
        }
        prop_assert_eq!(latin1.length, 2 + ascii.len());
        let whole: BTreeSet<u32> = ascii.into_iter().chain([0x80, 0xFF]).map(u32::from).collect();
        prop_assert!(latin1.vocabulary().into_iter().eq(whole));
    }
}

/// The cuts fall on each border of a block, a window or a piece, at each byte of a character.
#[test]
fn characters_may_cross_the_borders_in_long_files() {
    let folder = Folder::new();
    for character in ["é", "漢", "😀"] {
        for before in 1..character.len() {
            let mut text = String::new();
            let mut expected = vec![u32::from(' ')];
            for (border, other) in [1 << 16, BLOCK, 1 << 20, 4 << 20, 8 << 20, 16 << 20]
                .into_iter()
                .zip(0..)
            {
                let first = character.chars().next().map_or(0, u32::from) + other;
                text.extend(std::iter::repeat_n(' ', border - before - text.len()));
                text.extend(char::from_u32(first));
                expected.push(first);
            }
            let path = folder.write("text", &text);
            for (name, file_charset) in FILE_CHARSET {
                let characters = file_charset(std::slice::from_ref(&path)).expect("UTF-8");
                assert_eq!(characters, expected, "{name}: {character}, {before}");
            }
            let mut bytes = text.into_bytes();
            bytes.pop();
            let path = folder.write("text", &bytes);
            for (name, file_charset) in FILE_CHARSET {
                let refused = file_charset(std::slice::from_ref(&path)).err();
                let at = (16 << 20) - before as u64;
                assert!(
                    matches!(refused, Some(Failure::NotUtf8 { position, .. }) if position == at),
                    "{name}: {refused:?}, not {at}"
                );
            }
        }
    }
}

#[test]
fn a_file_compressed_by_gzip_is_recognized() {
    let folder = Folder::new();
    let path = folder.write("text.gz", b"\x1F\x8B\x08\0");
    let paths = std::slice::from_ref(&path);
    let ideas = FILE_CHARSET
        .iter()
        .map(|(name, idea)| (name, idea(paths).err()));
    let prepare_ideas = PREPARE.iter().map(|(name, idea)| (name, idea(paths).err()));
    for (name, refused) in ideas.chain(prepare_ideas) {
        assert!(matches!(refused, Some(Failure::Gzip { .. })), "{name}");
    }
    let path = folder.write("text", b"\x1E\x8B\x08\0");
    for (name, idea) in FILE_CHARSET {
        let refused = idea(std::slice::from_ref(&path)).err();
        assert!(
            matches!(refused, Some(Failure::NotUtf8 { position: 1, .. })),
            "{name}"
        );
    }
}

type Change<'a> = &'a dyn Fn(&Path) -> io::Result<()>;

/// The file grows, shrinks or is overwritten while a block of it is processed.
#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    let text = vec![b'a'; 3 * BLOCK];
    let at_first = |path: &Path| {
        fs::write(path, &text).expect("a file");
        let old = std::time::SystemTime::UNIX_EPOCH;
        let file = fs::File::options().write(true).open(path).expect("a file");
        file.set_modified(old).expect("a time");
    };
    let grow = |path: &Path| fs::write(path, [&text[..], b"b"].concat());
    let write_over = |path: &Path| fs::write(path, vec![b'b'; 3 * BLOCK]);
    let shrink = |path: &Path| fs::write(path, b"aa");
    let empty = |path: &Path| fs::write(path, b"");
    for change in [&grow as Change<'_>, &write_over, &shrink, &empty] {
        let folder = Folder::new();
        let path = folder.0.join("text");
        at_first(&path);
        let mut first_block = Some(());
        let source = Source::open(&path).expect("a file");
        let read = source.for_each_text_from(0, &mut Blocks::new(BLOCK), &mut |_: Text<'_>| {
            first_block
                .take()
                .map_or(Ok(()), |()| change(&path))
                .expect("a change");
            Ok(())
        });
        assert!(
            matches!(read, Err(Failure::Altered { position, .. }) if position > 0),
            "{read:?}"
        );
    }
}

/// Between two windows of a mapped file it may shrink to nothing. The second window is then not
/// touched.
#[test]
fn a_file_that_shrinks_between_windows_does_not_crash() {
    let folder = Folder::new();
    let path = folder.write("text", vec![b'a'; 9 << 20]);
    let source = Source::open(&path).expect("a file");
    let mut taken = 0;
    let end = mmap::for_each_mapped_text(&source, &mut |text: Text<'_>| {
        taken += text.len();
        if taken == 4 << 20 {
            fs::write(&path, b"aa").expect("a file");
        }
        Ok(())
    });
    assert_eq!(end.expect("UTF-8"), 4 << 20);
    let read =
        source.for_each_text_from(4 << 20, &mut Blocks::new(BLOCK), &mut |_: Text<'_>| Ok(()));
    assert!(matches!(read, Err(Failure::Altered { .. })));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_a_size_is_read_to_its_end() {
    let path = Path::new("/proc/version");
    let text = fs::read_to_string(path).expect("the version of Linux");
    for (name, file_charset) in FILE_CHARSET {
        assert_eq!(
            file_charset(&[path.into()]).expect("UTF-8"),
            distinct(&text),
            "{name}"
        );
    }
}

#[test]
fn long_texts_of_every_width() {
    let ascii: String = ('0'..='p').cycle().take(BLOCK + 7).collect();
    let wide: String = "aжд漢😀".chars().cycle().take(BLOCK / 2).collect();
    check(std::slice::from_ref(&ascii));
    check(&[ascii.clone() + "é", ascii.clone(), String::new()]);
    check(&[wide.clone() + &ascii + &wide]);
    check(&[(0..=0xFFFF).filter_map(char::from_u32).collect()]);
}

#[test]
fn more_characters_than_a_shard_has_ids_are_refused() {
    let folder = Folder::new();
    let text: String = (0..=0x1_0800).filter_map(char::from_u32).collect();
    let path = folder.write("text", &text);
    for (_, shards) in SHARDS {
        let refused = shards(std::slice::from_ref(&path), &folder.0);
        assert!(matches!(refused, Err(Failure::TooManyDistinct(65_537))));
    }
    assert!(!folder.0.join("train.bin").exists());
}

#[test]
fn a_failure_names_its_file() {
    let folder = Folder::new();
    let good = folder.write("good", "ab");
    let bad = folder.write("bad", b"a\xC3\xA9\xE9");
    for (name, file_charset) in FILE_CHARSET {
        let refused = file_charset(&[good.clone(), bad.clone()]).err();
        assert!(
            matches!(&refused, Some(Failure::NotUtf8 { path, position: 3 }) if *path == bad),
            "{name}: {refused:?}"
        );
        for missing in [folder.0.join("missing"), folder.0.clone()] {
            let refused = file_charset(&[good.clone(), missing.clone()]).err();
            assert!(
                matches!(&refused, Some(Failure::Io { path, .. }) if *path == missing),
                "{name}: {refused:?}"
            );
        }
    }
    for (_, prepare) in PREPARE {
        let refused = prepare(&[good.clone(), bad.clone()]).err();
        assert!(matches!(refused, Some(Failure::NotUtf8 { path, position: 3 }) if path == bad));
        for missing in [folder.0.join("missing"), folder.0.clone()] {
            let refused = prepare(&[good.clone(), missing.clone()]).err();
            assert!(matches!(refused, Some(Failure::Io { path, .. }) if path == missing));
        }
    }
    for (_, shards) in SHARDS {
        let refused = shards(std::slice::from_ref(&good), &folder.0.join("missing")).err();
        assert!(matches!(refused, Some(Failure::Io { .. })));
    }
}

#[test]
fn files_that_change_between_two_readings_are_refused() {
    for (before, after) in [
        ("abc", "abcd"),
        ("abc", "ab"),
        ("abc", "abb"),
        ("abc", "abca"),
        ("", "a"),
    ] {
        let folder = Folder::new();
        let path = folder.write("text", before);
        let prepared = prepare::two_passes::prepare(&[path]).expect("UTF-8");
        folder.write("text", after);
        let written = filled(prepared);
        if after == "abb" {
            // This text has the same vocabulary and length.
            assert_eq!(written.ok(), Some(vec![0, 1, 1]));
        } else {
            assert!(matches!(written, Err(Failure::Changed)), "{before} {after}");
        }
    }
}

#[test]
fn the_training_share_is_rounded_down_without_overflow() {
    for length in 0..200 {
        assert_eq!(shards::training_characters(length), 9 * length / 10);
    }
    assert_eq!(
        shards::training_characters(usize::MAX),
        usize::MAX / 10 * 9 + 4
    );
}

/// The memory around it may begin anywhere.
#[test]
fn the_part_for_a_block_begins_with_a_cache_line() {
    let mut buffer = vec![0_u16; 4 * CACHE_LINE];
    for start in 0..CACHE_LINE {
        let whole = buffer[start..].len();
        let part = from_cache_line(&mut buffer[start..]);
        assert_eq!(part.as_ptr().addr() % CACHE_LINE, 0);
        assert!(whole - part.len() < CACHE_LINE);
    }
}
