//! id_table on all cores, for texts of which each core gets a million characters or more.
//!
//! A process forked after the first such text has no worker threads and would wait for them for ever.

use std::mem::MaybeUninit;

use crate::id_table::{Filled, IdTable};
use crate::simd;
use crate::text::Text;

pub fn encode_uint8(
    vocabulary: &[u32],
) -> impl Fn(Text<'_>, &mut [MaybeUninit<u8>]) -> Filled + Send + Sync + use<> {
    let table = IdTable::new::<u8>(vocabulary);
    move |text, ids| table.fill_in_parallel(simd::path_or_scalar(), text, ids)
}
