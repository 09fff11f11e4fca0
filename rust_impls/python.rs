//! The border with Python, and the only file that knows pyo3: borrowing, the GIL, conversion, errors.
//!
//! A new idea is one word in the lists at the end.

// Reading CPython's own storage and writing what it will own are unsafe by nature.
#![allow(unsafe_code)]

use std::convert::Infallible;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::{ptr, slice};

use numpy::{
    Element, IntoPyArray, PyArray1, PyArrayDescrMethods, PyArrayMethods, PyUntypedArray,
    PyUntypedArrayMethods, npyffi,
};
use pyo3::exceptions::{PyMemoryError, PyOSError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::{MutexExt, PyOnceLock};
use pyo3::types::string::PyStringData;
use pyo3::types::{IntoPyDict, PyDict, PyInt, PyList, PySequence, PySet, PyString};

use crate::charset_encode::Charset;
use crate::count::Count;
use crate::decode_list::small_ints::{SMALL_INTS, STEP};
use crate::decoded::{Decoded, Room};
use crate::file_texts::Failure;
use crate::id_table::{Filled, Number};
use crate::prepare::Prepared;
use crate::simd;
use crate::text::Text;
use crate::vocabulary::{Encoded, Id, U16_ENTRIES};

/// What stubs call the types that pyo3 or numpy have no name for.
#[cfg(feature = "inspect")]
mod hints {
    use pyo3::inspect::PyStaticExpr;
    use pyo3::{type_hint_identifier, type_hint_subscript, type_hint_union};

    const STR: PyStaticExpr = type_hint_identifier!("builtins", "str");
    const INT: PyStaticExpr = type_hint_identifier!("builtins", "int");
    const LIST: PyStaticExpr = type_hint_identifier!("builtins", "list");
    const DICT: PyStaticExpr = type_hint_identifier!("builtins", "dict");
    const ARRAY: PyStaticExpr = type_hint_identifier!("numpy.typing", "NDArray");

    pub const SET_OF_STR: PyStaticExpr =
        type_hint_subscript!(type_hint_identifier!("builtins", "set"), STR);
    pub const SEQUENCE_OF_STR: PyStaticExpr =
        type_hint_subscript!(type_hint_identifier!("collections.abc", "Sequence"), STR);
    pub const LIST_OF_INT: PyStaticExpr = type_hint_subscript!(LIST, INT);
    pub const COUNTS: PyStaticExpr = type_hint_subscript!(DICT, STR, INT);
    pub const TEXTS: PyStaticExpr = type_hint_subscript!(DICT, STR, STR);
    pub const PATHS: PyStaticExpr = type_hint_subscript!(
        DICT,
        STR,
        type_hint_union!(STR, type_hint_subscript!(LIST, STR))
    );
    pub const UINT8_ARRAY: PyStaticExpr =
        type_hint_subscript!(ARRAY, type_hint_identifier!("numpy", "uint8"));
    pub const UINT16_ARRAY: PyStaticExpr =
        type_hint_subscript!(ARRAY, type_hint_identifier!("numpy", "uint16"));
    pub const INT64_ARRAY: PyStaticExpr =
        type_hint_subscript!(ARRAY, type_hint_identifier!("numpy", "int64"));
}

/// Objects of which Rust's types say less than stubs should: a set, but not of what.
macro_rules! results {
    ($($name:ident($object:ty), $hint:ident;)*) => {
        $(
            struct $name<'py>(Bound<'py, $object>);

            impl<'py> IntoPyObject<'py> for $name<'py> {
                type Target = $object;
                type Output = Bound<'py, $object>;
                type Error = Infallible;

                #[cfg(feature = "inspect")]
                const OUTPUT_TYPE: pyo3::inspect::PyStaticExpr = hints::$hint;

                fn into_pyobject(self, _: Python<'py>) -> Result<Self::Output, Infallible> {
                    Ok(self.0)
                }
            }
        )*
    };
}

results! {
    CharacterSet(PySet), SET_OF_STR;
    CharacterCounts(PyDict), COUNTS;
    IdList(PyList), LIST_OF_INT;
    Uint8Array(PyArray1<u8>), UINT8_ARRAY;
    Uint16Array(PyArray1<u16>), UINT16_ARRAY;
    Int64Array(PyArray1<i64>), INT64_ARRAY;
    Texts(PyDict), TEXTS;
    Paths(PyDict), PATHS;
}

/// An argument that is looked at later, so that what is wrong with it is said in our words.
macro_rules! arguments {
    ($($name:ident, $hint:ident;)*) => {
        $(
            #[derive(Clone, Copy)]
            struct $name<'a, 'py>(Borrowed<'a, 'py, PyAny>);

            impl<'a, 'py> FromPyObject<'a, 'py> for $name<'a, 'py> {
                type Error = Infallible;

                #[cfg(feature = "inspect")]
                const INPUT_TYPE: pyo3::inspect::PyStaticExpr = hints::$hint;

                fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Infallible> {
                    Ok(Self(object))
                }
            }
        )*
    };
}

arguments! {
    ListOfIds, LIST_OF_INT;
    ArrayOfIds, UINT16_ARRAY;
}

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
        encoded.map_err(|outside| refused(py, outside.character.into(), outside.position))
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

    /// Does the same up to where Python's result would be built: what the kernel takes.
    fn kernel(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        self.0.call(py, text).map(drop)
    }
}

/// Turns a text into a numpy.uint16 array of its characters' indices in the vocabulary.
#[pyclass(frozen, module = "rust_impls.encode_array")]
struct ArrayEncoder(Kernel<u16>);

#[pymethods]
impl ArrayEncoder {
    fn __call__<'py>(&self, py: Python<'py>, text: &str) -> PyResult<Uint16Array<'py>> {
        Ok(Uint16Array(self.0.call(py, text)?.into_pyarray(py)))
    }

    /// Does the same up to where Python's result would be built: what the kernel takes.
    fn kernel(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        self.0.call(py, text).map(drop)
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

type Fill<N> = dyn Fn(Text<'_>, &mut [MaybeUninit<N>]) -> Filled + Send + Sync;

/// An idea at work that writes ids into an array, which it is given so that numpy makes and owns it.
struct ArrayFiller<N> {
    fill: Box<Fill<N>>,
    /// As in [`Kernel`].
    detached: bool,
    /// What `kernel` writes into: it grows with the longest text, and is empty until it is called.
    scratch: Mutex<Vec<MaybeUninit<N>>>,
}

impl<N: Number + Element> ArrayFiller<N> {
    fn new(fill: Box<Fill<N>>, detached: bool) -> Self {
        let scratch = Mutex::default();
        Self {
            fill,
            detached,
            scratch,
        }
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
        filled.map_err(|outside| refused(py, outside.code, outside.position))
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

/// Turns a text into a numpy.uint16 array of its characters' indices in the vocabulary.
#[pyclass(frozen, module = "rust_impls.encode_array")]
struct Uint16Encoder(ArrayFiller<u16>);

#[pymethods]
impl Uint16Encoder {
    fn __call__<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<Uint16Array<'py>> {
        self.0.call(text).map(Uint16Array)
    }

    /// Does the same into memory that was written before: what the kernel takes.
    fn kernel(&self, text: &Bound<'_, PyString>) -> PyResult<()> {
        self.0.kernel(text)
    }
}

/// Turns a text into a numpy.uint8 array of its characters' indices in the vocabulary.
#[pyclass(frozen, module = "rust_impls.encode_uint8")]
struct Uint8Encoder(ArrayFiller<u8>);

#[pymethods]
impl Uint8Encoder {
    fn __call__<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<Uint8Array<'py>> {
        self.0.call(text).map(Uint8Array)
    }

    /// Does the same into memory that was written before: what the kernel takes.
    fn kernel(&self, text: &Bound<'_, PyString>) -> PyResult<()> {
        self.0.kernel(text)
    }
}

/// Turns a text into a numpy.int64 array of its characters' indices in the vocabulary.
#[pyclass(frozen, module = "rust_impls.encode_int64")]
struct Int64Encoder(ArrayFiller<i64>);

#[pymethods]
impl Int64Encoder {
    fn __call__<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<Int64Array<'py>> {
        self.0.call(text).map(Int64Array)
    }

    /// Does the same into memory that was written before: what the kernel takes.
    fn kernel(&self, text: &Bound<'_, PyString>) -> PyResult<()> {
        self.0.kernel(text)
    }
}

/// Turns a text into the list of its characters' indices in the vocabulary.
#[pyclass(frozen, module = "rust_impls.encode")]
struct ListEncoder {
    ids: ListIds,
    /// The int of each id, made once; up to 256 CPython has them at hand.
    ints: Vec<Py<PyInt>>,
    /// Whether some of them count their references: all before Python 3.12, large ones after it.
    counted: bool,
}

enum ListIds {
    Bytes(Box<Fill<u8>>),
    Numbers(Box<Fill<u32>>),
}

impl ListEncoder {
    fn new(py: Python<'_>, entries: usize, ids: ListIds) -> Self {
        let ints: Vec<_> = (0..entries)
            .map(|id| id.into_pyobject(py))
            .map(|Ok(int)| int.unbind())
            .collect();
        let counted = ints.iter().any(|int| !is_immortal(int));
        Self { ids, ints, counted }
    }
}

#[pymethods]
impl ListEncoder {
    fn __call__<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<IdList<'py>> {
        match &self.ids {
            ListIds::Bytes(fill) => list_of(text, fill, &self.ints, self.counted),
            ListIds::Numbers(fill) => list_of(text, fill, &self.ints, self.counted),
        }
    }

    /// Finds the ids and builds no list: what the kernel takes.
    fn kernel(&self, text: &Bound<'_, PyString>) -> PyResult<()> {
        match &self.ids {
            ListIds::Bytes(fill) => find_ids(text, fill),
            ListIds::Numbers(fill) => find_ids(text, fill),
        }
    }
}

