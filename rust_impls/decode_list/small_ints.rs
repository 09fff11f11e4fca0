//! The address of a small int tells its value: 0 to 256 lie in a row. Otherwise an array.

use crate::decoded::{Buffer, Characters, Decoded};
use crate::simd::{self, Path};

#[cfg(target_arch = "x86_64")]
mod avx512;

/// Distance from one small int to the next, in bytes.
pub const STEP: usize = 32;
/// Number of small ints, from 0 on.
pub const SMALL_INTS: usize = 257;

/// The function takes the address of the int 0 and the addresses in the list. An error is the
/// position of the first address that is not that of a small int in the vocabulary. It may still
/// belong to another int object that is an id.
pub fn decode_list(
    vocabulary: &[u32],
) -> impl Fn(usize, &[usize], Buffer<'_>) -> Decoded + Send + Sync + use<> {
    decode_list_on(simd::path_or_scalar(), vocabulary)
}

/// The same with the instructions of one path, or portable code where the processor lacks them.
#[allow(unsafe_code)] // calls functions compiled for instructions that not every processor has
pub fn decode_list_on(
    path: Path,
    vocabulary: &[u32],
) -> impl Fn(usize, &[usize], Buffer<'_>) -> Decoded + Send + Sync + use<> {
    let characters = Characters::new(&vocabulary[..vocabulary.len().min(SMALL_INTS)]);
    let in_registers = path.available() && vocabulary.len() <= 128;
    move |zero, addresses, buffer| match (path, buffer) {
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::One(buffer)) if in_registers => {
            // SAFETY: `in_registers` says that the processor has these instructions and that the
            // table has no more than 128 characters.
            unsafe { avx512::one_byte(&characters.one, zero, addresses, buffer) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::Two(buffer)) if in_registers => {
            // SAFETY: as above.
            unsafe { avx512::wide(&characters.two, zero, addresses, buffer) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::Four(buffer)) if in_registers => {
            // SAFETY: as above.
            unsafe { avx512::wide(&characters.four, zero, addresses, buffer) }
        }
        (_, buffer) => characters.decode(addresses, buffer, |address| id_at(zero, address)),
    }
}

/// The value of the small int at an address. For any other address the result is larger than any
/// id: a remainder of the division by 32 moves into the highest bits.
#[inline]
fn id_at(zero: usize, address: usize) -> usize {
    address
        .wrapping_sub(zero)
        .rotate_right(STEP.trailing_zeros())
}
