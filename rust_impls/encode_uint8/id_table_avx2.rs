//! id_table by AVX2: 32 bytes per shuffle, one shuffle for each 16 codes in use.

use std::mem::MaybeUninit;

use crate::id_table::{Filled, IdTable};
use crate::simd::Path;
use crate::text::Text;

pub const PATH: Path = Path::Avx2;

pub fn encode_uint8(
    vocabulary: &[u32],
) -> impl Fn(Text<'_>, &mut [MaybeUninit<u8>]) -> Filled + Send + Sync + use<> {
    let table = IdTable::new::<u8>(vocabulary);
    move |text, ids| table.fill(PATH, text, ids)
}
