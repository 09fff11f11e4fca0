//! One bit per character, from CPython's own storage: whole blocks are checked for new characters.
//!
//! After a few kilobytes every character of a text has been seen. From then on the speed depends on
//! how fast a block can be shown to hold nothing new. A table that fits into one or two registers
//! answers for many bytes at once, with one branch for several hundred of them.

use crate::simd::{self, Path};
use crate::text::Text;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_short;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_short;
mod code_table;
#[cfg(target_arch = "x86_64")]
mod hashed;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

pub fn charset(text: Text<'_>) -> Vec<u32> {
    charset_on(simd::path_or_scalar(), text)
}

/// The same with the instructions of one path, or portable code where the processor lacks them.
///
/// For wider texts than Latin-1, only AVX-512 and AVX2 have code of their own.
#[allow(unsafe_code)] // calls functions compiled for instructions that not every processor has
pub fn charset_on(path: Path, text: Text<'_>) -> Vec<u32> {
    match (path, text) {
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Text::One(codes)) if path.available() => {
            // SAFETY: the check above shows that the processor has these instructions.
            unsafe { avx512::one_byte(codes) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Text::Two(codes)) if path.available() => {
            // SAFETY: as above.
            unsafe { avx512::two_bytes(codes) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Text::Four(codes)) if path.available() => {
            // SAFETY: as above.
            unsafe { avx512::four_bytes(codes) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx2, Text::One(codes)) if path.available() => {
            // SAFETY: as above.
            unsafe { avx2::one_byte(codes) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx2, Text::Two(codes)) if path.available() => {
            // SAFETY: as above.
            unsafe { hashed::distinct_by_avx2(codes, Vec::new()) }
        }
        #[cfg(target_arch = "aarch64")]
        (Path::Neon, Text::One(codes)) if path.available() => {
            // SAFETY: as above.
            unsafe { neon::one_byte(codes) }
        }
        (_, Text::One(codes)) => scalar::one_byte(codes),
        (_, Text::Two(codes)) => code_table::distinct(codes),
        (_, Text::Four(codes)) => code_table::distinct(codes),
    }
}

/// Adds the characters of a further part of a text. After the first few parts there is hardly
/// anything new, so that it pays to begin with the characters already seen.
#[allow(unsafe_code)] // as above
pub fn add(seen: &mut Latin1, codes: &[u8]) {
    match simd::path_or_scalar() {
        #[cfg(target_arch = "x86_64")]
        path @ Path::Avx512 if path.available() => {
            // SAFETY: as above.
            *seen = unsafe { avx512::add_one_byte(*seen, codes) };
        }
        #[cfg(target_arch = "x86_64")]
        path @ Path::Avx2 if path.available() => {
            // SAFETY: as above.
            *seen = unsafe { avx2::add_one_byte(*seen, codes) };
        }
        path => {
            for code in charset_on(path, Text::One(codes)) {
                seen[code as usize / 64] |= 1 << (code % 64);
            }
        }
    }
}

/// A bit for each code of Latin-1.
pub type Latin1 = [u64; 4];

fn codes_of(seen: Latin1) -> Vec<u32> {
    let count: u32 = seen.iter().map(|bits| bits.count_ones()).sum();
    let mut codes = Vec::with_capacity(count as usize);
    for (first, bits) in (0..).step_by(64).zip(seen) {
        codes.extend(ones(bits).map(|position| first + position));
    }
    codes
}

/// The positions of the bits of a number, lowest first.
fn ones(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let position = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (position < 64).then_some(position)
    })
}

/// Zeroed memory from the allocator. A large piece of it costs nothing until it is touched.
#[allow(clippy::unnecessary_box_returns)] // megabytes do not belong on the stack
fn no_flags<const COUNT: usize>() -> Box<[u8; COUNT]> {
    vec![0; COUNT]
        .try_into()
        .unwrap_or_else(|_| unreachable!("the vector has that length"))
}
