"""The static folder that is published: the comparison page, asv's site, pytest-benchmark's results.

Any host of static files can serve the folder, and nothing in it asks another host. The comparison
page and the index can also be opened from disk; asv's site needs a server, for example
``python -m http.server``.
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

from nanogpt_rs.records.files import read_lines
from nanogpt_rs.records.kinds import Recorded
from nanogpt_rs.records.schema import RecordError
from nanogpt_rs.reporting.assets import rendered
from nanogpt_rs.reporting.report import NOT_DRAWN, RACES, is_drawn, page
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.regular import write_whole
from nanogpt_rs.words import duration

INDEX, COMPARISON, HISTORY, SECOND = "index.html", "comparison.html", "history", "pytest-benchmark"
UNTIMED = {*NOT_DRAWN, RACES}
"""Commands whose runs have no cells with times."""


class PublishError(UserError):
    """The folder cannot be made; the message says why."""


@dataclass(frozen=True)
class PublishedPage:
    """A line of the index.

    Attributes:
        address: Address of the page or file, relative to the index.
        title: Title of the page or file.
        about: Contents of the page or file, with machine and date.
    """

    address: str
    title: str
    about: str


def record_files(results: Path) -> list[Path]:
    """Return the promoted files of records that the comparison page draws, in order."""
    return [
        path
        for path in sorted(results.glob("*/*.jsonl"))
        if path.parent.name != "local" and is_drawn(path)
    ]


def publish(results: Path, folder: Path) -> list[str]:
    """Make the folder anew.

    Args:
        results: Folder of promoted results.
        folder: Folder to make. An existing one is replaced only if this command made it.

    Returns:
        A sentence on each thing that is missing from the folder.

    Raises:
        PublishError: The folder cannot be made.
        nanogpt_rs.records.schema.RecordError: A file is damaged.
    """
    if folder.exists() and not (folder / f".{HISTORY}").exists() and any(folder.iterdir()):
        raise PublishError(f"{folder}: is not empty and was not made by this command")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / f".{HISTORY}").touch()
    (folder / ".nojekyll").touch()  # else GitHub Pages leaves out files with certain names
    entries: list[PublishedPage] = []
    lacking: list[str] = []
    # asv only knows the results of its own checkout.
    asv = provenance.ROOT / "results" / "asv"
    has_history = (asv / "benchmarks.json").exists()
    if files := record_files(results):
        entries += write_comparison(folder, files, f"{HISTORY}/{INDEX}" if has_history else None)
    else:
        lacking.append(f"no comparison page: no run is recorded in {results}; see `make record`")
    if has_history:
        lacking += asv_site(folder / HISTORY, bool(files))
        history_entry = PublishedPage(
            f"{HISTORY}/{INDEX}", "History by commit", "asv's site; it needs a server"
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


def write_comparison(
    folder: Path, files: Sequence[Path], history: str | None
) -> list[PublishedPage]:
    """Write the comparison page, the records, and a page for each file that has times.

    The page of one file also shows what other commands measured on its machine: the steps of calls,
    memory and whole jobs.

    Args:
        folder: Folder that is published.
        files: Files of records.
        history: Address of asv's site, relative to the folder.

    Returns:
        The lines of the index for them.
    """
    read = [(str(path), path.read_bytes()) for path in files]
    runs = [read_lines(data, name) for name, data in read]
    write_whole(folder / COMPARISON, page(read, home=INDEX, history=history))
    measured = [run for some in runs for run in some if run.run.command not in UNTIMED]
    entries = [PublishedPage(COMPARISON, "Who beats whom", about_runs(measured))]
    for path, own, some in zip(files, read, runs, strict=True):
        command = path.parent.name
        copy_into(folder / command, path)
        if any(map(has_times, some)):
            machines = {run.run.machine.alias for run in some}
            beside = [
                other
                for other, others in zip(read, runs, strict=True)
                if not any(map(has_times, others))
                and machines & {run.run.machine.alias for run in others}
            ]
            address = f"{command}/{path.stem}.html"
            above = history and f"../{history}"
            write_whole(folder / address, page([own, *beside], home=f"../{INDEX}", history=above))
            entries.append(PublishedPage(address, path.stem, about_runs(some)))
        entries.append(PublishedPage(f"{command}/{path.name}", path.name, f"records of {command}"))
    return entries


def has_times(recorded: Recorded) -> bool:
    """Return whether a run has cells with times, which a page of its own can show."""
    return recorded.run.command not in UNTIMED and any(cell.seconds for cell in recorded.cells)


def copy_into(folder: Path, path: Path) -> None:
    """Copy a file into a folder, which is made if it does not exist."""
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder / path.name)


def about_runs(runs: Sequence[Recorded]) -> str:
    """Return the number of cells and runs, with their machines and dates."""
    if not runs:
        return "training's divisions; no run of bench is recorded yet"
    machines = ", ".join(sorted({recorded.run.machine.alias for recorded in runs}))
    cells = sum(len(recorded.cells) for recorded in runs)
    dates = sorted({f"{recorded.run.began:%Y-%m-%d}" for recorded in runs})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"{counted(cells, 'cell')} of {counted(len(runs), 'run')}; {machines}; {when}"


def asv_site(folder: Path, compared: bool) -> list[str]:
    """Let asv make its site in a folder.

    Args:
        folder: The folder.
        compared: Whether a comparison page stands beside the folder, for the site to link to.

    Returns:
        A sentence on each fault that asv reported.

    Raises:
        PublishError: asv is missing, or fails.
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
    output = done.stdout + done.stderr
    if done.returncode:
        last = output.strip().splitlines()[-1:]
        raise PublishError(f"asv publish failed: {last[0] if last else 'it printed nothing'}")
    return [line.strip() for line in output.splitlines() if "the site needs a network" in line]


def second_page(path: Path, compared: bool) -> bytes:
    """Return a page about a recorded run of pytest-benchmark.

    Args:
        path: File of the run.
        compared: Whether there is a comparison page to link to.

    Raises:
        nanogpt_rs.records.schema.RecordError: The file does not hold a whole run.
    """
    try:
        document = json.loads(path.read_bytes())
        groups: dict[str, list[dict[str, Any]]] = {}
        for case in sorted(document["benchmarks"], key=lambda case: case["stats"]["median"]):
            extra = case.get("extra_info", {})
            stats = case["stats"]
            groups.setdefault(str(case["group"] or "all"), []).append(
                {
                    "name": extra.get("id", case["name"]),
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
