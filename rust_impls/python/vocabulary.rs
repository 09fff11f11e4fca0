//! Vocabularies as arguments: checked to be single characters, distinct, in code-point order.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PySequence, PyString};

use super::characters::quoted;
use super::text::borrow_text;
use crate::text::Text;

/// An entry of a vocabulary: `char`, or `u32` for ideas that take lone surrogates as characters
/// too.
pub trait Entry: Copy + Into<u32> {
    /// Turns `code` into an entry. `string` holds just this character and supplies the error.
    fn from_code(code: u32, string: &Bound<'_, PyString>) -> PyResult<Self>;
}

impl Entry for u32 {
    fn from_code(code: u32, _: &Bound<'_, PyString>) -> PyResult<Self> {
        Ok(code)
    }
}

impl Entry for char {
    fn from_code(code: u32, string: &Bound<'_, PyString>) -> PyResult<Self> {
        match char::from_u32(code) {
            Some(character) => Ok(character),
            // A lone surrogate, which UTF-8 cannot express: UnicodeEncodeError.
            None => Err(string.to_str().err().unwrap_or_else(|| {
                PyValueError::new_err(format!("U+{code:04X} is not a Unicode scalar value"))
            })),
        }
    }
}

/// A vocabulary as the kernels expect it.
///
/// It is read entry by entry, because pyo3 refuses to read a `str` as a sequence, and here `"abc"`
/// is as good as `["a", "b", "c"]`.
pub struct Vocabulary<C = char>(pub Vec<C>);

impl<'py, C: Entry> FromPyObject<'_, 'py> for Vocabulary<C> {
    type Error = PyErr;

    #[cfg(feature = "inspect")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = super::stubs::hints::SEQUENCE_OF_STR;

    fn extract(vocabulary: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let Ok(sequence) = vocabulary.cast::<PySequence>() else {
            let kind = vocabulary.get_type().name()?;
            let message = format!("vocabulary is {kind}, not a sequence of str");
            return Err(PyTypeError::new_err(message));
        };
        let mut characters: Vec<C> = Vec::new();
        for (index, entry) in sequence.try_iter()?.enumerate() {
            let character: C = vocabulary_entry(index, &entry?)?;
            if let Some(&previous) = characters.last() {
                require_order(sequence.py(), index, previous.into(), character.into())?;
            }
            characters.push(character);
        }
        Ok(Self(characters))
    }
}

fn vocabulary_entry<C: Entry>(index: usize, entry: &Bound<'_, PyAny>) -> PyResult<C> {
    let Ok(string) = entry.cast::<PyString>() else {
        let kind = entry.get_type().name()?;
        let message = format!("vocabulary entry {index} is {kind}, not str");
        return Err(PyTypeError::new_err(message));
    };
    let code = match borrow_text(string)? {
        Text::One(&[code]) => code.into(),
        Text::Two(&[code]) => code.into(),
        Text::Four(&[code]) => code,
        _ => {
            let shown = string.repr()?;
            let message = format!("vocabulary entry {index} is {shown}, not a single character");
            return Err(PyValueError::new_err(message));
        }
    };
    C::from_code(code, string)
}

/// Refuses an entry that does not come after the previous one in code-point order.
fn require_order(py: Python<'_>, index: usize, previous: u32, code: u32) -> PyResult<()> {
    if previous < code {
        return Ok(());
    }
    let character = quoted(py, code)?;
    Err(PyValueError::new_err(if previous == code {
        format!(
            "vocabulary holds {character} twice, at entries {} and {index}",
            index - 1
        )
    } else {
        let previous = quoted(py, previous)?;
        format!(
            "vocabulary is not in code-point order: {previous} comes before {character} at entry {index}"
        )
    }))
}
