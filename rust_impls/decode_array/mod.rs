//! `decode_array(vocabulary)`: builds a function that fills room for a text with the characters of
//! `u16` ids.

pub mod fixed_array;
pub mod register_table;
