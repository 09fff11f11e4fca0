"""Builds the Rust module from its sources, in release: for make, watch and notebooks."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from textwrap import dedent


def rebuild(root: Path) -> str | None:
    """Build the Rust module of a checkout into this environment, without using the network.

    It is built in release, as the checkout's pyproject.toml says.

    Args:
        root: The checkout.

    Returns:
        The compiler's errors, or ``None`` if it compiles.
    """
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    # A notebook's kernel forces colours on its processes; they would hide the lines searched for.
    forced = {"FORCE_COLOR", "CLICOLOR_FORCE"}
    environment = {name: value for name, value in os.environ.items() if name not in forced}
    # The environment may not be activated, and maturin is in its scripts.
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pip", "install", *options, "--editable", "."],
        cwd=root,
        check=False,
        env=environment | {"PATH": path, "CARGO_TERM_COLOR": "never"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    return compiler_errors(done.stdout) if done.returncode else None


def compiler_errors(output: str) -> str:
    """Return the compiler's part of pip's output on a failed build, or all of it if there is none.

    pip and maturin print a screen of their own around it.
    """
    lines = output.splitlines()
    starts = [i for i, line in enumerate(lines) if line.split()[:2] == ["Compiling", "rust_impls"]]
    ends = [i for i, line in enumerate(lines) if line.lstrip().startswith("💥")]
    if not starts or not ends:
        return output.strip()
    return dedent("\n".join(lines[starts[-1] + 1 : ends[0]])).strip()


if __name__ == "__main__":
    if problem := rebuild(Path(__file__).resolve().parents[2]):
        sys.exit(problem)
