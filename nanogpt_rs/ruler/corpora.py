"""The texts that everything is measured on. Every result holds its text's name and SHA-256.

A corpus is named by an id of ``CORPORA`` or by the path of a UTF-8 file. No corpus ever replaces
another: it is an error if the named one cannot be loaded.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property, partial
from pathlib import Path

from nanogpt_rs.ruler import synthetic, texts
from nanogpt_rs.ruler.errors import NOTHING, USAGE, UserError

TINYSHAKESPEARE_VARIABLE = "NANOGPT_RS_TINYSHAKESPEARE"
CACHE_VARIABLE = "NANOGPT_RS_CACHE"
TINYSHAKESPEARE_URL = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/"
    "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/input.txt"
)
DEFAULT = "synthetic"


class CorpusError(UserError):
    """A corpus cannot be loaded; the message says which one, why, and what would help."""

    exit_status = NOTHING


class UnknownCorpusError(CorpusError):
    """A name is neither the id of a corpus nor the path of a file."""

    exit_status = USAGE


@dataclass(frozen=True)
class Corpus:
    """A text to measure on.

    Attributes:
        id: An id of ``CORPORA``, or ``file:NAME`` for a user's own file (without its folder).
        description: A description, which names a synthetic text as such.
        sha256: SHA-256 of the text's UTF-8, in hexadecimal.
        text: The text itself.
    """

    id: str
    description: str
    sha256: str
    text: str

    @cached_property
    def width(self) -> str:
        """How CPython stores the text: ``ascii``, ``latin1``, ``ucs2`` or ``ucs4``."""
        return texts.width(self.text)


@dataclass(frozen=True)
class CorpusSource:
    """The source of one corpus.

    Attributes:
        description: A description, which names a synthetic text as such.
        make: Finds or makes the text.
    """

    description: str
    make: Callable[[], str]


def load(name: str) -> Corpus:
    """Return the corpus with this id, or the UTF-8 file at this path.

    Raises:
        UnknownCorpusError: there is neither a corpus nor a file of this name.
        CorpusError: the corpus cannot be loaded, or its hash is another than the known one.
    """
    if name not in CORPORA:
        return read_file(name)
    source = CORPORA[name]
    text = source.make()
    expected = golden_hashes()[name]
    if (actual := sha256(text.encode())) != expected:
        raise CorpusError(
            f"corpus {name}: SHA-256 is {actual}, not {expected}; this Python made another text"
        )
    return Corpus(name, source.description, expected, text)


@cache
def golden_hashes() -> dict[str, str]:
    """Return the SHA-256 of every corpus by its id, from ``corpora.sha256``."""
    lines = Path(__file__).with_name("corpora.sha256").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in map(str.split, lines)}


def read_file(name: str) -> Corpus:
    """Return the user's own UTF-8 file at the path ``name`` as a corpus."""
    try:
        path = Path(name).expanduser()
        exists, regular = bool(name) and path.exists(), path.is_file()
    except (OSError, ValueError, RuntimeError) as error:
        raise CorpusError(f"corpus {name}: cannot be looked for: {error}") from None
    if not exists:
        similar = get_close_matches(name, CORPORA, n=3)
        hint = f"; near: {', '.join(similar)}" if similar else ""
        raise UnknownCorpusError(
            f"corpus {name!r}: no such file, and no such id "
            f"(`nanogpt-rs list corpora` shows all){hint}"
        )
    if not regular:
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

    When a contender asks CPython for a text's UTF-8, CPython caches it on the text object. So no
    two contenders may be given the same object.
    """
    return (text + "\0")[:-1]


def sha256(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def cache_folder() -> Path:
    """Return the folder for corpora that are generated or downloaded once."""
    if own := os.environ.get(CACHE_VARIABLE):
        return Path(own)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    else:
        base = os.environ.get("XDG_CACHE_HOME")
    return Path(base or Path.home() / ".cache") / "nanogpt-rs"


def cached(name: str, make: Callable[[], str]) -> Callable[[], str]:
    """Return a function that makes a text once with ``make``, and then reads it from the cache.

    It is meant for texts that take a second or longer to make. The hash of a cached text is
    checked. If the cache cannot be written, the text is made each time.
    """

    def get() -> str:
        path = cache_folder() / f"{name}.txt"
        try:
            data = path.read_bytes()
        except OSError:
            data = b""
        if sha256(data) != golden_hashes()[name]:
            data = make().encode()
            try:
                write_whole(path, data)
            except OSError as error:
                print(f"nanogpt-rs: corpus {name} is not cached: {error}", file=sys.stderr)
        return data.decode()

    return get


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that neither a reader nor a crash ever finds a part of it at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def tinyshakespeare() -> str:
    """Return TinyShakespeare from the path that the variable names, the cache or a download."""
    expected = golden_hashes()["tinyshakespeare"]
    if not (explicit := os.environ.get(TINYSHAKESPEARE_VARIABLE)):
        cached_file = cache_folder() / "tinyshakespeare.txt"
        return download(TINYSHAKESPEARE_URL, expected, cached_file).decode()
    try:
        data = Path(explicit).expanduser().read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CorpusError(
            f"corpus tinyshakespeare: {TINYSHAKESPEARE_VARIABLE}={explicit}: {reason}"
        ) from None
    if (actual := sha256(data)) != expected:
        raise CorpusError(
            f"corpus tinyshakespeare: {TINYSHAKESPEARE_VARIABLE}={explicit} is another file: "
            f"SHA-256 {actual}, not {expected}"
        )
    return data.decode()


def download(url: str, expected_sha256: str, cached: Path) -> bytes:
    """Return the file with this hash from the path ``cached``; download it if it is not there.

    Raises:
        CorpusError: the file cannot be downloaded, or has another hash. Nothing is kept then.
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
        path = pooch.retrieve(url, f"sha256:{expected_sha256}", cached.name, cached.parent)
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a wrong hash; OSError: the rest
        raise CorpusError(
            f"corpus {cached.stem}: cannot be downloaded from {url}: {error}\n"
            f"Download it yourself and set {TINYSHAKESPEARE_VARIABLE} to its path."
        ) from None


