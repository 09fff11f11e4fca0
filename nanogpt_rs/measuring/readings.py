"""What the words of a command line name: a function in a file, one in a module, or a statement.

Nothing of what they name is imported or run here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from keyword import iskeyword
from pathlib import Path, PurePath

from nanogpt_rs.measuring.comparing import Comparing
from nanogpt_rs.records.callables import LONGEST_TEXT, Called
from nanogpt_rs.ruler import callables
from nanogpt_rs.ruler.callables import Description, LoadError
from nanogpt_rs.ruler.errors import USAGE, UserError
from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.registry import rows
from nanogpt_rs.ruler.timing import MOST_CONTENDERS

NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
FILE = re.compile(rf"(?P<file>.+\.py):(?P<name>{NAME})")
MODULE = re.compile(rf"(?P<module>{NAME}):(?P<name>{NAME})")
LONGEST_NAME = 60
"""Most characters of a statement that a table shows."""


class ReadingError(UserError):
    """A word names nothing, or two things; the message says which."""

    exit_status = USAGE


@dataclass(frozen=True)
class Reading:
    """What a word names.

    Attributes:
        description: What workers are told.
        name: What tables call it.
        sha256: SHA-256 of its text or its file, in hexadecimal.
        origin: Where it comes from, in words.
    """

    description: Description
    name: str
    sha256: str
    origin: str


def read_word(word: str, folder: Path, setup: str | None = None) -> Reading:
    """Return what a word names.

    Args:
        word: The word, as it was typed.
        folder: The folder that modules are imported from first.
        setup: The setup that a statement has; ``None`` where only a function can be meant.

    Raises:
        ReadingError: It names nothing, or two things.
    """
    readings = [
        reading
        for reading in (of_file(word, folder), of_module(word, folder))
        if reading is not None
    ]
    if len(readings) > 1:
        first, second = (reading.origin for reading in readings)
        raise ReadingError(
            f"{word!r} can be read in two ways: {first}, or {second}",
            hint="rename one of them, or start from another folder",
        )
    if readings:
        return readings[0]
    if match := FILE.fullmatch(word):
        raise ReadingError(f"{word!r}: there is no file {match['file']} here")
    if (match := MODULE.fullmatch(word)) and not iskeyword(match["module"]):
        raise ReadingError(
            f"{word!r}: no module {match['module']} can be imported from this folder, nor is one "
            "installed"
        )
    if setup is None:
        raise ReadingError(f"{word!r} is neither file.py:function nor package.module:function")
    return of_statement(word, folder, setup)


def of_file(word: str, folder: Path) -> Reading | None:
    """Return the function in a file that a word names; ``None`` if there is no such file."""
    match = FILE.fullmatch(word)
    if match is None or not (path := (folder / match["file"]).resolve()).is_file():
        return None
    digest = sha256(path.read_bytes())
    shown = match["file"] if not PurePath(match["file"]).is_absolute() else path.name
    description: Description = {
        "kind": "file",
        "target": f"{path}:{match['name']}",
        "file": str(path),
        "sha256": digest,
    }
    name = f"{path.name}:{match['name']}"
    return Reading(description, name, digest, f"the file {shown}, SHA-256 {digest[:12]}")


def of_module(word: str, folder: Path) -> Reading | None:
    """Return the function in a module that a word names; ``None`` if there is no such module."""
    match = MODULE.fullmatch(word)
    if match is None or iskeyword(match["module"]):
        return None
    place = place_of(match["module"], folder)
    if place is None:
        return None
    digest = sha256(place.read_bytes()) if place.is_file() else sha256(match["module"].encode())
    description: Description = {"kind": "module", "target": word, "folder": str(folder)}
    if place.is_file():
        description |= {"file": str(place), "sha256": digest}
    return Reading(description, word, digest, f"the module {match['module']}")


def place_of(module: str, folder: Path) -> Path | None:
    """Return the file of a module, or its folder; ``None`` where there is no such module."""
    if module in sys.builtin_module_names:
        return Path(module)
    path: Sequence[str] | None = [str(folder), *sys.path]
    place = None
    names = module.split(".")
    for count, name in enumerate(names, 1):
        spec = PathFinder.find_spec(".".join(names[:count]), path)
        if spec is None:
            # Some modules make their submodules themselves, as os makes os.path.
            return place if count > 1 and names[0] in sys.stdlib_module_names else None
        place = Path(spec.origin) if spec.origin else Path(name)
        path = spec.submodule_search_locations or []
    return place


def of_statement(word: str, folder: Path, setup: str) -> Reading:
    """Return the statement that a word is.

    Raises:
        ReadingError: It is not Python, or is the id of an implementation too.
    """
    if tasks := [row.task for row in rows() if row.id == word]:
        raise ReadingError(
            f"{word!r} can be read in two ways: the id of an implementation, whose task is not "
            "named, or a statement",
            hint=f"for the implementation, add --task {tasks[0]}",
        )
    try:
        callables.parsed(word, "the statement")
    except LoadError as error:
        raise ReadingError(
            f"{word!r} is neither file.py:function nor package.module:function, and {error}"
        ) from None
    shown = " ".join(word.split())
    if len(shown) > LONGEST_NAME:
        shown = f"{shown[: LONGEST_NAME - 3]}..."
    description: Description = {
        "kind": "statement",
        "target": word,
        "setup": setup,
        "folder": str(folder),
    }
    digest = sha256(f"{setup}\0{word}".encode())
    return Reading(description, shown, digest, "a statement")


def of_test(word: str, folder: Path) -> Reading:
    """Return the test of pytest that a word names, by its node id.

    Raises:
        ReadingError: It names no test, or its file does not exist.
    """
    place, _, name = word.partition("::")
    if not name:
        raise ReadingError(
            f"{word!r} names no test", hint="a test is named as tests/test_it.py::test_name"
        )
    path = (folder / place).resolve()
    if not path.is_file():
        raise ReadingError(f"{word!r}: there is no file {place} here")
    digest = sha256(path.read_bytes())
    description: Description = {
        "kind": "test",
        "target": word,
        "folder": str(folder),
        "file": str(path),
        "sha256": digest,
    }
    shown = place if not PurePath(place).is_absolute() else path.name
    name = f"{path.name}::{name}"
    return Reading(description, name, digest, f"a test in {shown}, SHA-256 {digest[:12]}")


def told_apart(readings: Sequence[Reading]) -> tuple[str, ...]:
    """Return a name for each reading, and names that differ where readings have the same.

    Files of the same name are told apart by their folders.
    """
    names = [reading.name for reading in readings]
    files: dict[str, set[str]] = {}
    for reading in readings:
        if reading.description["kind"] in ("file", "test"):
            path = PurePath(reading.description["file"])
            files.setdefault(path.name, set()).add(str(path))
    for place, reading in enumerate(readings):
        name, _, _ = reading.name.partition(":")
        if reading.description["kind"] in ("file", "test") and len(files[name]) > 1:
            folder = PurePath(reading.description["file"]).parent.name
            names[place] = f"{folder}/{reading.name}"
    for place, name in enumerate(names):
        before = names[:place].count(name)
        if before:
            names[place] = f"{name} ({before + 1})"
    return tuple(names)


def called_of(
    readings: Sequence[Reading],
    *,
    input: str | None,
    check: str,
    tolerance: float,
) -> tuple[Called, ...]:
    """Return what is recorded of each reading.

    Args:
        readings: The readings, the reference's first.
        input: Name of what makes the arguments.
        check: Name of what compares the answers.
        tolerance: Relative difference up to which two floats count as the same.
    """
    called = []
    for name, reading in zip(told_apart(readings), readings, strict=True):
        description = reading.description
        setup = description.get("setup")
        text = description["target"] if description["kind"] == "statement" else reading.name
        called.append(
            Called(
                id=name,
                form="object" if description["kind"] == "pickle" else description["kind"],
                text=text[:LONGEST_TEXT],
                sha256=reading.sha256,
                origin=reading.origin,
                setup=setup[:LONGEST_TEXT] if setup else None,
                input=input,
                check=check,
                tolerance=tolerance,
            )
        )
    return tuple(called)


@dataclass(frozen=True)
class Choices:
    """How callables are called and how their answers are compared.

    Attributes:
        setup: Text that is run once before each statement.
        input: Word that names the function which makes the arguments.
        check: Word that names the function which compares answers.
        compared: Whether answers are compared.
        tolerance: Relative difference up to which two floats count as the same.
        seconds: Seconds to take at most. ``None``: chosen from the length of a call.
        precise: Whether to go on to the planned precision where a verdict is certain earlier.
        counted: Whether to count the instructions of a call with valgrind.
        tests: Whether the words name tests of pytest, whose calls are compared.
        told: Whether it is only told how answers differ, as each test asserts what is right.
    """

    setup: str = ""
    input: str | None = None
    check: str | None = None
    compared: bool = True
    tolerance: float = 0.0
    seconds: float | None = None
    precise: bool = False
    counted: bool = False
    tests: bool = False
    told: bool = False


def comparing_of(words: Sequence[str], folder: Path, choices: Choices) -> Comparing:
    """Return what is compared, from the words that name it.

    Args:
        words: The reference's word, then those of one or more others.
        folder: The folder that files and modules are looked for in.
        choices: How they are called.

    Raises:
        ReadingError: A word names nothing, or two things, or the words do not fit the choices.
    """
    if len(words) > MOST_CONTENDERS + 1:
        raise ReadingError(
            f"{len(words) - 1} others to compare with the reference, whose rounds at most "
            f"{MOST_CONTENDERS} share",
            hint="name fewer",
        )
    if choices.tests:
        readings = [of_test(word, folder) for word in words]
    else:
        readings = [read_word(word, folder, choices.setup) for word in words]
    are_statements = {reading.description["kind"] == "statement" for reading in readings}
    if choices.setup and True not in are_statements:
        raise ReadingError(
            "a setup is run before statements, and these are functions",
            hint="have --input file.py:function make their arguments",
        )
    if choices.input and True in are_statements:
        raise ReadingError(
            "an input makes arguments for functions, and a statement takes none",
            hint="name functions as file.py:function, or use --setup",
        )
    made = read_word(choices.input, folder) if choices.input else None
    check = read_word(choices.check, folder) if choices.check else None
    unanswered = [
        reading.name
        for reading in readings
        if reading.description["kind"] == "statement"
        and not callables.answers(reading.description["target"])
    ]
    if choices.compared and unanswered:
        raise ReadingError(
            f"{unanswered[0]!r} has no answer to compare: it does not end with an expression",
            hint="end it with one, as in 'x = f(); x', or give --no-check",
        )
    how = "none" if not choices.compared else check.name if check else "same"
    how = "tests" if choices.told else how
    called = called_of(
        readings,
        input=made.name if made else None,
        check=how,
        tolerance=choices.tolerance,
    )
    return Comparing(
        {
            "callables": [reading.description for reading in readings],
            "input": made.description if made else None,
            "check": check.description if check else None,
            "compared": choices.compared,
            "tolerance": choices.tolerance,
            "told": choices.told,
        },
        tuple(one.id for one in called),
        called,
        choices.seconds,
        choices.precise,
        choices.counted,
    )
