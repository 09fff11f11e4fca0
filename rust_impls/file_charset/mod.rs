//! `file_charset(paths)`: the distinct characters of files, without holding a whole file in memory.

pub mod mmap;
pub mod rayon;
pub mod read_loop;
pub mod tokio;
