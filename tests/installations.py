"""Installations of the project to run real processes on."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("model", "nanogpt_rs", "py_impls")


@dataclass(frozen=True)
class Installation:
    """An installation in a folder of its own, as a wheel would leave it; break it at will."""

    folder: Path

    def run(
        self, *command: str, cwd: Path | None = None, safe_path: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python on this installation, from a folder that holds nothing of ours."""
        flags = ["-P"] if safe_path else []
        return subprocess.run(
            [sys.executable, *flags, *command],
            cwd=cwd or self.folder.parent,
            env={**os.environ, "PYTHONPATH": str(self.folder), **environment},
            capture_output=True,
            text=True,
        )

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


def build_wheel(project: Path, folder: Path, **environment: str) -> None:
    """Build the wheel of a project that maturin builds, in release, into a folder."""
    command = [sys.executable, "-P", "-m", "maturin", "build", "--quiet", "--release", "--locked"]
    done = subprocess.run(
        [*command, f"--interpreter={sys.executable}", f"--out={folder}"],
        cwd=project,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def install(wheel: Path, folder: Path) -> None:
    """Install a wheel, and nothing that it needs, into a folder."""
    command = [sys.executable, "-P", "-m", "pip", "install", "--quiet", "--no-deps"]
    done = subprocess.run(
        [*command, f"--target={folder}", str(wheel)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
