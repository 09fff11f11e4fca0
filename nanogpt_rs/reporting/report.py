"""The comparison page: one HTML file that holds its records and needs no network.

The page's own script (``page/``) draws everything from the records, which the page holds packed. A
content policy admits this one script and this one style by their hashes, and nothing else. Text
from a record enters the page as data, or through a template that escapes it.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nanogpt_rs.measuring.run import checkout_state
from nanogpt_rs.records.builds import builds_of_run, over_builds
from nanogpt_rs.records.files import read, read_with_lines
from nanogpt_rs.records.kinds import OTHERS, Recorded
from nanogpt_rs.records.lines import plain
from nanogpt_rs.records.races import (
    ArmRace,
    ClosedRace,
    OpenRace,
    OpenRaceEntry,
    RacedArm,
    RaceEntry,
    WholeProgram,
    WholePrograms,
)
from nanogpt_rs.records.schema import Cell
from nanogpt_rs.reporting import assets
from nanogpt_rs.reporting.decomposition import decompositions
from nanogpt_rs.reporting.headline import Table, headline, main_text
from nanogpt_rs.reporting.ideas import Sources, idea_of
from nanogpt_rs.ruler.corpora import CORPORA
from nanogpt_rs.ruler.registry import REGISTRY
from nanogpt_rs.ruler.tasks import PREPARATION, TASKS, Task
from nanogpt_rs.statistics.adjusted import adjusted, tests_in
from nanogpt_rs.statistics.ranks import ranks_of_run

MOST_RECORDS = 500
"""Most cells that a page holds whole. Of more cells it holds only what its tables show."""
MOST_BYTES = 1_000_000
"""Most bytes of a page that holds its cells whole."""
NOT_DRAWN = {"selftest", "prepare"}
"""Commands whose runs the page does not draw."""
RACES = "division"
"""Command whose runs are races of training, which the page draws apart from the others."""
RACE_NAMES: dict[type, str] = {
    ClosedRace: "closed",
    OpenRace: "open",
    ArmRace: "arms",
    WholePrograms: "whole",
}
"""What the page's script calls each kind of race."""
RACE_ENTRIES: dict[type, type[RaceEntry | RacedArm | WholeProgram]] = {
    ClosedRace: RaceEntry,
    ArmRace: RacedArm,
    WholePrograms: WholeProgram,
}
"""Kinds of records that hold the contestants of a race."""
AGGREGATED = (
    "{count:,} cells are more than this page holds whole (at most {most:,}, or a megabyte). It has "
    "the time, speed-up, interval and verdict of each cell, but not what each process measured. "
    "These files of records have everything: {names}."
)


@dataclass(frozen=True)
class Held:
    """A run that a page is about.

    Attributes:
        file: Name of the file that holds the run.
        recorded: The run.
        lines: Lines of the run, as they are in the file.
        after: Cells of the run, with their tests adjusted together.
    """

    file: str
    recorded: Recorded
    lines: tuple[bytes, ...]
    after: tuple[Cell, ...]


def page(
    files: Sequence[tuple[str, bytes]], home: str | None = None, history: str | None = None
) -> bytes:
    """Return the page about the runs in some files.

    Args:
        files: Names and bytes of files of records. Of a run that several files hold, the longest
            copy is taken.
        home: Address of the index that the page is listed in, relative to the page.
        history: Address of asv's site, relative to the page.

    Raises:
        nanogpt_rs.records.schema.RecordError: A file is damaged; the message names it and the line.
    """
    runs: dict[str, Held] = {}
    for name, data in files:
        for held in held_by(name, data):
            before = runs.get(held.recorded.run.run)
            if before is None or len(before.lines) < len(held.lines):
                runs[held.recorded.run.run] = held
    newest_first = sorted(runs.values(), key=lambda held: held.recorded.run.run, reverse=True)
    measured = [held for held in newest_first if held.recorded.run.command != RACES]
    trained = [
        document
        for held in reversed(newest_first)
        if held.recorded.run.command == RACES and (document := race_document(held))
    ]
    names = ", ".join(dict.fromkeys(Path(name).name for name, _ in files)) or "no file"
    count = sum(len(held.after) for held in measured)
    if count <= MOST_RECORDS:
        whole = built(measured, trained, names, None, home, history)
        if len(whole) <= MOST_BYTES:
            return whole
    note = AGGREGATED.format(count=count, most=MOST_RECORDS, names=names)
    return built(measured, trained, names, note, home, history)


