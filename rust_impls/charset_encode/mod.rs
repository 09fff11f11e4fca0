//! `charset_encode(text)`: the characters of a text in code-point order, and the text as their indices.

pub mod bit_table;
pub mod rustc_hash;

/// The vocabulary of a text, whose ids have all been written; or how many distinct characters it has if
/// those are more than `u16` ids can name.
pub type Charset = Result<Vec<u32>, usize>;