fn find_ids<N: ListId>(text: &Bound<'_, PyString>, fill: &Fill<N>) -> PyResult<()> {
    let codes = borrow_text(text)?;
    let mut ids = [const { MaybeUninit::<N>::uninit() }; LIST_BLOCK];
    for start in (0..codes.len()).step_by(LIST_BLOCK) {
        let end = codes.len().min(start + LIST_BLOCK);
        if let Err(outside) = fill(codes.slice(start..end), &mut ids[..end - start]) {
            return Err(refused(text.py(), outside.code, start + outside.position));
        }
        black_box(&ids);
    }
    Ok(())
}

/// Characters whose ids are found at once: they stay in the first cache until their ints are written.
const LIST_BLOCK: usize = 2048;

/// An id that indexes tables of at least `TABLE` entries, so that no bound need be checked.
trait ListId: Number {
    const TABLE: usize;
    fn index(self) -> usize;
}

impl ListId for u8 {
    const TABLE: usize = 256;
    fn index(self) -> usize {
        self.into()
    }
}

impl ListId for u32 {
    const TABLE: usize = 0;
    fn index(self) -> usize {
        self as usize
    }
}

/// Neighbours often are the same character, and the second could only be counted once the first has
/// been: each of four has a count of its own.
type Counts = [usize; 4];

fn list_of<'py, N: ListId>(
    text: &Bound<'py, PyString>,
    fill: &Fill<N>,
    ints: &[Py<PyInt>],
    counted: bool,
) -> PyResult<IdList<'py>> {
    let py = text.py();
    let codes = borrow_text(text)?;
    let length = codes.len();
    let (list, items) = new_list(py, length)?;
    // SAFETY: `new_list` says that there are as many, and nobody else has them yet. No Python code runs,
    // and nothing is collected, before all are written and counted.
    let items = unsafe { slice::from_raw_parts_mut(items, length) };

    let mut objects: Vec<_> = ints.iter().map(Py::as_ptr).collect();
    objects.resize(ints.len().max(N::TABLE), ptr::null_mut());
    let mut counts: Vec<Counts> = vec![[0; 4]; objects.len()];
    let mut ids = [const { MaybeUninit::<N>::uninit() }; LIST_BLOCK];
    for (block, places) in items.chunks_mut(LIST_BLOCK).enumerate() {
        let start = block * LIST_BLOCK;
        let ids = &mut ids[..places.len()];
        if let Err(outside) = fill(codes.slice(start..start + places.len()), ids) {
            // What has been written so far has not been counted, and the list must not drop it.
            items.fill(MaybeUninit::new(ptr::null_mut()));
            return Err(refused(py, outside.code, start + outside.position));
        }
        // SAFETY: `fill` has written all of them.
        let ids = unsafe { slice::from_raw_parts(ids.as_ptr().cast::<N>(), ids.len()) };
        write_objects(ids, &objects, places);
        if counted {
            count(ids, &mut counts);
        }
    }
    for (int, counts) in ints.iter().zip(counts) {
        add_references(int, counts.iter().sum());
    }
    Ok(IdList(list))
}

/// Where a list keeps its items.
type Items = *mut MaybeUninit<*mut ffi::PyObject>;

/// A list and its `length` items, which the caller must write, or fill with null, before anybody else
/// sees the list. `PyList_New` would first fill megabytes with nulls, as much work as writing them.
#[cfg(not(any(Py_GIL_DISABLED, PyPy, GraalPy)))]
fn new_list(py: Python<'_>, length: usize) -> PyResult<(Bound<'_, PyList>, Items)> {
    let list = PyList::empty(py);
    let object = list.as_ptr().cast::<ffi::PyListObject>();
    let Some(bytes) = length.checked_mul(size_of::<*mut ffi::PyObject>()) else {
        return Err(PyMemoryError::new_err(()));
    };
    if length == 0 {
        return Ok((list, ptr::dangling_mut()));
    }
    let size = ffi::Py_ssize_t::try_from(length)?;
    // SAFETY: so CPython's own lists get their items, from this allocator and to be freed by it, and
    // these are the fields that say where they are, how many, and for how many there is room. An
    // empty list has none that would be lost.
    unsafe {
        let items = ffi::PyMem_Malloc(bytes);
        if items.is_null() {
            return Err(PyMemoryError::new_err(()));
        }
        (*object).ob_item = items.cast();
        (*object).allocated = size;
        (*object).ob_base.ob_size = size;
        Ok((list, items.cast()))
    }
}

/// The same by nothing but the documented: other Pythons keep the items otherwise.
#[cfg(any(Py_GIL_DISABLED, PyPy, GraalPy))]
fn new_list(py: Python<'_>, length: usize) -> PyResult<(Bound<'_, PyList>, Items)> {
    // SAFETY: a new list of that length, or null with an exception set.
    let list = unsafe {
        let list = ffi::PyList_New(length.try_into()?);
        Bound::from_owned_ptr_or_err(py, list)?.cast_into_unchecked::<PyList>()
    };
    if length == 0 {
        return Ok((list, ptr::dangling_mut()));
    }
    // SAFETY: a list that is not empty has items.
    let items = unsafe { (*list.as_ptr().cast::<ffi::PyListObject>()).ob_item };
    Ok((list, items.cast()))
}

fn write_objects<N: ListId>(
    ids: &[N],
    objects: &[*mut ffi::PyObject],
    places: &mut [MaybeUninit<*mut ffi::PyObject>],
) {
    let objects = if N::TABLE > 0 {
        &objects[..N::TABLE]
    } else {
        objects
    };
    for (place, id) in places.iter_mut().zip(ids) {
        place.write(objects[id.index()]);
    }
}

fn count<N: ListId>(ids: &[N], counts: &mut [Counts]) {
    let counts = if N::TABLE > 0 {
        &mut counts[..N::TABLE]
    } else {
        counts
    };
    let (fours, rest) = ids.as_chunks::<4>();
    for [a, b, c, d] in fours {
        counts[a.index()][0] += 1;
        counts[b.index()][1] += 1;
        counts[c.index()][2] += 1;
        counts[d.index()][3] += 1;
    }
    for id in rest {
        counts[id.index()][0] += 1;
    }
}

/// Whether an object keeps no count of its references.
fn is_immortal(int: &Py<PyInt>) -> bool {
    // SAFETY: an object, which is held meanwhile; the reference is given back.
    unsafe {
        let before = ffi::Py_REFCNT(int.as_ptr());
        ffi::Py_INCREF(int.as_ptr());
        let after = ffi::Py_REFCNT(int.as_ptr());
        ffi::Py_DECREF(int.as_ptr());
        before == after
    }
}

