"""Instruction counts by the real valgrind."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nanogpt_rs.measuring.count import request_hash

pytestmark = pytest.mark.slow("runs under valgrind")
Run = Callable[..., subprocess.CompletedProcess[str]]
REQUEST = ("profile", "instructions", "charset", "--corpus", "english-1k-ascii", "--json")


def counts(nanogpt_rs: Run, *ids: str) -> dict[str, Any]:
    if shutil.which("valgrind") is None:
        pytest.skip("install valgrind: apt-get install valgrind")
    done = nanogpt_rs(*REQUEST, *(f"--id={id}" for id in ids))
    assert done.returncode == 0, done.stderr
    return {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}


def test_counts_are_the_same_from_run_to_run(nanogpt_rs: Run) -> None:
    ids = ("rust/fixed_array", "rust/bit_table", "python/bytes_translate")
    first, second = counts(nanogpt_rs, *ids), counts(nanogpt_rs, *ids)
    assert first.keys() == set(ids)
    for id in ids:
        assert first[id]["instructions"] == pytest.approx(second[id]["instructions"], rel=5e-4)
        assert first[id]["seconds"] is None
    # A kilobyte takes the array a few instructions a character, and a thousand for the set.
    assert 1_000 < first["rust/fixed_array"]["instructions"] < 100_000


def test_code_that_valgrind_cannot_run_is_not_applicable(nanogpt_rs: Run) -> None:
    cells = counts(nanogpt_rs, "rust/bit_table", "rust/bit_table_avx512")
    assert cells["rust/bit_table"]["path"] != "avx512"
    hidden = cells["rust/bit_table_avx512"]
    assert hidden["instructions"] is None
    assert hidden["status"] == "n/a"


def test_counting_another_commit_as_well_is_another_request() -> None:
    assert len({request_hash([], older) for older in (None, "a" * 40, "b" * 40)}) == 3


def test_without_valgrind_the_error_names_what_is_missing(nanogpt_rs: Run, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    done = nanogpt_rs(*REQUEST, PATH=str(tools))
    assert done.returncode == 3
    assert "valgrind is missing" in done.stderr
    assert done.stdout == ""
