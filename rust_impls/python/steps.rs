//! Calls that stop early, for `nanogpt-rs profile steps`.

/// Calls that stop after one step, so that the cost of each step can be measured. For the same
/// purpose the encoders have a method `kernel`.
#[pyo3::pymodule(submodule, module = "rust_impls")]
pub mod steps {
    use pyo3::prelude::*;
    use pyo3::types::PyString;

    use crate::python::text::borrow_text;

    #[pymodule_export]
    use crate::python::ideas::charset_kernels;

    /// Does nothing with its argument: the cost of any call from Python.
    #[pyfunction]
    fn call(_argument: &Bound<'_, PyAny>) {}

    /// Asks CPython for the text as UTF-8, which beyond ASCII makes a copy the first time.
    #[pyfunction]
    fn utf8(_text: &str) {}

    /// Borrows the text as CPython stores it.
    #[pyfunction]
    fn storage(text: &Bound<'_, PyString>) -> PyResult<()> {
        borrow_text(text).map(drop)
    }
}