/// Counts `count` references to an object at once, if a trial shows where and how it counts them; one
/// by one if not.
fn add_references(int: &Py<PyInt>, count: usize) {
    // Beyond it a count of 32 bits, which Python has since 3.12, could come to mean immortal.
    const MOST_AT_ONCE: usize = 1 << 30;
    let object = int.as_ptr();
    let word = object.cast::<isize>();
    if count == 0 {
        return;
    }
    // SAFETY: an object, which is held meanwhile, begins with at least a word, and whoever has the GIL
    // may count its references. Free-threaded Python, where that word holds something else, sees
    // it unchanged by the trial.
    unsafe {
        let before = *word;
        ffi::Py_INCREF(object);
        let rest = count - 1;
        match isize::try_from(rest) {
            Ok(more) if *word == before + 1 && rest < MOST_AT_ONCE => *word += more,
            _ if is_immortal(int) => {}
            _ => (0..rest).for_each(|_| ffi::Py_INCREF(object)),
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

    #[cfg(feature = "inspect")]
    const INPUT_TYPE: pyo3::inspect::PyStaticExpr = hints::SEQUENCE_OF_STR;

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
fn character_set<'py>(py: Python<'py>, codes: &[u32]) -> PyResult<CharacterSet<'py>> {
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
    Ok(CharacterSet(set))
}

/// The strings of one character of Latin-1, which CPython keeps anyway: here they are found without a
/// call and a reference to give back.
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
fn require(path: simd::Path) -> PyResult<()> {
    if path.available() {
        return Ok(());
    }
    let message = format!("this processor lacks what the path {} needs", path.name());
    Err(PyRuntimeError::new_err(message))
}

fn refused(py: Python<'_>, code: u32, position: usize) -> PyErr {
    match named(py, code) {
        Ok(shown) => PyValueError::new_err(format!(
            "character {shown} at position {position} is not in the vocabulary"
        )),
        Err(error) => error,
    }
}

fn check_fits(task: &str, entries: usize, most: usize) -> PyResult<()> {
    if entries <= most {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "vocabulary has {entries} entries; {task} holds at most {most}"
    )))
}

/// The dict of these counts.
fn count_dict<'py>(py: Python<'py>, counts: &[Count]) -> PyResult<CharacterCounts<'py>> {
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

type Decode<T> = dyn Fn(&[T], Room<'_>) -> Decoded + Send + Sync;

/// Turns a list of indices in the vocabulary into the text of their characters.
#[pyclass(frozen, module = "rust_impls.decode_list")]
struct ListDecoder {
    vocabulary: Vec<u32>,
    by_ids: Box<Decode<u32>>,
    by_addresses: Option<Box<DecodeByAddress>>,
}

type DecodeByAddress = dyn Fn(usize, &[usize], Room<'_>) -> Decoded + Send + Sync;

#[pymethods]
impl ListDecoder {
    fn __call__<'py>(&self, ids: ListOfIds<'_, 'py>) -> PyResult<Bound<'py, PyString>> {
        let ids = &*ids.0;
        let py = ids.py();
        let Ok(list) = ids.cast::<PyList>() else {
            let kind = ids.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "ids are {kind}, not a list of int"
            )));
        };
        if let (Some(fill), Some(zero)) = (&self.by_addresses, small_int_zero(py)?) {
            // SAFETY: nothing below runs Python code, which alone could change the list.
            let addresses = unsafe { item_addresses(list) };
            let fill = |room: Room<'_>| fill(zero, addresses, room);
            if let Ok(text) = new_text(py, &self.vocabulary, addresses.len(), fill)? {
                return Ok(text);
            }
            // Some other int: an id above 256, a bool, or an error that has to be named.
        }
        let size = self.vocabulary.len();
        let ids: Vec<u32> = list
            .iter()
            .enumerate()
            .map(|(position, id)| id_of_item(&id, position, size))
            .collect::<PyResult<_>>()?;
        let fill = |room: Room<'_>| (self.by_ids)(&ids, room);
        new_text(py, &self.vocabulary, ids.len(), fill)?
            .map_err(|position| not_in_vocabulary(ids[position], position, size))
    }
}

/// The id that an item of a list is, if it is one.
fn id_of_item(item: &Bound<'_, PyAny>, position: usize, size: usize) -> PyResult<u32> {
    if !item.is_instance_of::<PyInt>() {
        let kind = item.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "id at position {position} is {kind}, not int"
        )));
    }
    match item.extract::<u32>() {
        Ok(id) if (id as usize) < size => Ok(id),
        _ => Err(not_in_vocabulary(item.str()?, position, size)),
    }
}

fn not_in_vocabulary(id: impl std::fmt::Display, position: usize, size: usize) -> PyErr {
    PyValueError::new_err(format!(
        "id {id} at position {position} is not in the vocabulary of {size}"
    ))
}

/// The addresses of a list's items, as they stand in it.
///
/// # Safety
///
/// The list does not change while they are used.
unsafe fn item_addresses<'a>(list: &'a Bound<'_, PyList>) -> &'a [usize] {
    // SAFETY: a list holds `len` pointers in a row from `ob_item` on, which is null if it has room for
    // none. A pointer reads as an integer of its size. The caller sees to it that they stay.
    unsafe {
        let first = (*list.as_ptr().cast::<ffi::PyListObject>()).ob_item;
        if first.is_null() {
            return &[];
        }
        slice::from_raw_parts(first.cast_const().cast(), list.len())
    }
}

/// The address of the int 0 if the small ones lie behind it in a row, which is CPython's own affair
/// and therefore looked at. No other object can then lie there, and they live as long as Python.
fn small_int_zero(py: Python<'_>) -> PyResult<Option<usize>> {
    static ZERO: PyOnceLock<Option<usize>> = PyOnceLock::new();
    let zero = ZERO.get_or_try_init(py, || {
        let address =
            |value: usize| -> PyResult<usize> { Ok(value.into_pyobject(py)?.as_ptr() as usize) };
        let zero = address(0)?;
        for value in 0..SMALL_INTS {
            // Asked twice: a small int is the same object every time.
            if address(value)? != zero + STEP * value || address(value)? != address(value)? {
                return Ok::<_, PyErr>(None);
            }
        }
        Ok(Some(zero))
    })?;
    Ok(*zero)
}

/// Turns a one-dimensional numpy.uint16 array of indices in the vocabulary into their characters' text.
#[pyclass(frozen, module = "rust_impls.decode_array")]
struct ArrayDecoder {
    vocabulary: Vec<u32>,
    fill: Box<Decode<u16>>,
}

#[pymethods]
impl ArrayDecoder {
    fn __call__<'py>(&self, ids: ArrayOfIds<'_, 'py>) -> PyResult<Bound<'py, PyString>> {
        let given = uint16_array(&ids.0)?;
        let mut array = given.readonly();
        if array.as_slice().is_err() {
            // With steps of any number of bytes, which only numpy can take for every one.
            array = given
                .call_method0("copy")?
                .cast::<PyArray1<u16>>()?
                .readonly();
        }
        let ids = array.as_slice()?;
        let fill = |room: Room<'_>| (self.fill)(ids, room);
        new_text(array.py(), &self.vocabulary, ids.len(), fill)?
            .map_err(|position| not_in_vocabulary(ids[position], position, self.vocabulary.len()))
    }
}

fn uint16_array<'a, 'py>(ids: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyArray1<u16>>> {
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
    let wanted = if dimensions == 1 || !kind.is_equiv_to(&numpy::dtype::<u16>(ids.py())) {
        "of uint16"
    } else {
        "1-dimensional"
    };
    Err(PyTypeError::new_err(format!(
        "ids are a {dimensions}-dimensional array of {kind}, not {wanted}"
    )))
}

/// A str of `length` characters, filled by `fill`; or the position of the first id for which it has no
/// character.
///
/// The form that CPython demands is that of the widest character, which only the ids tell. So there is
/// first made room for the widest of the vocabulary, and for a narrower text, then, once more.
fn new_text<'py>(
    py: Python<'py>,
    vocabulary: &[u32],
    length: usize,
    fill: impl Fn(Room<'_>) -> Decoded,
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
            return Ok(Ok(character_string(py, exact)?)); // of which CPython keeps some
        }
        if form(exact) == form(widest) {
            return Ok(Ok(string));
        }
        widest = exact;
    }
}

/// A number for each form in which CPython stores a text whose widest character is this.
fn form(widest: u32) -> u8 {
    match widest {
        0..=0x7F => 0,
        0x80..=0xFF => 1,
        0x100..=0xFFFF => 2,
        _ => 3,
    }
}

