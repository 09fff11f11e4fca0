"""Fills the tables, pictures and captions of documents from records, so that nobody types them.

A block stands between ``<!-- splice KIND ... -->`` and ``<!-- spliced -->``. The kinds are:

- ``headline``: every task on one text. ``corpus=ID`` names the text; by default it is the one on
  which most was measured.
- ``picture``: the same as a drawing, in the file ``file=PATH`` relative to the document.
- ``ranking``: some ideas on some texts: ``task=NAME corpus=ID,... ids=ID,...``.
- ``caption``: machine, build, text, commit, date and load of the headline.
- ``summary``: what ``bench --summary`` and ``job measure --summary`` print on a terminal, with
  ``tasks=NAME,...`` for some tasks alone.
- ``terminal``: a terminal with the command and the output of a recorded comparison, as a drawing:
  ``run=PATH file=PATH``, both relative to the document.
- ``job``: what the best Rust preparation gains of a whole job, from a run of whole jobs.

``state=NAME`` names the state of the text; the default is ``warm``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

from nanogpt_rs.records.kinds import Recorded
from nanogpt_rs.reporting.frames import markdown_of
from nanogpt_rs.reporting.headline import Table, headline, ranking, whole_job
from nanogpt_rs.ruler.errors import USAGE, UserError

BLOCK = re.compile(r"<!-- splice ([^>]*?) -->\n.*?<!-- spliced -->", re.DOTALL)
STRAY = re.compile(r"<!-- splice [^>]*>")


class SpliceError(UserError):
    """The blocks of a document cannot be filled; the message names the block and the reason."""

    exit_status = USAGE


Content = tuple[str, dict[str, bytes]]
"""A text, and the files that it shows, by their paths relative to the document."""


def splice(
    text: str,
    recorded: Recorded,
    job: Recorded | None = None,
    summary: Callable[..., str] | None = None,
    terminal: Callable[[str], bytes] | None = None,
) -> Content:
    """Return a document with all its blocks filled from a run, and the files that it shows.

    Args:
        text: Text of the document.
        recorded: The run.
        job: A run of whole jobs, for the blocks about them.
        summary: Function from both runs and a block's options to the text of a summary.
        terminal: Function from the path of a comparison's record to a drawing of a terminal.

    Raises:
        SpliceError: There is no block, a block does not end, or the run does not have what a block
            needs.
    """
    blocks = BLOCK.findall(text)
    if len(blocks) != len(STRAY.findall(text)):
        raise SpliceError("not every `<!-- splice ... -->` is followed by a `<!-- spliced -->`")
    if not blocks:
        raise SpliceError("has no `<!-- splice ... -->` block to fill")
    files: dict[str, bytes] = {}
    makers = dict(MAKERS)
    if summary is not None:
        makers["summary"] = lambda run, **options: (summary(run, job, **options), {})
    if terminal is not None:
        makers["terminal"] = lambda _, run, file: (
            f"![A comparison in a terminal]({file})\n",
            {file: terminal(run)},
        )

    def fill(block: re.Match[str]) -> str:
        kind, *options = block[1].split()
        if kind not in makers:
            raise SpliceError(f"there is no block {block[1]!r}; the kinds are: {', '.join(makers)}")
        if not all("=" in option for option in options):
            raise SpliceError(
                f"block {block[1]!r}: an option has no value", hint="write options as NAME=VALUE"
            )
        try:
            source = job if kind == "job" else recorded
            values = dict(option.split("=", 1) for option in options)
            content, shown = makers[kind](source, **values)
        except (LookupError, TypeError) as error:
            raise SpliceError(f"block {block[1]!r}: {error}") from None
        files.update(shown)
        return f"<!-- splice {block[1]} -->\n\n{content}\n<!-- spliced -->"

    return BLOCK.sub(fill, text), files


def whole(recorded: Recorded, corpus: str | None, state: str) -> Table:
    """Return the headline.

    Raises:
        LookupError: The run has no headline for this text and state.
    """
    table = headline(recorded, corpus, state)
    if table is None:
        text = corpus or "any text"
        raise LookupError(f"run {recorded.run.run} has no Rust on {text} in state {state}")
    return table


def make_headline(recorded: Recorded, corpus: str | None = None, state: str = "warm") -> Content:
    """Return the table of the headline."""
    table = whole(recorded, corpus, state)
    return markdown_of(table.columns, table.rows), {}


def make_caption(recorded: Recorded, corpus: str | None = None, state: str = "warm") -> Content:
    """Return the caption of the headline, wrapped into lines."""
    return wrapped(whole(recorded, corpus, state).caption), {}


def make_ranking(
    recorded: Recorded,
    task: str,
    corpus: str,
    ids: str,
    state: str = "warm",
) -> Content:
    """Return the table of a ranking."""
    table = ranking(recorded, task, corpus.split(","), state, ids.split(","))
    return markdown_of(table.columns, table.rows), {}


def make_picture(
    recorded: Recorded,
    file: str,
    corpus: str | None = None,
    state: str = "warm",
) -> Content:
    """Return the link to the headline's picture, and the picture."""
    from nanogpt_rs.reporting.picture import draw

    whole(recorded, corpus, state)
    alternative = "How many times as fast as the strongest Python the best Rust is, by task"
    return f"![{alternative}]({file})\n", {file: draw(recorded, corpus, state).encode()}


def make_job(recorded: Recorded | None) -> Content:
    """Return sentences on what a rewrite gains of a whole job, wrapped into lines.

    Raises:
        LookupError: No run of whole jobs compares Rust with the strongest Python.
    """
    words = None if recorded is None else whole_job(recorded)
    if words is None:
        raise LookupError("no recorded run of whole jobs compares Rust with the strongest Python")
    return wrapped(words), {}


def wrapped(words: str) -> str:
    """Return words wrapped into lines. No word is broken, as names have hyphens."""
    lines = textwrap.wrap(words, 100, break_on_hyphens=False, break_long_words=False)
    return "\n".join(lines) + "\n"


MAKERS: dict[str, Callable[..., Content]] = {
    "headline": make_headline,
    "picture": make_picture,
    "ranking": make_ranking,
    "caption": make_caption,
    "job": make_job,
}


def fullest_recorded(folder: Path) -> Recorded:
    """Return the run in a folder that has the most tasks, and of several the newest.

    Therefore a later run of a few tasks does not take the place of a published set.

    Raises:
        nanogpt_rs.records.schema.RecordError: The folder holds no run, or a file is damaged.
    """
    from nanogpt_rs.records.files import read
    from nanogpt_rs.records.schema import RecordError

    runs = [recorded for path in folder.glob("*.jsonl") for recorded in read(path)]
    if not runs:
        raise RecordError(f"{folder}: there is no run here", hint="`make record` promotes one")
    return max(runs, key=lambda run: (len({cell.task for cell in run.cells}), run.run.run))
