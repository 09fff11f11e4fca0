//! The least memory traffic that a task needs, done in one plain way: reading the input once,
//! copying it, or writing a result of its size. Byte-pair encoding has three parts that no idea can
//! leave out: splitting, a lookup of each piece, and the result.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::ptr;

use memmap2::MmapOptions;

use crate::bpe::ranks::Ranks;
use crate::bpe::split::{Pattern, Splitter, pieces};
use crate::file_charset::mmap::WINDOW;
use crate::file_texts::utf8::valid;
use crate::file_texts::{BLOCK, CACHE_LINE, Failure, LONGEST, for_each_text, from_cache_line};
use crate::id_table::Number;
use crate::text::Text;

/// Reads every byte with the widest vectors that the processor has. Returns a checksum, so that the
/// compiler cannot leave out any part.
#[allow(unsafe_code)] // calls functions compiled for instructions that not every processor has
pub fn read(bytes: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the check above shows that the processor has these instructions.
            return unsafe { read_avx512(bytes) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { read_avx2(bytes) };
        }
    }
    sum(bytes)
}

/// The exclusive or of all words of eight bytes, the last of which may be shorter. The compiler
/// turns neighbouring lanes into vectors, and several vectors hide the time that one waits for the
/// previous.
#[inline(always)]
#[allow(clippy::inline_always)] // otherwise it would be compiled for the wrong instructions
fn sum(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<256>();
    let mut lanes = [0_u64; 32];
    for block in blocks {
        for (lane, &word) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane ^= u64::from_le_bytes(word);
        }
    }
    let whole = lanes.into_iter().fold(0, |sum, lane| sum ^ lane);
    rest.chunks(8).fold(whole, |sum, word| {
        let mut padded = [0; 8];
        padded[..word.len()].copy_from_slice(word);
        sum ^ u64::from_le_bytes(padded)
    })
}

