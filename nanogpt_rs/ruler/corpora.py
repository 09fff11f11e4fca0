"""The texts that everything is measured on. Every result holds its text's name and SHA-256.

A corpus is named by an id of ``CORPORA`` or by the path of a UTF-8 file. No corpus ever replaces
another: it is an error if the named one cannot be loaded.
"""

from __future__ import annotations

import atexit
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path

from nanogpt_rs.ruler import mixtures, prose, remarks, synthetic, text_files, texts
from nanogpt_rs.ruler.errors import FAILED, NOTHING, USAGE, UserError, did_you_mean
from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.regular import read_regular, write_whole

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


class UnfitCorpusError(CorpusError):
    """A path names something else than a text file."""

    exit_status = USAGE


class ChangedCorpusError(CorpusError):
    """A file is not any more what it was when the command began."""

    exit_status = FAILED
    hint = "once nothing writes to it, run the command again; nothing of the other text is recorded"


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
    """Return the user's own UTF-8 file at the path ``name`` as a corpus.

    Raises:
        UnknownCorpusError, UnfitCorpusError: there is no file of this name, or it is no text.
        CorpusError: it cannot be read.
        ChangedCorpusError: it is not what it was when the command began.
    """
    try:
        return read_text(name)
    except CorpusError:
        if name in _expected:
            raise changed(name) from None
        raise


def read_text(name: str) -> Corpus:
    """Return a file as ``read_file`` does, but report what is wrong with it as it is now."""
    try:
        path = Path(name).expanduser()
        exists = bool(name) and path.exists()
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CorpusError(f"corpus {name}: cannot be looked for: {reason}") from None
    if not exists and name != "-":
        raise UnknownCorpusError(
            f"corpus {name!r}: no such file, and no such id",
            hint=did_you_mean(name, CORPORA, "`nanogpt-rs list corpora` shows all ids"),
        )
    try:
        state = text_files.check(str(path))
        data = read_regular(path)
    except text_files.TextFileError as error:
        raise UnfitCorpusError(f"corpus {name} {error}", hint=error.hint) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CorpusError(f"corpus {name}: cannot be read: {reason}") from None
    digest = sha256(data)
    if digest != _expected.get(name, digest):
        raise changed(name)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"corpus {name}: not UTF-8 at byte {error.start}: {error.reason}",
            hint="convert it first, for example: `iconv -f latin1 -t utf-8 FILE > FILE.utf8`",
        ) from None
    _read[name] = FileState(digest, state.st_size, state.st_mtime_ns, state.st_ino)
    return Corpus(f"file:{path.name}", "a file of your own", digest, text)


def changed(name: str) -> ChangedCorpusError:
    """Return the error for a file that is not any more what it was."""
    there = Path(name).expanduser().exists()
    return ChangedCorpusError(
        f"{name} {'changed' if there else 'disappeared'} while it was measured"
    )


@dataclass(frozen=True)
class FileState:
    """What a file was when it was read.

    Attributes:
        sha256: SHA-256 of its bytes.
        size: Its size in bytes.
        modified: Time of its last modification before it was read, in ns.
        inode: Its number in the file system.
    """

    sha256: str
    size: int
    modified: int
    inode: int


_read: dict[str, FileState] = {}
"""The user's own files that this process has read, by name."""
_expected: dict[str, str] = {}
"""In a worker process: the SHA-256 of those files in the process that started it."""


def files_read() -> dict[str, str]:
    """Return the SHA-256 of each own file of the user, for the order to a worker process."""
    return {name: state.sha256 for name, state in _read.items()}


def expect(hashes: Mapping[str, str]) -> None:
    """Refuse from now on, in a worker process, any other text under these names.

    Args:
        hashes: The SHA-256 of each file, by name.
    """
    _expected.update(hashes)
    remarks.be_quiet()


def document_of(error: CorpusError) -> dict[str, str]:
    """Return an error of this module as a worker process answers with it."""
    return {"kind": type(error).__name__, "message": str(error), "hint": error.hint or ""}


def error_of(document: Mapping[str, str]) -> CorpusError:
    """Return the error that a worker process answered with."""
    kinds = (CorpusError, UnknownCorpusError, UnfitCorpusError, ChangedCorpusError)
    kind = {kind.__name__: kind for kind in kinds}[document["kind"]]
    return kind(document["message"], hint=document["hint"] or None)


