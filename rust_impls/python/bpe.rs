//! Byte-pair encoding: ranks and texts as arguments, and lists, arrays and bytes as results.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{ptr, slice};

use pyo3::exceptions::{PySystemError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString};

use super::array::new_array;
use super::errors::{file_error, unknown_id};
use super::list::new_list;
use super::stubs::{DictOfRanks, IdList, IdLists, ListOfIds, ListOfTexts, Uint32Array};
use crate::bpe::ranks::{Builder, NONE, Ranks};
use crate::bpe::split::Pattern;
use crate::bpe_train::{Pair, TrainError};
use crate::file_texts::Failure;

/// Adds the ids of a text to a vector.
type Encode = dyn Fn(&str, &mut Vec<u32>) + Send + Sync;
/// The ids of each of many texts.
type EncodeBatch = dyn Fn(&[&str]) -> Vec<Vec<u32>> + Send + Sync;
/// The bytes of tokens, or the position of an id that is none.
type Decode = dyn Fn(&[u32]) -> Result<Vec<u8>, usize> + Send + Sync;

/// The ids that a vector may have place for while it waits for the next call: 4 MiB.
const KEPT: usize = 1 << 20;

/// The int objects of ids, which the dict of ranks holds anyway.
pub enum Ints {
    Flat(Vec<Option<Py<PyAny>>>),
    Hashed(HashMap<u32, Py<PyAny>>),
}

impl Ints {
    #[inline]
    fn get(&self, id: u32) -> Option<&Py<PyAny>> {
        match self {
            Ints::Flat(ints) => ints.get(id as usize)?.as_ref(),
            Ints::Hashed(ints) => ints.get(&id),
        }
    }
}

/// Reads the ranks of an encoder or a decoder, and calls `keep` with each id and its object.
fn read_ranks(
    ranks: DictOfRanks<'_, '_>,
    mut keep: impl FnMut(u32, &Bound<'_, PyAny>),
) -> PyResult<Ranks> {
    let Ok(ranks) = ranks.0.cast::<PyDict>() else {
        let kind = ranks.0.get_type().name()?;
        return Err(PyTypeError::new_err(format!("ranks are {kind}, not dict")));
    };
    let refused = |error: crate::bpe::ranks::RanksError| PyValueError::new_err(error.to_string());
    let mut builder = Builder::new(ranks.len());
    for (token, object) in ranks.iter() {
        let Ok(bytes) = token.cast::<PyBytes>() else {
            let kind = token.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "token {} is {kind}, not bytes",
                token.repr()?
            )));
        };
        let id = id_of(&token, &object)?;
        builder.push(bytes.as_bytes(), id).map_err(refused)?;
        keep(id, &object);
    }
    builder.finish().map_err(refused)
}

/// Reads the ranks in a `.tiktoken` file: a line has a token in Base64, a space and its id.
pub fn ranks_of_file(path: &Path) -> PyResult<Ranks> {
    let data =
        std::fs::read(path).map_err(|error| file_error("ranks", Failure::io(path, error)))?;
    crate::bpe::files::ranks(&data)
        .map_err(|error| PyValueError::new_err(format!("{}, {error}", path.display())))
}

fn id_of(token: &Bound<'_, PyAny>, object: &Bound<'_, PyAny>) -> PyResult<u32> {
    if let Ok(id) = object.extract::<u32>()
        && id != NONE
    {
        return Ok(id);
    }
    let token = token.repr()?;
    if !object.is_instance_of::<PyInt>() {
        let kind = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "the id of token {token} is {kind}, not int"
        )));
    }
    Err(PyValueError::new_err(format!(
        "the id of token {token} is {}; ids are from 0 to {}",
        object.str()?,
        NONE - 1
    )))
}

/// The pattern that a regular expression spells.
fn known_pattern(regex: &str) -> PyResult<Pattern> {
    Pattern::from_regex(regex).ok_or_else(|| {
        let known: Vec<String> = Pattern::SPELLINGS
            .iter()
            .map(|(spelling, pattern)| format!("{pattern:?}: {spelling}"))
            .collect();
        PyValueError::new_err(format!(
            "pattern is not one of those that are known, which are\n{}",
            known.join("\n")
        ))
    })
}

