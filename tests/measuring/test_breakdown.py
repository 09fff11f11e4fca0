"""Where a call's time goes: steps that add up, and calls that cannot be broken down."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nanogpt_rs.measuring.breakdown import steps_of
from nanogpt_rs.records import files as records
from nanogpt_rs.records import schema
from nanogpt_rs.ruler import rounds, timing
from nanogpt_rs.ruler.registry import REGISTRY, find
from nanogpt_rs.ruler.tasks import TASKS

Run = Callable[..., subprocess.CompletedProcess[str]]
SHORT = "english-1k-ascii"


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in REGISTRY
        if not row.unavailable() and "limit" not in row.marks and not TASKS[row.task].variant_of
    ],
    ids=lambda row: f"{row.task} {row.id}",
)
def test_every_implementation_has_steps_that_can_be_called(row: object) -> None:
    try:
        steps = steps_of(row)  # type: ignore[arg-type]
    except NotImplementedError as reason:
        assert "has only the vocabularies" in str(reason)
        return
    assert steps[-1][0] == "freeing the result"
    assert [arm.kept for _, arm in steps[-2:]] == [True, False]


def test_calls_that_keep_their_results_are_timed_in_the_requested_state() -> None:
    task = TASKS["charset"]
    texts: list[str] = []

    def charset(text: str) -> set[str]:
        texts.append(text)
        return set(text)

    text = "Ж" * 1000
    block = rounds.fresh_str((charset, (text,)), 3, task, once=timing.kept)
    assert block.calls == 3
    assert len({id(seen) for seen in [*texts, text]}) == 4


def test_a_call_of_two_arguments_has_steps(nanogpt_rs: Run) -> None:
    done = nanogpt_rs("profile", "steps", "shards", "rust/two_passes", "--corpus", SHORT, "--json")
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    assert [step["name"] for step in cell["steps"]] == [
        "the call and its work",
        "freeing the result",
    ]


def test_the_kernel_is_a_step_of_its_own_where_it_can_be_called() -> None:
    for task, id in (("charset", "rust/ahash"), ("encode", "rust/fixed_array")):
        assert "the kernel" in dict(steps_of(find(task, id)))
    assert "the kernel" not in dict(steps_of(find("charset", "python/set")))


@pytest.mark.parametrize(
    ("task", "id", "text", "in_full"),
    [
        ("charset", "rust/ahash", "asking CPython for UTF-8", False),
        ("charset", "rust/bit_table", "borrowing CPython's storage", False),
        ("encode_array", "rust/id_table", "borrowing CPython's storage", True),
        ("encode", "rust/fixed_array", "asking CPython for UTF-8", True),
    ],
)
def test_steps_add_up(
    nanogpt_rs: Run, tmp_path: Path, task: str, id: str, text: str, in_full: bool
) -> None:
    """They do in calls that are measured in full; two others show which steps there are."""
    words = ("profile", "steps", task, id, "--corpus", SHORT, "--json")
    done = nanogpt_rs(*words, brief=not in_full)
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    names = [step["name"] for step in cell["steps"]]
    assert names == [
        "a call that does nothing",
        text,
        "the kernel",
        "building the result",
        "freeing the result",
    ]
    for step in cell["steps"]:
        low, high = step["interval"]
        assert low <= step["seconds"] <= high
    assert cell["steps"][0]["seconds"] > 0
    assert not in_full or cell["processes"] >= 12
    (path,) = (tmp_path / "results/local/breakdown").glob("*.jsonl")
    (run,) = records.read(path)
    (kept,) = run.others
    assert isinstance(kept, schema.CallInSteps)
    assert [step.name for step in kept.found.steps] == names
    assert (kept.text.corpus, kept.state) == (SHORT, "warm")
    # Trimmed means of differences add up, except for the values that trimming leaves out.
    whole = sum(step["seconds"] for step in cell["steps"])
    assert not in_full or whole == pytest.approx(cell["seconds"], rel=0.15)


def test_an_implementation_that_is_not_right_is_not_broken_down(nanogpt_rs: Run) -> None:
    done = nanogpt_rs(
        "profile", "steps", "encode_array", "rust/ahash", "--corpus", "distinct-1m-ucs4"
    )
    assert done.returncode == 3
    assert "encode_array rust/ahash: n/a" in done.stderr


def test_a_state_that_does_not_apply_to_the_task_is_refused(nanogpt_rs: Run) -> None:
    done = nanogpt_rs("profile", "steps", "charset", "rust/ahash", "--state=uncached_file")
    assert done.returncode == 2
    assert "the state uncached_file does not apply to charset" in done.stderr
