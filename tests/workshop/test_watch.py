"""``make watch``: a real edit in a real checkout, and what is printed."""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from installations import ROOT, Installation

from nanogpt_rs.workshop.watch import Touched, shift, touched


def test_changed_files_say_which_implementations_are_affected() -> None:
    def of(*names: str) -> Touched:
        return touched(ROOT, [ROOT / name for name in names])

    assert of("py_impls/charset/set.py") == Touched(False, (("charset", "python/set"),), False)
    assert of("rust_impls/charset/bit_table/avx2.rs", "rust_impls/charset/bit_table.rs") == Touched(
        True, (("charset", "rust/bit_table"),), False
    )
    for shared in (
        "rust_impls/python/text.rs",
        "rust_impls/charset/mod.rs",
        "rust_impls/Cargo.toml",
    ):
        assert of(shared) == Touched(True, (), True)
    for shared in (
        "py_impls/vocabulary.py",
        "nanogpt_rs/ruler/registry.py",
        "py_impls/count/__init__.py",
    ):
        assert of(shared) == Touched(False, (), True)
    assert of("rust_impls/benches/kernels.rs", "rust_impls/tests/ideas.rs").rows == ()


def test_two_runs_are_compared_with_the_errors_of_both() -> None:
    def comparison(ratio: float, half: float) -> dict[str, object]:
        return {"ratio": ratio, "interval": [ratio / math.exp(half), ratio * math.exp(half)]}

    moved = shift(comparison(3.0, 0.03), comparison(2.0, 0.04))
    assert moved is not None
    assert moved.verdict == "faster"
    assert moved.factor == pytest.approx(1.5)
    assert moved.interval == pytest.approx((1.5 * math.exp(-0.05), 1.5 * math.exp(0.05)))
    slower = shift(comparison(2.0, 0.03), comparison(3.0, 0.04))
    assert slower is not None
    assert slower.verdict == "slower"
    same = shift(comparison(2.0, 0.03), comparison(2.09, 0.04))
    assert same is not None
    assert same.verdict == "not told apart"
    alone = shift(comparison(2.0, 0.03), {"ratio": 1.0, "interval": None})
    assert alone is not None
    assert (alone.interval, alone.verdict) == (None, "not told apart")
    assert shift(comparison(2.0, 0.03), {"ratio": None, "interval": None}) is None


@pytest.fixture
def watching(installation: Installation) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """Yield a checkout that is its own installation, and a process that watches it."""
    folder = installation.folder
    shutil.copytree(ROOT / "rust_impls", folder / "rust_impls", dirs_exist_ok=True)
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Cargo.toml", "Cargo.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    command = [sys.executable, "-P", "-m", "nanogpt_rs", "dev", "watch"]
    with subprocess.Popen(
        [*command, "--corpus=english-1k-ascii", "--seconds=1"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
        # A shell's background jobs ignore SIGINT, and the tests may be one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        guard = threading.Timer(900, process.kill)  # or a line that never comes would be waited for
        guard.start()
        yield folder, process
        guard.cancel()
        process.kill()


def until(process: subprocess.Popen[str], words: str) -> str:
    """Return the first line that has these words."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return line
    pytest.fail(f"no {words!r} in {lines}")


def rewrite(path: Path, text: str) -> None:
    """Replace a file at once: if it were empty for a moment, that would be an edit of its own."""
    new = path.with_name(f".{path.name}")
    new.write_text(text)
    new.replace(path)


SLOW = '"""Slow."""\n\n\ndef charset(text):\n    if not isinstance(text, str):\n'
SLOW += '        raise TypeError("no text")\n    return {c for _ in "1234" for c in text}\n'


@pytest.mark.slow("waits for four reports of a real watch")
def test_an_edit_is_tested_and_compared_with_the_numbers_from_before(
    watching: tuple[Path, subprocess.Popen[str]],
) -> None:
    folder, process = watching
    edited = folder / "py_impls/charset/dict_fromkeys.py"
    until(process, "watching the implementations")
    rewrite(edited, edited.read_text() + "\n")
    first = until(process, "charset python/dict_fromkeys, warm; ")
    assert "python/set (" in first
    assert "before" not in first
    rewrite(edited, SLOW)
    second = until(process, "charset python/dict_fromkeys, warm; ")
    assert "times as fast as before: slower" in second
    rewrite(edited, SLOW.replace("in text}", "in text[1:]}"))
    until(process, "not right: nothing is compared")
    process.send_signal(signal.SIGINT)
    assert process.wait(300) == 130
