"""Numbers that the oracles of byte-pair encoding compute, kept on the disk.

Each row is verified in a process of its own, and all of these would compute the same numbers.
"""

from __future__ import annotations

import hashlib
import unicodedata
from array import array
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from nanogpt_rs.ruler import corpora
from nanogpt_rs.ruler.regular import write_whole

CODE = ("bpe_edges.py", "bpe_oracles.py", "bpe_split.py", "bpe_vocabularies.py", "bpe.py")
"""The files whose code computes what is kept, which must not outlive it."""


@lru_cache(maxsize=1)
def version() -> str:
    """Return a hash of what the numbers depend on beside their text: the code, and Unicode."""
    folder = Path(__file__).parent
    code = b"".join((folder / name).read_bytes() for name in CODE)
    return hashlib.sha256(unicodedata.unidata_version.encode() + code).hexdigest()


def kept(name: str, text: str, compute: Callable[[], list[int]]) -> list[int]:
    """Return numbers that are computed from a text, from the disk if they were computed before.

    Args:
        name: What is computed.
        text: The text.
        compute: Computes the numbers, each less than 2**32.
    """
    data = text.encode(errors="surrogatepass")
    key = hashlib.sha256(f"{name} {version()} ".encode() + data).hexdigest()
    path = corpora.cache_folder() / "bpe" / f"{key}.uint32"
    numbers = array("I")
    with suppress(OSError, ValueError):
        data = path.read_bytes()
        if hashlib.sha256(data[32:]).digest() == data[:32]:
            numbers.frombytes(data[32:])
            return numbers.tolist()
    numbers.extend(compute())
    data = numbers.tobytes()
    with suppress(OSError):
        write_whole(path, hashlib.sha256(data).digest() + data)
    return numbers.tolist()
