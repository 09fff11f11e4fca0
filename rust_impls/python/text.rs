//! Texts: borrowed from CPython as it stores them, and new ones filled in place.

use std::mem::MaybeUninit;
use std::{ptr, slice};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::types::string::PyStringData;

use super::characters::character_string;
use super::errors::unknown_id;
use crate::decoded::{Buffer, Decoded};
use crate::text::Text;

/// Borrows a text as CPython stores it. Asking for `&str` instead would make CPython build a UTF-8
/// form of any text beyond ASCII and keep it with the object as long as that lives.
pub fn borrow_text<'a>(text: &'a Bound<'_, PyString>) -> PyResult<Text<'a>> {
    // SAFETY: `data` is unsafe because it reads C bit fields, whose layout each compiler decides:
    // pyo3's and CPython's agree wherever a C compiler lays them out as gcc, clang and MSVC do. The
    // slices live as long as the borrow of the object, and a str never changes.
    Ok(match unsafe { text.data() }? {
        PyStringData::Ucs1(codes) => Text::One(codes),
        PyStringData::Ucs2(codes) => Text::Two(codes),
        PyStringData::Ucs4(codes) => Text::Four(codes),
    })
}

/// The bytes in which CPython stores a text.
pub fn stored_bytes<'a>(text: &'a Bound<'_, PyString>) -> PyResult<&'a [u8]> {
    Ok(match borrow_text(text)? {
        Text::One(codes) => codes,
        Text::Two(codes) => as_bytes(codes),
        Text::Four(codes) => as_bytes(codes),
    })
}

/// Integers of which every byte is initialized.
pub trait Plain: Copy {}
impl Plain for u16 {}
impl Plain for u32 {}
impl Plain for usize {}

/// The memory of some integers, as bytes.
pub fn as_bytes<I: Plain>(integers: &[I]) -> &[u8] {
    // SAFETY: every byte of such an integer is initialized, and bytes need no alignment.
    unsafe { slice::from_raw_parts(ptr::from_ref(integers).cast(), size_of_val(integers)) }
}

/// Makes a str of `length` characters, which `fill` writes. Instead of a str, the result may hold
/// the position of the first id for which `fill` has no character.
///
/// CPython demands the narrowest form that fits the widest character of the text, which only the
/// ids tell. The first buffer is therefore wide enough for the whole vocabulary; where a narrower
/// one would do, the text is made once more.
pub fn new_text<'py>(
    py: Python<'py>,
    vocabulary: &[u32],
    length: usize,
    fill: impl Fn(Buffer<'_>) -> Decoded,
) -> PyResult<Result<Bound<'py, PyString>, usize>> {
    if length == 0 {
        return Ok(Ok(PyString::new(py, "")));
    }
    let Some(&last) = vocabulary.last() else {
        return Ok(Err(0));
    };
    let mut widest = last;
    loop {
        let (string, decoded) = new_string(py, length, widest, &fill)?;
        let highest = match decoded {
            Ok(highest) => highest,
            Err(position) => return Ok(Err(position)),
        };
        let exact = vocabulary[highest as usize];
        if length == 1 {
            // CPython keeps one object for some single characters and expects it to be used.
            return Ok(Ok(character_string(py, exact)?));
        }
        if form(exact) == form(widest) {
            return Ok(Ok(string));
        }
        widest = exact;
    }
}

/// Numbers the four forms in which CPython stores a text, by the widest character in the text.
pub fn form(widest: u32) -> u8 {
    match widest {
        0..=0x7F => 0,
        0x80..=0xFF => 1,
        0x100..=0xFFFF => 2,
        _ => 3,
    }
}

/// Makes a str in the form for texts whose widest character is `widest`, and has `fill` write it.
/// Returns the str and what `fill` returned. Unless `fill` wrote the whole buffer, the caller must
/// drop the str unread.
pub fn new_string<T>(
    py: Python<'_>,
    length: usize,
    widest: u32,
    fill: impl FnOnce(Buffer<'_>) -> T,
) -> PyResult<(Bound<'_, PyString>, T)> {
    // SAFETY: `length` is that of a list or an array, which are no longer than `isize::MAX`, and at
    // least 1, so that the object is new. Its data holds `length` characters of its kind, and may
    // be written to as long as nobody else has it.
    unsafe {
        let object = ffi::PyUnicode_New(length.cast_signed(), widest);
        let string = Bound::from_owned_ptr_or_err(py, object)?.cast_into_unchecked();
        let data = ffi::PyUnicode_DATA(object);
        let result = fill(match ffi::PyUnicode_KIND(object) {
            ffi::PyUnicode_1BYTE_KIND => Buffer::One(buffer_at(data.cast(), length)),
            ffi::PyUnicode_2BYTE_KIND => Buffer::Two(buffer_at(data.cast(), length)),
            _ => Buffer::Four(buffer_at(data.cast(), length)),
        });
        Ok((string, result))
    }
}

/// # Safety
///
/// At `first` lies memory for `length` values, which nobody else reads or writes.
unsafe fn buffer_at<'a, C>(first: *mut C, length: usize) -> &'a mut [MaybeUninit<C>] {
    // SAFETY: the caller vouches for the memory, and a `MaybeUninit` need not be initialized.
    unsafe { slice::from_raw_parts_mut(first.cast(), length) }
}

/// The characters of a vocabulary in one str.
pub fn vocabulary_string<'py>(py: Python<'py>, codes: &[u32]) -> PyResult<Bound<'py, PyString>> {
    let ids: Vec<u32> = (0..).take(codes.len()).collect();
    let decode = crate::decode_list::fixed_array::decode_list(codes);
    new_text(py, codes, ids.len(), |buffer| decode(&ids, buffer))?
        .map_err(|position| unknown_id(position, position, codes.len()))
}
