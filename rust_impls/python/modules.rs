//! How the module of each task is written: one macro for each task, which `ideas.rs` calls.
//!
//! A macro writes a whole Python module, because pyo3 collects the functions of a module before it
//! would see any that a macro inside the module wrote. The docstring of a function is the first line of
//! the idea's file, which build.rs passes on.

macro_rules! charset_module {
    (
        attached: $($attached:ident),*;
        detached: $($detached:ident),*;
        stored: $($stored:ident),*;
        threaded: $($threaded:ident),*;
        one_path: $($one_path:ident),*;
    ) => {
        /// The distinct characters of a text: charset(text) -> set[str], one idea per function.
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod charset {
            use crate::python::characters::character_set;
            use crate::python::errors::require_path;
            use crate::python::stubs::CharacterSet;
            use crate::python::text::borrow_text;
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
                #[doc = env!(concat!("DOC_charset_", stringify!($one_path)))]
                #[pyfunction]
                fn $one_path<'py>(text: &Bound<'py, PyString>) -> PyResult<CharacterSet<'py>> {
                    require_path(crate::charset::$one_path::PATH)?;
                    let codes = crate::charset::$one_path::charset(borrow_text(text)?);
                    character_set(text.py(), &codes)
                }
            )*
        }

        /// The kernels of charset alone: their results are dropped, not turned into sets.
        #[pyo3::pymodule(submodule, name = "charset", module = "rust_impls.steps")]
        pub mod charset_kernels {
            use crate::python::errors::require_path;
            use crate::python::text::borrow_text;
            use pyo3::prelude::*;
            use pyo3::types::PyString;
            use std::hint::black_box;

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
                fn $one_path(text: &Bound<'_, PyString>) -> PyResult<()> {
                    require_path(crate::charset::$one_path::PATH)?;
                    black_box(crate::charset::$one_path::charset(borrow_text(text)?));
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
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod encode {
            use crate::python::list::ListFill;
            use crate::python::vocabulary::Vocabulary;
            use pyo3::prelude::*;

            #[pymodule_export]
            use crate::python::list::ListEncoder;
            #[pymodule_export]
            use crate::python::utf8_encoders::Encoder;

            $(
                #[doc = env!(concat!("DOC_encode_", stringify!($attached)))]
                #[pyfunction]
                fn $attached(vocabulary: Vocabulary) -> Encoder {
                    Encoder::new(crate::encode::$attached::encode(&vocabulary.0), false)
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_", stringify!($detached)))]
                #[pyfunction]
                fn $detached(vocabulary: Vocabulary) -> Encoder {
                    Encoder::new(crate::encode::$detached::encode(&vocabulary.0), true)
                }
            )*
            $(
                #[doc = env!(concat!("DOC_encode_", stringify!($stored)))]
                #[pyfunction]
                fn $stored(py: Python<'_>, vocabulary: Vocabulary<u32>) -> ListEncoder {
                    use crate::encode::$stored::encode;
                    let fill = if vocabulary.0.len() <= 256 {
                        ListFill::Bytes(Box::new(encode(&vocabulary.0)))
                    } else {
                        ListFill::Numbers(Box::new(encode(&vocabulary.0)))
                    };
                    ListEncoder::new(py, vocabulary.0.len(), fill)
                }
            )*
        }
    };
}

macro_rules! encode_array_module {
    (
        attached: $($attached:ident),*;
        detached: $($detached:ident),*;
        $($groups:tt)*
    ) => {
        array_encoders_module! {
            /// Texts to arrays of ids: encode_array(vocabulary) -> ArrayEncoder, one idea per function.
            encode_array: Uint16Encoder;
            $($groups)*
            {
                use crate::python::errors::require_fits;
                use crate::vocabulary::U16_ENTRIES;

                #[pymodule_export]
                use crate::python::utf8_encoders::ArrayEncoder;

                $(
                    #[doc = env!(concat!("DOC_encode_array_", stringify!($attached)))]
                    #[pyfunction]
                    fn $attached(vocabulary: Vocabulary) -> PyResult<ArrayEncoder> {
                        require_fits("encode_array", vocabulary.0.len(), U16_ENTRIES)?;
                        let encode = crate::encode_array::$attached::encode_array(&vocabulary.0);
                        Ok(ArrayEncoder::new(encode, false))
                    }
                )*
                $(
                    #[doc = env!(concat!("DOC_encode_array_", stringify!($detached)))]
                    #[pyfunction]
                    fn $detached(vocabulary: Vocabulary) -> PyResult<ArrayEncoder> {
                        require_fits("encode_array", vocabulary.0.len(), U16_ENTRIES)?;
                        let encode = crate::encode_array::$detached::encode_array(&vocabulary.0);
                        Ok(ArrayEncoder::new(encode, true))
                    }
                )*
            }
        }
    };
}

macro_rules! encode_uint8_module {
    ($($groups:tt)*) => {
        array_encoders_module! {
            /// Texts to numpy.uint8 arrays of ids: encode_uint8(vocabulary) -> Uint8Encoder, one idea per function.
            encode_uint8: Uint8Encoder;
            $($groups)*
            {}
        }
    };
}

macro_rules! encode_int64_module {
    ($($groups:tt)*) => {
        array_encoders_module! {
            /// Texts to numpy.int64 arrays of ids: encode_int64(vocabulary) -> Int64Encoder, one idea per function.
            encode_int64: Int64Encoder;
            $($groups)*
            {}
        }
    };
}

/// The module of a task that encodes texts as arrays of one width. Further items go between braces.
macro_rules! array_encoders_module {
    (
        $(#[$doc:meta])*
        $task:ident: $encoder:ident;
        stored: $($stored:ident),*;
        threaded: $($threaded:ident),*;
        one_path: $($one_path:ident),*;
        { $($items:tt)* }
    ) => {
        $(#[$doc])*
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod $task {
            use crate::python::errors::require_path;
            use crate::python::vocabulary::Vocabulary;
            use pyo3::prelude::*;

            #[pymodule_export]
            use crate::python::array::$encoder;

            $($items)*

            $(
                #[doc = env!(concat!("DOC_", stringify!($task), "_", stringify!($stored)))]
                #[pyfunction]
                fn $stored(vocabulary: Vocabulary<u32>) -> PyResult<$encoder> {
                    let idea = crate::$task::$stored::$task;
                    $encoder::new(stringify!($task), &vocabulary, idea, false)
                }
            )*
            $(
                #[doc = env!(concat!("DOC_", stringify!($task), "_", stringify!($threaded)))]
                #[pyfunction]
                fn $threaded(vocabulary: Vocabulary<u32>) -> PyResult<$encoder> {
                    let idea = crate::$task::$threaded::$task;
                    $encoder::new(stringify!($task), &vocabulary, idea, true)
                }
            )*
            $(
                #[doc = env!(concat!("DOC_", stringify!($task), "_", stringify!($one_path)))]
                #[pyfunction]
                fn $one_path(vocabulary: Vocabulary<u32>) -> PyResult<$encoder> {
                    require_path(crate::$task::$one_path::PATH)?;
                    let idea = crate::$task::$one_path::$task;
                    $encoder::new(stringify!($task), &vocabulary, idea, false)
                }
            )*
        }
    };
}

macro_rules! count_module {
    (stored: $($stored:ident),*;) => {
        /// How often each character occurs: count(text) -> dict[str, int], one idea per function.
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod count {
            use crate::python::characters::count_dict;
            use crate::python::stubs::CharacterCounts;
            use crate::python::text::borrow_text;
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
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod charset_encode {
            use crate::python::array::charset_and_ids;
            use crate::python::stubs::Uint16Array;
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
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod decode_list {
            use crate::python::vocabulary::Vocabulary;
            use pyo3::prelude::*;

            #[pymodule_export]
            use crate::python::list::ListDecoder;

            $(
                #[doc = env!(concat!("DOC_decode_list_", stringify!($by_ids)))]
                #[pyfunction]
                fn $by_ids(vocabulary: Vocabulary<u32>) -> ListDecoder {
                    let decode = crate::decode_list::$by_ids::decode_list(&vocabulary.0);
                    ListDecoder::of_ids(vocabulary.0, decode)
                }
            )*
            $(
                #[doc = env!(concat!("DOC_decode_list_", stringify!($by_addresses)))]
                #[pyfunction]
                fn $by_addresses(vocabulary: Vocabulary<u32>) -> ListDecoder {
                    let decode = crate::decode_list::$by_addresses::decode_list(&vocabulary.0);
                    ListDecoder::of_addresses(vocabulary.0, decode)
                }
            )*
        }
    };
}

macro_rules! decode_array_module {
    (stored: $($stored:ident),*;) => {
        /// Arrays of ids to texts: decode_array(vocabulary) -> ArrayDecoder, one idea per function.
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod decode_array {
            use crate::python::vocabulary::Vocabulary;
            use pyo3::prelude::*;

            #[pymodule_export]
            use crate::python::array::ArrayDecoder;

            $(
                #[doc = env!(concat!("DOC_decode_array_", stringify!($stored)))]
                #[pyfunction]
                fn $stored(vocabulary: Vocabulary<u32>) -> PyResult<ArrayDecoder> {
                    ArrayDecoder::new(vocabulary, crate::decode_array::$stored::decode_array)
                }
            )*
        }
    };
}

macro_rules! file_charset_module {
    (by_paths: $($by_paths:ident),*;) => {
        /// The distinct characters of files: file_charset(paths) -> set[str], one idea per function.
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod file_charset {
            use crate::python::characters::character_set;
            use crate::python::errors::file_error;
            use crate::python::stubs::CharacterSet;
            use pyo3::prelude::*;
            use std::path::PathBuf;

            $(
                #[doc = env!(concat!("DOC_file_charset_", stringify!($by_paths)))]
                #[pyfunction]
                #[allow(clippy::needless_pass_by_value)] // pyo3 makes a new vector for each call
                fn $by_paths(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<CharacterSet<'_>> {
                    let codes = py
                        .detach(|| crate::file_charset::$by_paths::file_charset(&paths))
                        .map_err(|failure| file_error("file_charset", failure))?;
                    character_set(py, &codes)
                }
            )*
        }
    };
}

macro_rules! prepare_module {
    (by_paths: $($by_paths:ident),*;) => {
        /// Files to vocabulary and ids: prepare(paths) -> tuple[str, int64 array], one idea per function.
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod prepare {
            use crate::python::array::vocabulary_and_ids;
            use crate::python::stubs::Int64Array;
            use pyo3::prelude::*;
            use pyo3::types::PyString;
            use std::path::PathBuf;

            $(
                #[doc = env!(concat!("DOC_prepare_", stringify!($by_paths)))]
                #[pyfunction]
                #[allow(clippy::needless_pass_by_value)] // pyo3 makes a new vector for each call
                fn $by_paths(
                    py: Python<'_>,
                    paths: Vec<PathBuf>,
                ) -> PyResult<(Bound<'_, PyString>, Int64Array<'_>)> {
                    vocabulary_and_ids(py, &paths, crate::prepare::$by_paths::prepare)
                }
            )*
        }
    };
}

macro_rules! shards_module {
    (by_paths: $($by_paths:ident),*;) => {
        /// Files to shards of ids: shards(paths, out) -> str, one idea per function.
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod shards {
            use crate::python::errors::file_error;
            use crate::python::text::vocabulary_string;
            use pyo3::prelude::*;
            use pyo3::types::PyString;
            use std::path::PathBuf;

            $(
                #[doc = env!(concat!("DOC_shards_", stringify!($by_paths)))]
                #[pyfunction]
                #[allow(clippy::needless_pass_by_value)] // pyo3 makes new values for each call
                fn $by_paths(
                    py: Python<'_>,
                    paths: Vec<PathBuf>,
                    out: PathBuf,
                ) -> PyResult<Bound<'_, PyString>> {
                    let vocabulary = py
                        .detach(|| crate::shards::$by_paths::shards(&paths, &out))
                        .map_err(|failure| file_error("shards", failure))?;
                    vocabulary_string(py, &vocabulary)
                }
            )*
        }
    };
}
