"""One line of a file of records: written with a checksum, and read strictly."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from nanogpt_rs.records.durable import checksum
from nanogpt_rs.records.schema import KINDS, OTHERS, PARTS, SCHEMA_VERSION, Cell, Other, RecordError

if TYPE_CHECKING:
    from pydantic import TypeAdapter


LONGEST_LINE = 4096
"""Bytes of a record at most."""
DIGITS = 6
"""Significant ones of each number in a record: more than any measurement has."""
LONGEST_DETAIL = 400
"""Characters kept of one thing that was wrong."""


def line_of(kind: str, run: str, record: Any) -> bytes:
    """Return the line that keeps a record.

    Args:
        kind: of ``KINDS``.
        run: id of the run that it belongs to.
        record: an instance of that kind's class.

    Raises:
        RecordError: it is longer than a record may be.
    """
    body = {"schema_version": SCHEMA_VERSION, "kind": kind, "run": run, **plain(asdict(record))}
    body["checksum"] = checksum(body)
    line = json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
    if len(line) > LONGEST_LINE:
        raise RecordError(f"a {kind} record of {len(line)} bytes; {LONGEST_LINE} at most")
    return line


def lines_of_cell(run: str, cell: Cell) -> bytes:
    """Return the line that keeps a cell, shortening what was wrong with it as far as need be."""
    details = [each[:LONGEST_DETAIL] for each in cell.details]
    while True:
        try:
            return line_of("cell", run, replace(cell, details=tuple(details)))
        except RecordError:
            if not details:
                raise
            details.pop()


def line_of_other(run: str, record: Other) -> bytes:
    """Return the line that keeps what is no cell."""
    return line_of(kind_of_other(record), run, record)


def kind_of_other(record: Other) -> str:
    """Return the kind of what is no cell, of ``OTHERS``."""
    return next(kind for kind, each in OTHERS.items() if isinstance(record, each))


def spelled_out(text: str) -> str:
    """Return a text whose lone surrogates, which no UTF-8 can hold, are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def plain(value: Any) -> Any:
    """Return a document with its numbers at ``DIGITS`` significant digits.

    A number that is not finite becomes ``None``, a lone surrogate is spelled out.
    """
    if isinstance(value, str):
        return spelled_out(value)
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


@cache
def adapter(kind: str) -> TypeAdapter[Any]:
    """Return what validates a kind of record."""
    from pydantic import ConfigDict, TypeAdapter

    for each in (*KINDS.values(), *PARTS):
        # Where pydantic looks for it in a dataclass that knows nothing of pydantic.
        each.__pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)  # type: ignore[attr-defined]
    return TypeAdapter(KINDS[kind])


def parsed(line: bytes) -> tuple[str, str, Any]:
    """Return kind, run and record of a line.

    Raises:
        ValueError: it is none; the message says why.
    """
    from pydantic import ValidationError

    if not line.endswith(b"\n"):
        raise ValueError("cut off: the line does not end")
    try:
        body = json.loads(line, object_pairs_hook=unique, parse_constant=refuse)
    except RecursionError:
        raise ValueError("not JSON: nested too deep") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start} of the line") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(body, dict):
        raise ValueError("not a JSON object")
    version = body.pop("schema_version", None)
    if type(version) is not int or version < 1:
        raise ValueError("no record of nanogpt-rs: it has no schema_version")
    if version > SCHEMA_VERSION:
        raise ValueError(
            f"schema_version {version} is newer than {SCHEMA_VERSION}, the newest that this "
            "nanogpt-rs reads: update it"
        )
    said = body.pop("checksum", None)
    if said != checksum({"schema_version": version, **body}):
        raise ValueError("its checksum does not fit: the line was changed or damaged")
    kind, run = body.pop("kind", None), body.get("run")
    if kind not in KINDS or not isinstance(run, str):
        raise ValueError(f"a record of unknown kind {kind!r}, or of no run")
    if kind != "run":
        body.pop("run")
    try:
        # Through JSON once more: JSON knows no tuples, and strict validation minds elsewhere.
        return kind, run, adapter(kind).validate_json(json.dumps(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"a {kind} record with a fault at {where!r}: {first['msg']}") from None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, whose names must differ."""
    body = dict(pairs)
    if len(body) < len(pairs):
        raise ValueError("not JSON as we write it: a name occurs twice")
    return body


def refuse(constant: str) -> None:
    """Refuse what Python's JSON has beyond the standard."""
    raise ValueError(f"not JSON: {constant}")
