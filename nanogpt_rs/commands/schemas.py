"""Writes the JSON schemas of the documents that commands print: ``make schemas``.

A schema is made from a document's class. One that would break what others rely on is not written
until the document's version is raised.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter

from nanogpt_rs.commands import documents

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schemas"
"""Folder of the schemas in a checkout."""
DRAFT = "https://json-schema.org/draft/2020-12/schema"
"""The version of JSON Schema that the schemas are written in."""
ATTRIBUTE = re.compile(r"^    (\w[\w, ]*): (.*)$")
"""The first line about an attribute, or about several, in a docstring."""


def file_of(name: str) -> str:
    """Return the file name of a document's schema, such as ``profile-steps.json``."""
    return re.sub(r"[ -]+", "-", name) + ".json"


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON schema of a document.

    Args:
        name: Name of the document, a key of ``nanogpt_rs.commands.documents.DOCUMENTS``.
    """
    document_type = documents.DOCUMENTS[name]
    schema = TypeAdapter(document_type).json_schema(mode="serialization")
    parts = parts_of(document_type)
    for title, definition in schema.get("$defs", {}).items():
        describe(definition, parts[title])
    describe(schema, document_type)
    head = {
        "document": {"const": name, "description": "Name of the document."},
        "document_version": {
            "const": document_type.version,
            "description": "Version of its fields.",
        },
    }
    return {
        "$schema": DRAFT,
        **schema,
        "title": f"nanogpt-rs {name} --json",
        "properties": {**head, **schema["properties"]},
        "required": [*head, *schema["required"]],
    }


def parts_of(part_type: Any) -> dict[str, type]:
    """Return the classes that a document is made of, itself included, by name.

    Args:
        part_type: The document's class, or an annotation of one of its fields.
    """
    if not is_dataclass(part_type):
        parts: dict[str, type] = {}
        for inner in get_args(part_type):
            parts |= parts_of(inner)
        return parts
    assert isinstance(part_type, type)
    parts = {part_type.__name__: part_type}
    hints = get_type_hints(part_type)
    for field in fields(part_type):
        parts |= parts_of(hints[field.name])
    return parts


def describe(schema: dict[str, Any], part_type: type) -> None:
    """Add to a schema what the docstring of its class says about it and its fields."""
    summary, descriptions = described(inspect.getdoc(part_type) or "")
    schema["description"] = summary
    schema["required"] = list(schema["properties"])  # a field that is not known is there, as null
    for name, field in schema["properties"].items():
        if name in descriptions:
            field["description"] = descriptions[name]
        field.pop("title", None)
        field.pop("default", None)


def described(docstring: str) -> tuple[str, dict[str, str]]:
    """Return the first paragraph of a docstring, and what it says about each attribute."""
    summary, _, rest = docstring.partition("\n\n")
    _, _, attributes = rest.rpartition("Attributes:\n")
    fields: dict[str, str] = {}
    names: list[str] = []
    for line in attributes.splitlines():
        if match := ATTRIBUTE.match(line):
            names = match[1].split(", ")
            fields |= dict.fromkeys(names, match[2])
        elif line.strip():
            fields |= {name: f"{fields[name]} {line.strip()}" for name in names}
    return plain_words(summary), {name: plain_words(text) for name, text in fields.items()}


def plain_words(text: str) -> str:
    """Return a part of a docstring on one line, with the names that JSON uses."""
    return " ".join(text.split()).replace("``None``", "null").replace("``", "")


def broken(before: Any, after: Any, place: str = "") -> Iterator[str]:
    """Yield what a change of a schema takes from those who read the document.

    Descriptions may change. Fields may be added, and so may kinds of a part that has several.

    Args:
        before: The schema before the change, or a part of it.
        after: The same part after the change.
        place: Where the part is, for the message.
    """
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if before != after:
            yield f"{place} was {json.dumps(before)} and is {json.dumps(after)}"
        return
    holds_names = place.endswith(("/properties", "/$defs"))
    for name in sorted(before.keys() | after.keys()):
        where = f"{place}/{name}"
        if not holds_names and name in {"description", "title"}:
            continue
        if name not in after:
            yield f"{where} is gone"
        elif name not in before:
            if not holds_names:
                yield f"{where} is new"
        elif not holds_names and name == "required":
            lost = set(before[name]) - set(after[name])
            yield from (f"{where}: {field} is no longer always there" for field in sorted(lost))
        elif not holds_names and name == "anyOf":
            yield from (
                f"{where}: {kind} is gone" for kind in before[name] if kind not in after[name]
            )
            more = [kind for kind in after[name] if kind not in before[name]]
            yield from (f"{where}: {kind} is new" for kind in more if "$ref" not in kind)
        else:
            yield from broken(before[name], after[name], where)


def main() -> int:
    """Write the schemas of all documents, and return the exit status."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    status = 0
    for name in documents.DOCUMENTS:
        schema = schema_of(name)
        path = FOLDER / file_of(name)
        if path.exists():
            before = json.loads(path.read_text(encoding="utf-8"))
            version = before["properties"]["document_version"]["const"]
            document_type = documents.DOCUMENTS[name]
            same_version = version == document_type.version
            faults = list(broken(before, schema)) if same_version else []
            if faults:
                status = 1
                print(
                    f"{path.name}: {'; '.join(faults)}. Raise the version of "
                    f"{document_type.__module__}.{document_type.__name__}, and tell it in "
                    "CHANGELOG.md.",
                    file=sys.stderr,
                )
                continue
        path.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
