"""Assertions on times in pytest: the fixture ``assert_faster`` and the marker ``faster``.

pytest loads this plugin by itself where the package is installed. It imports nothing of ours before
a test uses the fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import pytest

if TYPE_CHECKING:
    from typing import Any, Literal

    from nanogpt_rs.api import Comparison, Thing

    class AssertFaster(Protocol):
        """As ``nanogpt_rs.assert_faster``."""

        def __call__(
            self,
            fast: Thing,
            *args: Any,
            than: Thing,
            by: float = 1.0,
            inconclusive: Literal["fail", "skip"] = "skip",
            **options: Any,
        ) -> Comparison:
            """Assert that a function is faster than another."""


FIXTURE = "assert_faster"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting for inconclusive comparisons."""
    parser.addini(
        "faster_inconclusive",
        "what an inconclusive comparison of the fixture assert_faster does: skip or fail",
        default="skip",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "faster: compares times. `pytest -m faster` runs these tests alone; without pytest-xdist, "
        "which would run others beside them",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the fixture."""
    for item in items:
        if FIXTURE in getattr(item, "fixturenames", ()):
            item.add_marker("faster")


@pytest.fixture
def assert_faster(request: pytest.FixtureRequest) -> AssertFaster:
    """Assert that a function is faster than another, as ``nanogpt_rs.assert_faster`` does.

    An inconclusive comparison is a skip, unless the setting ``faster_inconclusive`` or the
    argument ``inconclusive`` says ``fail``.
    """
    from functools import partial

    from nanogpt_rs import api

    by_default = str(request.config.getini("faster_inconclusive"))
    return cast(
        "AssertFaster",
        partial(api.assert_faster, inconclusive=cast("Literal['fail', 'skip']", by_default)),
    )
