"""What an implementation does to the process that it shares with others, or to its own file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nanogpt_rs.measuring.paired import Arm, Setting
from nanogpt_rs.ruler import foreign, registry

Run = Callable[..., subprocess.CompletedProcess[str]]

CHECKED = """\
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
"""
POOL = """\
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool, get_context

def distinct(text):
    return set(text)

def halves(pool, text):
    return set().union(*pool.map(distinct, (text[: len(text) // 2], text[len(text) // 2 :])))

def charset(text):
"""
# A file by name, and what the proof of its implementation then says; None if it is right.
FILES = {
    "stops_the_clocks": (
        "import time\ntime.perf_counter = time.perf_counter_ns = time.thread_time_ns = lambda: 0\n"
        f"def charset(text):\n{CHECKED}    return set(text)\n",
        "which others use too, when it was imported",
    ),
    "stops_a_clock_late": (
        f"import time\ndef charset(text):\n{CHECKED}    time.sleep = print\n    return set(text)\n",
        "replaced time.sleep, which others use too",
    ),
    "replaces_a_builtin": (
        "import builtins\nbuiltins.set = frozenset\n"
        f"def charset(text):\n{CHECKED}    return {{*text}}\n",
        "replaced builtins.set, which others use too, when it was imported",
    ),
    "moves_when_imported": (
        f"import os\nos.chdir('/')\ndef charset(text):\n{CHECKED}    return set(text)\n",
        "changed the working folder when it was imported",
    ),
    "prints_when_imported": (
        f"print('hello')\ndef charset(text):\n{CHECKED}    return set(text)\n",
        None,
    ),
    "forks_a_pool": (
        f"{POOL}{CHECKED}    with Pool(2) as pool:\n        return halves(pool, text)\n",
        "forked its process; spawn processes instead",
    ),
    "forks_an_executor": (
        f"{POOL}{CHECKED}    with ProcessPoolExecutor(2) as pool:\n"
        "        return halves(pool, text)\n",
        "forked its process; spawn processes instead",
    ),
    "keeps_a_pool": (
        f"{POOL}{CHECKED}    global kept\n"
        "    kept = ProcessPoolExecutor(2, mp_context=get_context('spawn'))\n"
        "    return halves(kept, text)\n",
        "left a child process behind (2 of them); end a pool before the call returns",
    ),
    # Edge cases are left to one process, because starting a pool takes a third of a second.
    "spawns_an_executor": (
        f"{POOL}{CHECKED}    if len(text) != 1024:\n        return set(text)\n"
        "    with ProcessPoolExecutor(2, mp_context=get_context('spawn')) as pool:\n"
        "        return halves(pool, text)\n",
        None,
    ),
    "serves_forks": (
        f"{POOL}{CHECKED}    if len(text) != 1024:\n        return set(text)\n"
        "    with get_context('forkserver').Pool(2) as pool:\n"
        "        return halves(pool, text)\n",
        None,
    ),
}


def test_an_implementation_is_named_for_what_it_did(nanogpt_rs: Run, tmp_path: Path) -> None:
    arguments = ["verify", "charset", "--corpus", "english-1k-ascii", "--json"]
    for name, (code, _) in FILES.items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
        arguments += [f"--from={name}.py", f"--id=foreign/{name}"]
    done = nanogpt_rs(*arguments)
    assert done.returncode == 1, done.stderr
    proofs = {proof["id"]: proof for proof in json.loads(done.stdout)["proofs"]}
    for name, (_, says) in FILES.items():
        proof = proofs[f"foreign/{name}"]
        if says is None:
            assert proof["status"] == "right", proof
        else:
            assert proof["status"] == "wrong", proof
            (detail,) = proof["details"]
            assert says in detail


@pytest.mark.parametrize("body", ["path.write_text('other')", "path.unlink()"])
def test_an_implementation_that_changes_the_file_that_it_reads_is_wrong(
    nanogpt_rs: Run, tmp_path: Path, body: str
) -> None:
    (tmp_path / "writes.py").write_text(
        "from pathlib import Path\n"
        "def file_charset(paths):\n"
        "    texts = []\n"
        "    for path in map(Path, paths):\n"
        "        texts.append(path.read_bytes().decode())\n"
        f"        {body}\n"
        "    return set().union(*texts)\n"
    )
    done = nanogpt_rs(
        *("verify", "file_charset", "--from=writes.py", "--id=foreign/writes", "--json"),
        "--corpus=english-60-ascii",
    )
    (proof,) = json.loads(done.stdout)["proofs"]
    assert any("changed its input" in detail for detail in proof["details"]), proof


@pytest.fixture
def pooled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of an implementation that spawns a pool in each call, registered for a test."""
    path = tmp_path / "spawns_an_executor.py"
    path.write_text(FILES[path.stem][0], encoding="utf-8")
    monkeypatch.setattr(foreign, "_taken", {})
    monkeypatch.setattr(registry, "_added", [])
    foreign.add_file(path)
    return f"foreign/{path.stem}"


def test_a_pool_of_spawned_processes_is_timed_beside_others(pooled: str) -> None:
    arms = [Arm(id).order(1) for id in ("python/set", "python/set", pooled)]
    answer = Setting("charset", "english-1k-ascii", "warm").run(arms, 1, 0, 10.0)
    (reference,), _, (block,) = answer["blocks"]
    assert 0 < reference[0] < block[0]
    assert answer["wrong"] == {}


def test_a_file_that_stops_the_clocks_is_refused_where_it_is_run_here(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    code, says = FILES["stops_the_clocks"]
    rows = (
        "from nanogpt_rs.ruler.registry import row\n"
        "ROWS = [row('charset', 'foreign/x', 'x:y', '')]\n"
    )
    (tmp_path / "rows.py").write_text(rows + code, encoding="utf-8")
    done = nanogpt_rs("list", "--from=rows.py")
    assert done.returncode == 2
    assert "rows.py: replaced time." in done.stderr
    assert str(says) in done.stderr


def test_a_file_that_is_edited_during_a_run_costs_its_own_row_only(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    edits = tmp_path / "edits.py"
    edits.write_text(
        "from pathlib import Path\n"
        f"def charset(text):\n{CHECKED}"
        "    with Path(__file__).open('a') as file:\n"
        "        file.write('# edited\\n')\n"
        "    return set(text)\n"
    )
    done = nanogpt_rs(
        *("compare", "charset", "python/set", "foreign/edits", "rust/ahash", "--json"),
        *("--from=edits.py", "--corpus=english-60-ascii"),
    )
    assert done.returncode == 1, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    said = "a worker process found edits.py edited since the run began"
    assert cells["foreign/edits"]["details"] == [said]
    for id in ("python/set", "rust/ahash"):
        assert cells[id]["status"] == "right"
        assert cells[id]["seconds"] > 0


def test_a_function_whose_file_is_edited_during_a_comparison_has_no_time(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    """Its record holds the hash of the file as it was when the run began."""
    (tmp_path / "edits.py").write_text(
        "from pathlib import Path\n"
        "def once():\n"
        "    with Path(__file__).open('a') as file:\n"
        "        file.write('# edited\\n')\n"
    )
    for target in ("edits.py:once", "edits:once"):
        done = nanogpt_rs("compare", "builtins:dict", target, "--no-check", "--json")
        assert done.returncode == 1, done.stderr
        _, edited = json.loads(done.stdout)["cells"]
        said = "a worker process found edits.py edited since the run began"
        assert edited["details"] == [said]
