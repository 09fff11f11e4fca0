"""The documents of ``--json`` have schemas, which are kept and fit what is printed."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_lines import commands
from installations import ROOT

from nanogpt_rs.commands.documents import DOCUMENTS
from nanogpt_rs.commands.schemas import FOLDER, broken, file_of, schema_of

Command = Callable[..., subprocess.CompletedProcess[str]]
NAMES = sorted(DOCUMENTS)


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_schema_is_that_of_the_document(name: str) -> None:
    committed = json.loads((FOLDER / file_of(name)).read_text(encoding="utf-8"))
    assert committed == schema_of(name), "run: make schemas"
    jsonschema.Draft202012Validator.check_schema(committed)


def test_no_schema_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {file_of(name) for name in NAMES}


def test_each_command_that_takes_json_has_a_document() -> None:
    taking = {
        name
        for name, command in commands()
        if any("--json" in option.opts for option in command.params)
    }
    assert taking == {re.sub(" --.*|(?<=race) .*", "", name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_each_field_is_described(name: str) -> None:
    schema = schema_of(name)
    for part in (schema, *schema.get("$defs", {}).values()):
        for field, about in part["properties"].items():
            assert re.fullmatch(r"[^`]+[.:]", about["description"] + "."), (name, field)
            assert len(about["description"]) > 5, (name, field)


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("list", "tasks"),
        ("list", "corpora"),
        ("doctor",),
        ("dev", "builds"),
        ("verify", "charset", "--id=python/set", "--corpus=english-60-ascii"),
        ("show", *sorted(str(path) for path in ROOT.glob("results/*/*.jsonl*"))),
    ],
    ids=lambda arguments: " ".join(arguments[:2]).partition("/")[0],
)
def test_what_is_printed_fits_its_schema(nanogpt_rs: Command, arguments: tuple[str, ...]) -> None:
    done = nanogpt_rs(*arguments, "--json")  # which checks each document
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["document"] in NAMES


def change(schema: Any, *places: str, to: Any) -> Any:
    changed = part = deepcopy(schema)
    for place in places[:-1]:
        part = part[place]
    if to is None:
        del part[places[-1]]
    else:
        part[places[-1]] = to
    return changed


PROOF = ("$defs", "Proof")


@pytest.mark.parametrize(
    ("places", "to"),
    [
        (("properties", "proofs"), None),
        ((*PROOF, "properties", "task"), None),
        ((*PROOF, "properties", "task"), {"type": "number"}),
        ((*PROOF, "properties", "task"), {"type": "string", "enum": ["charset"]}),
        ((*PROOF, "properties", "task"), {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ((*PROOF, "required"), ["task"]),
        (("$defs", "Proof"), None),
    ],
)
def test_a_change_that_breaks_readers_is_noticed(places: tuple[str, ...], to: Any) -> None:
    schema = schema_of("verify")
    assert list(broken(schema, change(schema, *places, to=to)))


@pytest.mark.parametrize(
    ("places", "to"),
    [
        (("properties", "seconds"), {"type": "number"}),
        ((*PROOF, "properties", "seconds"), {"type": "number"}),
        ((*PROOF, "properties", "task", "description"), "Another sentence."),
        ((*PROOF, "required"), ["task", "id", "corpus", "status", "details", "seconds"]),
        (("$defs", "Another"), {"type": "object"}),
    ],
)
def test_a_change_that_adds_something_breaks_nobody(places: tuple[str, ...], to: Any) -> None:
    schema = schema_of("verify")
    assert not list(broken(schema, change(schema, *places, to=to)))


def test_fields_called_like_a_keyword_of_schemas_are_fields(tmp_path: Path) -> None:
    schema = schema_of("list corpora")
    without = change(schema, "$defs", "ListedCorpus", "properties", "description", to=None)
    assert list(broken(schema, without)) == ["/$defs/ListedCorpus/properties/description is gone"]
