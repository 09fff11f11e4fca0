"""Commands that need torch, in an environment that does not have it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from installations import ROOT

from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.provenance import how_to_install

PROGRAM = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, NoTorch())
from nanogpt_rs.cli import main
main()
"""


@pytest.mark.parametrize(
    "line",
    [
        "model train --config quick",
        "model sample run.pt",
        "model race open",
        "job measure",
        "job tokens",
        "job predict --corpus-size 1GB --steps 10 --step-time 1s",
    ],
)
def test_a_command_says_how_to_get_torch(line: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, *shlex.split(line)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    said = " ".join((done.stdout + done.stderr).split())
    assert "needs torch, which is not installed" in said
    assert str(how_to_install("torch")) in said


def test_how_to_install_depends_on_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "prefix", str(ROOT / ".venv"))
    assert how_to_install("torch") == "make torch"
    assert how_to_install("pandas") == "make build"
    assert how_to_install("no_such_module") is None
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert how_to_install("torch") == "pip install 'nanogpt-rs[torch]'"
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert how_to_install("polars") == "pip install 'nanogpt-rs[baselines]'"