/// A str for texts whose widest character is this, after `fill` has had its room, and what that said.
/// It is to be dropped if the room was not filled.
fn new_string<T>(
    py: Python<'_>,
    length: usize,
    widest: u32,
    fill: impl FnOnce(Room<'_>) -> T,
) -> PyResult<(Bound<'_, PyString>, T)> {
    // SAFETY: `length` is that of a list or an array, which are no longer than `isize::MAX`, and at
    // least 1, so that the object is new. Its data holds `length` characters of its kind, and may be
    // written to as long as nobody else has it.
    unsafe {
        let object = ffi::PyUnicode_New(length.cast_signed(), widest);
        let string = Bound::from_owned_ptr_or_err(py, object)?.cast_into_unchecked();
        let data = ffi::PyUnicode_DATA(object);
        let said = fill(match ffi::PyUnicode_KIND(object) {
            ffi::PyUnicode_1BYTE_KIND => Room::One(room_at(data.cast(), length)),
            ffi::PyUnicode_2BYTE_KIND => Room::Two(room_at(data.cast(), length)),
            _ => Room::Four(room_at(data.cast(), length)),
        });
        Ok((string, said))
    }
}

/// # Safety
///
/// There is room for `length` values, which nobody else reads or writes.
unsafe fn room_at<'a, C>(first: *mut C, length: usize) -> &'a mut [MaybeUninit<C>] {
    // SAFETY: as the caller says; what is not initialized may be a `MaybeUninit`.
    unsafe { slice::from_raw_parts_mut(first.cast(), length) }
}

/// The characters of a vocabulary in one str.
fn vocabulary_string<'py>(py: Python<'py>, codes: &[u32]) -> PyResult<Bound<'py, PyString>> {
    let ids: Vec<u32> = (0..).take(codes.len()).collect();
    let decode = crate::decode_list::fixed_array::decode_list(codes);
    new_text(py, codes, ids.len(), |room| decode(&ids, room))?
        .map_err(|position| not_in_vocabulary(position, position, codes.len()))
}

/// An idea's vocabulary of a text and its ids, written where numpy keeps them.
fn charset_and_ids<'py>(
    text: &Bound<'py, PyString>,
    charset_encode: fn(Text<'_>, &mut [MaybeUninit<u16>]) -> Charset,
) -> PyResult<(Bound<'py, PyString>, Uint16Array<'py>)> {
    let (py, codes) = (text.py(), borrow_text(text)?);
    let mut vocabulary = Vec::new();
    let ids = new_array(py, codes.len(), |ids| {
        vocabulary = charset_encode(codes, ids)?;
        Ok(())
    })?
    .map_err(|distinct: usize| {
        PyValueError::new_err(format!(
            "text has {distinct} distinct characters; charset_encode holds at most {U16_ENTRIES}"
        ))
    })?;
    Ok((vocabulary_string(py, &vocabulary)?, Uint16Array(ids)))
}

fn check_fits_decode_array(entries: usize) -> PyResult<()> {
    if entries <= U16_ENTRIES {
        return Ok(());
    }
    Err(PyValueError::new_err(format!(
        "vocabulary has {entries} entries; decode_array holds at most {U16_ENTRIES}"
    )))
}

/// An idea's vocabulary and ids, the ids written where numpy keeps them. Files are read without the
/// GIL: what waits for a disk must not keep other threads waiting.
fn prepared<'py>(
    py: Python<'py>,
    paths: &[PathBuf],
    prepare: fn(&[PathBuf]) -> Result<Prepared, Failure>,
) -> PyResult<(Bound<'py, PyString>, Int64Array<'py>)> {
    let found = py.detach(|| prepare(paths));
    let found = found.map_err(|failure| failed("prepare", failure))?;
    let vocabulary = vocabulary_string(py, &found.vocabulary)?;
    let array = int64_array(py, found.length, found.fill);
    let ids = array?.map_err(|failure| failed("prepare", failure))?;
    Ok((vocabulary, Int64Array(ids)))
}

/// A numpy array of so many ids, written by `fill` without the GIL.
fn int64_array<E: Send>(
    py: Python<'_>,
    length: usize,
    fill: impl FnOnce(&mut [MaybeUninit<i64>]) -> Result<(), E> + Send,
) -> PyResult<Result<Bound<'_, PyArray1<i64>>, E>> {
    new_array(py, length, |ids| py.detach(|| fill(ids)))
}

/// A numpy array of so many numbers, each of which `fill` writes if it succeeds. numpy asks the system for
/// large pages, which are touched in a fraction of the time. `PyArray1::new` would panic where there is no
/// memory for it.
fn new_array<N: Element, E>(
    py: Python<'_>,
    length: usize,
    fill: impl FnOnce(&mut [MaybeUninit<N>]) -> Result<(), E>,
) -> PyResult<Result<Bound<'_, PyArray1<N>>, E>> {
    let bytes = length.saturating_mul(size_of::<N>());
    if ffi::Py_ssize_t::try_from(bytes).is_err() {
        return Err(PyMemoryError::new_err(()));
    }
    let mut dimensions = [npyffi::npy_intp::try_from(length)?];
    // SAFETY: what `PyArray1::new` asks of numpy: one dimension, in one piece, in memory of its own,
    // which is written before anybody reads it. It is that, or null with an error set.
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
    // SAFETY: a new array in one piece of that length, which nobody else has yet.
    let place = unsafe { slice::from_raw_parts_mut(array.data().cast(), length) };
    Ok(fill(place).map(|()| array))
}

/// What Python's own `open` would raise, where it is the system that refuses.
fn failed(task: &str, failure: Failure) -> PyErr {
    match failure {
        Failure::Io { path, error } => match error.raw_os_error() {
            Some(number) => {
                let words = error.to_string();
                let words = words.split(" (os error").next().unwrap_or_default();
                PyOSError::new_err((number, words.to_owned(), path.into_os_string()))
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
        Failure::TooManyDistinct(distinct) => PyValueError::new_err(format!(
            "text has {distinct} distinct characters; {task} holds at most {U16_ENTRIES}"
        )),
    }
}

/// A limit at work: called like what a task builds from a vocabulary.
#[pyclass(frozen, module = "rust_impls.limit")]
struct Limit(Box<Limited>);

type Limited = dyn for<'py> Fn(&Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> + Send + Sync;

#[pymethods]
impl Limit {
    fn __call__<'py>(&self, argument: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        (self.0)(argument)
    }
}

/// The bytes in which CPython stores a text.
fn stored_bytes<'a>(text: &'a Bound<'_, PyString>) -> PyResult<&'a [u8]> {
    Ok(match borrow_text(text)? {
        Text::One(codes) => codes,
        Text::Two(codes) => as_bytes(codes),
        Text::Four(codes) => as_bytes(codes),
    })
}

trait Plain: Copy {}
impl Plain for u16 {}
impl Plain for u32 {}
impl Plain for usize {}

fn as_bytes<I: Plain>(integers: &[I]) -> &[u8] {
    // SAFETY: every byte of such an integer is initialized, and bytes need no alignment.
    unsafe { slice::from_raw_parts(ptr::from_ref(integers).cast(), size_of_val(integers)) }
}

// Each of these writes a whole Python module, since pyo3 collects the functions of a module
// before it would see any that a macro inside it wrote. The doc strings are the first lines of the
// idea files, brought here by build.rs.

macro_rules! charset_module {
    (
        attached: $($attached:ident),*;
        detached: $($detached:ident),*;
        stored: $($stored:ident),*;
        threaded: $($threaded:ident),*;
        held: $($held:ident),*;
    ) => {
        /// The distinct characters of a text: charset(text) -> set[str], one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod charset {
            use super::{CharacterSet, borrow_text, character_set, require};
            use pyo3::prelude::*;
            use pyo3::types::{PySet, PyString};

            $(
                #[doc = env!(concat!("DOC_charset_", stringify!($attached)))]
                #[pyfunction]
                fn $attached<'py>(py: Python<'py>, text: &str) -> PyResult<CharacterSet<'py>> {
                    PySet::new(py, crate::charset::$attached::charset(text)).map(CharacterSet)
                }
            )*
            $(
                #[doc = env!(concat!("DOC_charset_", stringify!($detached)))]
                #[pyfunction]
                fn $detached<'py>(py: Python<'py>, text: &str) -> PyResult<CharacterSet<'py>> {
                    PySet::new(py, py.detach(|| crate::charset::$detached::charset(text))).map(CharacterSet)
                }
            )*
            $(
                #[doc = env!(concat!("DOC_charset_", stringify!($stored)))]
                #[pyfunction]
                fn $stored<'py>(text: &Bound<'py, PyString>) -> PyResult<CharacterSet<'py>> {
                    let codes = crate::charset::$stored::charset(borrow_text(text)?);
                    character_set(text.py(), &codes)
                }
            )*
            $(
                #[doc = env!(concat!("DOC_charset_", stringify!($threaded)))]
                #[pyfunction]
                fn $threaded<'py>(text: &Bound<'py, PyString>) -> PyResult<CharacterSet<'py>> {
                    let (py, text) = (text.py(), borrow_text(text)?);
                    let codes = py.detach(|| crate::charset::$threaded::charset(text));
                    character_set(py, &codes)
                }
            )*
            $(
                #[doc = env!(concat!("DOC_charset_", stringify!($held)))]
                #[pyfunction]
                fn $held<'py>(text: &Bound<'py, PyString>) -> PyResult<CharacterSet<'py>> {
                    require(crate::charset::$held::PATH)?;
                    let codes = crate::charset::$held::charset(borrow_text(text)?);
                    character_set(text.py(), &codes)
                }
            )*
        }

        /// The kernels of charset alone: what they find is dropped.
        #[pymodule(submodule, name = "charset", module = "rust_impls.steps")]
        mod charset_kernels {
            use super::{black_box, borrow_text, require};
            use pyo3::prelude::*;
            use pyo3::types::PyString;

            $(
                #[pyfunction]
                fn $attached(text: &str) {
                    black_box(crate::charset::$attached::charset(text));
                }
            )*
            $(
                #[pyfunction]
                fn $detached(py: Python<'_>, text: &str) {
                    py.detach(|| black_box(crate::charset::$detached::charset(text)));
                }
            )*
            $(
                #[pyfunction]
                fn $stored(text: &Bound<'_, PyString>) -> PyResult<()> {
                    black_box(crate::charset::$stored::charset(borrow_text(text)?));
                    Ok(())
                }
            )*
            $(
                #[pyfunction]
                fn $threaded(text: &Bound<'_, PyString>) -> PyResult<()> {
                    let (py, text) = (text.py(), borrow_text(text)?);
                    py.detach(|| black_box(crate::charset::$threaded::charset(text)));
                    Ok(())
                }
            )*
            $(
                #[pyfunction]
                fn $held(text: &Bound<'_, PyString>) -> PyResult<()> {
                    require(crate::charset::$held::PATH)?;
                    black_box(crate::charset::$held::charset(borrow_text(text)?));
                    Ok(())
                }
            )*
        }
    };
}

