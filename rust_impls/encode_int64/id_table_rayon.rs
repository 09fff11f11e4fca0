//! id_table on all cores, if each core gets a million characters or more.
//!
//! A child process forked after the first such text waits for ever: it has no worker threads.

use std::mem::MaybeUninit;

use crate::id_table::{Filled, IdTable};
use crate::simd;
use crate::text::Text;

pub fn encode_int64(
    vocabulary: &[u32],
) -> impl Fn(Text<'_>, &mut [MaybeUninit<i64>]) -> Filled + Send + Sync + use<> {
    let table = IdTable::new::<i64>(vocabulary);
    move |text, ids| table.fill_in_parallel(simd::path_or_scalar(), text, ids)
}
