"""The state ``new_text``: no timed call may find its text in the memory of its encoder."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.measuring.selection import SelectionError, select_states
from nanogpt_rs.reporting.headline import main_state
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.new_text import UsedEncoder
from nanogpt_rs.ruler.rounds import applies
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.worker import run_worker
from tests import made_up

Run = Callable[..., subprocess.CompletedProcess[str]]
SHORT = "english-1k-ascii"


class Remembering:
    """An encoder that keeps the texts that it was called on."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str) -> int:
        self.texts.append(text)
        return len(self.texts)


@given(text=st.text(), calls=st.integers(1, 5))
def test_each_call_has_a_used_encoder_that_has_not_seen_its_text(text: str, calls: int) -> None:
    made: list[Remembering] = []

    def make() -> Remembering:
        made.append(Remembering())
        return made[-1]

    used = UsedEncoder(make, lambda text: (text,), text)
    objects = []
    for _ in range(calls):
        encoder, (given,) = used.call_on_new_text()
        assert encoder is made[-1]
        (first,) = made[-1].texts
        assert first + str(given) == text
        objects.append(given)
    assert len(made) == calls
    if len(text) > 4:  # CPython has only one object for each text of one character
        assert len(set(map(id, objects))) == calls
    assert used("again") == 2


def order(task: str, arms: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "task": task,
        "corpus": SHORT,
        "state": "new_text",
        "packages": provenance.package_files(),
        "arms": arms,
        "rounds": 3,
        "warm_up_rounds": 1,
        "seed": 1,
    }


@pytest.mark.parametrize("task", ["bpe_encode", "bpe_encode_array", "bpe_encode_batch"])
def test_a_worker_times_encoders_on_new_text(task: str) -> None:
    arms: list[dict[str, Any]] = [
        {"id": "python/piece_dict", "calls": 1},
        {"id": "python/piece_dict", "calls": 2, "threads": True},
        {"id": "rust/piece_cache", "calls": 1, "kept": True},
    ]
    if task != "bpe_encode_batch":
        arms.append({"id": "rust/piece_cache", "calls": 1, "method": "kernel"})
        arms.append({"id": "rust/piece_cache", "calls": 1, "target": "builtins:len"})
    answer = run_worker("rounds", order(task, arms), 60)
    assert answer["wrong"] == {}
    assert [len(rounds) for rounds in answer["blocks"]] == [3] * len(arms)
    assert all(block[0] > 0 for rounds in answer["blocks"] for block in rounds)


def test_the_state_applies_to_what_makes_encoders_of_text() -> None:
    names = {name for name, task in TASKS.items() if applies(task, "new_text")}
    assert names == {name for name in TASKS if name.startswith("bpe_encode")}
    with pytest.raises(SelectionError, match="nothing is made that could remember a text"):
        select_states(["new_text"], ["charset"])


def test_new_text_stands_for_all_states_only_where_every_task_has_it() -> None:
    warm = made_up.cells(("bpe_encode", "charset"))
    new = made_up.cells(("bpe_encode",), states=("new_text", "warm"))
    assert main_state(new) == "new_text"
    assert main_state([*new, *warm]) == "warm"
    assert main_state(made_up.cells(states=("evicted",))) == "evicted"
    assert main_state([]) is None


def test_compare_takes_the_state(nanogpt_rs: Run) -> None:
    ids = ("python/piece_dict", "rust/piece_cache")
    done = nanogpt_rs(
        "compare", "bpe_encode", *ids, "--corpus", SHORT, "--state=new_text", "--builds=1"
    )
    assert done.returncode == 0, done.stderr
    assert "bpe_encode, new_text" in done.stdout
