"""The Rust module, built anew from its sources, in release: for make, watch and notebooks."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from textwrap import dedent


def rebuild(root: Path) -> str | None:
    """Build the Rust module of a checkout into this environment, without asking the network.

    In release, as the checkout's pyproject.toml says.

    Args:
        root: the checkout.

    Returns:
        What the compiler said, if it does not compile.
    """
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    # A notebook's kernel forces colours on all that it starts, and they would hide what is what.
    forced = {"FORCE_COLOR", "CLICOLOR_FORCE"}
    environment = {name: value for name, value in os.environ.items() if name not in forced}
    # Where maturin is, in an environment that is not activated.
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
    return compiler_said(done.stdout) if done.returncode else None


def compiler_said(said: str) -> str:
    """Return the compiler's part of what pip said of a failed build, or all if there is none.

    pip and maturin put a screen of their own around it.
    """
    lines = said.splitlines()
    starts = [i for i, line in enumerate(lines) if line.split()[:2] == ["Compiling", "rust_impls"]]
    ends = [i for i, line in enumerate(lines) if line.lstrip().startswith("💥")]
    if not starts or not ends:
        return said.strip()
    return dedent("\n".join(lines[starts[-1] + 1 : ends[0]])).strip()


if __name__ == "__main__":
    if problem := rebuild(Path(__file__).resolve().parents[2]):
        sys.exit(problem)
