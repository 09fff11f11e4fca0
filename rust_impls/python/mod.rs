//! The border with Python, and the only folder that knows pyo3: it borrows arguments, holds or
//! releases the GIL, converts results and raises errors.
//!
//! Adding an idea takes one word in `ideas.rs`. The other files hold one kind of conversion each:
//! texts, characters in sets and dicts, vocabularies, lists, arrays, tokens, errors.

// Reading CPython's own storage, and writing memory that CPython will own, is unsafe by nature.
#![allow(unsafe_code)]

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

use crate::simd;
use stubs::{Paths, Texts};

mod array;
mod bpe;
mod characters;
mod errors;
#[macro_use]
mod bpe_modules;
#[macro_use]
mod modules;
mod ideas;
mod layout;
mod limits;
mod list;
mod partition;
mod sets;
mod steps;
mod stubs;
mod text;
mod utf8_encoders;
mod vocabulary;

/// Rust ideas for the text preparation of a character-level GPT, with one submodule for each task.
// pyo3 takes a module to be safe without the GIL unless it says otherwise. Nothing here has been
// run on a free-threaded Python yet, so importing the module there switches the GIL on.
#[pymodule(gil_used = true)]
mod rust_impls {
    use super::{
        IntoPyDict, Paths, PyDict, PyDictMethods, PyResult, PyValueError, Python, Texts,
        characters, layout, make_importable, pyfunction, simd,
    };

    #[pymodule_export]
    use super::ideas::{
        bpe_decode, bpe_encode, bpe_encode_array, bpe_encode_batch, bpe_train, charset,
        charset_encode, count, decode_array, decode_list, encode, encode_array, encode_int64,
        encode_uint8, file_charset, prepare, shards,
    };
    #[pymodule_export]
    use super::limits::limit;
    #[pymodule_export]
    use super::partition::partition;
    #[pymodule_export]
    use super::steps::steps;

    /// Refuses a wrong setting at once: who forces a path must not measure another by mistake.
    #[pymodule_init]
    fn init(py: Python<'_>) -> PyResult<()> {
        simd::path().map_err(|error| PyValueError::new_err(error.to_string()))?;
        characters::prepare(py)?;
        make_importable(py)
    }

    /// The sets of instructions that kernels can use on this processor.
    ///
    /// "active" names the set that every idea takes which is not held to one of its own.
    /// "available" lists all sets that this processor has, from the least to the best.
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

    /// How this library was built: names and values, all of them str.
    ///
    /// "layout_seed" tells apart builds of the same sources that were linked in another order; it
    /// is "0" for the order that the linker chose by itself.
    #[pyfunction]
    fn build_info(py: Python<'_>) -> PyResult<Texts<'_>> {
        let info = crate::build_info::BUILD_INFO.into_py_dict(py)?;
        info.set_item("layout_seed", layout::seed().to_string())?;
        Ok(Texts(info))
    }
}

/// Makes `from rust_impls.charset import ahash` work: submodules are attributes without files,
/// which the import system does not find by itself, although the stubs promise modules. The parent
/// is the module that maturin's `rust_impls/__init__.py` imports.
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
