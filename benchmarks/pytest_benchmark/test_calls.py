"""The registry under pytest-benchmark; a plain ``pytest`` run calls each case once.

The folder has no ``__init__.py``, so that asv, which imports every module of ``benchmarks``, does
not find this file.
"""

from __future__ import annotations

from typing import Any

import pytest

from nanogpt_rs import pytest_plugin
from nanogpt_rs.ruler.registry import Implementation


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each default implementation on each corpus that ``--corpus`` names."""
    pytest_plugin.parametrize(metafunc)


def test_call(implementation: Implementation, corpus: str, benchmark: Any) -> None:
    """Time one implementation on one corpus, and assert that its timed answer is right."""
    pytest_plugin.time_call(implementation, corpus, benchmark)