macro_rules! encode_module {
    (
        attached: $($attached:ident),*;
        detached: $($detached:ident),*;
        stored: $($stored:ident),*;
    ) => {
        /// Texts to lists of ids: encode(vocabulary) -> Encoder, one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod encode {
            use super::{Kernel, ListIds, Vocabulary};
            use pyo3::prelude::*;

            #[pymodule_export]
            use super::{Encoder, ListEncoder};

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
            $(
                #[doc = env!(concat!("DOC_encode_", stringify!($stored)))]
                #[pyfunction]
                fn $stored(py: Python<'_>, vocabulary: Vocabulary<u32>) -> ListEncoder {
                    use crate::encode::$stored::encode;
                    let ids = if vocabulary.0.len() <= 256 {
                        ListIds::Bytes(Box::new(encode(&vocabulary.0)))
                    } else {
                        ListIds::Numbers(Box::new(encode(&vocabulary.0)))
                    };
                    ListEncoder::new(py, vocabulary.0.len(), ids)
                }
            )*
        }
    };
}

macro_rules! encode_array_module {
    (
        attached: $($attached:ident),*;
        detached: $($detached:ident),*;
        stored: $($stored:ident),*;
        threaded: $($threaded:ident),*;
        held: $($held:ident),*;
    ) => {
        /// Texts to arrays of ids: encode_array(vocabulary) -> ArrayEncoder, one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod encode_array {
            use super::{ArrayFiller, Kernel, U16_ENTRIES, Vocabulary, check_fits, require};
            use pyo3::prelude::*;

            #[pymodule_export]
            use super::{ArrayEncoder, Uint16Encoder};

            $(
                #[doc = env!(concat!("DOC_encode_array_", stringify!($attached)))]
                #[pyfunction]
                fn $attached(vocabulary: Vocabulary) -> PyResult<ArrayEncoder> {
                    check_fits("encode_array", vocabulary.0.len(), U16_ENTRIES)?;
                    let encode = crate::encode_array::$attached::encode_array(&vocabulary.0);
                    Ok(ArrayEncoder(Kernel { encode: Box::new(encode), detached: false }))
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_array_", stringify!($detached)))]
                #[pyfunction]
                fn $detached(vocabulary: Vocabulary) -> PyResult<ArrayEncoder> {
                    check_fits("encode_array", vocabulary.0.len(), U16_ENTRIES)?;
                    let encode = crate::encode_array::$detached::encode_array(&vocabulary.0);
                    Ok(ArrayEncoder(Kernel { encode: Box::new(encode), detached: true }))
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_array_", stringify!($stored)))]
                #[pyfunction]
                fn $stored(vocabulary: Vocabulary<u32>) -> PyResult<Uint16Encoder> {
                    check_fits("encode_array", vocabulary.0.len(), U16_ENTRIES)?;
                    let fill = Box::new(crate::encode_array::$stored::encode_array(&vocabulary.0));
                    Ok(Uint16Encoder(ArrayFiller::new(fill, false)))
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_array_", stringify!($threaded)))]
                #[pyfunction]
                fn $threaded(vocabulary: Vocabulary<u32>) -> PyResult<Uint16Encoder> {
                    check_fits("encode_array", vocabulary.0.len(), U16_ENTRIES)?;
                    let fill = Box::new(crate::encode_array::$threaded::encode_array(&vocabulary.0));
                    Ok(Uint16Encoder(ArrayFiller::new(fill, true)))
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_array_", stringify!($held)))]
                #[pyfunction]
                fn $held(vocabulary: Vocabulary<u32>) -> PyResult<Uint16Encoder> {
                    require(crate::encode_array::$held::PATH)?;
                    check_fits("encode_array", vocabulary.0.len(), U16_ENTRIES)?;
                    let fill = Box::new(crate::encode_array::$held::encode_array(&vocabulary.0));
                    Ok(Uint16Encoder(ArrayFiller::new(fill, false)))
                }
            )*
        }
    };
}

macro_rules! encode_uint8_module {
    (
        stored: $($stored:ident),*;
        threaded: $($threaded:ident),*;
        held: $($held:ident),*;
    ) => {
        /// Texts to numpy.uint8 arrays of ids: encode_uint8(vocabulary) -> Uint8Encoder, one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod encode_uint8 {
            use super::{ArrayFiller, Vocabulary, check_fits, require};
            use pyo3::prelude::*;

            #[pymodule_export]
            use super::Uint8Encoder;

            $(
                #[doc = env!(concat!("DOC_encode_uint8_", stringify!($stored)))]
                #[pyfunction]
                fn $stored(vocabulary: Vocabulary<u32>) -> PyResult<Uint8Encoder> {
                    check_fits("encode_uint8", vocabulary.0.len(), 256)?;
                    let fill = Box::new(crate::encode_uint8::$stored::encode_uint8(&vocabulary.0));
                    Ok(Uint8Encoder(ArrayFiller::new(fill, false)))
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_uint8_", stringify!($threaded)))]
                #[pyfunction]
                fn $threaded(vocabulary: Vocabulary<u32>) -> PyResult<Uint8Encoder> {
                    check_fits("encode_uint8", vocabulary.0.len(), 256)?;
                    let fill = Box::new(crate::encode_uint8::$threaded::encode_uint8(&vocabulary.0));
                    Ok(Uint8Encoder(ArrayFiller::new(fill, true)))
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_uint8_", stringify!($held)))]
                #[pyfunction]
                fn $held(vocabulary: Vocabulary<u32>) -> PyResult<Uint8Encoder> {
                    require(crate::encode_uint8::$held::PATH)?;
                    check_fits("encode_uint8", vocabulary.0.len(), 256)?;
                    let fill = Box::new(crate::encode_uint8::$held::encode_uint8(&vocabulary.0));
                    Ok(Uint8Encoder(ArrayFiller::new(fill, false)))
                }
            )*
        }
    };
}

macro_rules! encode_int64_module {
    (
        stored: $($stored:ident),*;
        threaded: $($threaded:ident),*;
        held: $($held:ident),*;
    ) => {
        /// Texts to numpy.int64 arrays of ids: encode_int64(vocabulary) -> Int64Encoder, one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod encode_int64 {
            use super::{ArrayFiller, Vocabulary, require};
            use pyo3::prelude::*;

            #[pymodule_export]
            use super::Int64Encoder;

            $(
                #[doc = env!(concat!("DOC_encode_int64_", stringify!($stored)))]
                #[pyfunction]
                fn $stored(vocabulary: Vocabulary<u32>) -> Int64Encoder {
                    let fill = Box::new(crate::encode_int64::$stored::encode_int64(&vocabulary.0));
                    Int64Encoder(ArrayFiller::new(fill, false))
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_int64_", stringify!($threaded)))]
                #[pyfunction]
                fn $threaded(vocabulary: Vocabulary<u32>) -> Int64Encoder {
                    let fill = Box::new(crate::encode_int64::$threaded::encode_int64(&vocabulary.0));
                    Int64Encoder(ArrayFiller::new(fill, true))
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_int64_", stringify!($held)))]
                #[pyfunction]
                fn $held(vocabulary: Vocabulary<u32>) -> PyResult<Int64Encoder> {
                    require(crate::encode_int64::$held::PATH)?;
                    let fill = Box::new(crate::encode_int64::$held::encode_int64(&vocabulary.0));
                    Ok(Int64Encoder(ArrayFiller::new(fill, false)))
                }
            )*
        }
    };
}

macro_rules! count_module {
    (stored: $($stored:ident),*;) => {
        /// How often each character occurs: count(text) -> dict[str, int], one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod count {
            use super::{CharacterCounts, borrow_text, count_dict};
            use pyo3::prelude::*;
            use pyo3::types::PyString;

            $(
                #[doc = env!(concat!("DOC_count_", stringify!($stored)))]
                #[pyfunction]
                fn $stored<'py>(text: &Bound<'py, PyString>) -> PyResult<CharacterCounts<'py>> {
                    let counts = crate::count::$stored::count(borrow_text(text)?);
                    count_dict(text.py(), &counts)
                }
            )*
        }
    };
}

macro_rules! charset_encode_module {
    (stored: $($stored:ident),*;) => {
        /// Vocabulary and ids in one go: charset_encode(text) -> tuple[str, uint16 array].
        #[pymodule(submodule, module = "rust_impls")]
        mod charset_encode {
            use super::{Uint16Array, charset_and_ids};
            use pyo3::prelude::*;
            use pyo3::types::PyString;

            $(
                #[doc = env!(concat!("DOC_charset_encode_", stringify!($stored)))]
                #[pyfunction]
                fn $stored<'py>(
                    text: &Bound<'py, PyString>,
                ) -> PyResult<(Bound<'py, PyString>, Uint16Array<'py>)> {
                    charset_and_ids(text, crate::charset_encode::$stored::charset_encode)
                }
            )*
        }
    };
}

macro_rules! decode_list_module {
    (by_ids: $($by_ids:ident),*; by_addresses: $($by_addresses:ident),*;) => {
        /// Lists of ids to texts: decode_list(vocabulary) -> ListDecoder, one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod decode_list {
            use super::Vocabulary;
            use crate::decode_list::fixed_array::decode_list;
            use pyo3::prelude::*;

            #[pymodule_export]
            use super::ListDecoder;

            $(
                #[doc = env!(concat!("DOC_decode_list_", stringify!($by_ids)))]
                #[pyfunction]
                fn $by_ids(vocabulary: Vocabulary<u32>) -> ListDecoder {
                    let by_ids = Box::new(crate::decode_list::$by_ids::decode_list(&vocabulary.0));
                    ListDecoder { vocabulary: vocabulary.0, by_ids, by_addresses: None }
                }
            )*
            $(
                #[doc = env!(concat!("DOC_decode_list_", stringify!($by_addresses)))]
                #[pyfunction]
                fn $by_addresses(vocabulary: Vocabulary<u32>) -> ListDecoder {
                    let by_addresses = crate::decode_list::$by_addresses::decode_list(&vocabulary.0);
                    ListDecoder {
                        by_ids: Box::new(decode_list(&vocabulary.0)),
                        by_addresses: Some(Box::new(by_addresses)),
                        vocabulary: vocabulary.0,
                    }
                }
            )*
        }
    };
}