def check_unchanged(name: str) -> None:
    """Check that a file that was read before is still the same. This takes some microseconds.

    Only a file that was written to meanwhile is read again.

    Raises:
        ChangedCorpusError: it is not.
    """
    before = _read[name]
    try:
        path = Path(name).expanduser()
        state = path.stat()
        same = (state.st_size, state.st_mtime_ns, state.st_ino) == (
            *(before.size, before.modified, before.inode),
        )
        same = same or sha256(path.read_bytes()) == before.sha256
    except OSError:
        same = False
    if not same:
        raise changed(name)


def own_copy(text: str) -> str:
    """Return an equal ``str`` that shares nothing with ``text``.

    When a contender asks CPython for a text's UTF-8, CPython caches it on the text object. So no
    two contenders may be given the same object.
    """
    return (text + "\0")[:-1]


def cache_folder() -> Path:
    """Return the folder for corpora that are generated or downloaded once."""
    if own := os.environ.get(CACHE_VARIABLE):
        return Path(own)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    else:
        base = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(base or Path.home() / ".cache") / "nanogpt-rs"
    except RuntimeError:  # no HOME, and no account of this user's number
        return passing_cache()


@cache
def passing_cache() -> Path:
    """Return a folder for this process and those that it starts, which is removed at its end."""
    folder = tempfile.TemporaryDirectory(prefix="nanogpt-rs-cache-")
    atexit.register(folder.cleanup)
    os.environ[CACHE_VARIABLE] = folder.name
    return Path(folder.name)


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
                remarks.say(
                    f"corpus {name} is not cached, and is made each time: {error}",
                    f"set {CACHE_VARIABLE} to a folder that you may write to",
                )
        return data.decode()

    return get


def tinyshakespeare() -> str:
    """Return TinyShakespeare from the path that the variable names, the cache or a download."""
    expected = golden_hashes()["tinyshakespeare"]
    if not (explicit := os.environ.get(TINYSHAKESPEARE_VARIABLE)):
        cached_file = cache_folder() / "tinyshakespeare.txt"
        return download(TINYSHAKESPEARE_URL, expected, cached_file).decode()
    try:
        data = read_regular(Path(explicit).expanduser())
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
            f"corpus {cached.stem}: downloading needs the package pooch, which is missing",
            hint=f"`pip install pooch`, or set {TINYSHAKESPEARE_VARIABLE} to the file's path",
        ) from None
    pooch.get_logger().setLevel("WARNING")
    try:
        path = pooch.retrieve(url, f"sha256:{expected_sha256}", cached.name, cached.parent)
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a wrong hash; OSError: the rest
        raise CorpusError(
            f"corpus {cached.stem}: cannot be downloaded from {url}: {error}",
            hint=f"download it yourself and set {TINYSHAKESPEARE_VARIABLE} to its path",
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


def mixed(
    id: str, description: str, make: Callable[[list[str], int], str]
) -> tuple[str, CorpusSource]:
    """Return an id and the source of a text that ``make`` mixes from the words of ``synthetic``."""
    words = re.compile("[A-Za-z]+")
    source = cached(id, lambda: make(words.findall(synthetic_text()), WHOLE))
    return id, CorpusSource(f"{description} (synthetic text)", source)


def made_of_words(
    id: str, description: str, make: Callable[[int], str]
) -> tuple[str, CorpusSource]:
    """Return an id, which names the size, and the source of a text of random words."""
    size = SIZES[id.split("-")[-2]]
    source = cached(id, lambda: make(size))
    return id, CorpusSource(f"{size:,} characters of {description} (synthetic text)", source)


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
    **dict(
        (
            mixed("markdown-1m-ucs4", "Markdown with emoji", mixtures.markdown),
            mixed("source-1m-latin1", "source code with accents", mixtures.source_code),
            mixed("manual-1m-ucs2", "Chinese prose with ASCII words", mixtures.manual),
        )
    ),
    **dict(
        (
            made_of_words("english-words-1m-ascii", "English words", prose.english),
            made_of_words("russian-words-1m-ucs2", "Russian words", prose.russian),
            made_of_words("japanese-words-1m-ucs2", "Japanese words", prose.japanese),
            made_of_words("english-words-64m-ascii", "English words", prose.english),
            made_of_words("unrepeated-1m-ascii", "words, none of them twice", prose.unrepeated),
            made_of_words("english-words-1k-ascii", "English words", prose.english),
        )
    ),
}