def held_by(name: str, data: bytes) -> list[Held]:
    """Return the runs in a file's bytes that the page draws.

    Raises:
        nanogpt_rs.records.schema.RecordError: The file is damaged.
    """
    return [
        Held(Path(name).name, recorded, lines, tuple(adjusted(recorded.cells)))
        for recorded, lines in read_with_lines(data, name)
        if recorded.run.command not in NOT_DRAWN
    ]


def is_drawn(path: Path) -> bool:
    """Return whether the page draws a run of this file.

    Raises:
        nanogpt_rs.records.schema.RecordError: The file is damaged.
    """
    return any(recorded.run.command not in NOT_DRAWN for recorded in read(path))


def race_document(held: Held) -> dict[str, Any] | None:
    """Return a race of training as the page's script takes it; ``None`` if it has no result."""
    run, others = held.recorded.run, held.recorded.others
    race = next((record for record in others if type(record) in RACE_NAMES), None)
    if race is None:
        return None
    result = asdict(race)
    corpus = {name: result.pop(name, None) for name in ("id", "sha256", "prepare")}
    corpus["id"] = result.pop("corpus")
    if entry_type := RACE_ENTRIES.get(type(race)):
        result["entries"] = [asdict(record) for record in others if isinstance(record, entry_type)]
    else:
        result["losses"] = [
            record.val_loss for record in others if isinstance(record, OpenRaceEntry)
        ]
    return {
        "division": RACE_NAMES[type(race)],
        "date": f"{run.began:%Y-%m-%d}",
        "corpus": corpus,
        "run": run.run,
        "machine": asdict(run.machine),
        "commit": run.commit,
        "dirty": run.dirty,
        "packages": run.packages,
        **result,
        "file": held.file,
    }


def built(
    held: Sequence[Held],
    trained: Sequence[dict[str, Any]],
    names: str,
    aggregated: str | None,
    home: str | None,
    history: str | None,
) -> bytes:
    """Return the page about these runs.

    Args:
        held: Runs, the newest first.
        trained: Races of training, the oldest first.
        names: Names of the files.
        aggregated: Note that the page holds its cells without what each process measured; ``None``
            for a page that holds them whole.
        home: Address of the index.
        history: Address of asv's site.
    """
    from markupsafe import Markup

    commit, _ = checkout_state()
    sources = Sources()
    document = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "aggregated": aggregated,
        "constants": assets.constants(),
        "preparation": PREPARATION,
        "divisions": list(trained),
        "tasks": {name: task.contract for name, task in TASKS.items()},
        "proofs": {name: proof_of(task) for name, task in TASKS.items()},
        "ideas": ideas_in(held, sources),
        "corpora": {id: source.description for id, source in CORPORA.items()},
        "runs": [
            asdict(run.recorded.run)
            | {
                "began": run.recorded.run.began.isoformat(),
                "complete": run.recorded.complete,
                "count": len(run.after),
                "tests": tests_in(run.after),
                "builds_in_words": builds_of_run(run.recorded.run, run.after),
                "file": run.file,
                "decompositions": list(map(asdict, decompositions(run.after))),
            }
            for run in held
        ],
        "verdicts": [
            verdicts_of(before, cell)
            for run in held
            for before, cell in zip(run.recorded.cells, run.after, strict=True)
        ],
        "builds": [builds_in(cell) for run in held for cell in run.after],
        "ranks": [rank for run in held for rank in ranks_of_run(run.after)],
    }
    script = assets.script()
    lines = (line for run in held for line in (summaries(run) if aggregated else run.lines))
    timed = [run.recorded for run in held if run.recorded.run.command != "count"]
    fullest = max(
        timed,
        key=lambda recorded: (recorded.run.command == "bench", len(recorded.cells)),
        default=None,
    )
    return assets.rendered(
        "page.html.j2",
        title=title_of(fullest),
        home=home,
        history=history,
        headline=in_words(headline(fullest)) if fullest is not None else None,
        states=assets.STATE_WORDS,
        sources=names,
        script=Markup(script),  # noqa: S704 - ours; it holds no "</script>"
        script_hash=assets.policy_hash(script),
        page_data=packed(json.dumps(plain(document)).encode()),
        records_data=packed(b"".join(lines)),
        sources_data=packed(json.dumps(sources.texts).encode()),
    )


