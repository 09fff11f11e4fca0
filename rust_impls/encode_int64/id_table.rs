//! A table of ids, from CPython's own storage: storing eight bytes per character is the limit.

use std::mem::MaybeUninit;

use crate::id_table::{Filled, IdTable};
use crate::simd;
use crate::text::Text;

pub fn encode_int64(
    vocabulary: &[u32],
) -> impl Fn(Text<'_>, &mut [MaybeUninit<i64>]) -> Filled + Send + Sync + use<> {
    let table = IdTable::new::<i64>(vocabulary);
    move |text, ids| table.fill(simd::path_or_scalar(), text, ids)
}
