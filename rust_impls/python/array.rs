//! numpy arrays of ids: made by encoders, and read by decoders.

use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::{ptr, slice};

use numpy::{
    Element, PyArray1, PyArrayDescrMethods, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods,
    npyffi,
};
use pyo3::exceptions::{PyMemoryError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyString;

use super::errors::{file_error, outside_vocabulary, require_fits, too_many_distinct, unknown_id};
use super::stubs::{ArrayOfIds, Int64Array, Uint8Array, Uint16Array};
use super::text::{borrow_text, new_text, vocabulary_string};
use super::vocabulary::Vocabulary;
use crate::charset_encode::Charset;
use crate::decoded::{Buffer, Decoded};
use crate::file_texts::Failure;
use crate::id_table::{Filled, Number};
use crate::prepare::Prepared;
use crate::text::Text;
use crate::vocabulary::U16_ENTRIES;

/// A function that writes the ids of a text into memory of the same length.
pub type Fill<N> = dyn Fn(Text<'_>, &mut [MaybeUninit<N>]) -> Filled + Send + Sync;

/// An idea that writes ids into an array, which numpy makes and owns.
pub struct ArrayFiller<N> {
    fill: Box<Fill<N>>,
    /// Whether the GIL is released: only for ideas with threads of their own.
    detached: bool,
    /// The memory that `kernel` writes into. It is empty until the first call, and grows with the
    /// longest text.
    scratch: Mutex<Vec<MaybeUninit<N>>>,
}

impl<N: Number + Element> ArrayFiller<N> {
    /// Has `idea` build what it needs from the vocabulary, if `task` can number so many entries.
    fn new<F>(
        task: &str,
        vocabulary: &Vocabulary<u32>,
        idea: impl FnOnce(&[u32]) -> F,
        detached: bool,
    ) -> PyResult<Self>
    where
        F: Fn(Text<'_>, &mut [MaybeUninit<N>]) -> Filled + Send + Sync + 'static,
    {
        require_fits(task, vocabulary.0.len(), N::ENTRIES)?;
        Ok(Self {
            fill: Box::new(idea(&vocabulary.0)),
            detached,
            scratch: Mutex::default(),
        })
    }

    fn call<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyArray1<N>>> {
        let py = text.py();
        let codes = borrow_text(text)?;
        new_array(py, codes.len(), |ids| self.fill(py, codes, ids))?
    }

    fn fill(&self, py: Python<'_>, codes: Text<'_>, ids: &mut [MaybeUninit<N>]) -> PyResult<()> {
        let filled = if self.detached {
            py.detach(|| (self.fill)(codes, ids))
        } else {
            (self.fill)(codes, ids)
        };
        filled.map_err(|outside| outside_vocabulary(py, outside.code, outside.position))
    }

    fn kernel(&self, text: &Bound<'_, PyString>) -> PyResult<()> {
        let codes = borrow_text(text)?;
        let mut scratch = self
            .scratch
            .lock_py_attached(text.py())
            .unwrap_or_else(PoisonError::into_inner);
        if scratch.len() < codes.len() {
            scratch.resize_with(codes.len(), MaybeUninit::uninit);
        }
        self.fill(text.py(), codes, &mut scratch[..codes.len()])
    }
}

/// A Python class around an [`ArrayFiller`] of one width: pyo3's classes cannot be generic.
macro_rules! array_encoder {
    ($encoder:ident, $number:ty, $array:ident, $module:literal, $doc:literal) => {
        #[doc = $doc]
        #[pyclass(frozen, module = $module)]
        pub struct $encoder(ArrayFiller<$number>);

        impl $encoder {
            pub fn new<F>(
                task: &str,
                vocabulary: &Vocabulary<u32>,
                idea: impl FnOnce(&[u32]) -> F,
                detached: bool,
            ) -> PyResult<Self>
            where
                F: Fn(Text<'_>, &mut [MaybeUninit<$number>]) -> Filled + Send + Sync + 'static,
            {
                ArrayFiller::new(task, vocabulary, idea, detached).map(Self)
            }
        }

        #[pymethods]
        impl $encoder {
            fn __call__<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<$array<'py>> {
                self.0.call(text).map($array)
            }

            /// Runs the kernel alone, into memory that is kept from one call to the next.
            fn kernel(&self, text: &Bound<'_, PyString>) -> PyResult<()> {
                self.0.kernel(text)
            }
        }
    };
}

array_encoder!(
    Uint8Encoder,
    u8,
    Uint8Array,
    "rust_impls.encode_uint8",
    "Turns a text into a numpy.uint8 array of its characters' indices in the vocabulary."
);
array_encoder!(
    Uint16Encoder,
    u16,
    Uint16Array,
    "rust_impls.encode_array",
    "Turns a text into a numpy.uint16 array of its characters' indices in the vocabulary."
);
array_encoder!(
    Int64Encoder,
    i64,
    Int64Array,
    "rust_impls.encode_int64",
    "Turns a text into a numpy.int64 array of its characters' indices in the vocabulary."
);

type Decode = dyn Fn(&[u16], Buffer<'_>) -> Decoded + Send + Sync;

/// Turns a one-dimensional numpy.uint16 array of indices in the vocabulary into a text.
#[pyclass(frozen, module = "rust_impls.decode_array")]
pub struct ArrayDecoder {
    vocabulary: Vec<u32>,
    fill: Box<Decode>,
}

impl ArrayDecoder {
    /// Has `idea` build what it needs from the vocabulary, if 16-bit ids can number so many
    /// entries.
    pub fn new<F>(vocabulary: Vocabulary<u32>, idea: impl FnOnce(&[u32]) -> F) -> PyResult<Self>
    where
        F: Fn(&[u16], Buffer<'_>) -> Decoded + Send + Sync + 'static,
    {
        let vocabulary = vocabulary.0;
        require_fits("decode_array", vocabulary.len(), U16_ENTRIES)?;
        let fill = Box::new(idea(&vocabulary));
        Ok(Self { vocabulary, fill })
    }
}

#[pymethods]
impl ArrayDecoder {
    fn __call__<'py>(&self, ids: ArrayOfIds<'_, 'py>) -> PyResult<Bound<'py, PyString>> {
        let argument = uint16_array(&ids.0)?;
        let mut array = argument.readonly();
        if array.as_slice().is_err() {
            // The ids do not lie side by side. Only numpy can follow steps of any number of bytes.
            array = argument
                .call_method0("copy")?
                .cast::<PyArray1<u16>>()?
                .readonly();
        }
        let ids = array.as_slice()?;
        let fill = |buffer: Buffer<'_>| (self.fill)(ids, buffer);
        new_text(array.py(), &self.vocabulary, ids.len(), fill)?
            .map_err(|position| unknown_id(ids[position], position, self.vocabulary.len()))
    }
}

/// The argument of a decoder as an array, or the error that says why it is not one.
pub fn uint16_array<'a, 'py>(
    ids: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, PyArray1<u16>>> {
    if let Ok(array) = ids.cast::<PyArray1<u16>>() {
        return Ok(array);
    }
    let Ok(array) = ids.cast::<PyUntypedArray>() else {
        let kind = ids.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "ids are {kind}, not a numpy array of uint16"
        )));
    };
    let (dimensions, kind) = (array.ndim(), array.dtype());
    let expected = if dimensions == 1 || !kind.is_equiv_to(&numpy::dtype::<u16>(ids.py())) {
        "of uint16"
    } else {
        "1-dimensional"
    };
    Err(PyTypeError::new_err(format!(
        "ids are a {dimensions}-dimensional array of {kind}, not {expected}"
    )))
}

/// The vocabulary of a text and its ids, which an idea writes straight into numpy's memory.
pub fn charset_and_ids<'py>(
    text: &Bound<'py, PyString>,
    charset_encode: fn(Text<'_>, &mut [MaybeUninit<u16>]) -> Charset,
) -> PyResult<(Bound<'py, PyString>, Uint16Array<'py>)> {
    let (py, codes) = (text.py(), borrow_text(text)?);
    let mut vocabulary = Vec::new();
    let ids = new_array(py, codes.len(), |ids| {
        vocabulary = charset_encode(codes, ids)?;
        Ok(())
    })?
    .map_err(|distinct: usize| too_many_distinct("charset_encode", distinct))?;
    Ok((vocabulary_string(py, &vocabulary)?, Uint16Array(ids)))
}

/// The vocabulary of files and their ids, which an idea writes straight into numpy's memory. Files
/// are read without the GIL: other threads must not wait for a disk.
pub fn vocabulary_and_ids<'py>(
    py: Python<'py>,
    paths: &[PathBuf],
    prepare: fn(&[PathBuf]) -> Result<Prepared, Failure>,
) -> PyResult<(Bound<'py, PyString>, Int64Array<'py>)> {
    let prepared = py.detach(|| prepare(paths));
    let prepared = prepared.map_err(|failure| file_error("prepare", failure))?;
    let vocabulary = vocabulary_string(py, &prepared.vocabulary)?;
    let array = int64_array(py, prepared.length, prepared.fill);
    let ids = array?.map_err(|failure| file_error("prepare", failure))?;
    Ok((vocabulary, Int64Array(ids)))
}

/// Makes a numpy array of `length` ids, which `fill` writes without the GIL.
pub fn int64_array<E: Send>(
    py: Python<'_>,
    length: usize,
    fill: impl FnOnce(&mut [MaybeUninit<i64>]) -> Result<(), E> + Send,
) -> PyResult<Result<Bound<'_, PyArray1<i64>>, E>> {
    new_array(py, length, |ids| py.detach(|| fill(ids)))
}

/// Makes a numpy array of `length` numbers, all of which `fill` writes if it succeeds.
///
/// The memory comes from numpy, which asks the system for large pages: touching those takes a
/// fraction of the time. `PyArray1::new` does the same, but panics where there is no memory.
pub fn new_array<N: Element, E>(
    py: Python<'_>,
    length: usize,
    fill: impl FnOnce(&mut [MaybeUninit<N>]) -> Result<(), E>,
) -> PyResult<Result<Bound<'_, PyArray1<N>>, E>> {
    let bytes = length.saturating_mul(size_of::<N>());
    if ffi::Py_ssize_t::try_from(bytes).is_err() {
        return Err(PyMemoryError::new_err(()));
    }
    let mut dimensions = [npyffi::npy_intp::try_from(length)?];
    // SAFETY: this is the call that `PyArray1::new` makes: one dimension, in one piece, in memory
    // that the array owns and that is written before anybody reads it. The function returns such an
    // array, or null with an error set.
    let array = unsafe {
        let array = npyffi::PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            npyffi::get_type_object(py, npyffi::NpyTypes::PyArray_Type),
            N::get_dtype(py).into_dtype_ptr(),
            1,
            dimensions.as_mut_ptr(),
            ptr::null_mut(),
            ptr::null_mut(),
            0,
            ptr::null_mut(),
        );
        Bound::from_owned_ptr_or_err(py, array)?.cast_into_unchecked::<PyArray1<N>>()
    };
    // SAFETY: the array is new, in one piece and of that length, and nobody else has it yet.
    let places = unsafe { slice::from_raw_parts_mut(array.data().cast(), length) };
    Ok(fill(places).map(|()| array))
}
