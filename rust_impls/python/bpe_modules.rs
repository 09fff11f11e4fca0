//! How the modules of byte-pair encoding are written, like those in `modules.rs`.

/// The module of a task that makes encoders from ranks and a pattern.
macro_rules! token_encoders_module {
    ($(#[$doc:meta])* $task:ident: $encoder:ident; $($idea:ident),*;) => {
        $(#[$doc])*
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod $task {
            use crate::python::stubs::DictOfRanks;
            use pyo3::prelude::*;

            #[pymodule_export]
            use crate::python::bpe::$encoder;

            $(
                #[doc = env!(concat!("DOC_", stringify!($task), "_", stringify!($idea)))]
                #[pyfunction]
                fn $idea(ranks: DictOfRanks<'_, '_>, pattern: &str) -> PyResult<$encoder> {
                    $encoder::new(ranks, pattern, crate::$task::$idea::$task)
                }
            )*
        }
    };
}

macro_rules! bpe_encode_module {
    (by_ranks: $($ideas:tt)*) => {
        token_encoders_module! {
            /// Texts to lists of tokens' ids: bpe_encode(ranks, pattern) -> TokenEncoder, one idea per function.
            bpe_encode: TokenEncoder;
            $($ideas)*
        }
    };
}

macro_rules! bpe_encode_array_module {
    (by_ranks: $($ideas:tt)*) => {
        token_encoders_module! {
            /// Texts to numpy.uint32 arrays of tokens' ids: bpe_encode_array(ranks, pattern) -> TokenArrayEncoder.
            bpe_encode_array: TokenArrayEncoder;
            $($ideas)*
        }
    };
}

macro_rules! bpe_encode_batch_module {
    (by_ranks: $($ideas:tt)*) => {
        token_encoders_module! {
            /// Many texts to lists of tokens' ids: bpe_encode_batch(ranks, pattern) -> TokenBatchEncoder.
            bpe_encode_batch: TokenBatchEncoder;
            $($ideas)*
        }
    };
}

macro_rules! bpe_decode_module {
    (by_ranks: $($idea:ident),*;) => {
        /// Lists of tokens' ids to bytes: bpe_decode(ranks) -> TokenDecoder, one idea per function.
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod bpe_decode {
            use crate::python::stubs::DictOfRanks;
            use pyo3::prelude::*;

            #[pymodule_export]
            use crate::python::bpe::TokenDecoder;

            $(
                #[doc = env!(concat!("DOC_bpe_decode_", stringify!($idea)))]
                #[pyfunction]
                fn $idea(ranks: DictOfRanks<'_, '_>) -> PyResult<TokenDecoder> {
                    TokenDecoder::new(ranks, crate::bpe_decode::$idea::bpe_decode)
                }
            )*
        }
    };
}

macro_rules! bpe_train_module {
    (by_text: $($idea:ident),*;) => {
        /// Merges of a vocabulary: bpe_train(text, size) -> list[tuple[int, int]], one idea per function.
        #[pyo3::pymodule(submodule, module = "rust_impls")]
        pub mod bpe_train {
            use crate::python::bpe::train;
            use pyo3::prelude::*;
            use pyo3::types::PyString;

            $(
                #[doc = env!(concat!("DOC_bpe_train_", stringify!($idea)))]
                #[pyfunction]
                fn $idea(text: &Bound<'_, PyString>, size: i64) -> PyResult<Vec<(u32, u32)>> {
                    train(text, size, crate::bpe_train::$idea::bpe_train)
                }
            )*
        }
    };
}