/// Reads ranks with their int objects, and a pattern.
fn ranks_and_ints(ranks: DictOfRanks<'_, '_>) -> PyResult<(Ranks, Ints)> {
    let entries = ranks.0.len().unwrap_or_default();
    let most = 16 * entries + 256;
    let mut flat: Vec<Option<Py<PyAny>>> = Vec::with_capacity(entries);
    let mut hashed = HashMap::new();
    let ranks = read_ranks(ranks, |id, object| {
        // A bool is an int too, but not the one that belongs into a list of ids.
        let exact = object.is_exact_instance_of::<PyInt>();
        let made = || {
            id.into_pyobject(object.py())
                .map(|int| int.into_any().unbind())
        };
        let int = if exact {
            Ok(object.clone().unbind())
        } else {
            made()
        };
        let Ok(int) = int;
        let place = id as usize;
        if place >= most {
            hashed.insert(id, int);
            return;
        }
        if place >= flat.len() {
            flat.resize_with(place + 1, || None);
        }
        flat[place] = Some(int);
    })?;
    if hashed.is_empty() {
        return Ok((ranks, Ints::Flat(flat)));
    }
    hashed.extend((0..).zip(flat).filter_map(|(id, int)| Some((id, int?))));
    Ok((ranks, Ints::Hashed(hashed)))
}

/// A text as UTF-8 that is not kept with the object. ASCII is stored so; of any other text CPython
/// makes new bytes, which go when the call ends.
enum Utf8<'a, 'py> {
    Stored(&'a [u8]),
    Made(Bound<'py, PyBytes>),
}

impl<'a, 'py> Utf8<'a, 'py> {
    fn of(text: &'a Bound<'py, PyString>) -> PyResult<Self> {
        if let crate::text::Text::One(codes) = super::text::borrow_text(text)?
            && codes.is_ascii()
        {
            return Ok(Self::Stored(codes));
        }
        // SAFETY: the function takes any str. It returns new bytes, or null with an exception set.
        let made = unsafe {
            let bytes = ffi::PyUnicode_AsUTF8String(text.as_ptr());
            Bound::from_owned_ptr_or_err(text.py(), bytes)?.cast_into_unchecked()
        };
        Ok(Self::Made(made))
    }

    fn as_str(&self) -> &str {
        let bytes = match self {
            Self::Stored(codes) => codes,
            Self::Made(bytes) => bytes.as_bytes(),
        };
        // SAFETY: ASCII is UTF-8, and the other bytes are what CPython's encoder made.
        unsafe { std::str::from_utf8_unchecked(bytes) }
    }
}

/// A vector that waits for the next call, so that its memory need not be asked for again.
#[derive(Default)]
struct Scratch(Mutex<Vec<u32>>);

impl Scratch {
    fn with<T>(&self, run: impl FnOnce(&mut Vec<u32>) -> T) -> T {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ids = std::mem::take(&mut *lock());
        ids.clear();
        let result = run(&mut ids);
        if ids.capacity() <= KEPT {
            *lock() = ids;
        }
        result
    }
}

/// Turns a text into the list of its tokens' ids.
#[pyclass(frozen, module = "rust_impls.bpe_encode")]
pub struct TokenEncoder {
    encode: Box<Encode>,
    ints: Ints,
    scratch: Scratch,
}

impl TokenEncoder {
    pub fn new<E>(
        ranks: DictOfRanks<'_, '_>,
        pattern: &str,
        idea: impl FnOnce(Ranks, Pattern) -> E,
    ) -> PyResult<Self>
    where
        E: Fn(&str, &mut Vec<u32>) + Send + Sync + 'static,
    {
        let pattern = known_pattern(pattern)?;
        let (ranks, ints) = ranks_and_ints(ranks)?;
        Ok(Self {
            encode: Box::new(idea(ranks, pattern)),
            ints,
            scratch: Scratch::default(),
        })
    }
}

#[pymethods]
impl TokenEncoder {
    fn __call__<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<IdList<'py>> {
        let utf8 = Utf8::of(text)?;
        self.scratch.with(|ids| {
            (self.encode)(utf8.as_str(), ids);
            list_of(text.py(), ids, &self.ints).map(IdList)
        })
    }

    /// Runs the kernel alone: finds the ids, but builds no list from them.
    fn kernel(&self, text: &Bound<'_, PyString>) -> PyResult<()> {
        let utf8 = Utf8::of(text)?;
        self.scratch.with(|ids| (self.encode)(utf8.as_str(), ids));
        Ok(())
    }
}

/// The list of the int objects of some ids.
fn list_of<'py>(py: Python<'py>, ids: &[u32], ints: &Ints) -> PyResult<Bound<'py, PyList>> {
    let (list, items) = new_list(py, ids.len())?;
    // SAFETY: `new_list` returns memory for this many items, and nobody else has the list yet. No
    // Python code runs, and no garbage is collected, before all items are written.
    let items = unsafe { slice::from_raw_parts_mut(items, ids.len()) };
    for (place, &id) in ids.iter().enumerate() {
        let Some(int) = ints.get(id) else {
            for item in &mut items[place..] {
                item.write(ptr::null_mut());
            }
            return Err(PySystemError::new_err(format!("no token has the id {id}")));
        };
        let object = int.as_ptr();
        // SAFETY: `int` keeps the object alive, and the list takes over the new reference.
        unsafe { ffi::Py_INCREF(object) };
        items[place].write(object);
    }
    Ok(list)
}

