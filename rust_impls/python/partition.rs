//! Parts of files as Python calls them, for `nanogpt-rs data prepare`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::errors::file_error;
use crate::file_texts::Failure;
use crate::partition as kernels;

/// A piece of a part as Python gives it: a path, and where the piece begins and ends in that file,
/// in bytes.
type PieceTuple = (PathBuf, u64, u64);

fn pieces_of(part: Vec<PieceTuple>) -> Vec<kernels::Piece> {
    let piece = |(path, start, end)| kernels::Piece { path, start, end };
    part.into_iter().map(piece).collect()
}

/// Does `work` without the GIL.
fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Failure> + Send,
) -> PyResult<T> {
    py.detach(work)
        .map_err(|failure| file_error("shards", failure))
}

/// Python functions that are called with bytes while a part is read or written, such as the
/// `update` of a hash.
struct Taps {
    updates: Vec<Py<PyAny>>,
    /// Time that the functions took.
    elapsed: Duration,
    /// The first error that one of them raised. After it, none is called any more.
    error: Option<PyErr>,
}

impl Taps {
    fn new(updates: Option<Vec<Py<PyAny>>>) -> Self {
        Self {
            updates: updates.unwrap_or_default(),
            elapsed: Duration::ZERO,
            error: None,
        }
    }

    /// Calls the function at `index`, if there is one, with some bytes.
    fn give(&mut self, index: usize, bytes: &[u8]) {
        let (Some(update), None) = (self.updates.get(index), &self.error) else {
            return;
        };
        let start = Instant::now();
        let result = Python::attach(|py| update.call1(py, (PyBytes::new(py, bytes),)).map(drop));
        self.error = result.err();
        self.elapsed += start.elapsed();
    }

    /// The seconds that the functions took, or the error that one of them raised.
    fn finish(self) -> PyResult<f64> {
        self.error.map_or(Ok(self.elapsed.as_secs_f64()), Err)
    }
}

/// Parts of files, which can be turned into shards on several cores or machines. A part consists of
/// pieces: a path, and the bytes where the piece begins and ends. All functions run without the
/// GIL.
#[pymodule(submodule, module = "rust_impls")]
pub mod partition {
    use std::slice;

    use pyo3::buffer::PyBuffer;
    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;
    use pyo3::types::PyString;

    use super::{PathBuf, Taps, detached, kernels, pieces_of};
    use crate::bpe::split::Pattern;
    use crate::partition::tokens;
    use crate::python::bpe::ranks_of_file;
    use crate::python::text::vocabulary_string;
    use crate::python::vocabulary::Vocabulary;

    /// Reads the pieces. Returns their distinct characters in code-point order, the number of their
    /// characters, the CRC-32 of their bytes, and the seconds that the functions in `updates` took.
    ///
    /// The function at a piece's index in `updates` is called with the bytes of that piece.
    #[pyfunction]
    #[pyo3(signature = (pieces, updates = None))]
    fn scan(
        py: Python<'_>,
        pieces: Vec<(PathBuf, u64, u64)>,
        updates: Option<Vec<Py<PyAny>>>,
    ) -> PyResult<(Bound<'_, PyString>, usize, u32, f64)> {
        let (pieces, mut taps) = (pieces_of(pieces), Taps::new(updates));
        let tap = |index, bytes: &[u8]| taps.give(index, bytes);
        let scanned = detached(py, || kernels::scan(&pieces, tap))?;
        let vocabulary = vocabulary_string(py, &scanned.vocabulary)?;
        let hashing = taps.finish()?;
        Ok((vocabulary, scanned.characters, scanned.checksum, hashing))
    }

