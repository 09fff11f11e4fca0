//! Single characters as Python's str objects, alone and in sets and dicts.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PySet, PyString};

use super::stubs::{CharacterCounts, CharacterSet};
use crate::count::Count;

/// The same str as Python's `chr(code)`.
pub fn character_string(py: Python<'_>, code: u32) -> PyResult<Bound<'_, PyString>> {
    let code = i32::try_from(code).unwrap_or(i32::MAX); // which is not a code point: ValueError
    // SAFETY: the function takes any int. It returns a new reference to a str, or null with an
    // exception set.
    unsafe {
        let string = ffi::PyUnicode_FromOrdinal(code);
        Ok(Bound::from_owned_ptr_or_err(py, string)?.cast_into_unchecked())
    }
}

/// `'é' (U+00E9)`. Python writes the quoted part, so that errors of both languages escape alike.
pub fn quoted(py: Python<'_>, code: u32) -> PyResult<String> {
    let character = character_string(py, code)?.repr()?;
    Ok(format!("{character} (U+{code:04X})"))
}

/// The set of the characters with these codes.
pub fn character_set<'py>(py: Python<'py>, codes: &[u32]) -> PyResult<CharacterSet<'py>> {
    let latin1 = latin1_strings(py)?;
    let set = PySet::empty(py)?;
    for &code in codes {
        let made;
        let character = if let Some(kept) = latin1.get(code as usize) {
            kept.as_ptr()
        } else {
            made = character_string(py, code)?;
            made.as_ptr()
        };
        // SAFETY: nobody else has the set yet, and `latin1` or `made` keeps the str alive.
        if unsafe { ffi::PySet_Add(set.as_ptr(), character) } != 0 {
            return Err(PyErr::fetch(py));
        }
    }
    Ok(CharacterSet(set))
}

/// The dict from characters to their counts.
pub fn count_dict<'py>(py: Python<'py>, counts: &[Count]) -> PyResult<CharacterCounts<'py>> {
    let latin1 = latin1_strings(py)?;
    let dict = PyDict::new(py);
    for &(code, count) in counts {
        match latin1.get(code as usize) {
            Some(character) => dict.set_item(character, count)?,
            None => dict.set_item(character_string(py, code)?, count)?,
        }
    }
    Ok(CharacterCounts(dict))
}

/// The strings of the single characters of Latin-1. CPython keeps them anyway; this table reaches
/// one without a call and without a reference to give back.
fn latin1_strings(py: Python<'_>) -> PyResult<&'static [Py<PyString>]> {
    static STRINGS: PyOnceLock<Vec<Py<PyString>>> = PyOnceLock::new();
    let strings = STRINGS.get_or_try_init(py, || {
        (0..256)
            .map(|code| Ok(character_string(py, code)?.unbind()))
            .collect::<PyResult<_>>()
    })?;
    Ok(strings)
}