# The corpora. An id names language, size and width (the storage that CPython chooses for the widest
# character: ascii, latin1, ucs2 or ucs4). Append only: results are kept by id.

SIZES = {
    "1": 1,
    "60": 60,
    "1k": 1_024,
    "64k": 65_536,
    "1m": 1_115_394,  # TinyShakespeare's length
    "64m": 67_108_864,
    "1g": 1_073_741_824,
}


def english(size: str) -> str:
    """Return the beginning of ``synthetic``, which is repeated if it is too short."""
    return texts.repeated(synthetic_text(), SIZES[size])


def sized(language: str, size: str) -> CorpusSource:
    """Return the source of ``synthetic`` in another alphabet, in this size."""
    alphabet = texts.ALPHABETS[language]
    return CorpusSource(
        f"{SIZES[size]:,} characters of synthetic, {alphabet.description}",
        lambda: texts.repeated(alphabet.respell(synthetic_text()), SIZES[size]),
    )


def respelt(language: str) -> CorpusSource:
    """Return the source of the real TinyShakespeare in another alphabet."""
    alphabet = texts.ALPHABETS[language]
    return CorpusSource(
        f"the real TinyShakespeare, {alphabet.description}",
        lambda: alphabet.respell(tinyshakespeare()),
    )


synthetic_text = cached("synthetic", lambda: synthetic.generate(*synthetic.read_pairs()))
WHOLE = SIZES["1m"]

CORPORA: dict[str, CorpusSource] = {
    "synthetic": CorpusSource(
        "a seeded random walk over TinyShakespeare's letter pairs (synthetic text)", synthetic_text
    ),
    "tinyshakespeare": CorpusSource("the real TinyShakespeare", tinyshakespeare),
    "empty": CorpusSource("no character at all", str),
    **{
        f"english-{size}-ascii": CorpusSource(
            f"the first {SIZES[size]:,} characters of synthetic", partial(english, size)
        )
        for size in ("1", "60", "1k", "64k")
    },
    **{
        f"english-{size}-ascii": CorpusSource(
            f"synthetic, repeated to {SIZES[size]:,} characters", partial(english, size)
        )
        for size in ("64m", "1g")
    },
    **{
        f"{language}-{size}-{alphabet.width}": sized(language, size)
        for language, alphabet in texts.ALPHABETS.items()
        for size in ("60", "1k", "64k", "1m", "64m")
    },
    **{f"tinyshakespeare-{language}": respelt(language) for language in texts.ALPHABETS},
    "chat-1m-ucs4": CorpusSource(
        "synthetic with an emoji in every hundred characters",
        lambda: texts.with_emoji(synthetic_text()),
    ),
    "tail-1m-ucs2": CorpusSource(
        "synthetic, its last character a wide one", lambda: synthetic_text()[:-1] + "漢"
    ),
    "last-1m-ascii": CorpusSource(
        "synthetic, its last character one that occurs nowhere else",
        lambda: synthetic_text()[:-1] + "~",
    ),
    "han1000-1m-ucs2": CorpusSource(
        "1,000 distinct characters, some common and most rare (synthetic text)",
        cached("han1000-1m-ucs2", lambda: texts.zipf(1_000, WHOLE)),
    ),
    "han5000-1m-ucs2": CorpusSource(
        "5,000 distinct characters, some common and most rare (synthetic text)",
        cached("han5000-1m-ucs2", lambda: texts.zipf(5_000, WHOLE)),
    ),
    "distinct-1m-ucs4": CorpusSource(
        "every character of Unicode once, shuffled: 1,112,064",
        cached("distinct-1m-ucs4", texts.every_character),
    ),
    "random-1m-latin1": CorpusSource(
        "random bytes, read as Latin-1",
        cached("random-1m-latin1", lambda: texts.random_bytes(WHOLE)),
    ),
}
