"""Describes the run that begins now, and keeps the runs of commands that cannot be resumed."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nanogpt_rs.measuring import machine
from nanogpt_rs.records.files import check_alias, check_room, keep_whole, locked
from nanogpt_rs.records.kinds import Other, folder_of
from nanogpt_rs.records.schema import Host, Run
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.registry import rows

MACHINE_VARIABLE = "NANOGPT_RS_MACHINE"
"""Environment variable that holds the machine's alias (default: local)."""
PACKAGES = ("numpy", "pandas", "polars", "tokenizers", "torch")
"""Packages that implementations run on, whose versions belong to a record."""


def now() -> str:
    """Return the time in UTC, to the second, as ISO 8601 writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def describe(command: str, plan: str, build: provenance.Build) -> Run:
    """Return the description of a run that begins now.

    Args:
        command: Name of the command.
        plan: Hash of the request.
        build: Build of the Rust module.

    Raises:
        RecordError: The machine's alias, from the environment, may not be given.
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
    """Return the commit of the checkout that the ruler is imported from, and whether it changed.

    Files under ``results`` do not count as changes: nothing there is measured. Both are ``None``
    outside of a checkout.
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


@dataclass(frozen=True)
class Keeper:
    """Keeps a run that has no cells and is too short to be resumed.

    Attributes:
        folder: Folder of the command's runs, which is locked.
        run: Description of the run; its request may not be known yet.
    """

    folder: Path
    run: Run

    def keep(self, plan: str, others: Sequence[Other]) -> Path:
        """Write the finished run, and return its file.

        Args:
            plan: Request, in words.
            others: Records of the run.

        Raises:
            RecordError: The run cannot be kept.
        """
        run = replace(self.run, plan=sha256(plan.encode()))
        return keep_whole(self.folder, run, others)


@contextmanager
def keeper(results: Path, command: str, build: provenance.Build) -> Iterator[Keeper]:
    """Yield what keeps a run, before it is measured: what would prevent that is told first.

    Args:
        results: Folder of results, with one folder for each command.
        command: Name of the command that measures.
        build: Build of the Rust module.

    Raises:
        RecordError: The folder cannot be written to or is in use, or the machine has a bad alias.
    """
    folder = results / folder_of(command)
    with locked(folder):
        check_room(folder)
        yield Keeper(folder, describe(command, "", build))
