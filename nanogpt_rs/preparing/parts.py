"""The text files of a preparation, and the parts that they are cut into."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name

from nanogpt_rs.ruler import text_files
from nanogpt_rs.ruler.errors import USAGE, UserError

SMALLEST_PART, LARGEST_PART = 32 << 20, 512 << 20
"""Smallest and largest size of a part in bytes, by default. The smallest is some milliseconds of
work, beside which a line in the journal costs nothing. Beside the largest, the four milliseconds
that Dask spends on a task are little."""
PARTS_PER_WORKER = 4
"""Parts for each worker, if they are not too small or too large. With several, no worker is left
without work while a slow one finishes."""
LEAST_REMOTE_WORKERS = 32
"""Number of workers on other machines that parts are made for at least, as more may join later."""

Piece = tuple[str, int, int]
"""A range of bytes in a file: the file's path, where the range begins and where it ends."""


class PreparationError(UserError):
    """The texts cannot be prepared, or not now; the message says why."""


class RequestError(PreparationError):
    """The request cannot be met; the message says what to request instead."""

    exit_status = USAGE


@dataclass(frozen=True)
class TextFile:
    """A file to prepare.

    Attributes:
        path: Path that it is opened by.
        size: Size in bytes.
        modified: Time of its last modification, in ns.
    """

    path: str
    size: int
    modified: int

    @property
    def name(self) -> str:
        """Name of the file without its folder."""
        return Path(self.path).name


@dataclass(frozen=True)
class Part:
    """The bytes that a kernel works on in one call.

    Attributes:
        pieces: Ranges of bytes, in the order of the files.
        sources: Index of each piece's file.
    """

    pieces: tuple[Piece, ...]
    sources: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Size of the part in bytes."""
        return sum(end - start for _, start, end in self.pieces)


def find_sources(paths: Sequence[str]) -> list[TextFile]:
    """Return the files of these paths.

    Raises:
        RequestError: A file cannot be read twice, or is not a text; the message names it.
        PreparationError: All files are empty.
    """
    sources = []
    for path in paths:
        try:
            state = text_files.check(path)
        except text_files.TextFileError as error:
            raise RequestError(f"{path} {error}", hint=error.hint) from None
        except OSError as error:
            raise RequestError(f"{path}: {error.strerror}") from None
        sources.append(TextFile(path, state.st_size, state.st_mtime_ns))
    if not sum(source.size for source in sources):
        raise PreparationError(f"no characters in {', '.join(paths)}: nothing to prepare")
    return sources


def check_unchanged(sources: Sequence[TextFile]) -> None:
    """Check that the files have not changed since the preparation began.

    Raises:
        PreparationError: A file has changed; the message names it.
    """
    for source in sources:
        try:
            state = Path(source.path).stat()
        except OSError as error:
            raise PreparationError(f"{source.path}: {error.strerror}") from None
        if (state.st_size, state.st_mtime_ns) != (source.size, source.modified):
            raise changed(source.path)


def changed(path: str) -> PreparationError:
    """Return the error for a file that changed."""
    return PreparationError(
        f"{path}: changed while it was read",
        hint="once nothing writes to it, repeat the command; data prepare takes --again then",
    )


def part_bytes_of(total: int, workers: int) -> int:
    """Return the size of a part, given the size of all texts and the number of workers."""
    size = math.ceil(total / (PARTS_PER_WORKER * workers))
    return min(max(size, SMALLEST_PART), LARGEST_PART)


Cut = Callable[[TextFile, int], int]
"""Function from a file and a position in it to the place at or after it where a part may end."""


def between_characters(source: TextFile, position: int) -> int:
    """Return the first place at or after a position that is not within a character."""
    with Path(source.path).open("rb") as file:
        file.seek(position)
        # A character has at most three bytes after its first.
        following = file.read(3)
    more = (n for n, byte in enumerate(following) if byte & 0xC0 != 0x80)
    return position + next(more, len(following))


def between_tokens(source: TextFile, position: int) -> int:
    """Return the first place at or after a position that no byte-pair token goes across.

    Raises:
        OSError: The file cannot be read.
    """
    next_cut = resolve_name("rust_impls:partition.next_cut")
    cut: int | None = next_cut(source.path, position)
    return source.size if cut is None else min(cut, source.size)


def cut(sources: Sequence[TextFile], part_bytes: int, at: Cut = between_characters) -> list[Part]:
    """Return parts of ``part_bytes`` or more, cut at the next place where they may be.

    A place between characters is up to three bytes further. Small files share a part, and the last
    part may be smaller. Where a file is not UTF-8, a cut may be anywhere. Between tokens, a part
    ends within a file, and never where two files meet.

    Args:
        sources: The files.
        part_bytes: About how many bytes a part has.
        at: Finds the place where a part may end.
    """
    parts: list[Part] = []
    pieces: list[Piece] = []
    owners: list[int] = []
    left = part_bytes
    for index, source in enumerate(sources):
        start = 0
        while start < source.size:
            end = min(start + max(left, 1), source.size)
            if end < source.size:
                end = at(source, end)
            pieces.append((source.path, start, end))
            owners.append(index)
            left -= end - start
            start = end
            # A token may go on in the next file.
            if left <= 0 and (end < source.size or at is between_characters):
                parts.append(Part(tuple(pieces), tuple(owners)))
                pieces, owners, left = [], [], part_bytes
    if pieces:
        parts.append(Part(tuple(pieces), tuple(owners)))
    return parts