macro_rules! decode_array_module {
    (stored: $($stored:ident),*;) => {
        /// Arrays of ids to texts: decode_array(vocabulary) -> ArrayDecoder, one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod decode_array {
            use super::{Vocabulary, check_fits_decode_array};
            use pyo3::prelude::*;

            #[pymodule_export]
            use super::ArrayDecoder;

            $(
                #[doc = env!(concat!("DOC_decode_array_", stringify!($stored)))]
                #[pyfunction]
                fn $stored(vocabulary: Vocabulary<u32>) -> PyResult<ArrayDecoder> {
                    check_fits_decode_array(vocabulary.0.len())?;
                    let fill = Box::new(crate::decode_array::$stored::decode_array(&vocabulary.0));
                    Ok(ArrayDecoder { vocabulary: vocabulary.0, fill })
                }
            )*
        }
    };
}

macro_rules! file_charset_module {
    (by_paths: $($by_paths:ident),*;) => {
        /// The distinct characters of files: file_charset(paths) -> set[str], one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod file_charset {
            use super::{CharacterSet, PathBuf, character_set, failed};
            use pyo3::prelude::*;

            $(
                #[doc = env!(concat!("DOC_file_charset_", stringify!($by_paths)))]
                #[pyfunction]
                #[allow(clippy::needless_pass_by_value)] // what Python gives is made anew
                fn $by_paths(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<CharacterSet<'_>> {
                    let codes = py
                        .detach(|| crate::file_charset::$by_paths::file_charset(&paths))
                        .map_err(|failure| failed("file_charset", failure))?;
                    character_set(py, &codes)
                }
            )*
        }
    };
}

macro_rules! prepare_module {
    (by_paths: $($by_paths:ident),*;) => {
        /// Files to vocabulary and ids: prepare(paths) -> tuple[str, int64 array], one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod prepare {
            use super::{Int64Array, PathBuf, prepared};
            use pyo3::prelude::*;
            use pyo3::types::PyString;

            $(
                #[doc = env!(concat!("DOC_prepare_", stringify!($by_paths)))]
                #[pyfunction]
                #[allow(clippy::needless_pass_by_value)] // what Python gives is made anew
                fn $by_paths(
                    py: Python<'_>,
                    paths: Vec<PathBuf>,
                ) -> PyResult<(Bound<'_, PyString>, Int64Array<'_>)> {
                    prepared(py, &paths, crate::prepare::$by_paths::prepare)
                }
            )*
        }
    };
}

macro_rules! shards_module {
    (by_paths: $($by_paths:ident),*;) => {
        /// Files to shards of ids: shards(paths, out) -> str, one idea per function.
        #[pymodule(submodule, module = "rust_impls")]
        mod shards {
            use super::{PathBuf, failed, vocabulary_string};
            use pyo3::prelude::*;
            use pyo3::types::PyString;

            $(
                #[doc = env!(concat!("DOC_shards_", stringify!($by_paths)))]
                #[pyfunction]
                #[allow(clippy::needless_pass_by_value)] // what Python gives is made anew
                fn $by_paths(
                    py: Python<'_>,
                    paths: Vec<PathBuf>,
                    out: PathBuf,
                ) -> PyResult<Bound<'_, PyString>> {
                    let vocabulary = py
                        .detach(|| crate::shards::$by_paths::shards(&paths, &out))
                        .map_err(|failure| failed("shards", failure))?;
                    vocabulary_string(py, &vocabulary)
                }
            )*
        }
    };
}

/// The least traffic of a task, done in one plain way, each in the shape of the tasks it is a limit of.
#[pymodule(submodule, module = "rust_impls")]
mod limit {
    use super::{
        Failure, Infallible, Int64Array, Limit, PathBuf, Uint16Array, Vocabulary, as_bytes, failed,
        form, int64_array, item_addresses, new_array, new_string, stored_bytes, uint16_array,
    };
    use crate::decoded::Room;
    use crate::limit;
    use crate::limit::Ones;
    use numpy::{Element, PyArray1, PyArrayMethods};
    use pyo3::prelude::*;
    use pyo3::types::{PyList, PyString};
    use std::mem::MaybeUninit;

