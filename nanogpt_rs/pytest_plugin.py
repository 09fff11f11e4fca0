"""pytest-benchmark as used here: benchmarks run when asked for, and are tests otherwise."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest


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
        help="Python file with somebody's implementations or tasks, for the benchmarks; repeatable",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Turn timing off unless ``--benchmark-only`` asks for it: each case then runs once."""
    if not config.getoption("benchmark_only"):
        config.option.benchmark_disable = True
    from nanogpt_rs.ruler import foreign

    try:
        for source in config.getoption("sources"):
            foreign.add_file(source)
    except foreign.ForeignError as error:
        raise pytest.UsageError(str(error)) from None
    for left_out in foreign.add_installed():
        config.issue_config_time_warning(pytest.PytestConfigWarning(left_out), stacklevel=2)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Time nothing that is not what it claims to be."""
    from nanogpt_rs.ruler import provenance

    if session.config.getoption("benchmark_only"):
        try:
            provenance.check()
        except provenance.ProvenanceError as error:
            pytest.exit(str(error), returncode=3)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--benchmark-only`` leave the tests out, rather than skip them by the hundred."""
    if config.getoption("benchmark_only"):
        tests = [item for item in items if "benchmark" not in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in tests]
        config.hook.pytest_deselected(items=tests)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Forget the time of a case that failed; pytest-benchmark would rank it, often first."""
    report = yield
    if report.failed and "benchmark" in getattr(item, "fixturenames", ()):
        times: list[Any] = item.config._benchmarksession.benchmarks  # type: ignore[attr-defined]
        times[:] = [one for one in times if one.fullname != item.nodeid]
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Name no host: a machine has the alias that its owner gives it when a run is recorded."""
    machine_info.pop("node", None)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_commit_info(commit_info: dict[str, Any]) -> None:
    """Name the project, not the folder that it was cloned into."""
    commit_info["project"] = "nanogpt-rs"
