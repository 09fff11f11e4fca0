//! `encode_array(vocabulary)`: builds a function that returns ids as `u16`, which nanoGPT keeps on
//! disk.

pub mod ahash;
pub mod char_hasher;
pub mod fixed_array;
pub mod foldhash;
pub mod id_table;
pub mod id_table_avx2;
pub mod id_table_avx512;
pub mod id_table_neon;
pub mod id_table_rayon;
pub mod id_table_scalar;
pub mod rayon;
pub mod rustc_hash;
pub mod smallvec;
pub mod std_hashset;
