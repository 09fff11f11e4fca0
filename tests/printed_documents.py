"""Holds what a command printed with ``--json`` against the schema of its document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import jsonschema

from nanogpt_rs.commands.schemas import FOLDER, file_of


def check_document(arguments: Sequence[str], printed: str) -> None:
    """Check a command's standard output, if it was asked for a document and printed one.

    Args:
        arguments: Arguments of the command.
        printed: Its standard output.
    """
    if not {"--json", "-j"} & set(arguments) or not printed:
        return
    document = json.loads(printed)
    validator_of(document["document"]).validate(document)


def statuses_in(printed: str) -> list[str]:
    """The statuses of the proofs in what ``verify --json`` printed."""
    return [proof["status"] for proof in json.loads(printed)["proofs"]]


@cache
def validator_of(name: str) -> Any:
    schema = json.loads((FOLDER / file_of(name)).read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)
