//! `file_charset(paths)`: the distinct characters of files, none of which is ever held whole.

pub mod mmap;
pub mod rayon;
pub mod read_loop;
pub mod tokio;
