//! The limits as Python calls them: each in the shape of the tasks that it is a limit of.

use numpy::{Element, PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use std::convert::Infallible;
use std::mem::MaybeUninit;

use super::array::{new_array, uint16_array};
use super::list::item_addresses;
use super::text::{as_bytes, borrow_text, form, new_string, stored_bytes};
use crate::decoded::Buffer;
use crate::id_table::Number;
use crate::limit as kernels;
use crate::limit::Ones;

/// A limit of tasks that build a function from a vocabulary: it is called like that function.
#[pyclass(frozen, module = "rust_impls.limit")]
pub struct Limit(Box<Function>);

type Function = dyn for<'py> Fn(&Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> + Send + Sync;

#[pymethods]
impl Limit {
    fn __call__<'py>(&self, argument: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        (self.0)(argument)
    }
}

/// Reads an array of ids once and returns a checksum.
fn array_reader() -> Limit {
    Limit(Box::new(|ids| {
        let array = uint16_array(ids)?.readonly();
        Ok(kernels::read(as_bytes(array.as_slice()?))
            .into_pyobject(ids.py())?
            .into_any())
    }))
}

/// Reads the addresses in a list of ids once and returns a checksum.
fn list_reader() -> Limit {
    Limit(Box::new(|ids| {
        // SAFETY: only Python code could change the list, and none runs here.
        let addresses = unsafe { item_addresses(ids.cast::<PyList>()?) };
        Ok(kernels::read(as_bytes(addresses))
            .into_pyobject(ids.py())?
            .into_any())
    }))
}

fn text_copier() -> Limit {
    Limit(Box::new(|text| {
        let bytes = stored_bytes(text.cast()?)?;
        let fill = |places: &mut [MaybeUninit<u8>]| kernels::memcpy(bytes, places);
        let copy = filled_array(text.py(), bytes.len(), fill)?;
        Ok(copy.into_any())
    }))
}

fn array_setter<I: Ones + Element>() -> Limit {
    Limit(Box::new(|text| {
        let filled = filled_array(text.py(), text.len()?, kernels::memset::<I>)?;
        Ok(filled.into_any())
    }))
}

fn text_converter<N: Number + Element>() -> Limit {
    Limit(Box::new(|text| {
        let codes = borrow_text(text.cast()?)?;
        let fill = |places: &mut [MaybeUninit<N>]| kernels::convert(codes, places);
        let converted = filled_array(text.py(), codes.len(), fill)?;
        Ok(converted.into_any())
    }))
}

fn text_setter(widest: u32) -> Limit {
    Limit(Box::new(move |ids| {
        let length = ids.len()?;
        if length == 0 {
            return Ok(PyString::new(ids.py(), "").into_any());
        }
        // The characters must need exactly this form, or CPython would hold a text in a wrong form.
        let fill = |buffer: Buffer<'_>| match buffer {
            Buffer::One(buffer) => {
                let narrowest = if form(widest) == 0 { 1 } else { 0x80 };
                buffer.fill(MaybeUninit::new(narrowest));
            }
            Buffer::Two(buffer) => buffer.fill(MaybeUninit::new(0x101)),
            Buffer::Four(buffer) => buffer.fill(MaybeUninit::new(0x1_0101)),
        };
        let (string, ()) = new_string(ids.py(), length, widest, fill)?;
        Ok(string.into_any())
    }))
}

/// Makes arrays as the contenders do: with smaller pages a limit would be slower than they are.
fn filled_array<N: Element>(
    py: Python<'_>,
    length: usize,
    fill: impl FnOnce(&mut [MaybeUninit<N>]),
) -> PyResult<Bound<'_, PyArray1<N>>> {
    let filled = new_array(py, length, |places| {
        fill(places);
        Ok::<(), Infallible>(())
    })?;
    let Ok(array) = filled;
    Ok(array)
}

/// The least memory traffic that a task needs, done in one plain way and called like the task.
#[pymodule(submodule, module = "rust_impls")]
pub mod limit {
    use std::mem::MaybeUninit;
    use std::path::PathBuf;

    use pyo3::prelude::*;
    use pyo3::types::PyString;

    use super::{Limit, array_reader, array_setter, borrow_text, filled_array, kernels};
    use super::{list_reader, stored_bytes, text_converter, text_copier, text_setter};
    use crate::file_texts::Failure;
    use crate::python::array::int64_array;
    use crate::python::bpe::{TokenArrayEncoder, TokenEncoder};
    use crate::python::errors::file_error;
    use crate::python::stubs::{DictOfRanks, Int64Array, Uint16Array};
    use crate::python::vocabulary::Vocabulary;

    /// Splits a text into the pieces of byte-pair encoding.
    #[pyfunction]
    fn split_pieces(ranks: DictOfRanks<'_, '_>, pattern: &str) -> PyResult<TokenEncoder> {
        TokenEncoder::new(ranks, pattern, kernels::split_pieces)
    }

    /// Splits a text into pieces and looks each up once among the tokens.
    #[pyfunction]
    fn look_up_pieces(ranks: DictOfRanks<'_, '_>, pattern: &str) -> PyResult<TokenEncoder> {
        TokenEncoder::new(ranks, pattern, kernels::look_up_pieces)
    }

    /// Makes a list with an id for every four bytes of a text.
    #[pyfunction]
    fn list_of_ids(ranks: DictOfRanks<'_, '_>, pattern: &str) -> PyResult<TokenEncoder> {
        TokenEncoder::new(ranks, pattern, kernels::give_ids)
    }

    /// Makes a uint32 array with an id for every four bytes of a text.
    #[pyfunction]
    fn array_of_ids(ranks: DictOfRanks<'_, '_>, pattern: &str) -> PyResult<TokenArrayEncoder> {
        TokenArrayEncoder::new(ranks, pattern, kernels::give_ids)
    }

