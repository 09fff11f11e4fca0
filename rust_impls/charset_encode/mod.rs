//! `charset_encode(text)`: the vocabulary of a text in code-point order, and the ids of its
//! characters.

pub mod bit_table;
pub mod rustc_hash;

/// The vocabulary of a text, after all ids have been written. If the text has more distinct
/// characters than `u16` ids can number, the error is their number.
pub type Charset = Result<Vec<u32>, usize>;
