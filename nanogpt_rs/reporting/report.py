"""The comparison page: one HTML file that holds its records and needs no network.

What is drawn is drawn by the page's own script (``page/``) from the records, which it holds
packed; a content policy lets that one script and that one style in, by their hashes, and nothing
else. What is said about a record here enters as data, or through a template that escapes.
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
from nanogpt_rs.records.durable import checksum
from nanogpt_rs.records.files import read_lines
from nanogpt_rs.records.lines import plain
from nanogpt_rs.records.schema import OTHERS, Cell, Recorded, RecordError
from nanogpt_rs.reporting import assets
from nanogpt_rs.reporting.headline import Table, headline, main_text
from nanogpt_rs.reporting.ideas import Sources, idea_of
from nanogpt_rs.ruler.corpora import CORPORA
from nanogpt_rs.ruler.registry import REGISTRY
from nanogpt_rs.ruler.tasks import PREPARATION, TASKS
from nanogpt_rs.statistics.adjusted import adjusted, tests_in
from nanogpt_rs.training import divisions

MOST_RECORDS = 500
"""Records that a page holds whole; of more it holds what its tables say."""
MOST_BYTES = 1_000_000
"""Of a page that holds its records whole."""
DIVISION = b'"kind":"division"'
AGGREGATED = (
    "{count:,} records are more than this page holds whole ({most:,}, or a megabyte): of each it "
    "has the times, speed-ups, intervals and verdicts, but not what each process said. The files "
    "of records have it: {names}."
)


@dataclass(frozen=True)
class Held:
    """A run that a page is about.

    Attributes:
        file: the name of the file that holds it.
        recorded: the run.
        lines: of the file, as they are.
        after: its cells, their tests adjusted together.
    """

    file: str
    recorded: Recorded
    lines: tuple[bytes, ...]
    after: tuple[Cell, ...]


def page(
    files: Sequence[tuple[str, bytes]], home: str | None = None, history: str | None = None
) -> bytes:
    """Return the page about the runs in these files.

    Args:
        files: names and bytes of files of records; a run that occurs again is taken once.
        home: address of the index that the page stands in, from the page.
        history: address of asv's site, from the page.

    Raises:
        nanogpt_rs.records.schema.RecordError: a file is damaged; the message names it and the line.
    """
    runs: dict[str, Held] = {}
    trained: list[dict[str, Any]] = []
    divided: list[dict[str, Any]] = []  # the same without their files, of which two may hold one
    for name, data in files:
        some, rest = divisions_in(name, data)
        trained += [each | {"file": Path(name).name} for each in some if each not in divided]
        divided += some
        for each in held_by(name, rest) if rest or not some else ():
            known = runs.get(each.recorded.run.run)
            if known is None or len(known.lines) < len(each.lines):
                runs[each.recorded.run.run] = each
    held = sorted(runs.values(), key=lambda each: each.recorded.run.run, reverse=True)
    names = ", ".join(dict.fromkeys(Path(name).name for name, _ in files)) or "no file"
    count = sum(len(each.after) for each in held)
    if count <= MOST_RECORDS:
        whole = built(held, trained, names, None, home, history)
        if len(whole) <= MOST_BYTES:
            return whole
    said = AGGREGATED.format(count=count, most=MOST_RECORDS, names=names)
    return built(held, trained, names, said, home, history)


def held_by(name: str, data: bytes) -> list[Held]:
    """Return the runs in a file's bytes, each with its lines.

    Raises:
        nanogpt_rs.records.schema.RecordError: the file is damaged.
    """
    found = read_lines(data, name)
    lines: dict[str, list[bytes]] = {each.run.run: [] for each in found}
    for line in data.splitlines(keepends=True):
        lines[json.loads(line)["run"]].append(line)
    return [
        Held(Path(name).name, each, tuple(lines[each.run.run]), tuple(adjusted(each.cells)))
        for each in found
    ]


def divisions_in(name: str, data: bytes) -> tuple[list[dict[str, Any]], bytes]:
    """Return the records of training's divisions in a file's bytes, and the other lines.

    Raises:
        nanogpt_rs.records.schema.RecordError: one is damaged, or from a later version.
    """
    found, rest = [], []
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        body = None
        if DIVISION in line:
            try:
                body = json.loads(line)
            except ValueError as error:
                raise RecordError(f"{name}, line {number}: not JSON: {error}") from None
        if not isinstance(body, dict) or body.get("kind") != "division":
            rest.append(line)
            continue
        if body.get("schema_version") != divisions.SCHEMA_VERSION:
            raise RecordError(
                f"{name}, line {number}: a division of schema_version "
                f"{body.get('schema_version')!r}; this nanogpt-rs reads {divisions.SCHEMA_VERSION}"
            )
        if body.pop("checksum", None) != checksum(body):
            raise RecordError(f"{name}, line {number}: its checksum does not fit")
        found.append(body)
    return found, b"".join(rest)


def runs_in(name: str, data: bytes) -> list[Recorded]:
    """Return the runs in a file's bytes, divisions of training apart.

    Raises:
        nanogpt_rs.records.schema.RecordError: it is damaged.
    """
    some, rest = divisions_in(name, data)
    return read_lines(rest, name) if rest or not some else []


def built(
    held: Sequence[Held],
    trained: Sequence[dict[str, Any]],
    names: str,
    aggregated: str | None,
    home: str | None,
    history: str | None,
) -> bytes:
    """Return the page; with ``aggregated``, what it says of itself, it leaves out processes."""
    from markupsafe import Markup

    commit, _ = checkout_state()
    sources = Sources()
    known = {(cell.task, cell.id) for each in held for cell in each.after}
    document = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "aggregated": aggregated,
        "constants": assets.constants(),
        "preparation": PREPARATION,
        "divisions": list(trained),
        "tasks": {name: task.contract for name, task in TASKS.items()},
        "ideas": [
            {
                "task": row.task,
                "id": row.id,
                "idea": "" if row.absent() else idea_of(row),
                "path": sources.path_of(row),
            }
            for row in REGISTRY
            if (row.task, row.id) in known
        ],
        "corpora": {id: source.description for id, source in CORPORA.items()},
        "runs": [
            asdict(each.recorded.run)
            | {
                "began": each.recorded.run.began.isoformat(),
                "complete": each.recorded.complete,
                "count": len(each.after),
                "tests": tests_in(each.after),
                "file": each.file,
            }
            for each in held
        ],
        "verdicts": [
            verdicts_of(before, cell)
            for each in held
            for before, cell in zip(each.recorded.cells, each.after, strict=True)
        ],
    }
    script = assets.script()
    lines = (line for each in held for line in (summaries(each) if aggregated else each.lines))
    timed = [each.recorded for each in held if each.recorded.run.command != "count"]
    fullest = max(
        timed, key=lambda each: (each.run.command == "bench", len(each.cells)), default=None
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


def in_words(table: Table | None) -> Table | None:
    """Return a table as a page says it: a headline is written for Markdown and a terminal."""
    if table is None:
        return None

    def said(words: str) -> str:
        return re.sub(r"(?<=\d) us\b", " µs", words.replace("`", ""))

    return Table(
        said(table.title),
        table.columns,
        tuple(tuple(map(said, row)) for row in table.rows),
        said(table.caption),
    )


def title_of(recorded: Recorded | None) -> str:
    """Return what a window that shows the page is called."""
    cells = [] if recorded is None else [each for each in recorded.cells if each.seconds]
    if recorded is None or not cells:
        return "nanogpt-rs: Python and Rust compared"
    return f"nanogpt-rs: Python and Rust on {main_text(cells)[:60]}, {recorded.run.machine.alias}"


def verdicts_of(before: Cell, after: Cell) -> list[list[Any]]:
    """Return for each reference of a cell verdict, adjusted p, and the reason if it changed."""
    found = []
    for one, two in zip(before.against, after.against, strict=True):
        changed = two.comparison.reason != one.comparison.reason
        reason = [two.comparison.reason] if changed else []
        found.append([two.comparison.verdict, two.comparison.p_adjusted, *reason])
    return found


def summaries(held: Held) -> Iterator[bytes]:
    """Yield what tables say of the cells of a run, a line each, without what processes said."""
    for line in held.lines:
        body = json.loads(line)
        if body["kind"] in OTHERS:
            yield line
        if body["kind"] != "cell":
            continue
        del body["schema_version"], body["checksum"]
        for each in body["against"]:
            found = each["comparison"]
            kept = ["verdict", "ratio", "interval", "control", "resolves", "clock"]
            kept += ["reason"] * (found["verdict"] in {"invalid", "inconclusive"})
            each["comparison"] = {key: found[key] for key in kept}
        yield json.dumps(body, separators=(",", ":")).encode() + b"\n"


def packed(data: bytes) -> str:
    """Return bytes gzipped, in letters; the same bytes give the same letters."""
    return base64.b64encode(gzip.compress(data, mtime=0)).decode() if data else ""
