"""Texts and the parts that they are cut into."""

from __future__ import annotations

import math
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SMALLEST_PART, LARGEST_PART = 32 << 20, 512 << 20
"""Bytes of a part, where nobody asks for another: from milliseconds of work on, beside which a line
in the journal is nothing, up to where the four that Dask takes for a task are little."""
PARTS_EACH = 4
"""For each worker, as far as that goes, so that none is left without when others are slow."""
MAY_JOIN = 32
"""Workers on other machines that parts are made for at least, however many have come by then."""
GZIP = b"\x1f\x8b"


STAGES = ("vocabulary", "encoding", "hashing", "writing")
Piece = tuple[str, int, int]
"""Bytes of a file: its path, where they begin and where they end."""


class PreparationError(Exception):
    """The texts cannot be prepared, or not now; the message says why."""


class RequestError(PreparationError):
    """What was asked for cannot be done; the message says what can."""


@dataclass(frozen=True)
class TextFile:
    """A file to be prepared.

    Attributes:
        path: by which it is opened.
        size: in bytes.
        modified: when it was written last, in ns.
    """

    path: str
    size: int
    modified: int

    @property
    def name(self) -> str:
        """Its name without the folder."""
        return Path(self.path).name


@dataclass(frozen=True)
class Part:
    """What is carried out at once.

    Attributes:
        pieces: in the order of the files.
        sources: for each piece, the index of its file.
    """

    pieces: tuple[Piece, ...]
    sources: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """How many it has."""
        return sum(end - start for _, start, end in self.pieces)


def find_sources(paths: Sequence[str]) -> list[TextFile]:
    """Return the files of these paths.

    Raises:
        RequestError: one cannot be read twice, or is no text; the message names it.
        PreparationError: there is not a single byte.
    """
    found = []
    for path in paths:
        try:
            state = Path(path).stat()
            if stat.S_ISDIR(state.st_mode):
                raise RequestError(f"{path}: a folder; name the files in it")
            if not stat.S_ISREG(state.st_mode):
                raise RequestError(
                    f"{path}: a pipe or a device, and it is read twice; write it to a file first"
                )
            with Path(path).open("rb") as file:
                if file.read(len(GZIP)) == GZIP:
                    raise RequestError(f"{path}: packed by gzip; unpack it first")
        except OSError as error:
            raise RequestError(f"{path}: {error.strerror}") from None
        found.append(TextFile(path, state.st_size, state.st_mtime_ns))
    if not sum(source.size for source in found):
        raise PreparationError(f"no characters in {', '.join(paths)}: nothing to prepare")
    return found


def check_unchanged(sources: Sequence[TextFile]) -> None:
    """Check that the files are as they were when we began.

    Raises:
        PreparationError: one is not; the message names it.
    """
    for source in sources:
        try:
            state = Path(source.path).stat()
        except OSError as error:
            raise PreparationError(f"{source.path}: {error.strerror}") from None
        if (state.st_size, state.st_mtime_ns) != (source.size, source.modified):
            raise changed(source.path)


def changed(path: str) -> PreparationError:
    """Return the error for a file that did not stay as it was."""
    return PreparationError(
        f"{path}: changed while it was read; when it is at rest, begin anew with --again"
    )


def part_bytes_of(total: int, workers: int) -> int:
    """Return how long parts are of so many bytes, for so many workers."""
    each = math.ceil(total / (PARTS_EACH * workers))
    return min(max(each, SMALLEST_PART), LARGEST_PART)


def cut(sources: Sequence[TextFile], part_bytes: int) -> list[Part]:
    """Return parts of so many bytes or a few more, the last of fewer, cut between characters.

    Small files share a part. Where a file is not UTF-8 a cut may be anywhere.
    """
    parts: list[Part] = []
    pieces: list[Piece] = []
    owners: list[int] = []
    room = part_bytes
    for index, source in enumerate(sources):
        start = 0
        with Path(source.path).open("rb") as file:
            while start < source.size:
                end = min(start + room, source.size)
                if end < source.size:
                    file.seek(end)
                    # A character goes on for three bytes at most.
                    following = file.read(3)
                    more = (n for n, byte in enumerate(following) if byte & 0xC0 != 0x80)
                    end += next(more, len(following))
                pieces.append((source.path, start, end))
                owners.append(index)
                room -= end - start
                start = end
                if room <= 0:
                    parts.append(Part(tuple(pieces), tuple(owners)))
                    pieces, owners, room = [], [], part_bytes
    if pieces:
        parts.append(Part(tuple(pieces), tuple(owners)))
    return parts
