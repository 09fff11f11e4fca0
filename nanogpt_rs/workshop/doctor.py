"""What this machine and installation can do, what is missing, and what each lack costs."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass

from nanogpt_rs.measuring import machine
from nanogpt_rs.measuring.selection import lacking as reason_lacking
from nanogpt_rs.ruler import corpora, provenance
from nanogpt_rs.ruler.registry import REGISTRY


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        topic: what it is about.
        found: what is there.
        good: whether measurements can rely on it; ``None`` if it is only information.
        cost: what it costs if it is not good, and the cure; else empty.
    """

    topic: str
    found: str
    good: bool | None = None
    cost: str = ""


def examine() -> list[Finding]:
    """Look at everything that measurements depend on."""
    return [*machine_findings(), build_finding(), *parts_findings(), *corpus_findings()]


def machine_findings() -> list[Finding]:
    """Return what the machine is and how busy it is."""
    now = machine.examine()
    unusual = now.python.split()[2:]
    findings = [
        Finding("processor", f"{now.cpu}, {now.cores} cores, {now.system}"),
        Finding(
            "Python",
            now.python,
            not unusual,
            "figures from an unusual build don't hold for the ordinary one" if unusual else "",
        ),
        Finding(
            "memory",
            f"{now.memory / 2**30:.1f} GiB free",
            now.memory > 2**30,
            "" if now.memory > 2**30 else "large corpora will swap; close something",
        ),
    ]
    if now.governor is None:
        findings.append(Finding("governor", "not shown by this system"))
    else:
        steady = now.governor == "performance"
        cost = (
            "the clock rate follows the load; `cpupower frequency-set -g performance` steadies it"
        )
        findings.append(Finding("governor", now.governor, steady, "" if steady else cost))
    if now.load is not None:
        calm = now.load < now.cores / 2
        cost = "others use the processor: times spread, parallel ideas look slower than they are"
        findings.append(Finding("load", f"{now.load:.2f}", calm, "" if calm else cost))
    if now.steal is not None:
        calm = now.steal < 0.01
        cost = "the hypervisor gives our time to others: long calls look slower than they are"
        findings.append(Finding("steal", f"{now.steal:.1%}", calm, "" if calm else cost))
    return findings


def build_finding() -> Finding:
    """Return what the Rust module is, and whether it may be timed."""
    try:
        build = provenance.check()
    except provenance.ProvenanceError as error:
        return Finding("Rust module", "not fit to be timed", False, str(error))
    info = build.info
    return Finding(
        "Rust module",
        f"{info['profile']}, opt-level {info['opt_level']}, {info['rustc']}, {info['target']} "
        f"({info['target_features'] or 'no'} features); sources: {build.sources}",
        True,
    )


def parts_findings() -> list[Finding]:
    """Return which optional parts are missing, with what cannot be measured for it."""
    findings = []
    lacking: dict[str, list[str]] = {}
    for row in REGISTRY:
        if reason := reason_lacking(row):
            lacking.setdefault(reason, []).append(f"{row.task} {row.id}")
    for reason, rows in lacking.items():
        findings.append(Finding("implementations", reason, False, f"n/a: {', '.join(rows)}"))
    if not lacking:
        findings.append(Finding("implementations", f"all {len(REGISTRY)} available", True))
    for tool, cost in (
        ("cargo", "Rust ideas cannot be changed or rebuilt; install it with rustup"),
        ("git", "wheels cannot be held against their commits; install git"),
    ):
        path = shutil.which(tool)
        findings.append(
            Finding(tool, "found" if path else "missing", bool(path), "" if path else cost)
        )
    return findings


def corpus_findings() -> list[Finding]:
    """Return whether the cache works and the real corpus is at hand, without downloading it."""
    findings = []
    folder = corpora.cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            findings.append(Finding("corpus cache", "writable", True))
    except OSError as error:
        cost = f"corpora are generated anew each time; set {corpora.CACHE_VARIABLE} to a folder"
        findings.append(Finding("corpus cache", f"not writable: {error.strerror}", False, cost))
    if os.environ.get(corpora.TINYSHAKESPEARE_VARIABLE):
        where = f"by {corpora.TINYSHAKESPEARE_VARIABLE}"
    elif (folder / "tinyshakespeare.txt").exists():
        where = "in the cache"
    else:
        where = f"not here: downloaded when asked for, or set {corpora.TINYSHAKESPEARE_VARIABLE}"
    findings.append(Finding("tinyshakespeare", where))
    return findings
