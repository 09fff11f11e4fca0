//! `count(text)`: how often each character of a text occurs, in any order, each character once.

pub mod page_table;
pub mod pair_table;
pub mod rustc_hash;

/// A code point and how often it occurs, which is at least once.
pub type Count = (u32, usize);

/// The codes that occur, from counters indexed by code.
fn occurring(counts: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Count> {
    (0..).zip(counts).filter(|&(_, count)| count > 0)
}
