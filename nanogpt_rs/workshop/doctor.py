"""Examines machine and installation: what is missing, what that costs, and how to mend it."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass

from nanogpt_rs.measuring import machine
from nanogpt_rs.measuring.selection import lacking as reason_lacking
from nanogpt_rs.ruler import control_groups, corpora, free_memory, provenance
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.registry import REGISTRY


@dataclass(frozen=True)
class Finding:
    """The result of one examination.

    Attributes:
        topic: Subject of the examination.
        found: The state of the subject.
        good: Whether measurements can rely on it; ``None`` if it is only information.
        cost: If it is not good, what that costs and how to mend it; else empty.
    """

    topic: str
    found: str
    good: bool | None = None
    cost: str = ""


def examine() -> list[Finding]:
    """Examine everything that measurements depend on."""
    return [*machine_findings(), build_finding(), *parts_findings(), *corpus_findings()]


def machine_findings() -> list[Finding]:
    """Return what the machine is, and how busy it is."""
    now = machine.examine()
    unusual = now.python.split()[2:]
    findings = [
        Finding("processor", f"{now.cpu}, {counted(now.cores, 'core')}, {now.system}"),
        Finding(
            "Python",
            now.python,
            not unusual,
            "results of an unusual build do not hold for the ordinary one" if unusual else "",
        ),
        memory_finding(now.memory),
        *share_findings(),
    ]
    if now.governor is None:
        findings.append(Finding("governor", "not reported by this system"))
    else:
        steady = now.governor == "performance"
        cost = (
            "the clock rate follows the load; `cpupower frequency-set -g performance` steadies it"
        )
        findings.append(Finding("governor", now.governor, steady, "" if steady else cost))
    if now.load is not None:
        calm = now.load < now.cores / 2
        cost = "others use the processor: times vary, parallel ideas look slower than they are"
        findings.append(Finding("load", f"{now.load:.2f}", calm, "" if calm else cost))
    if now.steal is not None:
        calm = now.steal < 0.01
        cost = "the hypervisor runs other machines meanwhile: long calls look slower than they are"
        findings.append(Finding("steal", f"{now.steal:.1%}", calm, "" if calm else cost))
    return findings


def memory_finding(free: int) -> Finding:
    """Return how much memory is free.

    Args:
        free: Bytes that this process may still take.
    """
    left = free_memory.left()
    limited = f": {left.by}" if left is not None and left.by else ""
    enough = free > 2**30
    cost = "large corpora will not fit; " + ("raise that limit" if limited else "close something")
    return Finding(
        "memory", f"{free / 2**30:.1f} GiB free{limited}", enough, "" if enough else cost
    )


def share_findings() -> list[Finding]:
    """Return that a control group limits how many processors are kept busy, if one does."""
    share = control_groups.processors()
    if share is None:
        return []
    found = f"its control group may use {share:.0%} of one processor"
    cost = "it is stopped for a while when it has used its share, and times vary; lift that limit"
    return [Finding("processor share", found, False, cost)]


def build_finding() -> Finding:
    """Return how the Rust module was built, and whether it may be measured."""
    try:
        build = provenance.check()
    except provenance.ProvenanceError as error:
        return Finding("Rust module", "not fit to be measured", False, error.with_hint())
    info = build.info
    return Finding(
        "Rust module",
        f"{info['profile']}, opt-level {info['opt_level']}, {info['rustc']}, {info['target']} "
        f"({info['target_features'] or 'no'} features); sources: {build.sources}",
        True,
    )


def parts_findings() -> list[Finding]:
    """Return which optional packages and tools are missing, and what is impossible without."""
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
        ("git", "wheels cannot be compared with their commits; install git"),
    ):
        path = shutil.which(tool)
        findings.append(
            Finding(tool, "found" if path else "missing", bool(path), "" if path else cost)
        )
    root = provenance.ROOT
    if provenance.is_checkout(root) and (unknown := provenance.no_git(root)):
        findings.append(Finding("commit", f"unknown: {unknown[0]}", False, unknown[1]))
    return findings


def corpus_findings() -> list[Finding]:
    """Return whether the cache works and the real corpus is here, without downloading it."""
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
        where = (
            "not here: it is downloaded when it is first used, or set "
            f"{corpora.TINYSHAKESPEARE_VARIABLE} to its path"
        )
    findings.append(Finding("tinyshakespeare", where))
    return findings
