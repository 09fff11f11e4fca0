//! Encoders by ideas that take a text as UTF-8 (`&str`) and return a new vector of ids.

use numpy::IntoPyArray;
use pyo3::prelude::*;

use super::errors::outside_vocabulary;
use super::stubs::Uint16Array;
use crate::vocabulary::{Encoded, Id};

type Encode<I> = dyn Fn(&str) -> Encoded<I> + Send + Sync;

/// An idea of `encode`, together with what it built from the vocabulary.
struct Kernel<I: Id> {
    encode: Box<Encode<I>>,
    /// Whether Python's other threads run on meanwhile. Releasing the GIL and taking it back may
    /// cost more than encoding a short text, so that only ideas with threads of their own do it.
    detached: bool,
}

impl<I: Id> Kernel<I> {
    fn call(&self, py: Python<'_>, text: &str) -> PyResult<Vec<I>> {
        let encoded = if self.detached {
            py.detach(|| (self.encode)(text))
        } else {
            (self.encode)(text)
        };
        encoded
            .map_err(|outside| outside_vocabulary(py, outside.character.into(), outside.position))
    }
}

/// Turns a text into the list of its characters' indices in the vocabulary.
#[pyclass(frozen, module = "rust_impls.encode")]
pub struct Encoder(Kernel<u32>);

impl Encoder {
    pub fn new(
        encode: impl Fn(&str) -> Encoded<u32> + Send + Sync + 'static,
        detached: bool,
    ) -> Self {
        let encode = Box::new(encode);
        Self(Kernel { encode, detached })
    }
}

#[pymethods]
impl Encoder {
    fn __call__(&self, py: Python<'_>, text: &str) -> PyResult<Vec<u32>> {
        self.0.call(py, text)
    }

    /// Runs the kernel alone: finds the ids, but builds no Python object from them.
    fn kernel(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        self.0.call(py, text).map(drop)
    }
}

/// Turns a text into a numpy.uint16 array of its characters' indices in the vocabulary.
#[pyclass(frozen, module = "rust_impls.encode_array")]
pub struct ArrayEncoder(Kernel<u16>);

impl ArrayEncoder {
    pub fn new(
        encode: impl Fn(&str) -> Encoded<u16> + Send + Sync + 'static,
        detached: bool,
    ) -> Self {
        let encode = Box::new(encode);
        Self(Kernel { encode, detached })
    }
}

#[pymethods]
impl ArrayEncoder {
    fn __call__<'py>(&self, py: Python<'py>, text: &str) -> PyResult<Uint16Array<'py>> {
        Ok(Uint16Array(self.0.call(py, text)?.into_pyarray(py)))
    }

    /// Runs the kernel alone: finds the ids, but builds no Python object from them.
    fn kernel(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        self.0.call(py, text).map(drop)
    }
}
