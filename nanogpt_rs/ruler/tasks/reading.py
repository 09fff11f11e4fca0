"""What tasks that read files have in common: the files, and what every one of them refuses.

A file is UTF-8, and is its characters as ``open(path, encoding="utf-8", newline="")`` reads them:
newlines are not translated, so that decoding gives back the file, byte for byte.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler import files
from nanogpt_rs.ruler.tasks.contract import Example, Later, Refusal, has_surrogate
from nanogpt_rs.ruler.tasks.inputs import EDGES
from nanogpt_rs.ruler.timing import Call

EDGES_IN_FILES = tuple(text for text in EDGES if not has_surrogate(text))
"""The edges without lone surrogates: UTF-8 cannot express them, so that no file holds one."""


def call_on_file(function: Any, text: str) -> Call:
    """Make the call of the contender on the path of a file that holds the text."""
    return function, ([files.path_of(text)],)


def files_read(call: Call) -> list[str]:
    """Return the paths of the files that a call reads."""
    paths: Any = call[1][0]
    return list(paths)


def call_on_paths(function: Any, paths: Sequence[object]) -> Any:
    """Call a contender that is given paths alone, and return its answer."""
    return function(paths)


def file_refusals(*more: Callable[[], object], gzip: bool = False) -> tuple[Refusal, ...]:
    """Return the inputs that every contender that reads files refuses.

    Args:
        more: Functions that make the arguments after the paths, in their order.
        gzip: Whether the message about a gzip file names gzip. The older tasks' message says only
            that the file is not UTF-8.
    """

    def on(paths: object) -> Callable[[Any], object]:
        return lambda contender: contender(paths, *(make() for make in more))

    def on_bytes(*contents: bytes) -> Callable[[Any], object]:
        def attempt(contender: Any) -> object:
            paths = [files.path_of(content) for content in contents]
            try:
                return on(paths)(contender)
            except ValueError as error:  # its message has a path that differs from run to run
                if type(error) is not ValueError:
                    raise
                raise ValueError(str(error).replace(paths[-1], "FILE")) from None

        return attempt

    def not_utf8(case: str, at: int, *contents: bytes, reason: str = "") -> Refusal:
        message = f"FILE: not UTF-8 at byte {at}{reason}"
        return Refusal(case=case, attempt=on_bytes(*contents), error=ValueError, message=message)

    missing = "no/such/file.txt"
    refusals = [
        Refusal(
            case="a file that is not there",
            attempt=on([missing]),
            error=FileNotFoundError,
            message=f"[Errno 2] No such file or directory: {missing!r}",
        ),
        not_utf8("Latin-1", 3, b"caf\xe9 au lait"),
        not_utf8("a character cut short at the end", 2, "ab漢".encode()[:-1]),
        not_utf8("a lone surrogate", 1, b"a\xed\xa0\x80"),
        not_utf8("an overlong form", 0, b"\xc0\x80"),
        not_utf8("beyond Unicode", 5000, b"a" * 5000 + b"\xf4\x90\x80\x80"),
        not_utf8("far into the second file", 600_001, b"ab", b"ab\n" * 200_000 + b"c\xff"),
        not_utf8("a character across two files", 1, b"ab", b"a\xc3"),
        Refusal(case="a path for paths", attempt=on("input.txt"), error=TypeError),
        Refusal(case="None for paths", attempt=on(None), error=TypeError),
        Refusal(case="a file's number for a path", attempt=on([0]), error=TypeError),
    ]
    if gzip:
        reason = ": it is compressed by gzip, as 1f 8b at its start says"
        gzip_file = b"\x1f\x8b\x08\0\0\0\0\0"
        refusals.append(not_utf8("a gzip file", 1, gzip_file, reason=reason))
    if sys.platform != "win32":  # Windows denies the permission instead
        folder = str(Path(__file__).parent)
        refusals.append(
            Refusal(
                case="a folder",
                attempt=on([folder]),
                error=IsADirectoryError,
                message=f"[Errno 21] Is a directory: {folder!r}",
            )
        )
    return tuple(refusals)


def file_examples(
    oracle: Callable[[str], Any], call: Callable[[Any, Any], Any]
) -> tuple[Example, ...]:
    """Return calls on no file, on several files and on unusual ones, with their right answers.

    Args:
        oracle: The task's oracle.
        call: Calls a contender on paths, and returns what is compared with the oracle.
    """

    def example(case: str, text: str, paths: Callable[[], Sequence[object]]) -> Example:
        answer = Later(lambda: oracle(text))
        return Example(case=case, attempt=lambda f: call(f, paths()), answer=answer)

    def written(*texts: str) -> Callable[[], list[str]]:
        return lambda: list(map(files.path_of, texts))

    def long_files() -> tuple[str, ...]:  # made when they are asked for: that takes long
        return "ab\n" * 100_000, "Ωж漢😀" * 70_000, "z"

    return (
        example("no file", "", list),
        example("several files, in their order", "bacabé", written("ba", "", "ca", "bé")),
        example("the same file twice", "abab", written("ab", "ab")),
        example("a tuple", "ab", lambda: tuple(written("ab")())),
        example("a path object", "ab", lambda: [Path(files.path_of("ab"))]),
        example("a byte order mark, which is a character", "\ufeffab", written("\ufeffab")),
        example("newlines of every kind, which stay", "a\r\nb\rc\n", written("a\r\nb\rc\n")),
        Example(
            case="files longer than a block",
            attempt=lambda f: call(f, written(*long_files())()),
            answer=Later(lambda: oracle("".join(long_files()))),
        ),
    )
