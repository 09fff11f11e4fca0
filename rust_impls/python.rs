//! The border with Python, and the only file that knows pyo3: borrowing, the GIL, conversion, errors.
//!
//! A new idea is one word in the lists at the end.

// Reading CPython's own storage and writing what it will own are unsafe by nature.
#![allow(unsafe_code)]

use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::string::PyStringData;
use pyo3::types::{IntoPyDict, PyDict, PySequence, PySet, PyString};

use crate::simd::{self, Path};
use crate::text::Text;
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

/// What CPython stores, as it stores it. Asking for `&str` instead would make CPython build a UTF-8
/// form of any text beyond ASCII and keep it with the object for ever.
fn borrow_text<'a>(text: &'a Bound<'_, PyString>) -> PyResult<Text<'a>> {
    // SAFETY: `data` is unsafe because it reads C bit fields, whose layout is the compiler's own
    // affair: pyo3's and CPython's agree wherever a C compiler lays them out as gcc, clang and MSVC
    // do. The slices live as long as the borrow of the object, and a str never changes.
    Ok(match unsafe { text.data() }? {
        PyStringData::Ucs1(codes) => Text::One(codes),
        PyStringData::Ucs2(codes) => Text::Two(codes),
        PyStringData::Ucs4(codes) => Text::Four(codes),
    })
}

/// An entry of a vocabulary: `char`, or `u32` for ideas to which lone surrogates are characters too.
trait Entry: Copy + Into<u32> {
    /// `code` as it is, or the error of `string`, which holds nothing else.
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
                PyValueError::new_err(format!("U+{code:04X} is no Unicode scalar value"))
            })),
        }
    }
}

/// A vocabulary as the kernels expect it: single characters, distinct, in code-point order.
///
/// Goes entry by entry because pyo3 declines to read a `str` as a sequence, and here `"abc"` is as
/// good as `["a", "b", "c"]`.
struct Vocabulary<C = char>(Vec<C>);

impl<'py, C: Entry> FromPyObject<'_, 'py> for Vocabulary<C> {
    type Error = PyErr;

    fn extract(vocabulary: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let Ok(sequence) = vocabulary.cast::<PySequence>() else {
            let kind = vocabulary.get_type().name()?;
            let message = format!("vocabulary is {kind}, not a sequence of str");
            return Err(PyTypeError::new_err(message));
        };
        let mut characters: Vec<C> = Vec::new();
        for (index, entry) in sequence.try_iter()?.enumerate() {
            let character: C = vocabulary_entry(index, &entry?)?;
            if let Some(&before) = characters.last() {
                check_order(sequence.py(), index, before.into(), character.into())?;
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

fn check_order(py: Python<'_>, index: usize, before: u32, character: u32) -> PyResult<()> {
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
fn named(py: Python<'_>, code: u32) -> PyResult<String> {
    let shown = character_string(py, code)?.repr()?;
    Ok(format!("{shown} (U+{code:04X})"))
}

/// What `chr(code)` returns.
fn character_string(py: Python<'_>, code: u32) -> PyResult<Bound<'_, PyString>> {
    let code = i32::try_from(code).unwrap_or(i32::MAX); // which is no code point: ValueError
    // SAFETY: takes any int, and returns a new reference to a str, or null with an exception set.
    unsafe {
        let string = ffi::PyUnicode_FromOrdinal(code);
        Ok(Bound::from_owned_ptr_or_err(py, string)?.cast_into_unchecked())
    }
}

/// The set of these characters.
fn character_set<'py>(py: Python<'py>, codes: &[u32]) -> PyResult<Bound<'py, PySet>> {
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
        // SAFETY: a set that nobody else has, and a str that is held by its owner above.
        if unsafe { ffi::PySet_Add(set.as_ptr(), character) } != 0 {
            return Err(PyErr::fetch(py));
        }
    }
    Ok(set)
}

/// The strings of one character of Latin-1, which CPython keeps anyway: asking it for each of them
/// again would take half as long as adding it to a set.
fn latin1_strings(py: Python<'_>) -> PyResult<&'static [Py<PyString>]> {
    static STRINGS: PyOnceLock<Vec<Py<PyString>>> = PyOnceLock::new();
    let strings = STRINGS.get_or_try_init(py, || {
        (0..256)
            .map(|code| Ok(character_string(py, code)?.unbind()))
            .collect::<PyResult<_>>()
    })?;
    Ok(strings)
}

/// An idea that is held to a path runs by no other.
fn require(path: Path) -> PyResult<()> {
    if path.available() {
        return Ok(());
    }
    let message = format!("this processor lacks what the path {} needs", path.name());
    Err(PyRuntimeError::new_err(message))
}

fn refused(py: Python<'_>, outside: &OutsideVocabulary) -> PyErr {
    match named(py, outside.character.into()) {
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
    (
        attached: $($attached:ident),*;
        detached: $($detached:ident),*;
        stored: $($stored:ident),*;
        held: $($held:ident),*;
    ) => {
        /// The distinct characters of a text: charset(text) -> set[str], one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod charset {
            use super::{borrow_text, character_set, require};
            use pyo3::prelude::*;
            use pyo3::types::{PySet, PyString};

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
            $(
                #[doc = env!(concat!("DOC_charset_", stringify!($stored)))]
                #[pyfunction]
                fn $stored<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PySet>> {
                    let codes = crate::charset::$stored::charset(borrow_text(text)?);
                    character_set(text.py(), &codes)
                }
            )*
            $(
                #[doc = env!(concat!("DOC_charset_", stringify!($held)))]
                #[pyfunction]
                fn $held<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PySet>> {
                    require(crate::charset::$held::PATH)?;
                    let codes = crate::charset::$held::charset(borrow_text(text)?);
                    character_set(text.py(), &codes)
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

// `detached` ideas have threads of their own and run without the GIL. `stored` ideas read CPython's
// own storage; so do `held` ones, each by the instructions of its one path.

charset_module! {
    attached: std_hashset, ahash, rustc_hash, foldhash, char_hasher, fixed_array, smallvec;
    detached: rayon;
    stored: bit_table;
    held: bit_table_scalar, bit_table_avx2, bit_table_avx512, bit_table_neon;
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
    use super::{
        Bound, IntoPyDict, PyDict, PyDictMethods, PyModule, PyResult, PyValueError, Python,
        pyfunction, simd,
    };

    #[pymodule_export]
    use super::{charset, encode, encode_array};

    /// A wrong setting is refused at once: whoever forces a path must not measure another.
    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        simd::path()
            .map(|_| ())
            .map_err(|wrong| PyValueError::new_err(wrong.to_string()))
    }

    /// The instructions that kernels may use here: "active", the set that ideas take which are not
    /// held to one of their own, and "available", all that this processor has, least first.
    #[pyfunction]
    fn simd_paths(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let paths = PyDict::new(py);
        paths.set_item("active", simd::path_or_scalar().name())?;
        let available: Vec<_> = simd::available().map(simd::Path::name).collect();
        paths.set_item("available", available)?;
        Ok(paths)
    }

    /// How this library was built, every value a str.
    #[pyfunction]
    fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        crate::build_info::BUILD_INFO.into_py_dict(py)
    }
}
