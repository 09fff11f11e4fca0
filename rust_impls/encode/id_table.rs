//! A table of ids, from CPython's own storage; the ints are made once and counted exactly.

use std::mem::MaybeUninit;

use crate::id_table::{Filled, IdTable, Number};
use crate::simd;
use crate::text::Text;

pub fn encode<N: Number>(
    vocabulary: &[u32],
) -> impl Fn(Text<'_>, &mut [MaybeUninit<N>]) -> Filled + Send + Sync + use<N> {
    let table = IdTable::new::<N>(vocabulary);
    move |text, ids| table.fill(simd::path_or_scalar(), text, ids)
}
