"""README's tables, picture and captions, spliced in from records: none is typed.

A block stands between ``<!-- splice WHAT ... -->`` and ``<!-- spliced -->``. ``WHAT`` is one of

- ``headline``: every task on one text, ``corpus=ID`` if not the one on which most was measured;
- ``picture``: the same as an image, ``file=PATH`` from the folder of the document;
- ``ranking``: ``task=NAME corpus=ID,... ids=ID,...``: some ideas on some texts;
- ``caption``: machine, build, text, commit, date and load of the headline;
- ``job``: what the best Rust preparation gains of a whole job, from a run of those.

``state=NAME`` is ``warm`` where it is not given.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

from nanogpt_rs.records.kinds import Recorded
from nanogpt_rs.reporting.frames import markdown_of
from nanogpt_rs.reporting.headline import Table, headline, ranking, whole_job

BLOCK = re.compile(r"<!-- splice ([^>]*?) -->\n.*?<!-- spliced -->", re.DOTALL)
STRAY = re.compile(r"<!-- splice [^>]*>")


class SpliceError(Exception):
    """A document cannot be spliced into; the message says where and why."""


Made = tuple[str, dict[str, bytes]]
"""A text, and the further files that it shows, by path from its folder."""


def splice(text: str, recorded: Recorded, job: Recorded | None = None) -> Made:
    """Return a document with all its blocks made anew from a run, and the files that it shows.

    Args:
        text: of the document.
        recorded: the run.
        job: a run of whole jobs, for the blocks about them.

    Raises:
        SpliceError: there is no block, one does not end, or it asks for what the run does not have.
    """
    blocks = BLOCK.findall(text)
    if len(blocks) != len(STRAY.findall(text)):
        raise SpliceError("not every `<!-- splice ... -->` has its `<!-- spliced -->`")
    if not blocks:
        raise SpliceError("has no `<!-- splice ... -->` block to fill")
    files: dict[str, bytes] = {}

    def fill(block: re.Match[str]) -> str:
        what, *words = block[1].split()
        if what not in MAKERS or not all("=" in word for word in words):
            raise SpliceError(f"a block asks for {block[1]!r}; there are: {', '.join(MAKERS)}")
        try:
            source = job if what == "job" else recorded
            content, shown = MAKERS[what](source, **dict(word.split("=", 1) for word in words))
        except (LookupError, TypeError) as error:
            raise SpliceError(f"a block that asks for {block[1]!r}: {error}") from None
        files.update(shown)
        return f"<!-- splice {block[1]} -->\n\n{content}\n<!-- spliced -->"

    return BLOCK.sub(fill, text), files


def whole(recorded: Recorded, corpus: str | None, state: str) -> Table:
    """Return the headline.

    Raises:
        LookupError: the run has none.
    """
    table = headline(recorded, corpus, state)
    if table is None:
        raise LookupError(f"run {recorded.run.run} has none on {corpus or 'any text'}, {state}")
    return table


def make_headline(recorded: Recorded, corpus: str | None = None, state: str = "warm") -> Made:
    """Return the headline's table."""
    table = whole(recorded, corpus, state)
    return markdown_of(table.columns, table.rows), {}


def make_caption(recorded: Recorded, corpus: str | None = None, state: str = "warm") -> Made:
    """Return what the headline's figures have in common, a sentence on lines of its own."""
    return filled(whole(recorded, corpus, state).caption), {}


def make_ranking(
    recorded: Recorded,
    task: str,
    corpus: str,
    ids: str,
    state: str = "warm",
) -> Made:
    """Return a ranking's table."""
    table = ranking(recorded, task, corpus.split(","), state, ids.split(","))
    return markdown_of(table.columns, table.rows), {}


def make_picture(
    recorded: Recorded,
    file: str,
    corpus: str | None = None,
    state: str = "warm",
) -> Made:
    """Return the link to the headline's picture, and the picture."""
    from nanogpt_rs.reporting.picture import draw

    whole(recorded, corpus, state)
    about = "How many times as fast as the strongest Python the best Rust is, by task"
    return f"![{about}]({file})\n", {file: draw(recorded, corpus, state).encode()}


def make_job(recorded: Recorded | None) -> Made:
    """Return what a rewrite gains of a whole job, sentences on lines of their own.

    Raises:
        LookupError: no run of whole jobs says.
    """
    words = None if recorded is None else whole_job(recorded)
    if words is None:
        raise LookupError("no recorded run of whole jobs has Rust beside the strongest Python")
    return filled(words), {}


def filled(words: str) -> str:
    """Return words on lines of their own, none of them broken: names have hyphens."""
    lines = textwrap.wrap(words, 100, break_on_hyphens=False, break_long_words=False)
    return "\n".join(lines) + "\n"


MAKERS: dict[str, Callable[..., Made]] = {
    "headline": make_headline,
    "picture": make_picture,
    "ranking": make_ranking,
    "caption": make_caption,
    "job": make_job,
}


def fullest_recorded(folder: Path) -> Recorded:
    """Return the run in a folder that has most tasks, the newest of equals.

    So a run of a few tasks beside a published set does not take that set's place.

    Raises:
        nanogpt_rs.records.schema.RecordError: there is none, or a file is damaged.
    """
    from nanogpt_rs.records.files import read
    from nanogpt_rs.records.schema import RecordError

    found = [each for path in folder.glob("*.jsonl") for each in read(path)]
    if not found:
        raise RecordError(f"{folder}: no run is kept here; `make record` promotes one")
    return max(found, key=lambda each: (len({cell.task for cell in each.cells}), each.run.run))
