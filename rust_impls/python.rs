//! The border with Python, and the only file that knows pyo3: borrowing, the GIL, conversion, errors.
//!
//! A new idea is one word in the lists at the end.

use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PySequence, PyString};

use crate::vocabulary::{Encoded, Id, OutsideVocabulary, U16_ENTRIES};

type Encode<I> = dyn Fn(&str) -> Encoded<I> + Send + Sync;

/// An idea of `encode` at work: holds what was built from the vocabulary.
struct Kernel<I: Id> {
    encode: Box<Encode<I>>,
    /// Whether Python's other threads run on meanwhile. Letting go of the GIL and taking it back may
    /// cost more than a short text does, so that only ideas with threads of their own do it.
    detached: bool,
}

impl<I: Id> Kernel<I> {
    fn call(&self, py: Python<'_>, text: &str) -> PyResult<Vec<I>> {
        let encoded = if self.detached {
            py.detach(|| (self.encode)(text))
        } else {
            (self.encode)(text)
        };
        encoded.map_err(|outside| refused(py, &outside))
    }
}

/// Turns a text into the list of its characters' indices in the vocabulary.
#[pyclass(frozen, module = "rust_impls.encode")]
struct Encoder(Kernel<u32>);

#[pymethods]
impl Encoder {
    fn __call__(&self, py: Python<'_>, text: &str) -> PyResult<Vec<u32>> {
        self.0.call(py, text)
    }
}

/// Turns a text into a numpy.uint16 array of its characters' indices in the vocabulary.
#[pyclass(frozen, module = "rust_impls.encode_array")]
struct ArrayEncoder(Kernel<u16>);

#[pymethods]
impl ArrayEncoder {
    fn __call__<'py>(&self, py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyArray1<u16>>> {
        Ok(self.0.call(py, text)?.into_pyarray(py))
    }
}

/// A vocabulary as the kernels expect it: single characters, distinct, in code-point order.
///
/// Goes entry by entry because pyo3 declines to read a `str` as a sequence, and here `"abc"` is as
/// good as `["a", "b", "c"]`.
struct Vocabulary(Vec<char>);

impl<'py> FromPyObject<'_, 'py> for Vocabulary {
    type Error = PyErr;

    fn extract(vocabulary: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let Ok(sequence) = vocabulary.cast::<PySequence>() else {
            let kind = vocabulary.get_type().name()?;
            let message = format!("vocabulary is {kind}, not a sequence of str");
            return Err(PyTypeError::new_err(message));
        };
        let mut characters = Vec::new();
        for (index, entry) in sequence.try_iter()?.enumerate() {
            let character = vocabulary_entry(index, &entry?)?;
            if let Some(&before) = characters.last() {
                check_order(sequence.py(), index, before, character)?;
            }
            characters.push(character);
        }
        Ok(Self(characters))
    }
}

fn vocabulary_entry(index: usize, entry: &Bound<'_, PyAny>) -> PyResult<char> {
    let Ok(string) = entry.cast::<PyString>() else {
        let kind = entry.get_type().name()?;
        let message = format!("vocabulary entry {index} is {kind}, not str");
        return Err(PyTypeError::new_err(message));
    };
    if string.len()? == 1 {
        // A lone surrogate is a character to Python and none to Rust: UnicodeEncodeError.
        if let Some(character) = string.to_str()?.chars().next() {
            return Ok(character);
        }
    }
    let shown = string.repr()?;
    let message = format!("vocabulary entry {index} is {shown}, not a single character");
    Err(PyValueError::new_err(message))
}

fn check_order(py: Python<'_>, index: usize, before: char, character: char) -> PyResult<()> {
    if before < character {
        return Ok(());
    }
    let shown = named(py, character)?;
    Err(PyValueError::new_err(if before == character {
        format!(
            "vocabulary holds {shown} twice, at entries {} and {index}",
            index - 1
        )
    } else {
        let before = named(py, before)?;
        format!(
            "vocabulary is not in code-point order: {before} comes before {shown} at entry {index}"
        )
    }))
}

/// `'é' (U+00E9)`. Python writes the quoted part, so that both languages escape alike.
fn named(py: Python<'_>, character: char) -> PyResult<String> {
    let shown = PyString::new(py, character.encode_utf8(&mut [0; 4])).repr()?;
    Ok(format!("{shown} (U+{:04X})", u32::from(character)))
}

fn refused(py: Python<'_>, outside: &OutsideVocabulary) -> PyErr {
    match named(py, outside.character) {
        Ok(shown) => PyValueError::new_err(format!(
            "character {shown} at position {} is not in the vocabulary",
            outside.position
        )),
        Err(error) => error,
    }
}

