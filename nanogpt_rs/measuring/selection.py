"""What the user asked for, turned into registry rows and corpora, or into a clear refusal."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from nanogpt_rs.ruler import corpora, registry
from nanogpt_rs.ruler.files import cannot_uncache
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.rounds import STATES, applies
from nanogpt_rs.ruler.tasks import TASKS

FEW = 12
"""Names that fit into a message."""


class SelectionError(Exception):
    """What was asked for does not exist; the message says what does."""


def select(
    tasks: Sequence[str] = (),
    ids: Sequence[str] = (),
    *,
    everything: bool = False,
    every_task: bool = True,
) -> list[Implementation]:
    """Return the rows of these tasks with these ids.

    Args:
        tasks: task names; none means all.
        ids: implementation ids; none means the rows marked ``default`` and the baselines.
        everything: without ``ids``, all rows instead.
        every_task: without ``tasks`` and ``ids``, not only the tasks that are measured unasked.

    Raises:
        SelectionError: a task or an id does not exist.
    """
    for task in tasks:
        if task not in TASKS:
            raise SelectionError(f"no task {task!r}; there are: {', '.join(TASKS)}")
    if not (tasks or ids or every_task):
        tasks = [name for name, task in TASKS.items() if task.by_default]
    rows = [row for row in registry.rows() if not tasks or row.task in tasks]
    for id in ids:
        if not any(row.id == id for row in rows):
            raise SelectionError(
                f"no implementation {id!r} of the tasks asked for; {near(id, rows)}"
            )
    if ids:
        return [row for row in rows if row.id in ids]
    return [row for row in rows if everything or row.marks & {"default", "baseline"}]


def near(id: str, rows: Sequence[Implementation]) -> str:
    """Return which ids of these rows somebody may have meant, or all of them if they are few."""
    known = list(dict.fromkeys(row.id for row in rows))
    if len(known) > FEW:
        closest = get_close_matches(id, known, n=3)
        if closest:
            return f"closest: {', '.join(closest)} (`nanogpt-rs list` shows all)"
        return "`nanogpt-rs list` shows what there is"
    return f"there are: {', '.join(known)}"


def lacking(row: Implementation) -> str | None:
    """Return why a row cannot run here, as far as can be told without long imports."""
    return row.unavailable() if calls_rust(row) else row.absent()


def calls_rust(row: Implementation) -> bool:
    """Return whether a row calls, or is given, what our own Rust module holds."""
    return any(name.startswith("rust_impls:") for name in (row.target, *row.given))


def select_states(states: Sequence[str], tasks: Sequence[str] = ()) -> list[str]:
    """Return the states asked for, each once.

    Args:
        states: names.
        tasks: names of tasks, to one of which each state must apply; none means any.

    Raises:
        SelectionError: one does not exist, cannot be had here, or applies to none of the tasks.
    """
    for state in states:
        if state not in STATES:
            raise SelectionError(f"no state {state!r}; there are: {', '.join(STATES)}")
        if tasks and not any(applies(TASKS[task], state) for task in tasks):
            raise SelectionError(
                f"the state {state} does not apply to {', '.join(dict.fromkeys(tasks))}: "
                + ("no file is read" if state == "uncached_file" else "a file is read, no text")
            )
        if state == "uncached_file" and (reason := cannot_uncache()):
            raise SelectionError(f"the state {state} cannot be had here: {reason}")
    return list(dict.fromkeys(states))


def available(states: Sequence[str]) -> list[str]:
    """Return those of some states that can be had here."""
    return [each for each in states if each != "uncached_file" or not cannot_uncache()]


def load_corpora(names: Sequence[str]) -> list[corpora.Corpus]:
    """Return the corpora of these names, each once, in the order asked for.

    Raises:
        corpora.CorpusError: one cannot be had.
    """
    return [corpus for _, corpus in named_corpora(names)]


def named_corpora(names: Sequence[str] | None) -> list[tuple[str, corpora.Corpus]]:
    """Return the same, each with the name that it was asked for by, so that workers find it too.

    Raises:
        corpora.CorpusError: one cannot be had.
        SelectionError: two would be called the same.
    """
    found = [(name, corpora.load(name)) for name in dict.fromkeys(names or [corpora.DEFAULT])]
    known: dict[str, tuple[str, corpora.Corpus]] = {}
    for name, corpus in found:
        other, before = known.setdefault(corpus.id, (name, corpus))
        if before.sha256 != corpus.sha256:
            raise SelectionError(f"{other} and {name} are both called {corpus.id}: rename one")
    return found