    /// Reads a text's storage once and returns a checksum.
    #[pyfunction]
    fn read(text: &Bound<'_, PyString>) -> PyResult<u64> {
        Ok(limit::read(stored_bytes(text)?))
    }

    /// Reads an array of ids once.
    #[pyfunction]
    fn read_array(_vocabulary: Vocabulary<u32>) -> Limit {
        Limit(Box::new(|ids| {
            let array = uint16_array(ids)?.readonly();
            Ok(limit::read(as_bytes(array.as_slice()?))
                .into_pyobject(ids.py())?
                .into_any())
        }))
    }

    /// Reads the addresses in a list of ids once, but no int.
    #[pyfunction]
    fn read_list(_vocabulary: Vocabulary<u32>) -> Limit {
        Limit(Box::new(|ids| {
            // SAFETY: nothing here runs Python code, which alone could change the list.
            let addresses = unsafe { item_addresses(ids.cast::<PyList>()?) };
            Ok(limit::read(as_bytes(addresses))
                .into_pyobject(ids.py())?
                .into_any())
        }))
    }

    /// Copies a text's storage into a new uint8 array.
    #[pyfunction]
    fn memcpy(_vocabulary: Vocabulary<u32>) -> Limit {
        Limit(Box::new(|text| {
            let bytes = stored_bytes(text.cast()?)?;
            let copy = filled_array(text.py(), bytes.len(), |place| limit::memcpy(bytes, place))?;
            Ok(copy.into_any())
        }))
    }

    /// Fills a new uint16 array as long as the text.
    #[pyfunction]
    fn memset<'py>(text: &Bound<'py, PyString>) -> PyResult<Uint16Array<'py>> {
        let filled = filled_array(text.py(), text.len()?, limit::memset)?;
        Ok(Uint16Array(filled))
    }

    /// Fills a new uint8 array as long as the text.
    #[pyfunction]
    fn memset_uint8(_vocabulary: Vocabulary<u32>) -> Limit {
        memset_as_long::<u8>()
    }

    /// Fills a new uint16 array as long as the text.
    #[pyfunction]
    fn memset_uint16(_vocabulary: Vocabulary<u32>) -> Limit {
        memset_as_long::<u16>()
    }

    /// Fills a new int64 array as long as the text.
    #[pyfunction]
    fn memset_int64(_vocabulary: Vocabulary<u32>) -> Limit {
        memset_as_long::<i64>()
    }

    fn memset_as_long<I: Ones + Element>() -> Limit {
        Limit(Box::new(|text| {
            let filled = filled_array(text.py(), text.len()?, limit::memset::<I>)?;
            Ok(filled.into_any())
        }))
    }

    /// Where the contenders' own arrays are, lest a limit wait for smaller pages than they do.
    fn filled_array<N: Element>(
        py: Python<'_>,
        length: usize,
        fill: impl FnOnce(&mut [MaybeUninit<N>]),
    ) -> PyResult<Bound<'_, PyArray1<N>>> {
        let filled = new_array(py, length, |place| {
            fill(place);
            Ok::<(), Infallible>(())
        })?;
        let Ok(array) = filled;
        Ok(array)
    }

    /// Reads files once, a block at a time, and looks at none of their bytes.
    #[pyfunction]
    #[pyo3(signature = (paths, _out=None))]
    #[allow(clippy::needless_pass_by_value)] // what Python gives is made anew
    fn read_files(py: Python<'_>, paths: Vec<PathBuf>, _out: Option<PathBuf>) -> PyResult<usize> {
        let size = py.detach(|| limit::read_files(&paths));
        size.map_err(|failure| failed("file_charset", failure))
    }

    /// Maps files into memory and reads each byte there.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // as above
    fn map_files(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<u64> {
        let size = py.detach(|| limit::map_files(&paths));
        size.map_err(|failure| failed("file_charset", failure))
    }

    /// Copies files into a folder.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // as above
    fn copy_files(py: Python<'_>, paths: Vec<PathBuf>, out: PathBuf) -> PyResult<usize> {
        let size = py.detach(|| limit::copy_files(&paths, &out));
        size.map_err(|failure| failed("shards", failure))
    }

    /// Reads files once and writes two bytes for each of their characters into a folder.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // as above
    fn read_and_write(py: Python<'_>, paths: Vec<PathBuf>, out: PathBuf) -> PyResult<usize> {
        let length = py.detach(|| limit::read_and_write(&paths, &out));
        length.map_err(|failure| failed("shards", failure))
    }

    /// Reads files once and touches an int64 array as long as they have characters.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // what Python gives is made anew
    fn read_and_touch(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<Int64Array<'_>> {
        let length = py.detach(|| limit::characters(&paths));
        let length = length.map_err(|failure| failed("prepare", failure))?;
        let touch = |ids: &mut [MaybeUninit<i64>]| {
            limit::memset(ids);
            Ok::<(), Failure>(())
        };
        let ids = int64_array(py, length, touch)?.map_err(|failure| failed("prepare", failure))?;
        Ok(Int64Array(ids))
    }

    /// Fills a new text as long as the ids, in the form that the vocabulary's widest character needs.
    #[pyfunction]
    fn memset_str(vocabulary: Vocabulary<u32>) -> Limit {
        let widest = vocabulary.0.into_iter().last().unwrap_or_default();
        Limit(Box::new(move |ids| {
            let length = ids.len()?;
            if length == 0 {
                return Ok(PyString::new(ids.py(), "").into_any());
            }
            // With a character of just this form, or the text would be in the wrong one.
            let fill = |room: Room<'_>| match room {
                Room::One(room) => {
                    let narrowest = if form(widest) == 0 { 1 } else { 0x80 };
                    room.fill(MaybeUninit::new(narrowest));
                }
                Room::Two(room) => room.fill(MaybeUninit::new(0x101)),
                Room::Four(room) => room.fill(MaybeUninit::new(0x1_0101)),
            };
            let (string, ()) = new_string(ids.py(), length, widest, fill)?;
            Ok(string.into_any())
        }))
    }
}

/// Parts of files, for whoever makes shards of them on several cores or machines. A piece of a part is a
/// path and the bytes of it where it begins and ends. All run without the GIL.
#[pymodule(submodule, module = "rust_impls")]
mod partition {
    use super::{Failure, PathBuf, PyValueError, Vocabulary, failed, slice, vocabulary_string};
    use crate::partition::{self, Piece, Place};
    use pyo3::buffer::PyBuffer;
    use pyo3::prelude::*;
    use pyo3::types::{PyBytes, PyString};
    use std::time::{Duration, Instant};

    fn part(pieces: Vec<(PathBuf, u64, u64)>) -> Vec<Piece> {
        let piece = |(path, start, end)| Piece { path, start, end };
        pieces.into_iter().map(piece).collect()
    }

    fn detached<T: Send>(
        py: Python<'_>,
        work: impl FnOnce() -> Result<T, Failure> + Send,
    ) -> PyResult<T> {
        py.detach(work).map_err(|failure| failed("shards", failure))
    }

    /// Functions of Python's that get bytes, such as a hash's, and what has become of that.
    struct Taps {
        updates: Vec<Py<PyAny>>,
        seconds: Duration,
        error: Option<PyErr>,
    }

    impl Taps {
        fn new(updates: Option<Vec<Py<PyAny>>>) -> Self {
            let updates = updates.unwrap_or_default();
            let seconds = Duration::ZERO;
            Self {
                updates,
                seconds,
                error: None,
            }
        }

        fn give(&mut self, index: usize, bytes: &[u8]) {
            let (Some(update), None) = (self.updates.get(index), &self.error) else {
                return;
            };
            let begun = Instant::now();
            let done = Python::attach(|py| update.call1(py, (PyBytes::new(py, bytes),)).map(drop));
            self.error = done.err();
            self.seconds += begun.elapsed();
        }

        fn finish(self) -> PyResult<f64> {
            self.error.map_or(Ok(self.seconds.as_secs_f64()), Err)
        }
    }

    /// What the pieces hold: the distinct characters in order, how many characters, the bytes' CRC-32.
    /// A function for each piece in `updates` gets its bytes; for how many seconds comes last.
    #[pyfunction]
    #[pyo3(signature = (pieces, updates = None))]
    fn scan(
        py: Python<'_>,
        pieces: Vec<(PathBuf, u64, u64)>,
        updates: Option<Vec<Py<PyAny>>>,
    ) -> PyResult<(Bound<'_, PyString>, usize, u32, f64)> {
        let (pieces, mut taps) = (part(pieces), Taps::new(updates));
        let tap = |index, bytes: &[u8]| taps.give(index, bytes);
        let found = detached(py, || partition::scan(&pieces, tap))?;
        let vocabulary = vocabulary_string(py, &found.vocabulary)?;
        Ok((vocabulary, found.characters, found.checksum, taps.finish()?))
    }

