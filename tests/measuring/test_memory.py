"""The memory of a first call: real processes, and allocations of known size."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nanogpt_rs.measuring.memory import cache_states, measure, ordered
from nanogpt_rs.ruler import held
from nanogpt_rs.ruler.registry import find

pytestmark = pytest.mark.skipif(held.cannot() is not None, reason=f"system: {held.cannot()}")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("corpus") / "long.txt"
    path.write_text("to be, or not to be: " * 400_000)
    return str(path)


def test_two_passes_need_little_beyond_their_result(corpus: str) -> None:
    ids = 8 * 8_400_000
    small = measure(find("prepare", "rust/two_passes"), corpus, False, 1)
    large = measure(find("prepare", "rust/rustc_hash"), corpus, False, 1)
    # Where memory is short, the system takes pages of libraries away meanwhile.
    assert ids - 8e6 <= small.most <= ids + 16e6
    assert ids - 8e6 <= max(small.kept) <= small.most
    # The whole text beside the ids is 8.4 MB, less what the process had free before.
    assert large.most >= small.most + 4e6
    assert ordered([large, small]) == [small, large]
    assert small.typical_seconds > 0


def test_importing_a_library_does_not_count_as_part_of_a_first_call() -> None:
    # numpy takes 12 MB and 35 ms; Rust imports it with the first array that it makes.
    footprint = measure(find("encode_array", "rust/id_table"), "english-1k-ascii", False, 1)
    assert footprint.most < 6e6


def test_memory_that_is_freed_counts_only_for_the_peak(corpus: str) -> None:
    shards = measure(find("shards", "python/list_comprehension"), corpus, False, 1)
    assert shards.most >= 8 * 8_400_000  # its lists
    assert max(shards.kept) < shards.most / 2


def test_the_command(nanogpt_rs: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("abc\n" * 10_000)
    done = nanogpt_rs(
        *("profile", "memory", "shards", "--corpus", str(tmp_path / "mine.txt")),
        *("--processes=1", "--json"),
        *("--id=rust/two_passes", "--id=python/file_blocks"),
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert len(document["cells"]) == 2 * len(cache_states("shards"))
    assert {cell["id"] for cell in document["cells"]} == {"rust/two_passes", "python/file_blocks"}
    assert all(cell["seconds"][0] > 0 for cell in document["cells"])
    assert str(tmp_path) not in done.stdout


def test_the_table(nanogpt_rs: Run) -> None:
    arguments = ("--corpus=english-1k-ascii", "--processes=1", "--id=python/set")
    done = nanogpt_rs("profile", "memory", "charset", *arguments)
    assert done.returncode == 0, done.stderr
    assert "first call of a fresh process" in done.stdout
    assert "chars/s" in done.stdout
    assert "no copy" not in done.stdout