/// Turns a text into a numpy.uint32 array of its tokens' ids.
#[pyclass(frozen, module = "rust_impls.bpe_encode_array")]
pub struct TokenArrayEncoder {
    encode: Box<Encode>,
    scratch: Scratch,
}

impl TokenArrayEncoder {
    pub fn new<E>(
        ranks: DictOfRanks<'_, '_>,
        pattern: &str,
        idea: impl FnOnce(Ranks, Pattern) -> E,
    ) -> PyResult<Self>
    where
        E: Fn(&str, &mut Vec<u32>) + Send + Sync + 'static,
    {
        let pattern = known_pattern(pattern)?;
        Ok(Self {
            encode: Box::new(idea(read_ranks(ranks, |_, _| {})?, pattern)),
            scratch: Scratch::default(),
        })
    }
}

#[pymethods]
impl TokenArrayEncoder {
    fn __call__<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<Uint32Array<'py>> {
        let utf8 = Utf8::of(text)?;
        self.scratch.with(|ids| {
            (self.encode)(utf8.as_str(), ids);
            let array = new_array(text.py(), ids.len(), |places| {
                for (place, id) in places.iter_mut().zip(&*ids) {
                    place.write(*id);
                }
                Ok::<_, PyErr>(())
            })??;
            Ok(Uint32Array(array))
        })
    }

    /// Runs the kernel alone, into memory that is kept from one call to the next.
    fn kernel(&self, text: &Bound<'_, PyString>) -> PyResult<()> {
        let utf8 = Utf8::of(text)?;
        self.scratch.with(|ids| (self.encode)(utf8.as_str(), ids));
        Ok(())
    }
}

/// Turns a list of texts into the list of the lists of their tokens' ids.
#[pyclass(frozen, module = "rust_impls.bpe_encode_batch")]
pub struct TokenBatchEncoder {
    encode: Box<EncodeBatch>,
    ints: Ints,
}

impl TokenBatchEncoder {
    pub fn new<E>(
        ranks: DictOfRanks<'_, '_>,
        pattern: &str,
        idea: impl FnOnce(Ranks, Pattern) -> E,
    ) -> PyResult<Self>
    where
        E: Fn(&[&str]) -> Vec<Vec<u32>> + Send + Sync + 'static,
    {
        let pattern = known_pattern(pattern)?;
        let (ranks, ints) = ranks_and_ints(ranks)?;
        Ok(Self {
            encode: Box::new(idea(ranks, pattern)),
            ints,
        })
    }
}