    /// Writes the pieces' ids behind `position` others, the first `training` of all into `train` and
    /// the others into `val`; returns how many, the CRC-32 of what was read and of what was written,
    /// and for how many seconds the system was writing. Of two functions in `updates` the first gets
    /// what is written into `train`, the other the rest; for how many seconds comes last.
    #[pyfunction]
    #[pyo3(signature = (pieces, vocabulary, train, val, position, training, updates = None))]
    #[allow(clippy::needless_pass_by_value)] // what Python gives is made anew
    #[allow(clippy::too_many_arguments)] // they are Python's, by name
    fn encode(
        py: Python<'_>,
        pieces: Vec<(PathBuf, u64, u64)>,
        vocabulary: Vocabulary<u32>,
        train: PathBuf,
        val: PathBuf,
        position: u64,
        training: u64,
        updates: Option<Vec<Py<PyAny>>>,
    ) -> PyResult<(usize, u32, u32, f64, f64)> {
        let (pieces, mut taps) = (part(pieces), Taps::new(updates));
        let place = Place {
            train: &train,
            val: &val,
            position,
            training,
        };
        let tap = |into_train: bool, bytes: &[u8]| taps.give(usize::from(!into_train), bytes);
        let done = detached(py, || {
            partition::encode(&pieces, &vocabulary.0, &place, tap)
        })?;
        let writing = done.writing.as_secs_f64();
        let hashing = taps.finish()?;
        Ok((done.characters, done.read, done.written, writing, hashing))
    }

    /// The CRC-32 of the pieces' bytes.
    #[pyfunction]
    fn checksum(py: Python<'_>, pieces: Vec<(PathBuf, u64, u64)>) -> PyResult<u32> {
        let pieces = part(pieces);
        detached(py, || partition::checksum(&pieces))
    }

    /// The CRC-32 of bytes that come after others of a given one, or after none (0). Nobody may write
    /// to them meanwhile.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // a buffer is given back when it is dropped
    fn crc32(py: Python<'_>, data: PyBuffer<u8>, before: u32) -> PyResult<u32> {
        if !data.is_c_contiguous() {
            return Err(PyValueError::new_err("the bytes are not in one piece"));
        }
        if data.len_bytes() == 0 {
            return Ok(before);
        }
        // SAFETY: the buffer is so many bytes in one piece, which stay where they are until it is given
        // back. That nobody writes to them is asked of the caller.
        let bytes = unsafe { slice::from_raw_parts(data.buf_ptr().cast(), data.len_bytes()) };
        Ok(py.detach(|| {
            let mut checksum = crc32fast::Hasher::new_with_initial(before);
            checksum.update(bytes);
            checksum.finalize()
        }))
    }
}

// `detached` ideas have threads of their own and run without the GIL. `stored` ideas read CPython's
// own storage; so do `threaded` ones, without the GIL, and `held` ones, each by the instructions of
// its one path.

charset_module! {
    attached: std_hashset, ahash, rustc_hash, foldhash, char_hasher, fixed_array, smallvec;
    detached: rayon;
    stored: bit_table;
    threaded: bit_table_rayon;
    held: bit_table_scalar, bit_table_avx2, bit_table_avx512, bit_table_neon;
}

encode_module! {
    attached: std_hashset, ahash, rustc_hash, foldhash, char_hasher, fixed_array, smallvec;
    detached: rayon;
    stored: id_table;
}

encode_array_module! {
    attached: std_hashset, ahash, rustc_hash, foldhash, char_hasher, fixed_array, smallvec;
    detached: rayon;
    stored: id_table;
    threaded: id_table_rayon;
    held: id_table_scalar, id_table_avx2, id_table_avx512, id_table_neon;
}

encode_uint8_module! {
    stored: id_table;
    threaded: id_table_rayon;
    held: id_table_scalar, id_table_avx2, id_table_avx512, id_table_neon;
}

encode_int64_module! {
    stored: id_table;
    threaded: id_table_rayon;
    held: id_table_scalar, id_table_avx2, id_table_avx512, id_table_neon;
}

count_module! {
    stored: rustc_hash, page_table, pair_table;
}

charset_encode_module! {
    stored: rustc_hash, bit_table;
}

decode_list_module! {
    by_ids: fixed_array;
    by_addresses: small_ints;
}

decode_array_module! {
    stored: fixed_array, register_table;
}

file_charset_module! {
    by_paths: read_loop, mmap, rayon, tokio;
}

prepare_module! {
    by_paths: rustc_hash, two_passes;
}

shards_module! {
    by_paths: two_passes;
}

/// A call stopped early, so that what each step costs can be told. What is built from a vocabulary has
/// a method `kernel` for the same purpose.
#[pymodule(submodule, module = "rust_impls")]
mod steps {
    use super::borrow_text;
    use pyo3::prelude::*;
    use pyo3::types::PyString;

    #[pymodule_export]
    use super::charset_kernels;

    /// Does nothing with what it is given: what a call from Python costs by itself.
    #[pyfunction]
    fn call(_argument: &Bound<'_, PyAny>) {}

    /// Asks CPython for the text as UTF-8, which beyond ASCII makes a copy, the first time.
    #[pyfunction]
    fn utf8(_text: &str) {}

    /// Borrows the text as CPython stores it.
    #[pyfunction]
    fn storage(text: &Bound<'_, PyString>) -> PyResult<()> {
        borrow_text(text).map(drop)
    }
}

/// Lets `from rust_impls.charset import ahash` find the submodules, which are attributes and no files:
/// the stubs say that they are modules. Ours is the one that maturin's `rust_impls/__init__.py` imports.
fn make_importable(py: Python<'_>) -> PyResult<()> {
    let modules = py
        .import("sys")?
        .getattr("modules")?
        .cast_into::<PyDict>()?;
    let mut parents: Vec<_> = modules
        .get_item("rust_impls.rust_impls")?
        .into_iter()
        .collect();
    while let Some(parent) = parents.pop() {
        for (_, value) in parent.cast_into::<PyModule>()?.dict() {
            if let Ok(module) = value.cast::<PyModule>() {
                modules.set_item(module.name()?, module)?;
                parents.push(value);
            }
        }
    }
    Ok(())
}

/// Rust ideas for the text preparation of a character-level GPT, a submodule for each task.
// pyo3 takes a module to be safe without the GIL unless it says otherwise. Nothing here has been run
// on a free-threaded Python yet, so there the import switches the GIL on.
#[pymodule(gil_used = true)]
mod rust_impls {
    use super::{
        IntoPyDict, Paths, PyDict, PyDictMethods, PyResult, PyValueError, Python, Texts,
        make_importable, pyfunction, simd,
    };

    #[pymodule_export]
    use super::{
        charset, charset_encode, count, decode_array, decode_list, encode, encode_array,
        encode_int64, encode_uint8, file_charset, limit, partition, prepare, shards, steps,
    };

    /// A wrong setting is refused at once: whoever forces a path must not measure another.
    #[pymodule_init]
    fn init(py: Python<'_>) -> PyResult<()> {
        simd::path().map_err(|wrong| PyValueError::new_err(wrong.to_string()))?;
        make_importable(py)
    }

    /// The instructions that kernels may use here: "active", the set that ideas take which are not
    /// held to one of their own, and "available", all that this processor has, least first.
    #[pyfunction]
    fn simd_paths(py: Python<'_>) -> PyResult<Paths<'_>> {
        let paths = PyDict::new(py);
        paths.set_item("active", simd::path_or_scalar().name())?;
        let available: Vec<_> = simd::available().map(simd::Path::name).collect();
        paths.set_item("available", available)?;
        Ok(Paths(paths))
    }

    /// Panics, so that a test can see that Python survives it.
    #[pyfunction]
    fn _panic() {
        panic!("asked to");
    }

    /// How this library was built, every value a str.
    #[pyfunction]
    fn build_info(py: Python<'_>) -> PyResult<Texts<'_>> {
        crate::build_info::BUILD_INFO.into_py_dict(py).map(Texts)
    }
}
