"""Builds the Rust module from its sources, in release: for make, watch and notebooks."""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

from nanogpt_rs.measuring.builds import kept_by_the_build
from nanogpt_rs.workshop.set_up import stream_output

FORCE_COLOUR = frozenset({"FORCE_COLOR", "CLICOLOR_FORCE"})
"""Variables by which a notebook's kernel forces colours on its processes. They would hide the lines
that are searched for."""


def rebuild(root: Path, on_line: Callable[[str], None] = lambda _: None) -> str | None:
    """Build the Rust module of a checkout into this environment, without using the network.

    It is built in release, as the checkout's pyproject.toml says. What the linker is given is kept,
    where that is possible, so that builds in other layouts need no compiler.

    Args:
        root: The checkout.
        on_line: Called with each line that pip, maturin and cargo print.

    Returns:
        The compiler's errors, or ``None`` if it compiles.
    """
    if find_spec("pip") is None:
        return (
            f"this environment has no pip, which builds the module: {sys.prefix}\n"
            f"hint: {sys.executable} -m ensurepip"
        )
    command = [sys.executable, "-P", "-m", "pip", "install", "--verbose", "--no-deps"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--editable", "."]
    environment = {name: value for name, value in os.environ.items() if name not in FORCE_COLOUR}
    # The environment may not be activated, and maturin is in its scripts.
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))
    environment |= {"PATH": path, "CARGO_TERM_COLOR": "never"}
    lines: list[str] = []
    with kept_by_the_build(root) as arguments:
        if arguments:
            environment["MATURIN_PEP517_ARGS"] = shlex.join(("--", *arguments))

        def keep(line: str) -> None:
            lines.append(line)
            on_line(line.rstrip())

        failed = stream_output(command, keep, environment, root)
    return compiler_errors("".join(lines)) if failed else None


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
    here = Path(__file__).resolve().parents[2]
    if problem := rebuild(here, lambda line: print(line, flush=True)):
        sys.exit(problem)
