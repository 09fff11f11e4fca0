"""The journal of a preparation: which parts are finished, so that a resumed run skips them."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nanogpt_rs.preparing.parts import PreparationError, RequestError
from nanogpt_rs.records.durable import append_whole, checksum, whole_lines

JOURNAL = "journal.jsonl"
JOURNAL_FORMAT = "nanogpt-rs journal 2"


@dataclass(frozen=True)
class Scan:
    """The result of reading a part.

    Attributes:
        vocabulary: Distinct characters of the part, in code-point order.
        characters: Number of characters in the part.
        read: CRC-32 of the bytes that were read.
    """

    vocabulary: str
    characters: int
    read: int


@dataclass
class Journal:
    """The finished parts, each noted as soon as it is finished, in a file that survives a crash.

    Attributes:
        path: The file.
        run: A name that is part of the unfinished shards' names.
        part_bytes: About how many bytes a part has.
        scanned: Result of each part that was read, by its number.
        encoded: CRC-32 of the ids of each part that was written, by its number.
        tokens: For tokens, how many ids of each written part train and validate, by its number.
    """

    path: Path
    run: str
    part_bytes: int
    scanned: dict[int, Scan] = field(default_factory=dict)
    encoded: dict[int, int] = field(default_factory=dict)
    tokens: dict[int, tuple[int, int]] = field(default_factory=dict)

    def keep_scan(self, part: int, scan: Scan) -> None:
        """Note that a part was read.

        Raises:
            OSError: The line cannot be written, perhaps because the disk is full; the file is then
                as it was.
        """
        self.append("scanned", part=part, **vars(scan))
        self.scanned[part] = scan

    def keep_encoded(self, part: int, written: int) -> None:
        """Note that a part's ids were written.

        Args:
            part: Number of the part.
            written: CRC-32 of its ids.

        Raises:
            OSError: The line cannot be written; the file is then as it was.
        """
        self.append("encoded", part=part, written=written)
        self.encoded[part] = written

    def keep_tokens(self, part: int, written: int, train: int, val: int) -> None:
        """Note that a part's tokens were written.

        Args:
            part: Number of the part.
            written: CRC-32 of its ids.
            train: Number of its ids that train.
            val: Number of its ids that validate.

        Raises:
            OSError: The line cannot be written; the file is then as it was.
        """
        self.append("encoded", part=part, written=written, train=train, val=val)
        self.encoded[part], self.tokens[part] = written, (train, val)

    def append(self, kind: str, **body: Any) -> None:
        """Append a line to the file."""
        append_whole(self.path, line(kind, **body))


def line(kind: str, **body: Any) -> bytes:
    """Return a line of a journal."""
    body = {"kind": kind, **body}
    return json.dumps({**body, "checksum": checksum(body)}).encode() + b"\n"


def open_journal(folder: Path, request: dict[str, Any], any_parts: bool) -> Journal:
    """Return the journal in a folder; begin one if there is none.

    A last line that a crash cut off is dropped, and its part is done a second time.

    Args:
        folder: Folder of the shards.
        request: The request, as ``request_of`` describes it.
        any_parts: Whether an existing journal's parts may have another size than the request's.

    Raises:
        RequestError: The journal belongs to another request.
        PreparationError: The journal is damaged; the message names the line.
        OSError: The journal cannot be read or written.
    """
    from nanogpt_rs.ruler.regular import write_whole

    path = folder / JOURNAL
    if not path.exists():
        run = secrets.token_hex(4)
        write_whole(path, line("begun", run=run, **request))
        return Journal(path, run, request["part_bytes"])
    data = whole_lines(path)
    if not data:  # a crash of the system left nothing of it: no part was noted
        path.unlink()
        return open_journal(folder, request, any_parts)
    first, *others = enumerate(data.splitlines(), 1)
    begun = read_line(path, *first)
    run = begun.pop("run")
    if any_parts:
        request = {**request, "part_bytes": begun.get("part_bytes")}
    if begun != request:
        name = next(name for name, value in request.items() if begun.get(name) != value)
        raise RequestError(
            f"{folder}: holds an interrupted preparation of {DIFFERENCES[name]}",
            hint="repeat that one's arguments, name another folder, or begin anew with --again",
        )
    journal = Journal(path, run, begun["part_bytes"])
    for number, data in others:
        body = read_line(path, number, data)
        kind, part = body.pop("kind"), body.pop("part")
        if kind == "scanned":
            journal.scanned[part] = Scan(**body)
        else:
            journal.encoded[part] = body["written"]
            if "train" in body:
                journal.tokens[part] = body["train"], body["val"]
    return journal


DIFFERENCES = {
    "format": "another version of nanogpt-rs",
    "version": "another version of nanogpt-rs",
    "part_bytes": "parts of another size",
    "sources": "other files, or of files that have changed since",
    "tokenizer": "other tokens",
}
"""For each field of a request: what an interrupted preparation with another value was of."""


def read_line(path: Path, number: int, data: bytes) -> dict[str, Any]:
    """Return the body of a line: of the first, without its kind.

    Args:
        path: The journal, for the error message.
        number: Number of the line; the first is 1.
        data: The line.

    Raises:
        PreparationError: The line is damaged.
    """
    try:
        body = json.loads(data)
        if body.pop("checksum") != checksum(body) or "kind" not in body:
            raise ValueError
        if number == 1 and body.pop("kind") != "begun":
            raise ValueError
    except (ValueError, KeyError, AttributeError, TypeError):
        raise PreparationError(
            f"{path}, line {number}: damaged", hint="begin anew with --again"
        ) from None
    assert isinstance(body, dict)
    return body
