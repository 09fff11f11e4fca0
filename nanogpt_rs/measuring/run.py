"""Describes the run that begins now, and keeps the runs of commands that cannot be resumed."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from nanogpt_rs.measuring import machine
from nanogpt_rs.records.files import begin, check_alias, locked
from nanogpt_rs.records.schema import Host, Other, Run
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.corpora import sha256
from nanogpt_rs.ruler.registry import rows

MACHINE_VARIABLE = "NANOGPT_RS_MACHINE"


PACKAGES = ("numpy", "pandas", "polars", "tokenizers", "torch")
"""On which contenders run, so that their versions belong to a record."""


def describe(command: str, plan: str, build: provenance.Build) -> Run:
    """Return the description of a run that begins now.

    Raises:
        RecordError: the machine's alias, from the environment, is not one.
    """
    import importlib.metadata

    here = machine.examine()
    alias = os.environ.get(MACHINE_VARIABLE, "local")
    check_alias(alias)
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    commit, dirty = checkout_state()
    return Run(
        run=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        command=command,
        machine=Host(
            alias, here.cpu, here.cores, here.memory, here.governor, here.python, here.system
        ),
        build=build.info,
        sources=build.sources,
        commit=commit,
        dirty=dirty,
        packages=packages,
        plan=plan,
        fingerprint=provenance.fingerprint(*(str(row.origin) for row in rows() if row.origin)),
    )


def checkout_state() -> tuple[str | None, bool | None]:
    """Return the commit of the checkout that the ruler stands in, and whether it was changed.

    What was promoted to ``results`` changes nothing that is measured.
    """
    root = provenance.ROOT
    if not provenance.is_checkout(root):
        return None, None
    try:
        commit = provenance.git(root, "rev-parse", "HEAD").decode().strip()
        changed = provenance.git(root, "status", "--porcelain", "--", ".", ":!results")
        return commit, bool(changed.strip())
    except (OSError, subprocess.CalledProcessError):
        return None, None


def keep_run(
    results: Path,
    command: str,
    plan: str,
    build: provenance.Build,
    others: Sequence[Other],
) -> None:
    """Keep a whole run of a command that measures no cells, and is too short to be resumed.

    Args:
        results: the folder in which there is one for each command.
        command: that measured.
        plan: what was asked of it.
        build: of the Rust module.
        others: what it measured.

    Raises:
        RecordError: it cannot be kept.
    """
    with locked(results / command):
        writer = begin(results / command, describe(command, sha256(plan.encode()), build))
        for each in others:
            writer.keep_other(each)
        writer.end()
