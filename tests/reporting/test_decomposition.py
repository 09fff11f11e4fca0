"""Where the ratio between two implementations comes from."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import made_up
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.records.schema import Cell
from nanogpt_rs.reporting.decomposition import (
    Decomposition,
    Measured,
    decomposition,
    decompositions,
    kind,
)

Run = Callable[..., subprocess.CompletedProcess[str]]
SLOW, FAST = "python/tiktoken", "rust/piece_cache"
SIZES = {"english-words-1k-ascii": 1_024, "english-words-1m-ascii": 1_115_394}


def cell(task: str, id: str, corpus: str, state: str, seconds: float) -> Cell:
    return Cell(
        task=task,
        id=id,
        corpus=corpus,
        sha256="0" * 64,
        characters=SIZES.get(corpus, 5_000),
        width="ascii",
        state=state,
        status="right",
        seconds=seconds,
    )


def measured_cells() -> list[Cell]:
    small, large = SIZES
    return [
        cell("bpe_encode", SLOW, small, "new_text", 8.0),
        cell("bpe_encode", FAST, small, "new_text", 4.0),
        cell("bpe_encode", SLOW, large, "new_text", 800.0),
        cell("bpe_encode", FAST, large, "new_text", 100.0),
        cell("bpe_encode", SLOW, large, "warm", 1600.0),
        cell("bpe_encode", FAST, large, "warm", 100.0),
        cell("bpe_encode_array", FAST, large, "warm", 50.0),
    ]


def between(cells: Sequence[Cell], first: str, second: str) -> Decomposition:
    found = decomposition(Measured(cells), "bpe_encode", first, second)
    assert found is not None
    return found


def test_each_step_changes_one_thing() -> None:
    found = between(measured_cells(), SLOW, FAST)
    assert [(factor.name, factor.factor) for factor in found.factors] == [
        ("rest", 2.0),
        ("size", 4.0),
        ("memory", 2.0),
        ("result", 2.0),
    ]
    assert found.factors[-1].ratio == 32.0


def test_cores_are_told_apart() -> None:
    cells = [replace(cell, cores=1.6) if cell.id == FAST else cell for cell in measured_cells()[:2]]
    found = between(cells, SLOW, FAST)
    assert [factor.name for factor in found.factors] == ["rest", "cores"]
    assert [factor.factor for factor in found.factors] == pytest.approx([2 / 1.6, 1.6])


def test_what_was_not_measured_is_left_out() -> None:
    warm = measured_cells()[4:6]
    assert [factor.name for factor in between(warm, SLOW, FAST).factors] == ["rest"]
    assert list(decompositions(warm)) == []
    assert decomposition(Measured(warm[:1]), "bpe_encode", SLOW, FAST) is None
    (only,) = decompositions(measured_cells())
    assert (only.first, only.second) == (SLOW, FAST)


@given(seconds=st.lists(st.floats(1e-6, 1e3), min_size=7, max_size=7))
def test_the_product_of_the_factors_is_the_last_ratio(seconds: list[float]) -> None:
    cells = [
        replace(cell, seconds=time) for cell, time in zip(measured_cells(), seconds, strict=True)
    ]
    found = between(cells, SLOW, FAST)
    product = 1.0
    for factor in found.factors:
        product *= factor.factor
        assert factor.ratio == pytest.approx(product)
    assert product == pytest.approx(seconds[4] / seconds[6])


def test_paired_ratios_come_before_medians() -> None:
    (one, other) = (
        cell
        for cell in made_up.cells(("charset",), ("tinyshakespeare",))
        if cell.id in {"rust/ahash", "rust/foldhash"}
    )
    found = Measured([replace(one, seconds=1.0), replace(other, seconds=1.0)]).ratio(
        "charset", one.id, other.id, "tinyshakespeare", "warm"
    )
    paired = other.against[0].comparison.ratio, one.against[0].comparison.ratio
    assert None not in paired
    assert found == pytest.approx(paired[0] / paired[1])  # type: ignore[operator]


def test_texts_that_differ_in_length_are_of_one_kind() -> None:
    assert kind("english-words-1k-ascii") == kind("english-words-1m-ascii")
    assert kind("english-1k-ascii") != kind("english-words-1k-ascii")
    assert kind("synthetic") != kind("tinyshakespeare")


def test_show_prints_the_steps(nanogpt_rs: Run, tmp_path: Path) -> None:
    made_up.write(tmp_path / "bench", made_up.RUN, measured_cells())
    files = str(*(tmp_path / "bench").iterdir())
    done = nanogpt_rs("show", files, "--between", SLOW, FAST)
    assert done.returncode == 0, done.stderr
    assert "bpe_encode: time of python/tiktoken over rust/piece_cache" in done.stdout
    rows = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert [row for row in rows if row in {"rest", "cores", "size", "memory", "result"}] == [
        *("rest", "size", "memory", "result"),
    ]


@pytest.mark.parametrize(
    ("ids", "status", "words"),
    [
        ((SLOW, SLOW), 2, "--between was given python/tiktoken twice"),
        ((SLOW, "rust/none"), 2, "no implementation 'rust/none' in what is shown"),
        ((SLOW, "python/set"), 3, "have no times on the same text in the same state"),
        ((SLOW, FAST, "--json"), 2, "--json: no effect beside --between"),
    ],
)
def test_show_says_why_it_cannot(
    nanogpt_rs: Run, tmp_path: Path, ids: tuple[str, ...], status: int, words: str
) -> None:
    cells = [*measured_cells(), cell("charset", "python/set", "synthetic", "warm", 1.0)]
    made_up.write(tmp_path / "bench", made_up.RUN, cells)
    done = nanogpt_rs("show", *map(str, (tmp_path / "bench").iterdir()), "--between", *ids)
    assert done.returncode == status
    assert words in done.stderr
