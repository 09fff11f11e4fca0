//! Lists of ids: made with their references counted exactly, and read.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::{ptr, slice};

use pyo3::exceptions::{PyMemoryError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyInt, PyList, PyString};

use super::array::Fill;
use super::errors::{outside_vocabulary, unknown_id};
use super::stubs::{IdList, ListOfIds};
use super::text::{borrow_text, new_text};
use crate::decode_list::fixed_array;
use crate::decode_list::small_ints::{SMALL_INTS, STEP};
use crate::decoded::{Buffer, Decoded};
use crate::id_table::Number;

/// Turns a text into the list of its characters' indices in the vocabulary.
#[pyclass(frozen, module = "rust_impls.encode")]
pub struct ListEncoder {
    fill: ListFill,
    /// The int object of each id, made once. CPython keeps those up to 256 anyway.
    ints: Vec<Py<PyInt>>,
    /// Whether some of the ints count their references: all do before Python 3.12, large ones still
    /// do.
    counted: bool,
}

/// Finds the ids of a text: as bytes if the vocabulary has no more than 256 entries.
pub enum ListFill {
    Bytes(Box<Fill<u8>>),
    Numbers(Box<Fill<u32>>),
}

impl ListEncoder {
    pub fn new(py: Python<'_>, entries: usize, fill: ListFill) -> Self {
        let ints: Vec<_> = (0..entries)
            .map(|id| id.into_pyobject(py))
            .map(|Ok(int)| int.unbind())
            .collect();
        let counted = ints.iter().any(|int| !is_immortal(int));
        Self {
            fill,
            ints,
            counted,
        }
    }
}

#[pymethods]
impl ListEncoder {
    fn __call__<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<IdList<'py>> {
        match &self.fill {
            ListFill::Bytes(fill) => list_of_ids(text, fill, &self.ints, self.counted),
            ListFill::Numbers(fill) => list_of_ids(text, fill, &self.ints, self.counted),
        }
    }

    /// Runs the kernel alone: finds the ids, but builds no list from them.
    fn kernel(&self, text: &Bound<'_, PyString>) -> PyResult<()> {
        match &self.fill {
            ListFill::Bytes(fill) => find_ids(text, fill),
            ListFill::Numbers(fill) => find_ids(text, fill),
        }
    }
}

fn find_ids<N: ListId>(text: &Bound<'_, PyString>, fill: &Fill<N>) -> PyResult<()> {
    let codes = borrow_text(text)?;
    let mut ids = [const { MaybeUninit::<N>::uninit() }; LIST_BLOCK];
    for start in (0..codes.len()).step_by(LIST_BLOCK) {
        let end = codes.len().min(start + LIST_BLOCK);
        if let Err(outside) = fill(codes.slice(start..end), &mut ids[..end - start]) {
            let position = start + outside.position;
            return Err(outside_vocabulary(text.py(), outside.code, position));
        }
        black_box(&ids);
    }
    Ok(())
}

/// Characters whose ids are found in one go: the ids stay in the first cache until their int
/// objects are written.
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

/// Four counts for one id. Neighbouring characters are often equal, and counting the second would
/// have to wait for the first: four neighbours therefore use a count each.
type Counts = [usize; 4];

