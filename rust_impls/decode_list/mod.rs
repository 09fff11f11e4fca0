//! `decode_list(vocabulary)`: builds a function that writes the characters of a list of ids into a
//! buffer.
//!
//! A list holds addresses of int objects. An idea takes either the ids, which its caller reads from
//! the objects, or the addresses themselves.

pub mod fixed_array;
pub mod small_ints;
