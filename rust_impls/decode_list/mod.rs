//! `decode_list(vocabulary)`: builds a function that fills room for a text with the characters of the
//! ids in a list.
//!
//! A list holds addresses of int objects. Ideas take the ids, which others read from the objects, or
//! the addresses themselves.

pub mod fixed_array;
pub mod small_ints;
