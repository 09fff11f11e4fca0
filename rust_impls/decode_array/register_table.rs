//! Up to 128 characters in vector registers: a shuffle looks up 16 to 64 ids. Otherwise an array.

use crate::decoded::{Buffer, Characters, Decoded};
use crate::simd::{self, Path};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

/// Characters that fit into two registers of 64 bytes, or into eight of 16 bytes.
const MOST: usize = 128;

pub fn decode_array(
    vocabulary: &[u32],
) -> impl Fn(&[u16], Buffer<'_>) -> Decoded + Send + Sync + use<> {
    decode_array_on(simd::path_or_scalar(), vocabulary)
}

/// The same with the instructions of one path, or portable code where the processor lacks them.
#[allow(unsafe_code)] // calls functions compiled for instructions that not every processor has
pub fn decode_array_on(
    path: Path,
    vocabulary: &[u32],
) -> impl Fn(&[u16], Buffer<'_>) -> Decoded + Send + Sync + use<> {
    let characters = Characters::new(vocabulary);
    let path = if path.available() && vocabulary.len() <= MOST {
        path
    } else {
        Path::Scalar
    };
    move |ids, buffer| match (path, buffer) {
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::One(buffer)) => {
            // SAFETY: this path was chosen only if the processor has its instructions and the table
            // has no more than 128 characters.
            unsafe { avx512::one_byte(&characters.one, ids, buffer) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::Two(buffer)) => {
            // SAFETY: as above.
            unsafe { avx512::two_bytes(&characters.two, ids, buffer) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::Four(buffer)) => {
            // SAFETY: as above.
            unsafe { avx512::four_bytes(&characters.four, ids, buffer) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx2, Buffer::One(buffer)) => {
            // SAFETY: as above.
            unsafe { avx2::one_byte(&characters.one, ids, buffer) }
        }
        (_, buffer) => characters.decode(ids, buffer, usize::from),
    }
}
