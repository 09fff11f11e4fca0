//! Up to 128 characters in vector registers: a shuffle looks 16 to 64 ids up; else an array.

use crate::decoded::{Buffer, Characters, Decoded};
use crate::simd::{self, Path};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

/// What two registers of 64 bytes hold, and eight of 16.
const MOST: usize = 128;

pub fn decode_array(
    vocabulary: &[u32],
) -> impl Fn(&[u16], Buffer<'_>) -> Decoded + Send + Sync + use<> {
    decode_array_on(simd::path_or_scalar(), vocabulary)
}

/// The same by the instructions of one path; by portable code where this processor lacks them.
#[allow(unsafe_code)] // calls what was compiled for instructions that not every processor has
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
    move |ids, room| match (path, room) {
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::One(room)) => {
            // SAFETY: the path is this one only if the processor has what the function is compiled
            // for, and a table of no more than 128 characters.
            unsafe { avx512::one_byte(&characters.one, ids, room) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::Two(room)) => {
            // SAFETY: as above.
            unsafe { avx512::two_bytes(&characters.two, ids, room) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx512, Buffer::Four(room)) => {
            // SAFETY: as above.
            unsafe { avx512::four_bytes(&characters.four, ids, room) }
        }
        #[cfg(target_arch = "x86_64")]
        (Path::Avx2, Buffer::One(room)) => {
            // SAFETY: as above.
            unsafe { avx2::one_byte(&characters.one, ids, room) }
        }
        (_, room) => characters.decode(ids, room, usize::from),
    }
}
