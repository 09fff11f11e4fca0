//! `encode_uint8(vocabulary)`: builds a function that writes the ids of a text's characters as
//! `u8`, for vocabularies of up to 256 entries.

pub mod id_table;
pub mod id_table_avx2;
pub mod id_table_avx512;
pub mod id_table_neon;
pub mod id_table_rayon;
pub mod id_table_scalar;
