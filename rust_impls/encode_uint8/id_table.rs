//! A table of ids, from CPython's own storage: shuffles look up 64 characters at once.

use std::mem::MaybeUninit;

use crate::id_table::{Filled, IdTable};
use crate::simd;
use crate::text::Text;

pub fn encode_uint8(
    vocabulary: &[u32],
) -> impl Fn(Text<'_>, &mut [MaybeUninit<u8>]) -> Filled + Send + Sync + use<> {
    let table = IdTable::new::<u8>(vocabulary);
    move |text, ids| table.fill(simd::path_or_scalar(), text, ids)
}
