"""Turns the user's choices into registry rows, states and corpora, or refuses them clearly."""

from __future__ import annotations

from collections.abc import Sequence
from pkgutil import resolve_name

from nanogpt_rs.ruler import corpora, registry
from nanogpt_rs.ruler.errors import USAGE, UserError
from nanogpt_rs.ruler.files import cannot_uncache
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.rounds import NEW_TEXT, STATES, applies
from nanogpt_rs.ruler.tasks import TASKS

LACKING = {
    "uncached_file": "no file is read",
    "fresh_str": "a file is read, no text",
    NEW_TEXT: "nothing is made that could remember a text",
}
"""By state, what a task lacks to which it does not apply."""
FEW = 12
"""The largest number of names that fit into a message."""


class SelectionError(UserError):
    """A choice does not exist or does not fit the others; the message names the valid ones."""

    exit_status = USAGE


def select(
    tasks: Sequence[str] = (),
    ids: Sequence[str] = (),
    *,
    everything: bool = False,
    every_task: bool = True,
    variants: bool = True,
) -> list[Implementation]:
    """Return the rows of these tasks with these ids.

    Args:
        tasks: Names of tasks; none stands for all.
        ids: Ids of implementations; none stands for the rows marked ``default`` and the baselines.
        everything: Whether no ``ids`` stand for all rows instead.
        every_task: Whether no ``tasks`` and no ``ids`` stand for all tasks; if not, they stand for
            the tasks that are measured by default.
        variants: Whether they stand for tasks too that differ from another in their vocabulary
            alone.

    Raises:
        SelectionError: A task or an id does not exist.
    """
    for task in tasks:
        if task not in TASKS:
            raise SelectionError(f"no task {task!r}; there are: {', '.join(TASKS)}")
    if not (tasks or ids):
        tasks = [
            name
            for name, task in TASKS.items()
            if (every_task or task.by_default) and (variants or not task.variant_of)
        ]
    rows = [row for row in registry.rows() if not tasks or row.task in tasks]
    for id in ids:
        if not any(row.id == id for row in rows):
            raise SelectionError(f"no implementation {id!r} of the chosen tasks; {near(id, rows)}")
    if ids:
        return [row for row in rows if row.id in ids]
    return [row for row in rows if everything or row.marks & {"default", "baseline"}]


def near(id: str, rows: Sequence[Implementation]) -> str:
    """Return in words the ids that the user may have meant, or all of them if they are few."""
    from difflib import get_close_matches

    ids = list(dict.fromkeys(row.id for row in rows))
    if len(ids) > FEW:
        closest = get_close_matches(id, ids, n=3)
        if closest:
            return f"closest: {', '.join(closest)} (`nanogpt-rs list` shows all)"
        return "`nanogpt-rs list` shows all"
    return f"there are: {', '.join(ids)}"


def lacking(row: Implementation) -> str | None:
    """Return why a row cannot run here, as far as that is known without slow imports."""
    if reason := row.absent():
        return reason
    for name in filter(is_rust, row.names()):
        try:
            resolve_name(name)
        except (ImportError, AttributeError) as error:
            return f"{name} cannot be resolved: {error}"
    return row.lacking_instructions()


def calls_rust(row: Implementation) -> bool:
    """Return whether a row calls a function of our Rust module, or is given one."""
    return any(map(is_rust, row.names()))


def is_rust(name: str) -> bool:
    """Return whether a function's name is one of our Rust module."""
    return name.startswith("rust_impls:")


def select_states(states: Sequence[str], tasks: Sequence[str] = ()) -> list[str]:
    """Check these states and return them without repetition.

    Args:
        states: Names of states.
        tasks: Names of tasks. Each state must apply to at least one; none stands for all tasks.

    Raises:
        SelectionError: A state does not exist, is not possible here, or applies to no task.
    """
    for state in states:
        if state not in STATES:
            raise SelectionError(f"no state {state!r}; there are: {', '.join(STATES)}")
        if tasks and not any(applies(TASKS[task], state) for task in tasks):
            raise SelectionError(
                f"the state {state} does not apply to {', '.join(dict.fromkeys(tasks))}: "
                + LACKING[state]
            )
        if state == "uncached_file" and (reason := cannot_uncache()):
            raise SelectionError(f"the state {state} is not possible here: {reason}")
    return list(dict.fromkeys(states))


def available(states: Sequence[str]) -> list[str]:
    """Return those of these states that are possible on this system."""
    return [state for state in states if state != "uncached_file" or not cannot_uncache()]


def load_corpora(names: Sequence[str]) -> list[corpora.Corpus]:
    """Return the corpora of these names, in their order and without repetition.

    Raises:
        corpora.CorpusError: A corpus cannot be loaded.
    """
    return [corpus for _, corpus in named_corpora(names)]


def named_corpora(names: Sequence[str] | None) -> list[tuple[str, corpora.Corpus]]:
    """Return pairs of a name and its corpus; workers find the corpus by that name too.

    Args:
        names: Ids or paths; none stands for the default corpus.

    Raises:
        corpora.CorpusError: A corpus cannot be loaded.
        SelectionError: Two different texts would have the same id.
    """
    pairs = [(name, corpora.load(name)) for name in dict.fromkeys(names or [corpora.DEFAULT])]
    by_id: dict[str, tuple[str, corpora.Corpus]] = {}
    for name, corpus in pairs:
        other_name, other = by_id.setdefault(corpus.id, (name, corpus))
        if other.sha256 != corpus.sha256:
            raise SelectionError(f"{other_name} and {name} are both called {corpus.id}: rename one")
    return pairs
