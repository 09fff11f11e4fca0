//! Sets of strings, made at their final size where CPython's sets are laid out as they are known to
//! be.
//!
//! `PySet_Add` first looks for an equal string, and a set of 26 strings is moved to larger memory
//! twice while it grows. For a short text, both took longer than finding its characters.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PySet, PyString};

/// A string and its hash.
pub struct Hashed<'py> {
    pub string: Bound<'py, PyString>,
    pub hash: ffi::Py_hash_t,
}

impl<'py> Hashed<'py> {
    pub fn new(string: Bound<'py, PyString>) -> PyResult<Self> {
        let hash = string.hash()?;
        Ok(Self { string, hash })
    }
}

/// The set of `count` strings, which all differ.
pub fn set_of_distinct<'py>(
    py: Python<'py>,
    count: usize,
    strings: impl Iterator<Item = PyResult<Hashed<'py>>>,
) -> PyResult<Bound<'py, PySet>> {
    #[cfg(not(any(Py_3_15, Py_GIL_DISABLED, PyPy, GraalPy)))]
    if table::is_as_known(py)? {
        return table::set_of_distinct(py, count, strings);
    }
    let _ = count;
    set_by_adding(py, strings)
}

/// The same by CPython's own function, which is the plain way to do it.
fn set_by_adding<'py>(
    py: Python<'py>,
    strings: impl Iterator<Item = PyResult<Hashed<'py>>>,
) -> PyResult<Bound<'py, PySet>> {
    let set = PySet::empty(py)?;
    for string in strings {
        set.add(string?.string)?;
    }
    Ok(set)
}

/// The table of a set: a power of two entries, of which at most 60 % are in use.
///
/// This is how CPython 3.11 to 3.14 has it. It promises nothing of the kind, so that other versions
/// take the plain way, and so does any in which a check at the start finds a difference.
#[cfg(not(any(Py_3_15, Py_GIL_DISABLED, PyPy, GraalPy)))]
mod table {
    use std::{ptr, slice};

    use pyo3::exceptions::PyMemoryError;
    use pyo3::ffi;
    use pyo3::prelude::*;
    use pyo3::sync::PyOnceLock;
    use pyo3::types::{PySet, PyString};

    use super::{Hashed, set_by_adding};

    /// Entries in the memory of the set itself, which needs no other while they suffice.
    const SMALLEST: usize = ffi::PySet_MINSIZE;
    /// How many neighbours of an entry CPython looks at before it goes elsewhere.
    const NEIGHBOURS: usize = 9;
    /// Bits of the hash that each move elsewhere uses up.
    const SHIFT: u32 = 5;

    /// The number of entries for so many strings, by CPython's own bound.
    fn size_for(count: usize) -> usize {
        let mut size = SMALLEST;
        while count.saturating_mul(5) >= (size - 1).saturating_mul(3) {
            size *= 2;
        }
        size
    }

    pub fn set_of_distinct<'py>(
        py: Python<'py>,
        count: usize,
        strings: impl Iterator<Item = PyResult<Hashed<'py>>>,
    ) -> PyResult<Bound<'py, PySet>> {
        let set = PySet::empty(py)?;
        let size = size_for(count);
        let object = set.as_ptr().cast::<ffi::PySetObject>();
        // SAFETY: `is_as_known` has seen that an empty set of this CPython has these fields. Nobody
        // else has this one yet. The memory comes from the allocator to which CPython gives it back,
        // and zeroed entries are free ones.
        let entries = unsafe {
            if size > SMALLEST {
                let memory = ffi::PyMem_Calloc(size, size_of::<ffi::setentry>());
                if memory.is_null() {
                    return Err(PyMemoryError::new_err(()));
                }
                (*object).table = memory.cast();
                (*object).mask = (size - 1).cast_signed();
            }
            slice::from_raw_parts_mut((*object).table, size)
        };
        for string in strings.take(count) {
            let Hashed { string, hash } = string?;
            if let Some(entry) = free_entry(entries, hash) {
                entry.key = string.into_ptr();
                entry.hash = hash;
                // SAFETY: as above. The numbers are right after each string, so that the set is a
                // whole one even if making the next string fails.
                unsafe {
                    (*object).fill += 1;
                    (*object).used += 1;
                }
            }
        }
        Ok(set)
    }

    /// The free entry at which CPython looks first for a string with this hash. There always is
    /// one, because the table has more entries than strings.
    #[inline]
    fn free_entry(
        entries: &mut [ffi::setentry],
        hash: ffi::Py_hash_t,
    ) -> Option<&mut ffi::setentry> {
        let mask = entries.len() - 1;
        let mut perturbation = hash.cast_unsigned();
        let mut at = perturbation & mask;
        loop {
            let last = if at + NEIGHBOURS <= mask {
                at + NEIGHBOURS
            } else {
                at
            };
            let is_free = |entry: &ffi::setentry| entry.key.is_null();
            if let Some(offset) = entries[at..=last].iter().position(is_free) {
                return entries.get_mut(at + offset);
            }
            perturbation >>= SHIFT;
            at = at
                .wrapping_mul(5)
                .wrapping_add(1)
                .wrapping_add(perturbation)
                & mask;
        }
    }

    /// Whether sets are laid out as this module has it. This is looked up once, when the module is
    /// imported.
    pub fn is_as_known(py: Python<'_>) -> PyResult<bool> {
        static KNOWN: PyOnceLock<bool> = PyOnceLock::new();
        KNOWN.get_or_try_init(py, || check(py)).copied()
    }

    /// Makes sets of several sizes in both ways and compares them.
    fn check(py: Python<'_>) -> PyResult<bool> {
        let empty = PySet::empty(py)?;
        let object = empty.as_ptr().cast::<ffi::PySetObject>();
        // SAFETY: the set lives. The versions of CPython for which this is compiled have these fields.
        let as_known = unsafe {
            (*object).fill == 0
                && (*object).used == 0
                && (*object).mask == (SMALLEST - 1).cast_signed()
                && ptr::eq((*object).table, (*object).smalltable.as_ptr())
        };
        if !as_known {
            return Ok(false);
        }
        let strings = (0..256)
            .map(|code| super::super::characters::character_string(py, code))
            .collect::<PyResult<Vec<Bound<'_, PyString>>>>()?;
        for count in [0, 1, 4, 5, 18, 19, 65, 128, 256] {
            let strings = &strings[..count];
            let hashed = || strings.iter().cloned().map(Hashed::new);
            let set = set_of_distinct(py, count, hashed())?;
            let same = set.eq(set_by_adding(py, hashed())?)?;
            let mut all = set.len() == count && same;
            for string in strings {
                all &= set.contains(string)?;
            }
            if !all {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
