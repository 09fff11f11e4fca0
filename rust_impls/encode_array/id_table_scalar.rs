//! id_table by portable code alone, one byte per lookup.

use std::mem::MaybeUninit;

use crate::id_table::{Filled, IdTable};
use crate::simd::Path;
use crate::text::Text;

pub const PATH: Path = Path::Scalar;

pub fn encode_array(
    vocabulary: &[u32],
) -> impl Fn(Text<'_>, &mut [MaybeUninit<u16>]) -> Filled + Send + Sync + use<> {
    let table = IdTable::new::<u16>(vocabulary);
    move |text, ids| table.fill(PATH, text, ids)
}
