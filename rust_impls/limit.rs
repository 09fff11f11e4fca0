//! The least traffic of a task, done in one plain way: to read the input once, to copy it, or to write a
//! result of its size.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::ptr;

use memmap2::MmapOptions;

use crate::file_charset::mmap::WINDOW;
use crate::file_texts::{BLOCK, CACHE_LINE, Failure, from_cache_line};

/// Reads every byte, by the widest vectors that the processor has, and returns a checksum so that
/// nothing can be left out.
#[allow(unsafe_code)] // calls what was compiled for instructions that not every processor has
pub fn read(bytes: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has just been found to have what the function is compiled for.
            return unsafe { read_avx512(bytes) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { read_avx2(bytes) };
        }
    }
    sum(bytes)
}

/// The exclusive or of all words of eight bytes, the last of which may be shorter. Lanes beside each
/// other make it vectors, and several of those hide that one has to wait for another.
#[inline(always)]
#[allow(clippy::inline_always)] // or it would be compiled for the wrong instructions
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

/// Left to itself the compiler takes vectors of half that size. Aligned, since every other load would
/// cross from one cache line to the next.
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

/// Copies `bytes` to a place of as many.
///
/// # Panics
///
/// When there are more or fewer.
#[allow(unsafe_code)] // a copy to where nothing has a value yet
pub fn memcpy(bytes: &[u8], place: &mut [MaybeUninit<u8>]) {
    assert_eq!(bytes.len(), place.len());
    // SAFETY: both are as long, and nobody else borrows the place, so that they do not overlap.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), place.as_mut_ptr().cast(), bytes.len()) };
}

/// Gives `take` the bytes of files, a block at a time.
fn each_block(
    paths: &[PathBuf],
    mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut room = vec![0; BLOCK + CACHE_LINE];
    let block = &mut from_cache_line(&mut room)[..BLOCK];
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

/// How many characters files have that are UTF-8, which reads them once and looks at each byte.
///
/// # Errors
///
/// When the system refuses to read one.
pub fn characters(paths: &[PathBuf]) -> Result<usize, Failure> {
    let mut characters = 0;
    each_block(paths, |block| {
        characters += characters_in(block);
        Ok(())
    })?;
    Ok(characters)
}

/// How many bytes a text in UTF-8 has but those that go on with a character, by the widest vectors that
/// the processor has.
#[allow(unsafe_code)] // as `read`
pub fn characters_in(block: &[u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512bw") {
            // SAFETY: the processor has just been found to have what the function is compiled for.
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

/// Lanes of a byte beside each other make it vectors, and are added up before one of them can overflow.
#[inline(always)]
#[allow(clippy::inline_always)] // as `sum`
fn starts(block: &[u8]) -> usize {
    let (rows, rest) = block.as_chunks::<256>();
    let mut found = 0;
    for rows in rows.chunks(usize::from(u8::MAX)) {
        let mut lanes = [0_u8; 256];
        for row in rows {
            for (lane, &byte) in lanes.iter_mut().zip(row) {
                *lane += u8::from(is_start(byte));
            }
        }
        found += lanes.into_iter().map(usize::from).sum::<usize>();
    }
    found + rest.iter().filter(|&&byte| is_start(byte)).count()
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

/// How many bytes files have: reads them and looks at none.
///
/// # Errors
///
/// When the system refuses to read one.
pub fn read_files(paths: &[PathBuf]) -> Result<usize, Failure> {
    let mut size = 0;
    each_block(paths, |block| {
        size += block.len();
        Ok(())
    })?;
    Ok(size)
}

/// How many bytes files have: maps them into memory, window by window, and reads each byte there. As
/// with `file_charset::mmap`, what is cut off a window that is being read ends the process.
///
/// # Errors
///
/// When the system refuses to map one.
#[allow(unsafe_code)] // a map, which others may change
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
            // SAFETY: whoever changes the file meanwhile changes a checksum that nobody looks at. Of
            // what is cut off, see above.
            let window = unsafe { options.map(&file) }.map_err(failed)?;
            black_box(read(&window));
            start += window.len() as u64;
        }
        size += start;
    }
    Ok(size)
}

/// Copies files, one after the other, into a file of a folder. Returns how many bytes they have.
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

/// Reads files and writes two bytes for each character into a file of a folder. Returns how many
/// characters those are.
///
/// # Errors
///
/// When the system refuses to read one or to write.
pub fn read_and_write(paths: &[PathBuf], folder: &Path) -> Result<usize, Failure> {
    let mut room = vec![1; 2 * BLOCK + CACHE_LINE];
    let ids = &from_cache_line(&mut room)[..2 * BLOCK];
    let mut characters = 0;
    write_for_each(paths, folder, |block, write| {
        let found = characters_in(block);
        characters += found;
        write(&ids[..2 * found])
    })?;
    Ok(characters)
}

/// Gives `take` the bytes of files, a block at a time, and what writes into a file of a folder.
fn write_for_each(
    paths: &[PathBuf],
    folder: &Path,
    mut take: impl FnMut(&[u8], &mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let path = folder.join("limit");
    let failed = |error| Failure::io(&path, error);
    let mut file = File::create(&path).map_err(failed)?;
    each_block(paths, |block| {
        take(block, &mut |bytes| file.write_all(bytes).map_err(failed))
    })
}

/// An integer whose bytes are all 1: filling with it is a memset, and unlike 0 no memory comes so.
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
#[allow(unsafe_code)] // memset, where nothing has a value yet
pub fn memset<I: Ones>(place: &mut [MaybeUninit<I>]) {
    // SAFETY: the place is that long, and any bytes, so also these, are an integer.
    unsafe { ptr::write_bytes(place.as_mut_ptr(), 1, place.len()) };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_byte_counts(mut bytes in prop::collection::vec(any::<u8>(), 1..1200), at: prop::sample::Index, bit in 0..8_usize) {
            let before = read(&bytes);
            prop_assert_eq!(before, sum(&bytes));
            prop_assert_eq!(read(&bytes[1..]), sum(&bytes[1..])); // at another alignment
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            prop_assert_eq!(before ^ read(&bytes), 1_u64 << (8 * (at % 8) + bit));
        }

        #[test]
        fn characters_are_counted(text in "\\PC{0,900}", times in 1..400_usize) {
            let text = text.repeat(times); // long enough that a lane would overflow
            prop_assert_eq!(characters_in(text.as_bytes()), text.chars().count());
            prop_assert_eq!(starts(text.as_bytes()), text.chars().count());
        }

        #[test]
        fn memset_is_ones(length in 0..300_usize) {
            prop_assert_eq!(filled(length, memset::<u8>), vec![u8::ONES; length]);
            prop_assert_eq!(filled(length, memset::<u16>), vec![u16::ONES; length]);
            prop_assert_eq!(filled(length, memset::<i64>), vec![i64::ONES; length]);
        }

        #[test]
        fn memcpy_is_a_copy(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(filled(bytes.len(), |place| memcpy(&bytes, place)), bytes);
        }
    }

    #[allow(unsafe_code)] // what was filled has a value
    fn filled<I: Copy>(length: usize, fill: impl FnOnce(&mut [MaybeUninit<I>])) -> Vec<I> {
        let mut place = vec![MaybeUninit::uninit(); length];
        fill(&mut place);
        // SAFETY: each has been given a value, which Miri would notice if it were not so.
        place
            .into_iter()
            .map(|one| unsafe { one.assume_init() })
            .collect()
    }
}