#[pymethods]
impl TokenBatchEncoder {
    fn __call__<'py>(&self, texts: ListOfTexts<'_, 'py>) -> PyResult<IdLists<'py>> {
        let py = texts.0.py();
        let Ok(texts) = texts.0.cast::<PyList>() else {
            let kind = texts.0.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "texts are {kind}, not a list of str"
            )));
        };
        let texts: Vec<Bound<'_, PyString>> = texts
            .iter()
            .enumerate()
            .map(|(place, text)| match text.cast_into::<PyString>() {
                Ok(text) => Ok(text),
                Err(error) => {
                    let kind = error.into_inner().get_type().name()?;
                    Err(PyTypeError::new_err(format!(
                        "text at position {place} is {kind}, not str"
                    )))
                }
            })
            .collect::<PyResult<_>>()?;
        let utf8: Vec<Utf8<'_, '_>> = texts.iter().map(Utf8::of).collect::<PyResult<_>>()?;
        let borrowed: Vec<&str> = utf8.iter().map(Utf8::as_str).collect();
        let all = py.detach(|| (self.encode)(&borrowed));
        let lists = PyList::empty(py);
        for ids in all {
            lists.append(list_of(py, &ids, &self.ints)?)?;
        }
        Ok(IdLists(lists))
    }
}

/// Turns a list of ids into the bytes of their tokens.
#[pyclass(frozen, module = "rust_impls.bpe_decode")]
pub struct TokenDecoder {
    decode: Box<Decode>,
    entries: usize,
}

impl TokenDecoder {
    pub fn new<D>(ranks: DictOfRanks<'_, '_>, idea: impl FnOnce(&Ranks) -> D) -> PyResult<Self>
    where
        D: Fn(&[u32]) -> Result<Vec<u8>, usize> + Send + Sync + 'static,
    {
        let ranks = read_ranks(ranks, |_, _| {})?;
        Ok(Self {
            decode: Box::new(idea(&ranks)),
            entries: ranks.len(),
        })
    }
}

#[pymethods]
impl TokenDecoder {
    fn __call__<'py>(&self, ids: ListOfIds<'_, 'py>) -> PyResult<Bound<'py, PyBytes>> {
        let py = ids.0.py();
        let Ok(list) = ids.0.cast::<PyList>() else {
            let kind = ids.0.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "ids are {kind}, not a list of int"
            )));
        };
        let mut numbers = Vec::with_capacity(list.len());
        let mut wrong = None;
        for (position, id) in list.iter().enumerate() {
            let Ok(number) = id.extract::<u32>() else {
                wrong = Some((position, id));
                break;
            };
            numbers.push(number);
        }
        let decoded = (self.decode)(&numbers)
            .map_err(|position| unknown_id(numbers[position], position, self.entries))?;
        if let Some((position, id)) = wrong {
            if id.is_instance_of::<PyInt>() {
                return Err(unknown_id(id.str()?, position, self.entries));
            }
            let kind = id.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "id at position {position} is {kind}, not int"
            )));
        }
        Ok(PyBytes::new(py, &decoded))
    }
}

/// Trains on a text without the GIL, because that can take long.
pub fn train(
    text: &Bound<'_, PyString>,
    size: i64,
    idea: fn(&str, usize) -> Result<Vec<Pair>, TrainError>,
) -> PyResult<Vec<Pair>> {
    let Ok(size) = usize::try_from(size) else {
        return Err(PyValueError::new_err(format!(
            "size is {size}; a vocabulary holds the 256 bytes at least"
        )));
    };
    let utf8 = Utf8::of(text)?;
    let text_as_str = utf8.as_str();
    text.py()
        .detach(|| idea(text_as_str, size))
        .map_err(|error| PyValueError::new_err(error.to_string()))
}
