"""``bytes.translate`` of the whole text, once for new characters, once for ids; then widened.

Only for ASCII and Latin-1: other texts go through a dict, character by character.
"""

from __future__ import annotations

from collections.abc import Generator

from py_impls.charset.bytes_translate import charset
from py_impls.encode_int64.bytes_translate import encode_int64
from py_impls.files import finished
from py_impls.whole_texts import Paths, Prepared, steps_by


def prepare(paths: Paths) -> Prepared:
    """Return the vocabulary of the files' texts, in code-point order, and their ids.

    Raises:
        ValueError: A file is not UTF-8; the message says at which byte.
        OSError: A file cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
    """
    prepared: Prepared = finished(steps(paths))
    return prepared


def steps(paths: Paths) -> Generator[str, None, Prepared]:
    """Do the same as ``prepare``, and yield the name of each step when it is done."""
    return steps_by(paths, charset, encode_int64)
