//! Types of arguments and results, with the names that the stubs (`rust_impls/*.pyi`) give them.

use std::convert::Infallible;

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySet};

/// Names for types that neither pyo3 nor numpy names by itself.
#[cfg(feature = "inspect")]
pub mod hints {
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
    const BYTES: PyStaticExpr = type_hint_identifier!("builtins", "bytes");
    pub const RANKS: PyStaticExpr = type_hint_subscript!(DICT, BYTES, INT);
    pub const LIST_OF_STR: PyStaticExpr = type_hint_subscript!(LIST, STR);
    pub const LISTS_OF_INT: PyStaticExpr = type_hint_subscript!(LIST, LIST_OF_INT);
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
    pub const UINT32_ARRAY: PyStaticExpr =
        type_hint_subscript!(ARRAY, type_hint_identifier!("numpy", "uint32"));
    pub const INT64_ARRAY: PyStaticExpr =
        type_hint_subscript!(ARRAY, type_hint_identifier!("numpy", "int64"));
}

/// Results whose Rust type says less than the stub should: that it is a set, but not a set of str.
macro_rules! results {
    ($($name:ident($object:ty), $hint:ident;)*) => {
        $(
            pub struct $name<'py>(pub Bound<'py, $object>);

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
    IdLists(PyList), LISTS_OF_INT;
    Uint8Array(PyArray1<u8>), UINT8_ARRAY;
    Uint16Array(PyArray1<u16>), UINT16_ARRAY;
    Uint32Array(PyArray1<u32>), UINT32_ARRAY;
    Int64Array(PyArray1<i64>), INT64_ARRAY;
    Texts(PyDict), TEXTS;
    Paths(PyDict), PATHS;
}

/// Arguments that pyo3 passes on unchecked, so that our own code checks them and words the errors.
macro_rules! arguments {
    ($($name:ident, $hint:ident;)*) => {
        $(
            #[derive(Clone, Copy)]
            pub struct $name<'a, 'py>(pub Borrowed<'a, 'py, PyAny>);

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
    DictOfRanks, RANKS;
    ListOfTexts, LIST_OF_STR;
}
