"""One line of a file of records: written with a checksum, and read strictly."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields, make_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from nanogpt_rs.records.durable import checksum
from nanogpt_rs.records.kinds import KINDS, Other, kind_of_other
from nanogpt_rs.records.schema import SCHEMA_VERSION, Cell, RecordError

if TYPE_CHECKING:
    from pydantic import TypeAdapter


LONGEST_LINE = 4096
"""Most bytes that a record may have."""
DIGITS = 6
"""Significant digits of each number in a record: more than any measurement has."""
LONGEST_DETAIL = 400
"""Most characters of one of a cell's details."""


def line_of(kind: str, run: str, record: Any) -> bytes:
    """Return the line that keeps a record.

    Args:
        kind: Kind of the record, a key of ``KINDS``.
        run: Id of the run that the record belongs to.
        record: Instance of that kind's class.

    Raises:
        RecordError: The line is longer than ``LONGEST_LINE``.
    """
    body = {"schema_version": SCHEMA_VERSION, "kind": kind, "run": run, **plain(asdict(record))}
    body["checksum"] = checksum(body)
    line = json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
    if len(line) > LONGEST_LINE:
        raise RecordError(f"a {kind} record of {len(line)} bytes; {LONGEST_LINE} at most")
    return line


def lines_of_cell(run: str, cell: Cell) -> bytes:
    """Return the line that keeps a cell, whose details are cut where the line would be too long."""
    details = [detail[:LONGEST_DETAIL] for detail in cell.details]
    while True:
        try:
            return line_of("cell", run, replace(cell, details=tuple(details)))
        except RecordError:
            if not details:
                raise
            details.pop()


def line_of_other(run: str, record: Other) -> bytes:
    """Return the line that keeps a record that is not a cell.

    Raises:
        RecordError: The line is longer than ``LONGEST_LINE``.
    """
    return line_of(kind_of_other(record), run, record)


def spelled_out(text: str) -> str:
    """Return a text with its lone surrogates, which UTF-8 cannot hold, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def plain(value: Any, most_digits: int | None = DIGITS) -> Any:
    """Return a document as JSON can hold it.

    A number that is not finite becomes ``None``. A lone surrogate is written as an escape.

    Args:
        value: Document, or a part of it.
        most_digits: Significant digits that numbers are rounded to. ``None``: all that they have.
    """
    if isinstance(value, str):
        return spelled_out(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return value if most_digits is None else float(f"{value:.{most_digits}g}")
    if isinstance(value, dict):
        return {spelled_out(str(key)): plain(item, most_digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, most_digits) for item in value]
    return value


def checked(line: bytes) -> dict[str, Any]:
    """Return the JSON object in a line, once its version and its checksum are known to be right.

    Raises:
        ValueError: The line is cut off, is not JSON, is not ours, or was changed; the message says
            which.
    """
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
    version = body.get("schema_version")
    if type(version) is not int or version < 1:
        raise ValueError("no record of nanogpt-rs: it has no schema_version")
    if version > SCHEMA_VERSION:
        raise ValueError(
            f"schema_version {version} is newer than {SCHEMA_VERSION}, the newest that this "
            "nanogpt-rs reads: update it"
        )
    if body.get("checksum") != checksum(body):
        raise ValueError("its checksum does not fit: the line was changed or damaged")
    if not isinstance(body.get("run"), str):
        raise ValueError("a record that names no run")
    return body


def parsed(line: bytes) -> tuple[str, str, Any]:
    """Return the kind, the run's id and the record of a line.

    Raises:
        ValueError: The line holds no record; the message says why.
    """
    body = checked(line)
    return body["kind"], body["run"], record_in(line, body.get("kind"))


def record_in(line: bytes, kind: Any) -> Any:
    """Return the record in a line that is known to be whole.

    Raises:
        ValueError: The kind is unknown, or a field is missing, unknown or of a wrong type; the
            message names it.
    """
    from pydantic import ValidationError

    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"a record of unknown kind {kind!r}")
    try:
        read = adapter().validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        _, *path = first["loc"]  # the first place is the kind
        where = ".".join(map(str, path))
        raise ValueError(f"a {kind} record with a fault at {where!r}: {first['msg']}") from None
    record_type = KINDS[kind]
    return record_type(**{field.name: getattr(read, field.name) for field in fields(record_type)})


@cache
def adapter() -> TypeAdapter[Any]:
    """Return the validator of lines: a strict union of all kinds, told apart by ``kind``.

    Records know nothing of pydantic, nor of what a line holds beside their fields. Each member of
    the union is therefore a dataclass made here, which adds those names to a record's fields.
    """
    from pydantic import ConfigDict, Field, TypeAdapter

    members = []
    for kind, record_type in KINDS.items():
        names = {field.name for field in fields(record_type)}
        beside = {"schema_version": int, "kind": Literal[kind], "run": str, "checksum": str}
        members.append(
            make_dataclass(
                record_type.__name__,
                [(name, annotation) for name, annotation in beside.items() if name not in names],
                bases=(record_type,),
                frozen=True,
                kw_only=True,
                namespace={"__module__": record_type.__module__},
            )
        )
    union: Any = Union[tuple(members)]  # noqa: UP007 - the members are known only now
    return TypeAdapter(
        Annotated[union, Field(discriminator="kind")],
        config=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False),
    )


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, whose names must differ.

    Raises:
        ValueError: A name occurs twice.
    """
    body = dict(pairs)
    if len(body) < len(pairs):
        raise ValueError("not JSON as we write it: a name occurs twice")
    return body


def refuse(constant: str) -> None:
    """Refuse NaN and the infinities, which Python's JSON takes and the standard does not."""
    raise ValueError(f"not JSON: {constant}")
