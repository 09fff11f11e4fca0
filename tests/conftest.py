"""Fixtures that start real processes on real installations, and the rule for skipped tests."""

from __future__ import annotations

import getpass
import importlib.metadata
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from installations import BRIEF, PACKAGES, ROOT, Installation, build_wheel, mount_disk
from printed_documents import check_document
from reader import Reader, start
from warm import Server

from nanogpt_rs.ruler import corpora

# A background job of a shell ignores Ctrl-C, and so would the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The time of an example depends on the machine: a busy machine must fail no test.
settings.register_profile("nanogpt-rs", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nanogpt-rs")

# What tests start is no worker of theirs, whatever runs the tests: pytest-benchmark, for one, times
# nothing in a worker.
os.environ.pop("PYTEST_XDIST_WORKER", None)

# Tables and messages in a pipe are as wide as they need to be, unless this variable is set.
os.environ.pop("COLUMNS", None)
os.unsetenv("COLUMNS")  # readline, which pytest imports, sets it where os.environ does not see it

# The tests start Python hundreds of times, and each start would compile all modules anew where the
# environment forbids to keep bytecode. It is kept in one folder, so that no other folder changes.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
BYTECODE = Path(os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / "target/pycache")))
sys.dont_write_bytecode, sys.pycache_prefix = False, str(BYTECODE)

# Compiling for several builds takes half a minute: tests that are not about builds measure one.
os.environ.setdefault("NANOGPT_RS_BUILDS", "1")


LONGEST = (
    "tests/benchmarks/test_asv.py",
    "tests/faults/test_bad_input.py",
    "tests/workshop/test_notebook.py",
    "tests/ruler/test_oracles.py",
)
"""Files that take a minute of a processor and more, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files and those with slow tests, so that all workers end together.

    A test that is marked slow says why, as in ``slow("trains a model")``. A test of an
    implementation that needs torch is marked here.
    """
    slow = set()
    for item in items:
        parameters = getattr(item, "callspec", None)
        rows = parameters.params.values() if parameters else ()
        if any("torch" in getattr(row, "needs", ()) for row in rows):
            item.add_marker("torch")
        for mark in item.iter_markers("slow"):
            slow.add(item.path)
            if not mark.args:
                raise pytest.UsageError(f"{item.nodeid} is marked slow without a reason")
    longest = {ROOT / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (longest.get(item.path, len(longest)), item.path not in slow))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the bytecode of modules that tests wrote."""
    if not hasattr(config, "workerinput"):
        written = BYTECODE.joinpath(*Path(tempfile.gettempdir()).resolve().parts[1:])
        shutil.rmtree(written / f"pytest-of-{getpass.getuser()}", ignore_errors=True)


ALLOWED_SKIPS = ("hardware:", "system:", "n/a: the corpus")
"""Beginnings of reasons that hold wherever tests run: a row may not suit the default corpus."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Fail where skips are forbidden, except those for reasons that nothing can change here."""
    if not os.environ.get("NANOGPT_RS_FORBID_SKIPS"):
        return
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.removeprefix("Skipped: ").startswith(ALLOWED_SKIPS):
            terminalreporter.write_line(f"skip is forbidden here: {report.nodeid}: {reason}")
            terminalreporter._session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A copy of what is installed, without its sources."""
    folder = tmp_path / "site"
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    distribution = importlib.metadata.distribution("nanogpt-rs")
    site = Path(str(distribution.locate_file("")))
    shutil.copytree(site / "rust_impls", folder / "rust_impls")
    info = next(site.glob("nanogpt_rs-*.dist-info"))
    shutil.copytree(info, folder / info.name, ignore=shutil.ignore_patterns("direct_url.json"))
    return Installation(folder)


@pytest.fixture(scope="session")
def wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, for this Python, built once for all of pytest's workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "wheel"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / ".lock"):
        if not list(folder.glob("*.whl")):
            build_wheel(ROOT, folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def tinyshakespeare() -> corpora.Corpus:
    """The real corpus, from the path that an environment variable names: no test downloads it."""
    if not os.environ.get(corpora.TINYSHAKESPEARE_VARIABLE):
        pytest.skip(f"set {corpora.TINYSHAKESPEARE_VARIABLE} to the path of tinyshakespeare.txt")
    return corpora.load("tinyshakespeare")


@pytest.fixture(scope="session")
def synthetic() -> corpora.Corpus:
    return corpora.load("synthetic")


@pytest.fixture
def nanogpt_rs(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The installed command, as a user runs it, in a folder of its own.

    It measures with few processes and rounds, unless a test sets ``brief`` to false.
    """

    def run(
        *arguments: str, brief: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        command = Path(sys.executable).with_name("nanogpt-rs")
        path = [environment.pop("PYTHONPATH", ""), *([BRIEF] if brief else [])]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        done = subprocess.run(
            [command, *arguments],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
        check_document(arguments, done.stdout)
        return done

    return run


@pytest.fixture(scope="session")
def command_server() -> Iterator[Server]:
    """A process that has imported everything, and that commands are forked from."""
    server = Server([], {**os.environ, "PYTHONPATH": BRIEF})
    yield server
    server.close()


@pytest.fixture
def forked(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command as ``nanogpt_rs`` runs it, in a process that is forked instead of started.

    For tests of many lines that are refused: importing takes most of the time of a refusal, and
    with torch nearly all. That the command can be started is shown by all other tests.
    """
    if not hasattr(os, "fork"):
        return request.getfixturevalue("nanogpt_rs")  # type: ignore[no-any-return]
    server: Server = request.getfixturevalue("command_server")

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        done = server.run(list(arguments), tmp_path, **environment)
        check_document(arguments, done.stdout)
        return subprocess.CompletedProcess(arguments, done.status, done.stdout, done.stderr)

    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A function that mounts a small disk for a test. It takes the size, such as ``64k``."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []

    def mount(size: str) -> Path:
        mount_disk(folder, size)
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for all tests."""
    try:
        driver = start(tmp_path_factory.mktemp("browser"))
    except FileNotFoundError as error:
        pytest.skip(str(error))
    yield driver
    driver.quit()


@pytest.fixture
def reader(browser: Any) -> Reader:
    return Reader(browser)
