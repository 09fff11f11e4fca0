//! `count(text)`: how often each character of a text occurs. Every character is listed once, in any
//! order.

pub mod code_table;
pub mod page_table;
pub mod pair_table;
pub mod rustc_hash;

/// A code point, and how many times it occurs in the text (at least once).
pub type Count = (u32, usize);

/// The codes with a count above zero, from counters indexed by code.
fn occurring(counts: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Count> {
    (0..).zip(counts).filter(|&(_, count)| count > 0)
}
