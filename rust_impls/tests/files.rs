//! What reads files, against a twin that reads them whole: at every border of a block, and of UTF-8.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use rust_impls::file_texts::{BLOCK, Blocks, Failure, Fault, Seen};
use rust_impls::prepare::Prepared;
use rust_impls::text::Text;
use rust_impls::{limit, prepare, shards};

type Prepare = fn(&[PathBuf]) -> Result<Prepared, Failure>;
type Shards = fn(&[PathBuf], &Path) -> Result<Vec<u32>, Failure>;

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
/// Tested in ideas.rs and fused.rs.
macro_rules! elsewhere {
    ($($idea:ident),*) => {};
}
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

/// A folder of its own, gone when it is dropped.
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

/// Gives so many bytes at once, as a pipe might.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let size = room.len().min(self.1);
        self.0.read(&mut room[..size])
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
    // SAFETY: each has been given a value above.
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
    for (name, prepare) in PREPARE {
        let prepared = prepare(&paths).expect("UTF-8");
        assert_eq!(prepared.vocabulary, distinct(&whole), "{name}");
        let found = filled(prepared).expect("the same files");
        assert!(
            found
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
    fn files_are_one_text(texts in prop::collection::vec(text(), 0..4)) {
        check(&texts);
    }

    #[test]
    fn blocks_are_the_text_whatever_their_size(text in text(), size in 1..40_usize, at_once in 1..9_usize) {
        let (mut codes, mut seen) = (Vec::new(), Seen::default());
        let taken = Blocks::new(size).each(Trickle(text.as_bytes(), at_once), |block| {
            codes.extend(codes_of(block));
            seen.add(block);
            Ok::<(), ()>(())
        });
        prop_assert!(taken.is_ok());
        prop_assert!(codes.iter().copied().eq(text.chars().map(u32::from)));
        prop_assert_eq!(seen.vocabulary(), distinct(&text));
        prop_assert_eq!(seen.length, codes.len());
    }

    #[test]
    fn what_is_not_utf8_is_found_where_it_begins(
        text in text(),
        wrong in prop::collection::vec(0x80..=0xFF_u8, 1..5),
        after in "[a-zé]{0,5}",
        size in 1..40_usize,
        at_once in 1..9_usize,
    ) {
        let bytes = [text.as_bytes(), &wrong, after.as_bytes()].concat();
        let taken = Blocks::new(size).each(Trickle(&bytes, at_once), |_| Ok::<(), ()>(()));
        match (str::from_utf8(&bytes), taken) {
            (Ok(_), Ok(())) => (),
            (Err(wrong), Err(Fault::NotUtf8(position))) => {
                prop_assert_eq!(position, wrong.valid_up_to() as u64);
            }
            (expected, found) => prop_assert!(false, "{:?}, not {:?}", found, expected),
        }
    }
}

#[test]
fn long_texts() {
    let ascii: String = ('0'..='p').cycle().take(BLOCK + 7).collect();
    let wide: String = "aжд漢😀".chars().cycle().take(BLOCK / 2).collect();
    check(std::slice::from_ref(&ascii));
    check(&[ascii.clone() + "é", ascii.clone(), String::new()]);
    check(&[wide.clone() + &ascii + &wide]);
    check(&[(0..=0xFFFF).filter_map(char::from_u32).collect()]);
}

#[test]
fn more_characters_than_a_shard_has_ids() {
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
        let found = filled(prepared);
        if after == "abb" {
            assert_eq!(found.ok(), Some(vec![0, 1, 1])); // a text of that vocabulary and length
        } else {
            assert!(matches!(found, Err(Failure::Changed)), "{before} {after}");
        }
    }
}

#[test]
fn the_training_share_is_rounded_down() {
    for length in 0..200 {
        assert_eq!(shards::training_characters(length), 9 * length / 10);
    }
    assert_eq!(
        shards::training_characters(usize::MAX),
        usize::MAX / 10 * 9 + 4
    );
}
