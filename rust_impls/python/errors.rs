//! Errors as Python raises them.

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use super::characters::quoted;
use crate::file_texts::Failure;
use crate::simd;
use crate::vocabulary::U16_ENTRIES;

/// The error of an encoder that met a character outside its vocabulary.
pub fn outside_vocabulary(py: Python<'_>, code: u32, position: usize) -> PyErr {
    match quoted(py, code) {
        Ok(character) => PyValueError::new_err(format!(
            "character {character} at position {position} is not in the vocabulary"
        )),
        Err(error) => error,
    }
}

/// The error of a decoder that met an id without a character in a vocabulary of `entries`.
pub fn unknown_id(id: impl std::fmt::Display, position: usize, entries: usize) -> PyErr {
    PyValueError::new_err(format!(
        "id {id} at position {position} is not in the vocabulary of {entries}"
    ))
}

/// Refuses a vocabulary with more entries than the ids of a task can number.
pub fn require_fits(task: &str, entries: usize, most: usize) -> PyResult<()> {
    if entries <= most {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "vocabulary has {entries} entries; {task} holds at most {most}"
    )))
}

/// The error of a text with more distinct characters than 16-bit ids can number.
pub fn too_many_distinct(task: &str, distinct: usize) -> PyErr {
    PyValueError::new_err(format!(
        "text has {distinct} distinct characters; {task} holds at most {U16_ENTRIES}"
    ))
}

/// Refuses a path that this processor lacks: an idea that is held to a path must not run by
/// another.
pub fn require_path(path: simd::Path) -> PyResult<()> {
    if path.available() {
        return Ok(());
    }
    let message = format!("this processor lacks what the path {} needs", path.name());
    Err(PyRuntimeError::new_err(message))
}

/// The error of a task on files. Where the system refused, it is the error of Python's own `open`.
pub fn file_error(task: &str, failure: Failure) -> PyErr {
    match failure {
        Failure::Io { path, error } => match error.raw_os_error() {
            Some(number) => {
                let message = error.to_string();
                let message = message.split(" (os error").next().unwrap_or_default();
                PyOSError::new_err((number, message.to_owned(), path.into_os_string()))
            }
            None => PyOSError::new_err(format!("{}: {error}", path.display())),
        },
        Failure::NotUtf8 { path, position } => {
            PyValueError::new_err(format!("{}: not UTF-8 at byte {position}", path.display()))
        }
        Failure::Gzip { path } => PyValueError::new_err(format!(
            "{}: not UTF-8 at byte 1: it is compressed by gzip, as 1f 8b at its start says",
            path.display()
        )),
        Failure::Altered { path, position } => PyRuntimeError::new_err(format!(
            "{}: changed while it was read, up to byte {position}",
            path.display()
        )),
        Failure::NotRegular { path } => PyValueError::new_err(format!(
            "{}: not a regular file, and it would be read twice",
            path.display()
        )),
        Failure::Changed => PyRuntimeError::new_err("the files changed while they were read"),
        Failure::TooManyDistinct(distinct) => too_many_distinct(task, distinct),
    }
}
