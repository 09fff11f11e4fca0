//! The address of a small int tells its value: CPython keeps 0 to 256 in a row; else an array.

use crate::decoded::{Buffer, Characters, Decoded};
use crate::simd::{self, Path};

#[cfg(target_arch = "x86_64")]
mod avx512;

/// Bytes from one small int to the next.
pub const STEP: usize = 32;
/// How many there are from 0 on.
pub const SMALL_INTS: usize = 257;

/// The function takes the address of 0 and the addresses in the list. It returns the position of the
/// first that is not of a small int in the vocabulary: that may still be another int with an id.
pub fn decode_list(
    vocabulary: &[u32],
) -> impl Fn(usize, &[usize], Buffer<'_>) -> Decoded + Send + Sync + use<> {
    decode_list_on(simd::path_or_scalar(), vocabulary)
}

/// The same by the instructions of one path; by portable code where this processor lacks them.
#[allow(unsafe_code)] // calls what was compiled for instructions that not every processor has
pub fn decode_list_on(
    path: Path,
    vocabulary: &[u32],
) -> impl Fn(usize, &[usize], Buffer<'_>) -> Decoded + Send + Sync + use<> {
    let characters = Characters::new(&vocabulary[..vocabulary.len().min(SMALL_INTS)]);
    let in_registers = path.available() && vocabulary.len() <= 128;
    move |zero, addresses, room| match (path, room) {
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::One(room)) if in_registers => {
            // SAFETY: the processor has been found to have what the function is compiled for, and the
            // table to have no more than 128 characters.
            unsafe { avx512::one_byte(&characters.one, zero, addresses, room) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::Two(room)) if in_registers => {
            // SAFETY: as above.
            unsafe { avx512::wide(&characters.two, zero, addresses, room) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::Four(room)) if in_registers => {
            // SAFETY: as above.
            unsafe { avx512::wide(&characters.four, zero, addresses, room) }
        }
        (_, room) => characters.decode(addresses, room, |address| id_at(zero, address)),
    }
}

/// The value of the small int at this address. Of any other address more than any id: what does not
/// divide by 32 turns up in the highest bits.
#[inline]
fn id_at(zero: usize, address: usize) -> usize {
    address
        .wrapping_sub(zero)
        .rotate_right(STEP.trailing_zeros())
}