    /// Reads a text's storage once and returns a checksum.
    #[pyfunction]
    fn read(text: &Bound<'_, PyString>) -> PyResult<u64> {
        Ok(kernels::read(stored_bytes(text)?))
    }

    /// Reads an array of ids once.
    #[pyfunction]
    fn read_array(_vocabulary: Vocabulary<u32>) -> Limit {
        array_reader()
    }

    /// Reads the addresses in a list of ids once, but not the int objects.
    #[pyfunction]
    fn read_list(_vocabulary: Vocabulary<u32>) -> Limit {
        list_reader()
    }

    /// Copies a text's storage into a new uint8 array.
    #[pyfunction]
    fn memcpy(_vocabulary: Vocabulary<u32>) -> Limit {
        text_copier()
    }

    /// Fills a new uint16 array as long as the text.
    #[pyfunction]
    fn memset<'py>(text: &Bound<'py, PyString>) -> PyResult<Uint16Array<'py>> {
        let filled = filled_array(text.py(), text.len()?, kernels::memset)?;
        Ok(Uint16Array(filled))
    }

    /// Fills a new uint8 array as long as the text.
    #[pyfunction]
    fn memset_uint8(_vocabulary: Vocabulary<u32>) -> Limit {
        array_setter::<u8>()
    }

    /// Fills a new uint16 array as long as the text.
    #[pyfunction]
    fn memset_uint16(_vocabulary: Vocabulary<u32>) -> Limit {
        array_setter::<u16>()
    }

    /// Fills a new int64 array as long as the text.
    #[pyfunction]
    fn memset_int64(_vocabulary: Vocabulary<u32>) -> Limit {
        array_setter::<i64>()
    }

    /// Reads a text once and writes each character's code into a new uint16 array.
    #[pyfunction]
    fn convert<'py>(text: &Bound<'py, PyString>) -> PyResult<Uint16Array<'py>> {
        let codes = borrow_text(text)?;
        let fill = |places: &mut [MaybeUninit<u16>]| kernels::convert(codes, places);
        Ok(Uint16Array(filled_array(text.py(), codes.len(), fill)?))
    }

    /// Reads a text once and writes each character's code into a new uint8 array.
    #[pyfunction]
    fn convert_uint8(_vocabulary: Vocabulary<u32>) -> Limit {
        text_converter::<u8>()
    }

    /// Reads a text once and writes each character's code into a new uint16 array.
    #[pyfunction]
    fn convert_uint16(_vocabulary: Vocabulary<u32>) -> Limit {
        text_converter::<u16>()
    }

    /// Reads a text once and writes each character's code into a new int64 array.
    #[pyfunction]
    fn convert_int64(_vocabulary: Vocabulary<u32>) -> Limit {
        text_converter::<i64>()
    }

    /// Fills a new text as long as the ids, in the form for the vocabulary's widest character.
    #[pyfunction]
    fn memset_str(vocabulary: Vocabulary<u32>) -> Limit {
        text_setter(vocabulary.0.into_iter().last().unwrap_or_default())
    }

    /// Reads files once, block by block, without looking at their bytes.
    #[pyfunction]
    #[pyo3(signature = (paths, _out=None))]
    #[allow(clippy::needless_pass_by_value)] // pyo3 makes a new vector for each call
    fn read_files(py: Python<'_>, paths: Vec<PathBuf>, _out: Option<PathBuf>) -> PyResult<usize> {
        let size = py.detach(|| kernels::read_files(&paths));
        size.map_err(|failure| file_error("file_charset", failure))
    }

    /// Reads files once, block by block, and checks that they are UTF-8.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // as above
    fn validate_files(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<usize> {
        let size = py.detach(|| kernels::validate_files(&paths));
        size.map_err(|failure| file_error("file_charset", failure))
    }

    /// Reads files once, checks that they are UTF-8 and decodes them, block by block.
    #[pyfunction]
    #[pyo3(signature = (paths, _out=None))]
    #[allow(clippy::needless_pass_by_value)] // as above
    fn decode_files(py: Python<'_>, paths: Vec<PathBuf>, _out: Option<PathBuf>) -> PyResult<usize> {
        let length = py.detach(|| kernels::decode_files(&paths));
        length.map_err(|failure| file_error("file_charset", failure))
    }

    /// Maps files into memory and reads each of their bytes there.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // as above
    fn map_files(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<u64> {
        let size = py.detach(|| kernels::map_files(&paths));
        size.map_err(|failure| file_error("file_charset", failure))
    }

    /// Copies files into a folder.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // as above
    fn copy_files(py: Python<'_>, paths: Vec<PathBuf>, out: PathBuf) -> PyResult<usize> {
        let size = py.detach(|| kernels::copy_files(&paths, &out));
        size.map_err(|failure| file_error("shards", failure))
    }

    /// Reads files once and writes two bytes for each of their characters into a folder.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // as above
    fn read_and_write(py: Python<'_>, paths: Vec<PathBuf>, out: PathBuf) -> PyResult<usize> {
        let length = py.detach(|| kernels::read_and_write(&paths, &out));
        length.map_err(|failure| file_error("shards", failure))
    }

    /// Reads files once and fills a new int64 array with one number for each of their characters.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // as above
    fn read_and_touch(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<Int64Array<'_>> {
        let length = py.detach(|| kernels::characters(&paths));
        let length = length.map_err(|failure| file_error("prepare", failure))?;
        let touch = |ids: &mut [MaybeUninit<i64>]| {
            kernels::memset(ids);
            Ok::<(), Failure>(())
        };
        let ids = int64_array(py, length, touch)?;
        let ids = ids.map_err(|failure| file_error("prepare", failure))?;
        Ok(Int64Array(ids))
    }
}
