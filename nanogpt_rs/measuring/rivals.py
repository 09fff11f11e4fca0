"""The judgements of pytest-benchmark, pyperf and asv on functions that the self-test measures.

Each tool is run as its users run it, in a process of its own, and judges by its own rule. For
pytest-benchmark, a mean must be off by more than 5 % (``--benchmark-compare-fail=mean:5%``). For
pyperf, ``pyperf compare_to`` decides. For asv, it is the rule of ``asv compare`` at a factor of
1.05.
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
from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.tasks import TASKS, Call
from nanogpt_rs.ruler.texts import repeated

SUBJECT = "NANOGPT_RS_RIVALS_SUBJECT"
"""Environment variable that tells a tool's process what to measure: JSON of ``task``, ``id`` and
``arms``."""
FACTOR = 1.05
"""Factor by which means must differ for pytest-benchmark and asv to call them different."""
BASELINE = "baseline"
"""Name of the arm that others are compared with."""


class RivalError(UserError):
    """A tool is missing or gave no answer; the message says which and why."""


def subject(name: str) -> Call:
    """Return the call that an arm stands for; a tool's process calls this."""
    request = json.loads(os.environ[SUBJECT])
    text = repeated(corpora.load(corpora.DEFAULT).text, request["arms"][name])
    task = TASKS[request["task"]]
    return task.call(find(task.name, request["id"]).resolve(), corpora.own_copy(text))


def judge(task: str, id: str, arms: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """Return each tool's judgement of each arm but the baseline: same, slower or faster.

    Args:
        task: Name of the task.
        id: Id of the implementation.
        arms: Length of each arm's text in characters, by the arm's name; ``BASELINE`` comes first.

    Raises:
        RivalError: A tool is missing or gave no answer.
    """
    request = {"task": task, "id": id, "arms": dict(arms)}
    judgements = {}
    for tool, rule in TOOLS.items():
        with tempfile.TemporaryDirectory(prefix="nanogpt-rs-rival-") as folder:
            judgements[tool] = rule(Path(folder), request)
    return judgements


def started(folder: Path, request: dict[str, Any], *command: str, **environment: str) -> str:
    """Run a tool with Python and return its standard output.

    Args:
        folder: Folder to run it in, which is also its home folder.
        request: Request for the tool's process, as ``SUBJECT`` describes it.
        command: Arguments of Python.
        environment: Further environment variables.

    Raises:
        RivalError: The tool failed.
    """
    done = subprocess.run(
        [sys.executable, "-P", *command],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), SUBJECT: json.dumps(request), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise RivalError(f"{command[1]} ended with status {done.returncode}: {' '.join(last)}")
    return done.stdout


def by_factor(baseline: float, other: float) -> str:
    """Return the judgement on two means, which must differ by more than ``FACTOR``."""
    if other > baseline * FACTOR:
        return "slower"
    return "faster" if baseline > other * FACTOR else "same"


def pytest_benchmark(folder: Path, request: dict[str, Any]) -> dict[str, str]:
    """Return the judgements by pytest-benchmark's means."""
    (folder / "test_subject.py").write_text(
        "import pytest\n"
        "from nanogpt_rs.measuring.rivals import subject\n"
        f"@pytest.mark.parametrize('name', {list(request['arms'])!r})\n"
        "def test_subject(benchmark, name):\n"
        "    function, arguments = subject(name)\n"
        "    benchmark(function, *arguments)\n"
    )
    started(
        folder,
        request,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "--benchmark-only"),
        *("--benchmark-json=out.json", "test_subject.py"),
    )
    document = json.loads((folder / "out.json").read_bytes())
    means = {case["params"]["name"]: case["stats"]["mean"] for case in document["benchmarks"]}
    baseline = means.pop(BASELINE)
    return {name: by_factor(baseline, mean) for name, mean in means.items()}


def pyperf(folder: Path, request: dict[str, Any]) -> dict[str, str]:
    """Return the judgements of ``pyperf compare_to``, on half as many processes as by default."""
    (folder / "subject.py").write_text(
        "import os, pyperf\n"
        "from nanogpt_rs.measuring.rivals import subject\n"
        "runner = pyperf.Runner()\n"
        "function, arguments = subject(os.environ['NANOGPT_RS_RIVALS_ARM'])\n"
        "runner.bench_func('subject', function, *arguments)\n"
    )
    inherited = f"--inherit-environ={SUBJECT},NANOGPT_RS_RIVALS_ARM"
    for name in request["arms"]:
        started(
            folder,
            request,
            *("subject.py", "--quiet", "--fast", inherited, "-o", f"{name}.json"),
            NANOGPT_RS_RIVALS_ARM=name,
        )
    judgements = {}
    for name in request["arms"]:
        if name == BASELINE:
            continue
        output = started(
            folder, request, "-m", "pyperf", "compare_to", f"{BASELINE}.json", f"{name}.json"
        )
        judgements[name] = next((word for word in ("slower", "faster") if word in output), "same")
    return judgements


def asv(folder: Path, request: dict[str, Any]) -> dict[str, str]:
    """Return the judgements of asv's own comparison, on results with samples."""
    (folder / "suite").mkdir()
    (folder / "suite" / "__init__.py").touch()
    (folder / "suite" / "bench_subject.py").write_text(
        "from nanogpt_rs.measuring.rivals import subject\n"
        "class Subject:\n"
        f"    params = {list(request['arms'])!r}\n"
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
    started(folder, request, "-m", "asv", "machine", "--yes", "--machine", "rival")
    started(
        folder,
        request,
        *("-m", "asv", "run", "--machine", "rival", "--record-samples"),
        *("-E", f"existing:{sys.executable}", "--set-commit-hash", commit),
    )
    return compared_by_asv(next((folder / "results" / "rival").glob(f"{commit[:8]}*.json")))


def compared_by_asv(path: Path) -> dict[str, str]:
    """Return the judgement of ``asv compare`` on each arm beside the baseline."""
    from asv.commands.compare import _is_result_better
    from asv.results import Results

    results = Results.load(str(path))
    (key,) = results.get_all_result_keys()
    parameters = results.get_result_params(key)
    names = [str(ast.literal_eval(name)) for name in parameters[0]]
    values = dict(zip(names, results.get_result_value(key, parameters), strict=True))
    stats = results.get_result_stats(key, parameters)
    samples = results.get_result_samples(key, parameters)
    details = dict(zip(names, zip(stats, samples, strict=True), strict=True))

    def better(arm: str, other: str) -> bool:
        return bool(
            _is_result_better(values[arm], values[other], details[arm], details[other], FACTOR)
        )

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
