"""The texts that everything is measured on; name and SHA-256 of each travel with every result.

A corpus is asked for by an id of ``CORPORA`` or by a path to a UTF-8 file. One is never replaced
by another: if what was asked for cannot be had, that is an error.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import synthetic

TINYSHAKESPEARE_VARIABLE = "NANOGPT_RS_TINYSHAKESPEARE"
CACHE_VARIABLE = "NANOGPT_RS_CACHE"
TINYSHAKESPEARE_URL = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/"
    "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/input.txt"
)
DEFAULT = "synthetic"


class CorpusError(Exception):
    """A corpus cannot be had; the message says which, why and what would help."""


class UnknownCorpusError(CorpusError):
    """What was asked for is neither an id nor a file."""


@dataclass(frozen=True)
class Corpus:
    """A text to measure on.

    Attributes:
        id: an id of ``CORPORA``, or ``file:NAME`` for a user's own file (never its folder).
        description: what it is; says so where it is synthetic.
        sha256: of the text as UTF-8, in hexadecimal.
        text: the text itself.

    """

    id: str
    description: str
    sha256: str
    text: str


@dataclass(frozen=True)
class Source:
    """How to come by one corpus: its golden hash, and who makes or finds the bytes."""

    description: str
    sha256: str
    get: Callable[[Source], bytes]


def load(name: str) -> Corpus:
    """Return the corpus with this id, or the UTF-8 file at this path.

    Raises:
        UnknownCorpusError: ``name`` is neither.
        CorpusError: the corpus cannot be had, or is not what its hash says.

    """
    if name not in CORPORA:
        return read_file(name)
    source = CORPORA[name]
    data = source.get(source)
    if (found := sha256(data)) != source.sha256:
        raise CorpusError(
            f"corpus {name}: SHA-256 is {found}, not {source.sha256}; this Python made another text"
        )
    return Corpus(name, source.description, source.sha256, data.decode())


def read_file(name: str) -> Corpus:
    """Return the user's own UTF-8 file at path ``name`` as a corpus."""
    path = Path(name).expanduser()
    if not name or not path.exists():
        known = ", ".join(CORPORA)
        raise UnknownCorpusError(f"corpus {name!r}: no such file, and no such id (ids: {known})")
    if not path.is_file():
        raise CorpusError(f"corpus {name}: is a folder or a device, not a regular file")
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise CorpusError(f"corpus {name}: cannot be read: {error}") from None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"corpus {name}: not UTF-8 at byte {error.start}: {error.reason}"
        ) from None
    return Corpus(f"file:{path.name}", "a file of your own", sha256(data), text)


def own_copy(text: str) -> str:
    """Return an equal ``str`` that shares nothing with ``text``.

    A contender that asks CPython for UTF-8 leaves the answer cached on the object it was given,
    so contenders must not be handed the same object.
    """
    return (text + "\0")[:-1]


def sha256(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def cache_folder() -> Path:
    """Return the folder for corpora that were generated or downloaded once."""
    if own := os.environ.get(CACHE_VARIABLE):
        return Path(own)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    else:
        base = os.environ.get("XDG_CACHE_HOME")
    return Path(base or Path.home() / ".cache") / "nanogpt-rs"


def generated(name: str, make: Callable[[], str]) -> Callable[[Source], bytes]:
    """Return a getter for a corpus that ``make`` generates once, into the cache.

    A cache that cannot be written costs time, not the corpus.
    """

    def get(source: Source) -> bytes:
        cached = cache_folder() / f"{name}.txt"
        try:
            data = cached.read_bytes()
        except OSError:
            data = b""
        if sha256(data) != source.sha256:
            data = make().encode()
            try:
                write_whole(cached, data)
            except OSError as error:
                print(f"nanogpt-rs: corpus {name} is not cached: {error}", file=sys.stderr)
        return data

    return get


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` so that no reader, and no crash, ever leaves half of it at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def tinyshakespeare(source: Source) -> bytes:
    """Return TinyShakespeare: an explicit path, else the cache, else a pinned download."""
    if explicit := os.environ.get(TINYSHAKESPEARE_VARIABLE):
        try:
            data = Path(explicit).expanduser().read_bytes()
        except OSError as error:
            raise CorpusError(
                f"corpus tinyshakespeare: {TINYSHAKESPEARE_VARIABLE}={explicit}: {error.strerror}"
            ) from None
        if (found := sha256(data)) != source.sha256:
            raise CorpusError(
                f"corpus tinyshakespeare: {TINYSHAKESPEARE_VARIABLE}={explicit} is another file: "
                f"SHA-256 {found}, not {source.sha256}"
            )
        return data
    return download(TINYSHAKESPEARE_URL, source.sha256, cache_folder() / "tinyshakespeare.txt")


def download(url: str, known_sha256: str, cached: Path) -> bytes:
    """Return the file with this hash from ``cached``, downloading it from ``url`` if need be.

    Raises:
        CorpusError: it cannot be downloaded, or what came has another hash. Nothing is kept then.

    """
    try:
        import pooch
    except ImportError:
        raise CorpusError(
            f"corpus {cached.stem}: downloading needs the package pooch; or set "
            f"{TINYSHAKESPEARE_VARIABLE} to the file's path"
        ) from None
    pooch.get_logger().setLevel("WARNING")
    try:
        path = pooch.retrieve(url, f"sha256:{known_sha256}", cached.name, cached.parent)
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong hash is not
        raise CorpusError(
            f"corpus {cached.stem}: cannot be downloaded from {url}: {error}\n"
            f"Download it yourself and set {TINYSHAKESPEARE_VARIABLE} to its path."
        ) from None


def start_of_synthetic(characters: int, known_sha256: str) -> Source:
    """Return the source of a corpus that is the first ``characters`` of ``synthetic``."""

    def get(_: Source) -> bytes:
        return load("synthetic").text[:characters].encode()

    return Source(f"the first {characters:,} characters of synthetic", known_sha256, get)


CORPORA: dict[str, Source] = {
    "synthetic": Source(
        "a seeded random walk over TinyShakespeare's letter pairs (synthetic text)",
        "705800b819a44403d16098a9ece300248e3dc40810001f4bfe562ca66d01a61f",
        generated("synthetic", lambda: synthetic.generate(*synthetic.read_pairs())),
    ),
    "tinyshakespeare": Source(
        "the real TinyShakespeare",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        tinyshakespeare,
    ),
    "english-60-ascii": start_of_synthetic(
        60, "3dc30ce1bcc0c6f113e9838937748e174f8b5cc10124feb60a02853a192e24e2"
    ),
    "english-1k-ascii": start_of_synthetic(
        1_024, "21423668d4b438d6b210934fa30a9155cdef963c557acd855fb0bd48ef3773f9"
    ),
    "english-64k-ascii": start_of_synthetic(
        65_536, "7af774b52d9feb48ba078818079cfb9bde1d150f74cf22e76246beda2003f860"
    ),
}
