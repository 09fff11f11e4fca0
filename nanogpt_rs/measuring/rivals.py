"""What pytest-benchmark, pyperf and asv say of the functions that the self-test measures.

Each is run as its users run it, in a process of its own, and judged by its own rule: a mean off by
more than 5 % (``--benchmark-compare-fail=mean:5%``), ``pyperf compare_to``, and what
``asv compare`` asks of two results, at a factor of 1.05.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler import corpora
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.tasks import TASKS, Call
from nanogpt_rs.ruler.texts import repeated

SUBJECT = "NANOGPT_RS_RIVALS_SUBJECT"
"""Tells the process of a tool what to measure: JSON of ``task``, ``id`` and ``arms``."""
FACTOR = 1.05
"""By which means must differ for pytest-benchmark and asv to count as different."""
BASELINE = "baseline"


class RivalError(Exception):
    """A tool is not there or gave no answer; the message says which and why."""


def subject(name: str) -> Call:
    """Return the call that an arm stands for, in the process of a tool."""
    told = json.loads(os.environ[SUBJECT])
    text = repeated(corpora.load(corpora.DEFAULT).text, told["arms"][name])
    task = TASKS[told["task"]]
    return task.call(find(task.name, told["id"]).resolve(), corpora.own_copy(text))


def judge(task: str, id: str, arms: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """Return for each tool and each arm but the baseline: ``same``, ``slower`` or ``faster``.

    Args:
        task: of an implementation.
        id: its id.
        arms: by name how many characters of text; ``BASELINE`` comes first.

    Raises:
        RivalError: a tool is missing or gave no answer.
    """
    told = {"task": task, "id": id, "arms": dict(arms)}
    found = {}
    for tool, rule in TOOLS.items():
        with tempfile.TemporaryDirectory(prefix="nanogpt-rs-rival-") as folder:
            found[tool] = rule(Path(folder), told)
    return found


def started(folder: Path, told: dict[str, Any], *command: str, **environment: str) -> str:
    """Run Python on a tool and return what it printed.

    Raises:
        RivalError: it failed.
    """
    done = subprocess.run(
        [sys.executable, "-P", *command],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), SUBJECT: json.dumps(told), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise RivalError(f"{command[1]} ended with status {done.returncode}: {' '.join(last)}")
    return done.stdout


def by_factor(baseline: float, other: float) -> str:
    """Return what a mean says that is off by more than 5 %."""
    if other > baseline * FACTOR:
        return "slower"
    return "faster" if baseline > other * FACTOR else "same"


def pytest_benchmark(folder: Path, told: dict[str, Any]) -> dict[str, str]:
    """Return what pytest-benchmark's means say."""
    (folder / "test_subject.py").write_text(
        "import pytest\n"
        "from nanogpt_rs.measuring.rivals import subject\n"
        f"@pytest.mark.parametrize('name', {list(told['arms'])!r})\n"
        "def test_subject(benchmark, name):\n"
        "    function, arguments = subject(name)\n"
        "    benchmark(function, *arguments)\n"
    )
    started(
        folder,
        told,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "--benchmark-only"),
        *("--benchmark-json=out.json", "test_subject.py"),
    )
    document = json.loads((folder / "out.json").read_bytes())
    means = {one["params"]["name"]: one["stats"]["mean"] for one in document["benchmarks"]}
    baseline = means.pop(BASELINE)
    return {name: by_factor(baseline, mean) for name, mean in means.items()}


def pyperf(folder: Path, told: dict[str, Any]) -> dict[str, str]:
    """Return what ``pyperf compare_to`` says, of half as many processes as it takes by default."""
    (folder / "subject.py").write_text(
        "import os, pyperf\n"
        "from nanogpt_rs.measuring.rivals import subject\n"
        "runner = pyperf.Runner()\n"
        "function, arguments = subject(os.environ['NANOGPT_RS_RIVALS_ARM'])\n"
        "runner.bench_func('subject', function, *arguments)\n"
    )
    inherited = f"--inherit-environ={SUBJECT},NANOGPT_RS_RIVALS_ARM"
    for name in told["arms"]:
        started(
            folder,
            told,
            *("subject.py", "--quiet", "--fast", inherited, "-o", f"{name}.json"),
            NANOGPT_RS_RIVALS_ARM=name,
        )
    found = {}
    for name in told["arms"]:
        if name == BASELINE:
            continue
        said = started(
            folder, told, "-m", "pyperf", "compare_to", f"{BASELINE}.json", f"{name}.json"
        )
        found[name] = next((word for word in ("slower", "faster") if word in said), "same")
    return found


def asv(folder: Path, told: dict[str, Any]) -> dict[str, str]:
    """Return what asv's own comparison says of results with samples."""
    (folder / "suite").mkdir()
    (folder / "suite" / "__init__.py").touch()
    (folder / "suite" / "bench_subject.py").write_text(
        "from nanogpt_rs.measuring.rivals import subject\n"
        "class Subject:\n"
        f"    params = {list(told['arms'])!r}\n"
        "    def setup(self, name):\n"
        "        self.function, self.arguments = subject(name)\n"
        "    def time_call(self, name):\n"
        "        self.function(*self.arguments)\n"
    )
    configuration = {
        "version": 1,
        "project": "subject",
        "repo": ".",
        "benchmark_dir": "suite",
        "environment_type": "existing",
        "branches": ["main"],
    }
    (folder / "asv.conf.json").write_text(json.dumps(configuration))
    for command in (
        ("init", "-q", "-b", "main"),
        ("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-m", "x"),
    ):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
    started(folder, told, "-m", "asv", "machine", "--yes", "--machine", "rival")
    started(
        folder,
        told,
        *("-m", "asv", "run", "--machine", "rival", "--record-samples"),
        *("-E", f"existing:{sys.executable}", "--set-commit-hash", commit),
    )
    return compared_by_asv(next((folder / "results" / "rival").glob(f"{commit[:8]}*.json")))


def compared_by_asv(path: Path) -> dict[str, str]:
    """Return what ``asv compare`` asks of two results, asked of each arm and the baseline."""
    from asv.commands.compare import _is_result_better
    from asv.results import Results

    results = Results.load(str(path))
    (key,) = results.get_all_result_keys()
    parameters = results.get_result_params(key)
    names = [str(ast.literal_eval(name)) for name in parameters[0]]
    values = dict(zip(names, results.get_result_value(key, parameters), strict=True))
    stats = results.get_result_stats(key, parameters)
    samples = results.get_result_samples(key, parameters)
    known = dict(zip(names, zip(stats, samples, strict=True), strict=True))

    def better(one: str, other: str) -> bool:
        return bool(_is_result_better(values[one], values[other], known[one], known[other], FACTOR))

    return {
        name: "slower" if better(BASELINE, name) else "faster" if better(name, BASELINE) else "same"
        for name in names
        if name != BASELINE
    }


TOOLS: dict[str, Callable[[Path, dict[str, Any]], dict[str, str]]] = {
    "pytest-benchmark": pytest_benchmark,
    "pyperf": pyperf,
    "asv": asv,
}
