"""A faulty contender costs its own cell only, both alone and among twelve others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from installations import Installation

from nanogpt_rs.records import files as records

HEAD = """\
import ctypes, os, signal, subprocess, sys, threading, time
calls = 0

def charset(text):
    global calls
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    calls += 1
    if calls > %d:
        %s
    return set(text)
"""
# A fault by name: the code that has it, and a part of what the cell then says.
FAULTS = {
    "answers wrongly": ("return set(text) - {'e'}", "lacks"),
    "answers in another type": ("return frozenset(text)", "frozenset"),
    "raises": ("raise RuntimeError('no luck')", "RuntimeError"),
    "segfaults": ("ctypes.string_at(0)", "crashed: killed by SIGSEGV"),
    "aborts": ("os.abort()", "crashed: killed by SIGABRT"),
    "exits": ("os._exit(0)", "ended with status 0 and no answer"),
    "kills itself": ("os.kill(os.getpid(), signal.SIGKILL)", "crashed: killed by SIGKILL"),
    "eats memory": ("return [bytes(2**30) for _ in range(10**6)]", "MemoryError"),
    "prints": ("print('noise')", "bytes to standard output"),
    "closes standard output": ("os.closerange(1, 2)", "closed standard output"),
    "closes everything": ("os.closerange(0, 100)", "closed"),
    "forks": ("os.fork()", "forked its process"),
    "leaves a child": ("subprocess.Popen(['sleep', '600'])", "left a child process"),
    "changes the folder": ("os.chdir('/')", "changed the working folder"),
    "changes sys.path": ("sys.path.insert(0, '/')", "changed sys.path"),
    "handles a signal": (
        "signal.signal(signal.SIGINT, signal.SIG_IGN)",
        "changed the handler of SIGINT",
    ),
}
ALONE = "english-60-ascii"


def bench(
    installation: Installation, *arguments: str, brief: bool = True
) -> tuple[int, dict[str, Any]]:
    command = ("-m", "nanogpt_rs", *arguments, "--json")
    done = installation.run(*command, cwd=installation.folder, brief=brief)
    assert done.stdout, done.stderr
    return done.returncode, {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}


def recorded(installation: Installation) -> dict[str, Any]:
    (run,) = records.read(records.newest(installation.folder / "results/local/compare"))
    assert run.complete
    return {cell.id: cell for cell in run.cells}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_contender_is_wrong_when_it_is_verified_alone(
    installation: Installation, fault: str
) -> None:
    body, says = FAULTS[fault]
    installation.write("py_impls/charset/counter.py", HEAD % (0, body))
    done = installation.run(
        *("-m", "nanogpt_rs", "verify", "charset", "--id", "python/counter", "--json"),
        *("--corpus", ALONE),
    )
    assert done.returncode == 1, done.stderr
    (verdict,) = json.loads(done.stdout)["proofs"]
    assert verdict["status"] == "wrong"
    assert any(says in detail for detail in verdict["details"]), verdict


def test_a_contender_that_changes_its_input_is_wrong(installation: Installation) -> None:
    sorts = "ids.sort(); return ''.join(vocabulary[i] for i in ids)"
    installation.write(
        "py_impls/decode_list/map_getitem.py",
        f"def decode_list(vocabulary):\n    def decode(ids):\n        {sorts}\n    return decode\n",
    )
    done = installation.run(
        *("-m", "nanogpt_rs", "verify", "decode_list", "--id", "python/map_getitem", "--json"),
        *("--corpus", "english-1-ascii"),
    )
    (verdict,) = json.loads(done.stdout)["proofs"]
    assert verdict["status"] == "wrong"
    keeps = "given = list(ids); ids.append(0); return ''.join(vocabulary[i] for i in given)"
    installation.write(
        "py_impls/decode_list/map_getitem.py",
        f"def decode_list(vocabulary):\n    def decode(ids):\n        {keeps}\n    return decode\n",
    )
    done = installation.run(
        *("-m", "nanogpt_rs", "verify", "decode_list", "--id", "python/map_getitem", "--json"),
        *("--corpus", ALONE),
    )
    (verdict,) = json.loads(done.stdout)["proofs"]
    assert any("changed its input" in detail for detail in verdict["details"]), verdict


# Twelve beside a baseline, of which some are right when they are verified and go astray later.
GROUP = [
    *("python/counter", "python/dict_fromkeys", "python/encoded_bytes"),
    *("python/candidates_in_text", "python/numpy_unique", "python/numpy_bincount"),
    *("python/numpy_table", "python/set"),
    *("rust/std_hashset", "rust/ahash", "rust/fixed_array", "rust/bit_table"),
]
GROUP_SIZE = 8
"""Contenders that are faulty in one comparison: those of the group whose files can be rewritten."""
PAIRED, LONG = "nanogpt_rs/measuring/paired.py", "LEAST_DEADLINE = 60.0"
LATE = {name: fault for name, fault in FAULTS.items() if name != "answers in another type"} | {
    "hangs": ("time.sleep(3600)", "hung: no answer within"),
}


@pytest.mark.slow("restarts a comparison of twelve after each fault")
@pytest.mark.parametrize("first", range(0, len(LATE), GROUP_SIZE))
def test_a_contender_that_fails_late_among_twelve_costs_its_own_cell_only(
    installation: Installation, first: int
) -> None:
    faults = dict(list(LATE.items())[first : first + GROUP_SIZE])
    faulty = dict(zip(GROUP, faults.items(), strict=False))
    for id, (_, (body, _)) in faulty.items():
        installation.write(f"py_impls/charset/{id.partition('/')[2]}.py", HEAD % (300, body))
    paired = (installation.folder / PAIRED).read_text(encoding="utf-8")
    assert LONG in paired
    installation.write(PAIRED, paired.replace(LONG, "LEAST_DEADLINE = 20.0"))
    status, cells = bench(
        installation, "compare", "charset", "rust/rustc_hash", *GROUP, "--corpus", ALONE
    )
    assert status == 1
    assert cells.keys() == {"rust/rustc_hash", *GROUP}
    kept = recorded(installation)
    assert kept.keys() == cells.keys()
    for id, cell in cells.items():
        assert (kept[id].status, list(kept[id].details)) == (cell["status"], cell["details"])
        if id in faulty:
            name, (_, says) = faulty[id]
            assert cell["status"] == "wrong", (name, cell)
            assert any(says in detail for detail in cell["details"]), (name, cell)
            assert cell["seconds"] is None
            assert cell["against"] == []
        else:
            assert cell["status"] == "right", cell
            assert cell["seconds"] > 0
    against = {id: cell["against"] for id, cell in cells.items() if id not in faulty}
    assert against.pop("rust/rustc_hash") == []
    assert all(len(references) == 1 for references in against.values())


@pytest.mark.slow("repeats a comparison to find out who crashes")
def test_a_crash_is_blamed_on_the_contender_that_caused_it(installation: Installation) -> None:
    """A contender plants a fault that kills the process in a later call of the next contender."""
    plant = "threading.Timer(0.002, ctypes.string_at, [0]).start() if calls == 400 else None"
    installation.write("py_impls/charset/counter.py", HEAD % (300, plant))
    status, cells = bench(
        installation, "compare", "charset", "rust/rustc_hash", "python/counter", "rust/ahash",
        "rust/foldhash", "--corpus", ALONE,
        brief=False,  # a brief process may end before the fault strikes
    )  # fmt: skip
    assert status == 1
    wrong = [id for id, cell in cells.items() if cell["status"] == "wrong"]
    assert wrong == ["python/counter"]
    assert "killed by SIGSEGV" in cells["python/counter"]["details"][0]


def test_processes_that_a_worker_started_end_with_it(
    installation: Installation, tmp_path: Path
) -> None:
    beats = tmp_path / "beats"
    child = f"while :; do echo >> {beats}; sleep 0.05; done"
    body = f"subprocess.Popen(['sh', '-c', {child!r}]); time.sleep(0.3)"
    installation.write("py_impls/charset/counter.py", HEAD % (0, body))
    installation.run(
        *("-m", "nanogpt_rs", "verify", "charset", "--id", "python/counter", "--corpus", ALONE)
    )
    before = beats.stat().st_size
    assert before
    done = installation.run("-c", "import time; time.sleep(0.3)")
    assert done.returncode == 0
    assert beats.stat().st_size == before