/// Uses vectors of 64 bytes explicitly, because the compiler would choose half that size. The loads
/// are aligned, because an unaligned load of 64 bytes crosses from one cache line into the next.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
#[allow(unsafe_code)] // loads of 64 bytes
fn read_avx512(bytes: &[u8]) -> u64 {
    use std::arch::x86_64::{
        _mm512_loadu_si512, _mm512_setzero_si512, _mm512_storeu_si512, _mm512_xor_si512,
    };
    let before = bytes.as_ptr().align_offset(64).min(bytes.len());
    let (before, aligned) = bytes.split_at(before);
    let (blocks, rest) = aligned.as_chunks::<512>();
    let mut lanes = [_mm512_setzero_si512(); 8];
    for block in blocks {
        for (lane, part) in lanes.iter_mut().zip(block.as_chunks::<64>().0) {
            // SAFETY: the part is 64 bytes long.
            *lane = _mm512_xor_si512(*lane, unsafe { _mm512_loadu_si512(part.as_ptr().cast()) });
        }
    }
    let lane = lanes.into_iter().fold(_mm512_setzero_si512(), |sum, lane| {
        _mm512_xor_si512(sum, lane)
    });
    let mut words = [0_u64; 8];
    // SAFETY: the words are 64 bytes long.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), lane) };
    let whole = words.into_iter().fold(sum(rest), |sum, word| sum ^ word);
    let shift = [0, 8, 16, 24, 32, 40, 48, 56][before.len() % 8];
    sum(before) ^ whole.rotate_left(shift)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn read_avx2(bytes: &[u8]) -> u64 {
    sum(bytes)
}

/// Copies `bytes` into `places`, which must have the same length.
///
/// # Panics
///
/// When the lengths differ.
#[allow(unsafe_code)] // a copy into uninitialized memory
pub fn memcpy(bytes: &[u8], places: &mut [MaybeUninit<u8>]) {
    assert_eq!(bytes.len(), places.len());
    // SAFETY: both have the same length. `places` is borrowed exclusively, so that they do not
    // overlap.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), places.as_mut_ptr().cast(), bytes.len()) };
}

/// Writes each code of a text as a number, which may be too small for it: what looking up ids reads
/// and writes, without the lookup.
///
/// # Panics
///
/// When the lengths differ.
#[allow(unsafe_code)] // as for `read`
pub fn convert<N: Number>(text: Text<'_>, places: &mut [MaybeUninit<N>]) {
    assert_eq!(text.len(), places.len());
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512bw") {
            // SAFETY: the check above shows that the processor has these instructions.
            return unsafe { convert_avx512(text, places) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { convert_avx2(text, places) };
        }
    }
    converted(text, places);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512bw")]
fn convert_avx512<N: Number>(text: Text<'_>, places: &mut [MaybeUninit<N>]) {
    converted(text, places);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn convert_avx2<N: Number>(text: Text<'_>, places: &mut [MaybeUninit<N>]) {
    converted(text, places);
}

#[inline(always)]
#[allow(clippy::inline_always)] // as for `sum`
fn converted<N: Number>(text: Text<'_>, places: &mut [MaybeUninit<N>]) {
    #[inline(always)]
    #[allow(clippy::inline_always)] // as for `sum`
    fn each<C: Copy + Into<u32>, N: Number>(codes: &[C], places: &mut [MaybeUninit<N>]) {
        for (&code, place) in codes.iter().zip(places) {
            place.write(N::from_id(code.into()));
        }
    }
    match text {
        Text::One(codes) => each(codes, places),
        Text::Two(codes) => each(codes, places),
        Text::Four(codes) => each(codes, places),
    }
}

/// Gives `take` the bytes of files, block by block.
fn for_each_block(
    paths: &[PathBuf],
    mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut buffer = vec![0; BLOCK + CACHE_LINE];
    let block = &mut from_cache_line(&mut buffer)[..BLOCK];
    for path in paths {
        let failed = |error| Failure::io(path, error);
        let mut file = File::open(path).map_err(failed)?;
        loop {
            let read = file.read(block).map_err(failed)?;
            if read == 0 {
                break;
            }
            take(&block[..read])?;
        }
    }
    Ok(())
}

/// Counts the characters of files in UTF-8: reads them once and looks at each byte.
///
/// # Errors
///
/// When the system refuses to read one.
pub fn characters(paths: &[PathBuf]) -> Result<usize, Failure> {
    let mut characters = 0;
    for_each_block(paths, |block| {
        characters += characters_in(block);
        Ok(())
    })?;
    Ok(characters)
}

/// Counts the bytes of UTF-8 that begin a character, with the widest vectors that the processor
/// has.
#[allow(unsafe_code)] // as for `read`
pub fn characters_in(block: &[u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512bw") {
            // SAFETY: the check above shows that the processor has these instructions.
            return unsafe { characters_avx512(block) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { characters_avx2(block) };
        }
    }
    starts(block)
}

fn is_start(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

/// Counts in lanes of one byte, which the compiler turns into vectors. They are added up before one
/// of them can overflow.
#[inline(always)]
#[allow(clippy::inline_always)] // as for `sum`
fn starts(block: &[u8]) -> usize {
    let (rows, rest) = block.as_chunks::<256>();
    let mut total = 0;
    for rows in rows.chunks(usize::from(u8::MAX)) {
        let mut lanes = [0_u8; 256];
        for row in rows {
            for (lane, &byte) in lanes.iter_mut().zip(row) {
                *lane += u8::from(is_start(byte));
            }
        }
        total += lanes.into_iter().map(usize::from).sum::<usize>();
    }
    total + rest.iter().filter(|&&byte| is_start(byte)).count()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512bw")]
fn characters_avx512(block: &[u8]) -> usize {
    starts(block)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn characters_avx2(block: &[u8]) -> usize {
    starts(block)
}

/// Counts the bytes of files: reads them without looking at any.
///
/// # Errors
///
/// When the system refuses to read one.
pub fn read_files(paths: &[PathBuf]) -> Result<usize, Failure> {
    let mut size = 0;
    for_each_block(paths, |block| {
        size += block.len();
        Ok(())
    })?;
    Ok(size)
}

/// Counts the bytes of files in UTF-8: reads them once and checks them.
///
/// # Errors
///
/// When one cannot be read or is not UTF-8.
pub fn validate_files(paths: &[PathBuf]) -> Result<usize, Failure> {
    let mut size = 0;
    let mut buffer = vec![0; LONGEST + BLOCK];
    for path in paths {
        let failed = |error| Failure::io(path, error);
        let mut file = File::open(path).map_err(failed)?;
        // The start of a character that the next block continues is kept at the start of the
        // buffer.
        let (mut kept, mut before) = (0, 0);
        loop {
            let read = file.read(&mut buffer[kept..]).map_err(failed)?;
            let bytes = &buffer[..kept + read];
            let whole = valid(bytes).len();
            (before, kept) = (before + whole, bytes.len() - whole);
            if kept >= LONGEST || read == 0 && kept > 0 {
                return Err(Failure::not_utf8(path, bytes, before));
            }
            if read == 0 {
                break;
            }
            buffer.copy_within(whole..whole + kept, 0);
        }
        size += before;
    }
    Ok(size)
}

/// Counts the characters of files in UTF-8: reads them once, checks them and decodes them.
///
/// # Errors
///
/// When one cannot be read, changes meanwhile, or is not UTF-8.
pub fn decode_files(paths: &[PathBuf]) -> Result<usize, Failure> {
    let mut length = 0;
    for_each_text(paths, &mut |text: Text<'_>| {
        length += text.len();
        Ok(())
    })?;
    Ok(length)
}

/// Counts the bytes of files: maps them into memory, window by window, and reads each byte there.
/// As with `file_charset::mmap`, a file that is cut short while its window is read ends the
/// process.
///
/// # Errors
///
/// When the system refuses to map one.
#[allow(unsafe_code)] // a mapped file, which others may change
pub fn map_files(paths: &[PathBuf]) -> Result<u64, Failure> {
    let mut size = 0;
    for path in paths {
        let failed = |error| Failure::io(path, error);
        let file = File::open(path).map_err(failed)?;
        let mut start = 0;
        while let left @ 1.. = file.metadata().map_err(failed)?.len().saturating_sub(start) {
            let window = WINDOW.min(usize::try_from(left).unwrap_or(WINDOW));
            let mut options = MmapOptions::new();
            options.offset(start).len(window).populate();
            // SAFETY: a change of the file meanwhile changes only a checksum that nobody uses. The
            // description of this function covers files that are cut short.
            let window = unsafe { options.map(&file) }.map_err(failed)?;
            black_box(read(&window));
            start += window.len() as u64;
        }
        size += start;
    }
    Ok(size)
}

/// Copies files, one after the other, into one file in a folder. Returns the number of bytes.
///
/// # Errors
///
/// When the system refuses to read one or to write.
pub fn copy_files(paths: &[PathBuf], folder: &Path) -> Result<usize, Failure> {
    let mut size = 0;
    write_for_each(paths, folder, |block, write| {
        size += block.len();
        write(block)
    })?;
    Ok(size)
}

/// Reads files and writes two bytes for each character into one file in a folder. Returns the
/// number of characters.
///
/// # Errors
///
/// When the system refuses to read one or to write.
pub fn read_and_write(paths: &[PathBuf], folder: &Path) -> Result<usize, Failure> {
    let mut buffer = vec![1; 2 * BLOCK + CACHE_LINE];
    let ids = &from_cache_line(&mut buffer)[..2 * BLOCK];
    let mut characters = 0;
    write_for_each(paths, folder, |block, write| {
        let in_block = characters_in(block);
        characters += in_block;
        write(&ids[..2 * in_block])
    })?;
    Ok(characters)
}

/// Gives `take` the bytes of files, block by block, and a function that writes into one file in a
/// folder.
fn write_for_each(
    paths: &[PathBuf],
    folder: &Path,
    mut take: impl FnMut(&[u8], &mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let path = folder.join("limit");
    let failed = |error| Failure::io(&path, error);
    let mut file = File::create(&path).map_err(failed)?;
    for_each_block(paths, |block| {
        take(block, &mut |bytes| file.write_all(bytes).map_err(failed))
    })
}

/// An integer whose bytes are all 1. Filling memory with it is a memset, and unlike zeros, no fresh
/// memory holds it already.
pub trait Ones: Copy {
    const ONES: Self;
}

impl Ones for u8 {
    const ONES: Self = 1;
}

impl Ones for u16 {
    const ONES: Self = 0x0101;
}

impl Ones for i64 {
    const ONES: Self = 0x0101_0101_0101_0101;
}

/// Writes `I::ONES` everywhere, once.
#[allow(unsafe_code)] // a memset of uninitialized memory
pub fn memset<I: Ones>(places: &mut [MaybeUninit<I>]) {
    // SAFETY: the slice has that length, and all bytes are valid for an integer.
    unsafe { ptr::write_bytes(places.as_mut_ptr(), 1, places.len()) };
}

/// Splits a text into pieces, and does nothing with them.
pub fn split_pieces(_: Ranks, pattern: Pattern) -> impl Fn(&str, &mut Vec<u32>) + Send + Sync {
    move |text, _ids| {
        let mut splitter = Splitter::new(pattern, text);
        let mut ends = Vec::new();
        while splitter.refill(&mut ends) {
            black_box(&ends);
        }
    }
}

/// Splits a text into pieces, and looks each up once among the tokens.
pub fn look_up_pieces(
    ranks: Ranks,
    pattern: Pattern,
) -> impl Fn(&str, &mut Vec<u32>) + Send + Sync {
    move |text, _ids| {
        for piece in pieces(pattern, text) {
            black_box(ranks.id(piece.as_bytes()));
        }
    }
}

/// Gives an id for every four bytes of a text, about as many as a published vocabulary of 100,000
/// tokens makes of English.
pub fn give_ids(ranks: Ranks, _: Pattern) -> impl Fn(&str, &mut Vec<u32>) + Send + Sync {
    move |text, ids| {
        let some = text.bytes().step_by(4);
        ids.extend(some.map(|byte| ranks.byte(byte)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_checksum_depends_on_every_bit(mut bytes in prop::collection::vec(any::<u8>(), 1..1200), at: prop::sample::Index, bit in 0..8_usize) {
            let before = read(&bytes);
            prop_assert_eq!(before, sum(&bytes));
            prop_assert_eq!(read(&bytes[1..]), sum(&bytes[1..])); // at another alignment
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            prop_assert_eq!(before ^ read(&bytes), 1_u64 << (8 * (at % 8) + bit));
        }

        #[test]
        fn characters_are_counted_without_overflow(text in "\\PC{0,900}", times in 1..400_usize) {
            let text = text.repeat(times); // long enough to make a lane overflow
            prop_assert_eq!(characters_in(text.as_bytes()), text.chars().count());
            prop_assert_eq!(starts(text.as_bytes()), text.chars().count());
        }

        #[test]
        fn memset_writes_ones_everywhere(length in 0..300_usize) {
            prop_assert_eq!(filled(length, memset::<u8>), vec![u8::ONES; length]);
            prop_assert_eq!(filled(length, memset::<u16>), vec![u16::ONES; length]);
            prop_assert_eq!(filled(length, memset::<i64>), vec![i64::ONES; length]);
        }

        #[test]
        fn every_code_is_converted(codes in prop::collection::vec(any::<u32>(), 0..300)) {
            #[allow(clippy::cast_possible_truncation)] // the low bytes are meant
            let (one, two): (Vec<u8>, Vec<u16>) =
                codes.iter().map(|&code| (code as u8, code as u16)).unzip();
            let length = codes.len();
            let wide: Vec<i64> = codes.iter().map(|&code| code.into()).collect();
            prop_assert_eq!(filled(length, |places| convert::<u8>(Text::Two(&two), places)), &*one);
            prop_assert_eq!(filled(length, |places| convert::<u16>(Text::Four(&codes), places)), two);
            prop_assert_eq!(filled(length, |places| convert::<i64>(Text::Four(&codes), places)), wide);
            prop_assert_eq!(filled(length, |places| convert::<u8>(Text::One(&one), places)), &*one);
        }

        #[test]
        fn memcpy_copies_every_byte(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(filled(bytes.len(), |places| memcpy(&bytes, places)), bytes);
        }
    }

    #[allow(unsafe_code)] // reads values that `fill` wrote
    fn filled<I: Copy>(length: usize, fill: impl FnOnce(&mut [MaybeUninit<I>])) -> Vec<I> {
        let mut places = vec![MaybeUninit::uninit(); length];
        fill(&mut places);
        // SAFETY: `fill` has written every place; otherwise Miri would report it.
        places
            .into_iter()
            .map(|value| unsafe { value.assume_init() })
            .collect()
    }
}
