"""``bytes.translate`` of the whole file, once for what is new and once for ids; then widened.

ASCII and Latin-1 only: other texts go through a dict, character by character.
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
        ValueError: a file is not UTF-8; the message says at which byte.
        OSError: one cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
    """
    prepared: Prepared = finished(steps(paths))
    return prepared


def steps(paths: Paths) -> Generator[str, None, Prepared]:
    """Do the same, and yield the name of each step that is done."""
    return steps_by(paths, charset, encode_int64)
