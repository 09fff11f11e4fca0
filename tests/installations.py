"""Installations of the project to run real processes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]
BRIEF = str(ROOT / "tests/brief")
"""Folder on ``PYTHONPATH`` that makes the command measure little."""
PACKAGES = ("model", "nanogpt_rs", "py_impls")

QUICK_BUILD = {
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_INCREMENTAL": "true",
}
"""Environment variables for release builds of sources that are edited and built again and again.

Only the first one takes long. They are optimised as much as a measurement asks for.
"""
OUR_PROFILE = {
    "CARGO_PROFILE_RELEASE_LTO": "fat",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "1",
}
"""Environment variables that give another project the profile of our Cargo.toml. Dependencies that
we have too are then compiled in the same way."""


@dataclass(frozen=True)
class Installation:
    """An installation as a wheel leaves it, in a folder of its own, which a test may damage."""

    folder: Path

    def run(
        self,
        *command: str,
        cwd: Path | None = None,
        safe_path: bool = True,
        brief: bool = True,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run Python on this installation, from a folder that holds nothing of ours.

        Args:
            command: Arguments of the interpreter.
            cwd: Folder to run in.
            safe_path: Whether that folder is kept off the import path.
            brief: Whether a command that measures does so with few processes and rounds.
            environment: Variables to set.
        """
        flags = ["-P"] if safe_path else []
        path = [environment.pop("PYTHONPATH", str(self.folder)), *([BRIEF] if brief else [])]
        done = subprocess.run(
            [sys.executable, *flags, *command],
            cwd=cwd or self.folder.parent,
            env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(path)},
            capture_output=True,
            text=True,
        )
        if command[:2] == ("-m", "nanogpt_rs"):
            # Other processes import this file by its path, and do not find the one beside it.
            from printed_documents import check_document

            check_document(command, done.stdout)
        return done

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


def building() -> FileLock:
    """Build alone in this checkout's own folder: two builds would take each other's library."""
    folder = ROOT / "target"
    folder.mkdir(exist_ok=True)
    return FileLock(folder / "tests.lock")


def with_dependencies(target: Path) -> str:
    """Return a folder for what cargo compiles, which begins with our dependencies as compiled here.

    To compile them takes twice as long as to compile the Rust module. Cargo takes them for its own,
    because it names them by their sources and their profile.
    """
    compiled, release = ROOT / "target/release", target / "release"
    with building():
        if compiled.exists() and not release.exists():
            for name in (".fingerprint", "build", "deps"):
                shutil.copytree(compiled / name, release / name, ignore=our_own)
    return str(target)


def our_own(_: str, names: list[str]) -> list[str]:
    """Return those names of files that belong to the Rust module, and to no dependency."""
    return [name for name in names if "rust_impls" in name]


def build_wheel(project: Path, folder: Path, **environment: str) -> None:
    """Build the wheel of a project that maturin builds, in release, into a folder."""
    command = [sys.executable, "-P", "-m", "maturin", "build", "--quiet", "--release", "--locked"]
    with building():
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


def places_in_a_line(module: Path) -> set[int]:
    """Return the bytes of their cache lines with which the functions of a Rust module begin."""
    listed = subprocess.run(["nm", str(module)], capture_output=True, text=True, check=True).stdout
    symbols = [line.split() for line in listed.splitlines() if not line.startswith(" ")]
    mangled = ("_R", "_ZN")  # which tells them from the C compiler's
    functions = [line for line in symbols if line[1] in "tT" and line[2].startswith(mangled)]
    assert len(functions) > 500
    return {int(address, 16) % 64 for address, _, _ in functions}


def mount_disk(folder: Path, size: str) -> None:
    """Mount an empty disk of a size such as ``64k`` at a folder, or skip the test."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"system: no file system can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"system: no file system can be mounted here: {done.stderr.strip()}")
