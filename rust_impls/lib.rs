//! Rust ideas for preparing the text of a character-level GPT.
//!
//! A folder such as `charset` is a task, and a file in it is an idea. All files of the folder
//! define the same function, named after the folder. Kernels take and return plain Rust types; only
//! the folder `python` knows Python.

pub mod bpe;
pub mod bpe_decode;
pub mod bpe_encode;
pub mod bpe_encode_array;
pub mod bpe_encode_batch;
pub mod bpe_train;
pub mod build_info;
pub mod charset;
pub mod charset_encode;
pub mod count;
pub mod decode_array;
pub mod decode_list;
pub mod decoded;
pub mod encode;
pub mod encode_array;
pub mod encode_int64;
pub mod encode_uint8;
pub mod file_charset;
pub mod file_texts;
pub mod gathered_ids;
pub mod id_table;
pub mod large_hash;
pub mod limit;
pub mod partition;
pub mod perfect_hash;
pub mod prepare;
pub mod shards;
pub mod simd;
pub mod text;
pub mod text_chunks;
pub mod vocabulary;

#[cfg(feature = "python")]
mod python;
