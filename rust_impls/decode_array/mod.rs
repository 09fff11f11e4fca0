//! `decode_array(vocabulary)`: builds a function that writes the characters of `u16` ids into a
//! buffer.

pub mod fixed_array;
pub mod register_table;
