//! Single characters as Python's str objects, alone and in sets and dicts.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use super::sets::{Hashed, set_of_distinct};
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

/// The set of the characters with these codes, of which none occurs twice.
pub fn character_set<'py>(py: Python<'py>, codes: &[u32]) -> PyResult<CharacterSet<'py>> {
    let latin1 = latin1_strings(py)?;
    let strings = codes.iter().map(|&code| match latin1.get(code as usize) {
        Some(kept) => Ok(Hashed {
            string: kept.string.bind(py).clone(),
            hash: kept.hash,
        }),
        None => Hashed::new(character_string(py, code)?),
    });
    set_of_distinct(py, codes.len(), strings).map(CharacterSet)
}

/// The dict from characters to their counts.
pub fn count_dict<'py>(py: Python<'py>, counts: &[Count]) -> PyResult<CharacterCounts<'py>> {
    let latin1 = latin1_strings(py)?;
    let dict = PyDict::new(py);
    for &(code, count) in counts {
        match latin1.get(code as usize) {
            Some(kept) => dict.set_item(&kept.string, count)?,
            None => dict.set_item(character_string(py, code)?, count)?,
        }
    }
    Ok(CharacterCounts(dict))
}

/// A string that lives as long as Python, and its hash.
struct Kept {
    string: Py<PyString>,
    hash: ffi::Py_hash_t,
}

/// The strings of the single characters of Latin-1. CPython keeps them anyway; this table reaches
/// one without a call, and its hash without a look at the object.
fn latin1_strings(py: Python<'_>) -> PyResult<&'static [Kept]> {
    static STRINGS: PyOnceLock<Vec<Kept>> = PyOnceLock::new();
    let strings = STRINGS.get_or_try_init(py, || {
        let kept = |code| {
            let Hashed { string, hash } = Hashed::new(character_string(py, code)?)?;
            Ok(Kept {
                string: string.unbind(),
                hash,
            })
        };
        (0..256).map(kept).collect::<PyResult<_>>()
    })?;
    Ok(strings)
}

/// Makes what all calls share, when the module is imported: no call is then slower than the next.
pub fn prepare(py: Python<'_>) -> PyResult<()> {
    character_set(py, &[]).map(|_| ())
}
