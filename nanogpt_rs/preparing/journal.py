"""The journal of a preparation: what is done and need not be done again."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nanogpt_rs.preparing.parts import PreparationError, RequestError
from nanogpt_rs.records.durable import append_whole, checksum, whole_lines

JOURNAL = "journal.jsonl"


JOURNAL_FORMAT = "nanogpt-rs journal 1"


@dataclass(frozen=True)
class Scan:
    """What a part holds.

    Attributes:
        vocabulary: its distinct characters in code-point order.
        characters: how many in all.
        read: CRC-32 of its bytes.
    """

    vocabulary: str
    characters: int
    read: int


@dataclass
class Journal:
    """What is finished, each part as soon as it is, in a file that a crash leaves whole.

    Attributes:
        path: of that file.
        run: a name that the unfinished shards bear.
        part_bytes: about how long each part is.
        scanned: what is known of each part that was read.
        encoded: CRC-32 of the ids of each part that were written.
    """

    path: Path
    run: str
    part_bytes: int
    scanned: dict[int, Scan] = field(default_factory=dict)
    encoded: dict[int, int] = field(default_factory=dict)

    def keep_scan(self, part: int, scan: Scan) -> None:
        """Note that a part was read.

        Raises:
            OSError: the disk is full, say; the file is as it was.
        """
        self.append("scanned", part=part, **vars(scan))
        self.scanned[part] = scan

    def keep_encoded(self, part: int, written: int) -> None:
        """Note that a part's ids were written.

        Raises:
            OSError: as above.
        """
        self.append("encoded", part=part, written=written)
        self.encoded[part] = written

    def append(self, kind: str, **body: Any) -> None:
        """Add a line."""
        append_whole(self.path, line(kind, **body))


def line(kind: str, **body: Any) -> bytes:
    """Return a line of a journal."""
    body = {"kind": kind, **body}
    return json.dumps({**body, "checksum": checksum(body)}).encode() + b"\n"


def open_journal(folder: Path, request: dict[str, Any], any_parts: bool) -> Journal:
    """Return the journal in a folder, which is begun if there is none.

    A last line that a crash cut off is dropped: its part is done again.

    Args:
        folder: of the shards.
        request: what is asked for.
        any_parts: whether parts may be as long as they are in the journal there is.

    Raises:
        RequestError: the one there is of another request.
        PreparationError: it is damaged, or cannot be read or written; the message names the line.
    """
    from nanogpt_rs.ruler.corpora import write_whole

    path = folder / JOURNAL
    if not path.exists():
        run = secrets.token_hex(4)
        write_whole(path, line("begun", run=run, **request))
        return Journal(path, run, request["part_bytes"])
    data = whole_lines(path)
    first, *others = enumerate(data.splitlines(), 1)
    begun = read_line(path, *first, "begun")
    run = begun.pop("run")
    if any_parts:
        request = {**request, "part_bytes": begun.get("part_bytes")}
    if begun != request:
        what = next(each for each in request if begun.get(each) != request[each])
        raise RequestError(
            f"{folder}: holds an interrupted preparation of {WHAT[what]}; repeat that one's "
            "arguments, name another folder, or begin anew with --again"
        )
    journal = Journal(path, run, begun["part_bytes"])
    for number, each in others:
        body = read_line(path, number, each, None)
        kind, part = body.pop("kind"), body.pop("part")
        if kind == "scanned":
            journal.scanned[part] = Scan(**body)
        else:
            journal.encoded[part] = body["written"]
    return journal


WHAT = {
    "format": "another version of nanogpt-rs",
    "version": "another version of nanogpt-rs",
    "part_bytes": "parts of another size",
    "sources": "other files, or of files that have changed since",
}
"""What differs, in words, where a field of a request does."""


def read_line(path: Path, number: int, data: bytes, kind: str | None) -> dict[str, Any]:
    """Return the body of a line, without its kind if that is known.

    Raises:
        PreparationError: it is damaged.
    """
    try:
        body = json.loads(data)
        if body.pop("checksum") != checksum(body) or body["kind"] != (kind or body["kind"]):
            raise ValueError
    except (ValueError, KeyError, AttributeError, TypeError):
        raise PreparationError(f"{path}, line {number}: damaged; begin anew with --again") from None
    if kind:
        body.pop("kind")
    assert isinstance(body, dict)
    return body