def proof_of(task: Task) -> dict[str, int]:
    """Return on how many inputs besides a text each implementation of a task is verified."""
    return {
        "edges": len(task.edges),
        "examples": len(task.examples),
        "refusals": len(task.refusals),
    }


def ideas_in(held: Sequence[Held], sources: Sources) -> list[dict[str, Any]]:
    """Return what the page says of each implementation that these runs measured."""
    measured = {(cell.task, cell.id) for run in held for cell in run.after}
    return [
        {
            "task": row.task,
            "id": row.id,
            "idea": "" if row.absent() else idea_of(row),
            "path": sources.path_of(row),
        }
        for row in REGISTRY
        if (row.task, row.id) in measured
    ]


def in_words(table: Table | None) -> Table | None:
    """Return a headline's table, which is written for Markdown and a terminal, as a page has it."""
    if table is None:
        return None

    def shown(words: str) -> str:
        return re.sub(r"(?<=\d) us\b", " µs", words.replace("`", ""))

    return Table(
        shown(table.title),
        table.columns,
        tuple(tuple(map(shown, row)) for row in table.rows),
        shown(table.caption),
    )


def title_of(recorded: Recorded | None) -> str:
    """Return the title of the page's window, for the run that the page begins with."""
    cells = [] if recorded is None else [cell for cell in recorded.cells if cell.seconds]
    if recorded is None or not cells:
        return "nanogpt-rs: Python and Rust compared"
    return f"nanogpt-rs: Python and Rust on {main_text(cells)[:60]}, {recorded.run.machine.alias}"


def verdicts_of(before: Cell, after: Cell) -> list[list[Any]]:
    """Return a cell's verdict and adjusted p-value for each reference, and a changed reason.

    Args:
        before: The cell before the adjustment.
        after: The cell after it.
    """
    verdicts = []
    for raw, final in zip(before.against, after.against, strict=True):
        comparison = final.comparison
        changed = comparison.reason != raw.comparison.reason
        reason = [comparison.reason] if changed else []
        verdicts.append([comparison.verdict, comparison.p_adjusted, *reason])
    return verdicts


def builds_in(cell: Cell) -> list[Any] | None:
    """Return a cell's number of builds, and its seconds in the fastest and the slowest of them."""
    builds = over_builds(cell)
    return None if builds is None else [builds.count, builds.seconds]


def summaries(held: Held) -> Iterator[bytes]:
    """Yield a run's lines with only what the page's tables show: nothing of single processes."""
    for line in held.lines:
        body = json.loads(line)
        if body["kind"] in OTHERS:
            yield line
        if body["kind"] != "cell":
            continue
        del body["schema_version"], body["checksum"]
        body.pop("seconds_by_build", None)
        for against in body["against"]:
            comparison = against["comparison"]
            kept = ["verdict", "ratio", "interval", "control", "resolves", "clock"]
            kept += ["reason"] * (comparison["verdict"] in {"invalid", "inconclusive"})
            against["comparison"] = {key: comparison[key] for key in kept}
        yield json.dumps(body, separators=(",", ":")).encode() + b"\n"


def packed(data: bytes) -> str:
    """Return bytes gzipped and in base64; the same bytes give the same text."""
    return base64.b64encode(gzip.compress(data, mtime=0)).decode() if data else ""
