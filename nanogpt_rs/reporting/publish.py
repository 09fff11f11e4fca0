"""The static folder that is published: the comparison page, asv's site, pytest-benchmark's results.

Any host of static files can serve it, and nothing in it asks another. The comparison page and the
index are also opened from disk; asv's site wants a server, be it ``python -m http.server``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanogpt_rs.records.schema import Recorded, RecordError
from nanogpt_rs.reporting.assets import rendered
from nanogpt_rs.reporting.report import page, runs_in
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.corpora import write_whole
from nanogpt_rs.words import duration

INDEX, COMPARISON, HISTORY, SECOND = "index.html", "comparison.html", "history", "pytest-benchmark"


class PublishError(Exception):
    """The folder cannot be made; the message says why."""


@dataclass(frozen=True)
class PublishedPage:
    """A line of the index.

    Attributes:
        address: of what it is about.
        title: what that is.
        about: what is in there, with machine and date.
    """

    address: str
    title: str
    about: str


def record_files(results: Path) -> list[Path]:
    """Return the committed files of runs and of training's divisions, in order.

    Files of other kinds, such as the self-test's, say so in their first line; what is damaged there
    is for its reader to name.

    Raises:
        nanogpt_rs.records.schema.RecordError: one cannot be read.
    """
    return [
        path
        for path in sorted(results.glob("*/*.jsonl"))
        if path.parent.name != "local" and kind_of(path) in {None, "run", "division"}
    ]


def kind_of(path: Path) -> str | None:
    """Return what the first record of a file is; ``None`` if that cannot be told.

    Raises:
        nanogpt_rs.records.schema.RecordError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            first = json.loads(file.readline())
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    except ValueError:
        return None
    return str(first.get("kind", "other")) if isinstance(first, dict) else None


def publish(results: Path, folder: Path) -> list[str]:
    """Make the folder anew.

    Args:
        results: the folder of what is recorded.
        folder: what to make; it is replaced only if it was made by this before, or is not there.

    Returns:
        What is not in it, a sentence each.

    Raises:
        PublishError: it cannot be made.
        nanogpt_rs.records.schema.RecordError: a file is damaged.
    """
    if folder.exists() and not (folder / f".{HISTORY}").exists() and any(folder.iterdir()):
        raise PublishError(f"{folder}: is not empty and was not made by this command")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / f".{HISTORY}").touch()
    (folder / ".nojekyll").touch()  # a host that would leave out files with certain names, else
    entries: list[PublishedPage] = []
    lacking: list[str] = []
    # asv knows the results of its own checkout alone.
    asv = provenance.ROOT / "results" / "asv"
    has_history = (asv / "benchmarks.json").exists()
    if files := record_files(results):
        read = [(str(path), path.read_bytes()) for path in files]
        history = f"{HISTORY}/{INDEX}" if has_history else None
        write_whole(folder / COMPARISON, page(read, home=INDEX, history=history))
        runs = [run for name, data in read for run in runs_in(name, data)]
        entries.append(PublishedPage(COMPARISON, "Who beats whom", about_runs(runs)))
        for path in files:
            command = path.parent.name
            copy_into(folder / command, path)
            entries.append(
                PublishedPage(f"{command}/{path.name}", path.name, f"records of {command}")
            )
    else:
        lacking.append(f"no comparison page: no run is recorded in {results}; see `make record`")
    if has_history:
        lacking += asv_site(folder / HISTORY, bool(files))
        history_entry = PublishedPage(
            f"{HISTORY}/{INDEX}", "History by commit", "asv's site; it wants a server"
        )
        entries.insert(bool(files), history_entry)
    else:
        lacking.append(f"no history by commit: asv has recorded nothing in {asv}; see `make asv`")
    seconds = sorted((results / SECOND).glob("*.json"))
    for path in seconds:
        copy_into(folder / SECOND, path)
        write_whole(folder / SECOND / f"{path.stem}.html", second_page(path, bool(files)))
        address = f"{SECOND}/{path.stem}.html"
        entries.append(
            PublishedPage(address, f"pytest-benchmark, {path.stem}", "the same registry there")
        )
    if not seconds:
        lacking.append(f"no results of pytest-benchmark: none are recorded in {results / SECOND}")
    write_whole(folder / INDEX, rendered("index.html.j2", entries=entries, lacking=lacking))
    return lacking


def copy_into(folder: Path, path: Path) -> None:
    """Copy a file into a folder, which is made if need be."""
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder / path.name)


def about_runs(runs: Sequence[Recorded]) -> str:
    """Return how much was measured, where and when."""
    if not runs:
        return "training's divisions; no run of bench is recorded yet"
    machines = ", ".join(sorted({each.run.machine.alias for each in runs}))
    cells = sum(len(each.cells) for each in runs)
    dates = sorted({f"{each.run.began:%Y-%m-%d}" for each in runs})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    many = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    return f"{cells:,} cells of {many}; {machines}; {when}"


def asv_site(folder: Path, compared: bool) -> list[str]:
    """Let asv make its site in a folder.

    Args:
        folder: which.
        compared: there is a comparison page beside the folder, to which it can link.

    Returns:
        What asv said is wrong, a sentence each.

    Raises:
        PublishError: asv is not here, or fails.
    """
    command = Path(sys.executable).with_name("asv")
    if not command.exists():
        raise PublishError("asv is missing: pip install 'nanogpt-rs[test]'")
    link = {"NANOGPT_RS_COMPARISON": f"../{COMPARISON}"} if compared else {}
    done = subprocess.run(
        [command, "publish", "--no-pull", "--html-dir", folder.absolute()],
        check=False,
        cwd=provenance.ROOT,
        env=os.environ | link,
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    if done.returncode:
        raise PublishError(f"asv publish failed: {said.strip().splitlines()[-1:] or 'no word'}")
    return [line.strip() for line in said.splitlines() if "the site needs a network" in line]


def second_page(path: Path, compared: bool) -> bytes:
    """Return a page about a recorded run of pytest-benchmark.

    Args:
        path: its file.
        compared: there is a comparison page to link to.

    Raises:
        nanogpt_rs.records.schema.RecordError: it is none.
    """
    try:
        document = json.loads(path.read_bytes())
        groups: dict[str, list[dict[str, Any]]] = {}
        for each in sorted(document["benchmarks"], key=lambda each: each["stats"]["median"]):
            extra = each.get("extra_info", {})
            stats = each["stats"]
            groups.setdefault(str(each["group"] or "all"), []).append(
                {
                    "name": extra.get("id", each["name"]),
                    "median": duration(stats["median"]),
                    "iqr": duration(stats["iqr"]),
                    "least": duration(stats["min"]),
                    "rounds": f"{stats['rounds']:,}",
                    "sha256": str(extra.get("corpus_sha256", ""))[:12],
                    "profile": extra.get("build", {}).get("profile", "unknown"),
                }
            )
        facts = {
            "machine": document["machine_info"].get("alias", "unknown"),
            "cpu": document["machine_info"].get("cpu", {}).get("brand_raw", "unknown"),
            "python": document["machine_info"].get("python_version", "unknown"),
            "commit": str(document["commit_info"].get("id", "unknown"))[:8],
            "date": str(document["datetime"])[:10],
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{path}: not a whole run of pytest-benchmark: {error!r}") from None
    return rendered(
        "pytest_benchmark.html.j2", groups=groups, facts=facts, source=path.name, compared=compared
    )
