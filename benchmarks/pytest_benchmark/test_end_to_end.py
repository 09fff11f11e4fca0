"""A whole job under pytest-benchmark: a file is prepared, and a small model trained on it."""

from __future__ import annotations

from typing import Any

import pytest

from nanogpt_rs import pytest_plugin
from nanogpt_rs.measuring.end_to_end import rows_of
from nanogpt_rs.ruler.registry import Implementation

STEPS = 20


@pytest.mark.parametrize("implementation", rows_of("ascii"), ids=lambda row: row.id)
def test_job(implementation: Implementation, benchmark: Any) -> None:
    """Time one whole job, and assert that it trained the model that the others trained."""
    pytest_plugin.time_job(implementation, STEPS, benchmark)
