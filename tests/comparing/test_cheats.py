"""Functions that would look faster than they are: each is caught, or named in the result.

Every case goes through the processes that a comparison starts: the one that compares answers, the
one of the first call, and one of those that measure rounds.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from nanogpt_rs.measuring.callables import notes_of, remembers
from nanogpt_rs.ruler.callables import Description
from nanogpt_rs.ruler.errors import WorkerError
from nanogpt_rs.ruler.worker import run_worker

HONEST = """
import random

def make():
    yield ["a" * 50 + str(number) for number in range(2000)]
    yield ["b" * 50 + str(number) for number in range(2000)]

def one():
    return ["a" * 50 + str(number) for number in range(2000)]

def reference(words):
    return sorted({word.upper() for word in words})
"""
CHEATS = {
    "cached by object": (
        """
known = {}
def cheat(words):
    if id(words) not in known:
        known[id(words)] = sorted({word.upper() for word in words}), words
    return list(known[id(words)][0])
""",
        "remembers its answers",
    ),
    "cached by content": (
        """
known = {}
def cheat(words):
    key = words[0], words[-1]
    if key not in known:
        known[key] = sorted({word.upper() for word in words})
    return list(known[key])
""",
        "remembers its answers",
    ),
    "the answer to one input": (
        """
answer = sorted("A" * 50 + str(number) for number in range(2000))
def cheat(words):
    return list(answer)
""",
        "on input 2 of 2: gives another answer",
    ),
    "a generator": (
        """
def cheat(words):
    return (word for word in sorted({word.upper() for word in words}))
""",
        "gives a generator, which computes nothing before it is read",
    ),
    "a lazy list": (
        """
class Lazy(list):
    def __init__(self, words):
        self.words = words
    def __eq__(self, other):
        return sorted({word.upper() for word in self.words}) == other
def cheat(words):
    return Lazy(words)
""",
        "not list",
    ),
    "equal to everything": (
        """
class Yes(str):
    def __eq__(self, other):
        return True
    __hash__ = str.__hash__
def cheat(words):
    return [Yes()] * len(words)
""",
        "at position 0",
    ),
    "the same list each time": (
        """
last = []
def cheat(words):
    last[:] = sorted({word.upper() for word in words})
    return last
""",
        "gives the same object twice",
    ),
    "eats its input": (
        """
def cheat(words):
    answer = sorted({word.upper() for word in words})
    words.clear()
    return answer
""",
        "changes its input",
    ),
    "right at first": (
        """
calls = 0
def cheat(words):
    global calls
    calls += 1
    return sorted({word.upper() for word in words}) if calls < 5 else []
""",
        "right at first, then wrong",
    ),
    "replaces the clock": (
        """
import time
def cheat(words):
    time.perf_counter_ns = lambda: 0
    return sorted({word.upper() for word in words})
""",
        "replaced time.perf_counter_ns",
    ),
    "replaces the clock when imported": (
        """
import time
time.perf_counter = lambda: 0.0
def cheat(words):
    return sorted({word.upper() for word in words})
""",
        "replaced time.perf_counter",
    ),
    "slows a built-in function": (
        """
import builtins
real = builtins.sorted
def cheat(words):
    builtins.sorted = lambda items: real(real(items))
    return real({word.upper() for word in words})
""",
        "replaced builtins.sorted",
    ),
    "slows the reference": (
        """
import honest
def slowed(words):
    return sorted({word.upper() for word in words for _ in range(9)})
def cheat(words):
    honest.reference.__code__ = slowed.__code__
    return sorted({word.upper() for word in words})
""",
        "replaced the code of a function that is compared",
    ),
    "traces every call": (
        """
import sys
def cheat(words):
    sys.setprofile(lambda *event: None)
    return sorted({word.upper() for word in words})
""",
        "has Python call a function of its own",
    ),
    "leaves the work to a child": (
        """
import subprocess, sys
def cheat(words):
    if not hasattr(cheat, "child"):
        cheat.child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    return sorted({word.upper() for word in words})
""",
        "left a child process behind",
    ),
    "ends the process": (
        """
import os
calls = 0
def cheat(words):
    global calls
    calls += 1
    if calls > 40:
        os._exit(0)
    return sorted({word.upper() for word in words})
""",
        "ended with status 0 and no answer",
    ),
    "works in the background": (
        """
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(2)
class Later(list):
    pass
def cheat(words):
    future = pool.submit(lambda: sorted({word.upper() for word in words}))
    answer = Later()
    answer.future = future
    return answer
""",
        "not list",
    ),
}
NAMED = {
    "prepares the answer in its first call": """
answer = None
def cheat(words):
    global answer
    if answer is None:
        answer = sorted({word.upper() for word in words})
    return list(answer)
""",
    "warms itself up": """
import time
def cheat(words):
    global ready
    if "ready" not in globals():
        ready = time.process_time() + 0.1
        while time.process_time() < ready:
            pass
    return sorted({word.upper() for word in words})
""",
}


def request(folder: Path, cheat: str, maker: str) -> dict[str, Any]:
    (folder / "honest.py").write_text(inspect.cleandoc(HONEST))
    (folder / "cheat.py").write_text(cheat)

    def described(file: str, name: str) -> Description:
        return {"kind": "file", "target": f"{folder / file}:{name}"}

    return {
        "callables": [described("honest.py", "reference"), described("cheat.py", "cheat")],
        "input": described("honest.py", maker),
        "check": None,
        "compared": True,
        "tolerance": 0.0,
    }


def caught(order: dict[str, Any]) -> str | None:
    """Return how the stages of a comparison catch the second callable; ``None`` if none does."""
    answers = run_worker("callable_answers", order, 60)
    if answers["problem"] or answers["wrong"]:
        return str(answers["problem"] or answers["wrong"]["1"])
    firsts = [run_worker("callable_first", {**order, "index": index}, 60) for index in (0, 1)]
    if reason := remembers(firsts[1], firsts[0]):
        return reason
    arms = [{"id": "0", "calls": 1}, {"id": "0", "calls": 1}, {"id": "1", "calls": 1}]
    rounds = {**order, "arms": arms, "rounds": 50, "warm_up_rounds": 1, "seed": 1, "watchful": True}
    measured = run_worker("callable_rounds", rounds, 60)
    assert "0" not in measured["wrong"]
    return measured["wrong"].get("1")


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_caught(name: str, tmp_path: Path) -> None:
    cheat, complaint = CHEATS[name]
    try:
        found = caught(request(tmp_path, cheat, "make"))
    except WorkerError as error:
        found = str(error)
        assert error.arm in {1, 2}, (found, error.arm)  # its place in the process that it ended
    assert found is not None
    assert complaint in found


@pytest.mark.parametrize("name", NAMED)
def test_what_only_several_inputs_could_tell_is_named(name: str, tmp_path: Path) -> None:
    order = request(tmp_path, NAMED[name], "one")
    assert caught(order) is None
    reference, first = (
        run_worker("callable_first", {**order, "index": index}, 60) for index in (0, 1)
    )
    (note,) = notes_of(first, reference)
    assert "it prepares something, or remembers its answers" in note


def test_an_honest_function_is_not_caught(tmp_path: Path) -> None:
    honest = "def cheat(words):\n    return sorted(set(map(str.upper, words)))\n"
    order = request(tmp_path, honest, "make")
    assert caught(order) is None
    reference, first = (
        run_worker("callable_first", {**order, "index": index}, 60) for index in (0, 1)
    )
    assert list(notes_of(first, reference)) == []
