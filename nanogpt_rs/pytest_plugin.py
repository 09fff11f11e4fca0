"""The registry's implementations under pytest-benchmark: a plugin, and the bodies of such tests.

``pytest -p nanogpt_rs.pytest_plugin`` loads the plugin. Benchmarks are then timed only if
``--benchmark-only`` is given, and are ordinary tests otherwise. A test file of four lines times the
registry's implementations, in this project's ``benchmarks`` as in any other (see ``parametrize``).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import cache
from pkgutil import resolve_name
from typing import Any

import pytest

from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.registry import Implementation

TRAINED: dict[int, dict[str, str]] = {}
"""SHA-256 of the parameters that jobs trained, by number of steps and id of the preparation."""

ONE_BUILD = (
    "Rust was timed in one build. Another build of the same sources can be faster or slower by "
    "tens of per cent: `nanogpt-rs compare` measures several."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--corpus`` and ``--from``."""
    parser.addoption(
        "--corpus",
        action="append",
        help="corpus id or path for the benchmarks; repeatable",
    )
    parser.addoption(
        "--from",
        action="append",
        dest="sources",
        default=[],
        help="Python file with your own implementations or tasks, for the benchmarks; repeatable",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Turn timing off unless ``--benchmark-only`` asks for it: each case then runs once."""
    if not hasattr(config.option, "benchmark_only"):
        raise pytest.UsageError(
            "nanogpt_rs.pytest_plugin needs pytest-benchmark: pip install pytest-benchmark"
        )
    if not config.getoption("benchmark_only"):
        config.option.benchmark_disable = True
    from nanogpt_rs.ruler import corpora, foreign
    from nanogpt_rs.ruler.errors import UserError

    try:
        for source in config.getoption("sources"):
            foreign.add_file(source)
        for name in config.getoption("--corpus") or ():
            if name not in corpora.CORPORA:
                corpora.load(name)  # refused once, and not in each test
    except UserError as error:
        hint = f"\nhint: {error.hint}" if error.hint else ""
        raise pytest.UsageError(f"{error}{hint}") from None
    for left_out in foreign.add_installed():
        config.issue_config_time_warning(pytest.PytestConfigWarning(left_out), stacklevel=2)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--benchmark-only`` leave the tests out, rather than skip them by the hundred."""
    if config.getoption("benchmark_only"):
        benchmarks = [item for item in items if "benchmark" in getattr(item, "fixturenames", ())]
        tests = [item for item in items if item not in benchmarks]
        items[:] = benchmarks
        config.hook.pytest_deselected(items=tests)


def pytest_collection_finish(session: pytest.Session) -> None:
    """End a session that would time our implementations if they are not what they claim to be.

    Only the packages that these come from are checked: somebody's project may have a ``model.py``
    on the import path, which is no concern of a session that times other benchmarks.
    """
    from nanogpt_rs.ruler import provenance

    if not session.config.getoption("benchmark_only"):
        return
    timed = [row for item in session.items if (row := implementation_of(item))]
    try:
        if timed:
            provenance.check(packages_of(timed))
    except provenance.ProvenanceError as error:
        pytest.exit(error.with_hint(), returncode=3)


def implementation_of(item: pytest.Item) -> Implementation | None:
    """Return the registry's implementation that a case is about, ``None`` for any other test."""
    callspec = getattr(item, "callspec", None)
    parameters = callspec.params.values() if callspec else ()
    return next((value for value in parameters if isinstance(value, Implementation)), None)


def packages_of(rows: Sequence[Implementation]) -> list[str]:
    """Return the names of the measured packages that these implementations come from."""
    from nanogpt_rs.ruler.provenance import MEASURED

    names = {name.partition(":")[0].partition(".")[0] for row in rows for name in row.names()}
    return [package for package in MEASURED if package in names]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Forget the time of a case that failed; pytest-benchmark would rank it, often first."""
    report = yield
    if report.failed and "benchmark" in getattr(item, "fixturenames", ()):
        times: list[Any] = item.config._benchmarksession.benchmarks  # type: ignore[attr-defined]
        times[:] = [case for case in times if case.fullname != item.nodeid]
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Name no host: a machine has the alias that its owner gives it when a run is recorded."""
    machine_info.pop("node", None)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_commit_info(commit_info: dict[str, Any]) -> None:
    """Name the project, not the folder that it was cloned into."""
    commit_info["project"] = "nanogpt-rs"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what times of compiled implementations hold for."""
    session = getattr(terminalreporter.config, "_benchmarksession", None)
    cases = getattr(session, "benchmarks", ())
    if any(case.extra_info.get("builds") == 1 for case in cases if case):
        terminalreporter.write_line(ONE_BUILD)


# The bodies of tests. A test file calls them, so that pytest finds its cases there.


def parametrize(metafunc: pytest.Metafunc, rows: Sequence[Implementation] | None = None) -> None:
    """Make a case of each implementation on each corpus that ``--corpus`` names.

    A test file that times all default implementations, with those of ``--from``, is::

        from nanogpt_rs import pytest_plugin

        def pytest_generate_tests(metafunc):
            pytest_plugin.parametrize(metafunc)

        def test_call(implementation, corpus, benchmark):
            pytest_plugin.time_call(implementation, corpus, benchmark)

    Args:
        metafunc: A test function with the arguments ``implementation`` and ``corpus``.
        rows: The implementations (default: those that run by default, of tasks that differ from
            others in more than their vocabulary).
    """
    from nanogpt_rs.measuring.selection import select
    from nanogpt_rs.ruler.suite import DEFAULT_CORPORA

    chosen = select(variants=False) if rows is None else rows
    metafunc.parametrize("corpus", metafunc.config.getoption("--corpus") or DEFAULT_CORPORA)
    metafunc.parametrize("implementation", chosen, ids=lambda row: f"{row.task}-{row.id}")


def time_call(implementation: Implementation, corpus: str, benchmark: Any) -> None:
    """Time one implementation on one corpus, and assert that its timed answer is right.

    Args:
        implementation: The row of the registry.
        corpus: The corpus's id, or the path of a text.
        benchmark: The fixture of pytest-benchmark.
    """
    from nanogpt_rs.ruler import corpora
    from nanogpt_rs.ruler.tasks import TASKS
    from nanogpt_rs.ruler.verification import not_applicable, verify_apart

    loaded = corpora.load(corpus)  # first, so that the same text is verified
    if benchmark.enabled:
        proof = verify_apart(implementation, corpus)
        if proof.status == "n/a":
            pytest.skip(f"n/a: {'; '.join(proof.details)}")
        assert proof.status == "right", proof.details
    task = TASKS[implementation.task]
    if reason := implementation.unavailable() or not_applicable(implementation, loaded):
        pytest.skip(f"n/a: {reason}")
    benchmark.group = f"{task.name} on {loaded.id}"
    benchmark.extra_info |= {
        "task": task.name,
        "id": implementation.id,
        "corpus": loaded.id,
        "corpus_sha256": loaded.sha256,
        "characters": len(loaded.text),
        "build": build_info(tuple(packages_of([implementation]))),
    }
    if implementation.is_compiled():
        benchmark.extra_info["builds"] = 1
    if implementation.origin:
        benchmark.extra_info["origin"] = str(implementation.origin)
    function, arguments = task.call(implementation.resolve(), corpora.own_copy(loaded.text))
    answer = benchmark(function, *arguments)
    if "limit" not in implementation.marks:
        outcome = task.outcome((function, arguments), answer)
        assert task.difference(outcome, task.oracle(loaded.text)) is None


def time_job(implementation: Implementation, steps: int, benchmark: Any) -> None:
    """Time one whole job on the default corpus, and assert that all trained the same model.

    Args:
        implementation: A row of the task that prepares files for training.
        steps: Steps of the training.
        benchmark: The fixture of pytest-benchmark.
    """
    from nanogpt_rs.ruler import corpora
    from nanogpt_rs.ruler.end_to_end import TRAIN
    from nanogpt_rs.ruler.tasks import TASKS

    torch = pytest.importorskip("torch", reason="install torch: pip install 'nanogpt-rs[torch]'")
    task, corpus = TASKS[implementation.task], corpora.load(corpora.DEFAULT)
    benchmark.group = f"end to end, {counted(steps, 'step')} on {corpus.id}"
    benchmark.extra_info |= {
        "task": "end_to_end",
        "id": implementation.id,
        "corpus": corpus.id,
        "corpus_sha256": corpus.sha256,
        "steps": steps,
        "torch": str(torch.__version__),
        "build": build_info((*packages_of([implementation]), TRAIN.partition(".")[0])),
    }
    if implementation.is_compiled():
        benchmark.extra_info["builds"] = 1
    prepare, (paths,) = task.call(implementation.resolve(), corpus.text)
    train = resolve_name(TRAIN)
    summary = benchmark.pedantic(train, (prepare, paths, "quick"), {"steps": steps}, rounds=1)
    trained = TRAINED.setdefault(steps, {})
    trained[implementation.id] = summary.parameters_sha256
    assert set(trained.values()) == {summary.parameters_sha256}, trained


@cache
def build_info(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the account of its build that the Rust module gives, having checked these packages.

    Raises:
        ProvenanceError: what would be measured is not what it claims to be.
    """
    from nanogpt_rs.ruler import provenance

    return provenance.check(packages).info
