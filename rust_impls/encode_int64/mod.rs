//! `encode_int64(vocabulary)`: builds a function that writes the ids of a text's characters as
//! `i64`, the type of torch's indices.

pub mod id_table;
pub mod id_table_avx2;
pub mod id_table_avx512;
pub mod id_table_neon;
pub mod id_table_rayon;
pub mod id_table_scalar;