fn check_fits_u16(vocabulary: &[char]) -> PyResult<()> {
    let entries = vocabulary.len();
    if entries <= U16_ENTRIES {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "vocabulary has {entries} entries; encode_array holds at most {U16_ENTRIES}"
    )))
}

// Each of these three writes a whole Python module, since pyo3 collects the functions of a module
// before it would see any that a macro inside it wrote. The doc strings are the first lines of the
// idea files, brought here by build.rs.

macro_rules! charset_module {
    (attached: $($attached:ident),*; detached: $($detached:ident),*;) => {
        /// The distinct characters of a text: charset(text) -> set[str], one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod charset {
            use pyo3::prelude::*;
            use pyo3::types::PySet;

            $(
                #[doc = env!(concat!("DOC_charset_", stringify!($attached)))]
                #[pyfunction]
                fn $attached<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PySet>> {
                    PySet::new(py, crate::charset::$attached::charset(text))
                }
            )*
            $(
                #[doc = env!(concat!("DOC_charset_", stringify!($detached)))]
                #[pyfunction]
                fn $detached<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PySet>> {
                    PySet::new(py, py.detach(|| crate::charset::$detached::charset(text)))
                }
            )*
        }
    };
}

macro_rules! encode_module {
    (attached: $($attached:ident),*; detached: $($detached:ident),*;) => {
        /// Texts to lists of ids: encode(vocabulary) -> Encoder, one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod encode {
            use super::{Kernel, Vocabulary};
            use pyo3::prelude::*;

            #[pymodule_export]
            use super::Encoder;

            $(
                #[doc = env!(concat!("DOC_encode_", stringify!($attached)))]
                #[pyfunction]
                fn $attached(vocabulary: Vocabulary) -> Encoder {
                    let encode = Box::new(crate::encode::$attached::encode(&vocabulary.0));
                    Encoder(Kernel { encode, detached: false })
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_", stringify!($detached)))]
                #[pyfunction]
                fn $detached(vocabulary: Vocabulary) -> Encoder {
                    let encode = Box::new(crate::encode::$detached::encode(&vocabulary.0));
                    Encoder(Kernel { encode, detached: true })
                }
            )*
        }
    };
}

macro_rules! encode_array_module {
    (attached: $($attached:ident),*; detached: $($detached:ident),*;) => {
        /// Texts to arrays of ids: encode_array(vocabulary) -> ArrayEncoder, one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod encode_array {
            use super::{Kernel, Vocabulary, check_fits_u16};
            use pyo3::prelude::*;

            #[pymodule_export]
            use super::ArrayEncoder;

            $(
                #[doc = env!(concat!("DOC_encode_array_", stringify!($attached)))]
                #[pyfunction]
                fn $attached(vocabulary: Vocabulary) -> PyResult<ArrayEncoder> {
                    check_fits_u16(&vocabulary.0)?;
                    let encode = crate::encode_array::$attached::encode_array(&vocabulary.0);
                    Ok(ArrayEncoder(Kernel { encode: Box::new(encode), detached: false }))
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_array_", stringify!($detached)))]
                #[pyfunction]
                fn $detached(vocabulary: Vocabulary) -> PyResult<ArrayEncoder> {
                    check_fits_u16(&vocabulary.0)?;
                    let encode = crate::encode_array::$detached::encode_array(&vocabulary.0);
                    Ok(ArrayEncoder(Kernel { encode: Box::new(encode), detached: true }))
                }
            )*
        }
    };
}

// `detached` ideas have threads of their own and run without the GIL.

charset_module! {
    attached: std_hashset, ahash, rustc_hash, foldhash, char_hasher, fixed_array, smallvec;
    detached: rayon;
}

encode_module! {
    attached: std_hashset, ahash, rustc_hash, foldhash, char_hasher, fixed_array, smallvec;
    detached: rayon;
}

encode_array_module! {
    attached: std_hashset, ahash, rustc_hash, foldhash, char_hasher, fixed_array, smallvec;
    detached: rayon;
}

/// Rust ideas for the text preparation of a character-level GPT, a submodule for each task.
// pyo3 takes a module to be safe without the GIL unless it says otherwise. Nothing here has been run
// on a free-threaded Python yet, so there the import switches the GIL on.
#[pymodule(gil_used = true)]
mod rust_impls {
    use super::{Bound, IntoPyDict, PyDict, PyResult, Python, pyfunction};

    #[pymodule_export]
    use super::{charset, encode, encode_array};

    /// How this library was built, every value a str.
    #[pyfunction]
    fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        crate::build_info::BUILD_INFO.into_py_dict(py)
    }
}