    /// Writes the ids of the pieces' characters into the files `train` and `val`.
    ///
    /// `position` characters come before these; the first `training` characters of all belong into
    /// `train`, the others into `val`. Returns the number of characters, the CRC-32 of the bytes
    /// read and that of the bytes written, the seconds that the system took to write, and the
    /// seconds that the functions in `updates` took. The first of these two functions is called
    /// with the bytes for `train`, the second with those for `val`.
    #[pyfunction]
    #[pyo3(signature = (pieces, vocabulary, train, val, position, training, updates = None))]
    #[allow(clippy::needless_pass_by_value)] // pyo3 makes new values for each call
    #[allow(clippy::too_many_arguments)] // Python passes them by name
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
        let (pieces, mut taps) = (pieces_of(pieces), Taps::new(updates));
        let place = kernels::Place {
            train: &train,
            val: &val,
            position,
            training,
        };
        let tap = |into_train: bool, bytes: &[u8]| taps.give(usize::from(!into_train), bytes);
        let encoded = detached(py, || kernels::encode(&pieces, &vocabulary.0, &place, tap))?;
        let writing = encoded.writing.as_secs_f64();
        let hashing = taps.finish()?;
        Ok((
            encoded.characters,
            encoded.read,
            encoded.written,
            writing,
            hashing,
        ))
    }

    /// Writes the ids of the tokens of the pieces' text into a file of its own, `out`.
    ///
    /// `vocabulary` is a `.tiktoken` file, and `pattern` one of `gpt2`, `cl100k` and `o200k`. An id
    /// has `width` bytes, 2 or 4. `position` characters come before these; the first `training`
    /// characters of all train, the others validate, and no token crosses that border. Returns the
    /// number of characters, the CRC-32 of the bytes read, the numbers of ids that train and that
    /// validate, which is their order in the file, the CRC-32 of the bytes written, and the seconds
    /// that the system took to write.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // pyo3 makes new values for each call
    #[allow(clippy::too_many_arguments)] // Python passes them by name
    fn encode_tokens(
        py: Python<'_>,
        pieces: Vec<(PathBuf, u64, u64)>,
        vocabulary: PathBuf,
        pattern: &str,
        width: usize,
        out: PathBuf,
        position: u64,
        training: u64,
    ) -> PyResult<(u64, u32, u64, u64, u32, f64)> {
        let Some(pattern) = Pattern::from_name(pattern) else {
            let message = format!("no pattern {pattern:?}; there are gpt2, cl100k and o200k");
            return Err(PyValueError::new_err(message));
        };
        let pieces = pieces_of(pieces);
        let ranks = ranks_of_file(&vocabulary)?;
        let tokenizer = tokens::Tokenizer {
            ranks: &ranks,
            pattern,
            width,
        };
        let place = tokens::Characters { position, training };
        let done = detached(py, || {
            tokens::encode_tokens(&pieces, tokenizer, &out, place)
        })?;
        Ok((
            done.characters,
            done.read,
            done.train,
            done.val,
            done.written,
            done.writing.as_secs_f64(),
        ))
    }

    /// The first place at or after `start` where the text of a file can be cut so that both halves
    /// have the byte-pair tokens of the whole; `None` if there is none.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // pyo3 makes new values for each call
    fn next_cut(py: Python<'_>, path: PathBuf, start: u64) -> PyResult<Option<u64>> {
        detached(py, || tokens::next_cut(&path, start))
    }

    /// The CRC-32 of the pieces' bytes.
    #[pyfunction]
    fn checksum(py: Python<'_>, pieces: Vec<(PathBuf, u64, u64)>) -> PyResult<u32> {
        let pieces = pieces_of(pieces);
        detached(py, || kernels::checksum(&pieces))
    }

    /// The CRC-32 of `data` after other bytes, whose CRC-32 is `before` (0 if there are none).
    /// Nobody may write to `data` meanwhile.
    #[pyfunction]
    #[allow(clippy::needless_pass_by_value)] // dropping the buffer gives it back
    fn crc32(py: Python<'_>, data: PyBuffer<u8>, before: u32) -> PyResult<u32> {
        if !data.is_c_contiguous() {
            return Err(PyValueError::new_err("the bytes are not in one piece"));
        }
        if data.len_bytes() == 0 {
            return Ok(before);
        }
        // SAFETY: the buffer is that many bytes in one piece, which stay in their place until it is
        // given back. The caller promises that nobody writes to them.
        let bytes = unsafe { slice::from_raw_parts(data.buf_ptr().cast(), data.len_bytes()) };
        Ok(py.detach(|| {
            let mut checksum = crc32fast::Hasher::new_with_initial(before);
            checksum.update(bytes);
            checksum.finalize()
        }))
    }
}