fn list_of_ids<'py, N: ListId>(
    text: &Bound<'py, PyString>,
    fill: &Fill<N>,
    ints: &[Py<PyInt>],
    counted: bool,
) -> PyResult<IdList<'py>> {
    let py = text.py();
    let codes = borrow_text(text)?;
    let length = codes.len();
    let (list, items) = new_list(py, length)?;
    // SAFETY: `new_list` returns memory for this many items, and nobody else has the list yet. No
    // Python code runs, and no garbage is collected, before all items are written and counted.
    let items = unsafe { slice::from_raw_parts_mut(items, length) };

    let mut objects: Vec<_> = ints.iter().map(Py::as_ptr).collect();
    objects.resize(ints.len().max(N::TABLE), ptr::null_mut());
    let mut counts: Vec<Counts> = vec![[0; 4]; objects.len()];
    let mut ids = [const { MaybeUninit::<N>::uninit() }; LIST_BLOCK];
    for (block, places) in items.chunks_mut(LIST_BLOCK).enumerate() {
        let start = block * LIST_BLOCK;
        let ids = &mut ids[..places.len()];
        if let Err(outside) = fill(codes.slice(start..start + places.len()), ids) {
            // The items written so far have not been counted: the list must not give them back.
            items.fill(MaybeUninit::new(ptr::null_mut()));
            let position = start + outside.position;
            return Err(outside_vocabulary(py, outside.code, position));
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

/// The memory in which a list keeps its items.
pub type Items = *mut MaybeUninit<*mut ffi::PyObject>;

/// Makes a list of `length` items. The caller must write all items, or fill them with null, before
/// anybody else sees the list. `PyList_New` would first fill megabytes with nulls, which takes as
/// long as writing the items.
#[cfg(not(any(Py_GIL_DISABLED, PyPy, GraalPy)))]
pub fn new_list(py: Python<'_>, length: usize) -> PyResult<(Bound<'_, PyList>, Items)> {
    let list = PyList::empty(py);
    let object = list.as_ptr().cast::<ffi::PyListObject>();
    let Some(bytes) = length.checked_mul(size_of::<*mut ffi::PyObject>()) else {
        return Err(PyMemoryError::new_err(()));
    };
    if length == 0 {
        return Ok((list, ptr::dangling_mut()));
    }
    let size = ffi::Py_ssize_t::try_from(length)?;
    // SAFETY: CPython's own lists get their items in this way, from this allocator, which also
    // frees them. These fields say where the items are, how many there are, and for how many there
    // is memory. An empty list has no items that would be lost.
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

/// The same through documented functions alone, since other Pythons keep the items in another way.
#[cfg(any(Py_GIL_DISABLED, PyPy, GraalPy))]
pub fn new_list(py: Python<'_>, length: usize) -> PyResult<(Bound<'_, PyList>, Items)> {
    // SAFETY: the function returns a new list of that length, or null with an exception set.
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
    // SAFETY: `int` keeps the object alive, and the reference taken here is given back.
    unsafe {
        let before = ffi::Py_REFCNT(int.as_ptr());
        ffi::Py_INCREF(int.as_ptr());
        let after = ffi::Py_REFCNT(int.as_ptr());
        ffi::Py_DECREF(int.as_ptr());
        before == after
    }
}

/// Adds `count` references to an object in one step, if a trial shows where and how the object
/// counts them; otherwise adds them one by one.
fn add_references(int: &Py<PyInt>, count: usize) {
    // A larger step could turn the 32-bit count of Python 3.12 and later into "immortal".
    const MOST_AT_ONCE: usize = 1 << 30;
    let object = int.as_ptr();
    let word = object.cast::<isize>();
    if count == 0 {
        return;
    }
    // SAFETY: `int` keeps the object alive, it begins with at least a word, and the holder of the
    // GIL may count its references. On free-threaded Python, where that word holds something else,
    // the trial leaves the word unchanged.
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

type DecodeIds = dyn Fn(&[u32], Buffer<'_>) -> Decoded + Send + Sync;
type DecodeAddresses = dyn Fn(usize, &[usize], Buffer<'_>) -> Decoded + Send + Sync;

/// Turns a list of indices in the vocabulary into the text of their characters.
#[pyclass(frozen, module = "rust_impls.decode_list")]
pub struct ListDecoder {
    vocabulary: Vec<u32>,
    by_ids: Box<DecodeIds>,
    by_addresses: Option<Box<DecodeAddresses>>,
}

impl ListDecoder {
    /// A decoder by an idea that takes the ids themselves.
    pub fn of_ids(
        vocabulary: Vec<u32>,
        decode: impl Fn(&[u32], Buffer<'_>) -> Decoded + Send + Sync + 'static,
    ) -> Self {
        Self {
            vocabulary,
            by_ids: Box::new(decode),
            by_addresses: None,
        }
    }

    /// A decoder by an idea that takes the addresses of the int objects. It knows only the small
    /// ints, so that lists with others go to `fixed_array`.
    pub fn of_addresses(
        vocabulary: Vec<u32>,
        decode: impl Fn(usize, &[usize], Buffer<'_>) -> Decoded + Send + Sync + 'static,
    ) -> Self {
        Self {
            by_ids: Box::new(fixed_array::decode_list(&vocabulary)),
            by_addresses: Some(Box::new(decode)),
            vocabulary,
        }
    }
}

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
        if let (Some(fill), Some(zero)) = (&self.by_addresses, address_of_zero(py)?) {
            // SAFETY: only Python code could change the list, and none runs below.
            let addresses = unsafe { item_addresses(list) };
            let fill = |buffer: Buffer<'_>| fill(zero, addresses, buffer);
            if let Ok(text) = new_text(py, &self.vocabulary, addresses.len(), fill)? {
                return Ok(text);
            }
            // There is some other int: an id above 256, a bool, or an error that has to be named.
        }
        let entries = self.vocabulary.len();
        let ids: Vec<u32> = list
            .iter()
            .enumerate()
            .map(|(position, id)| id_of_item(&id, position, entries))
            .collect::<PyResult<_>>()?;
        let fill = |buffer: Buffer<'_>| (self.by_ids)(&ids, buffer);
        new_text(py, &self.vocabulary, ids.len(), fill)?
            .map_err(|position| unknown_id(ids[position], position, entries))
    }
}

/// The id in one item of a list, or the error that says why the item is not an id.
fn id_of_item(item: &Bound<'_, PyAny>, position: usize, entries: usize) -> PyResult<u32> {
    if !item.is_instance_of::<PyInt>() {
        let kind = item.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "id at position {position} is {kind}, not int"
        )));
    }
    match item.extract::<u32>() {
        Ok(id) if (id as usize) < entries => Ok(id),
        _ => Err(unknown_id(item.str()?, position, entries)),
    }
}

/// The addresses of a list's items, as the list stores them.
///
/// # Safety
///
/// The list must not change while the addresses are in use.
pub unsafe fn item_addresses<'a>(list: &'a Bound<'_, PyList>) -> &'a [usize] {
    // SAFETY: `ob_item` points to `len` pointers in a row, and is null if the list has no memory
    // for items. A pointer reads as an integer of its size. The caller keeps the list unchanged.
    unsafe {
        let first = (*list.as_ptr().cast::<ffi::PyListObject>()).ob_item;
        if first.is_null() {
            return &[];
        }
        slice::from_raw_parts(first.cast_const().cast(), list.len())
    }
}

/// The address of the int 0, if the other small ints follow it in a row. CPython does not promise
/// that, so it is checked, once. No other object can then lie in that row, and the small ints live
/// as long as Python.
fn address_of_zero(py: Python<'_>) -> PyResult<Option<usize>> {
    static ZERO: PyOnceLock<Option<usize>> = PyOnceLock::new();
    let zero = ZERO.get_or_try_init(py, || {
        let address =
            |value: usize| -> PyResult<usize> { Ok(value.into_pyobject(py)?.as_ptr() as usize) };
        let zero = address(0)?;
        for value in 0..SMALL_INTS {
            // The address is taken twice because a small int must be the same object every time.
            if address(value)? != zero + STEP * value || address(value)? != address(value)? {
                return Ok::<_, PyErr>(None);
            }
        }
        Ok(Some(zero))
    })?;
    Ok(*zero)
}
