"""The command ``bench``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands.console import Resuming, admit, refuse_beside
from nanogpt_rs.commands.contests import refuse_useless_builds, run_contests, with_builds
from nanogpt_rs.commands.options import (
    BUILDS,
    RESULTS,
    AsJson,
    AsSummary,
    Builds,
    Corpora,
    Everything,
    From,
    Ids,
    Precise,
    Results,
    ResumeOrAnew,
    Tasks,
    complete_state,
)
from nanogpt_rs.ruler.provenance import check

if TYPE_CHECKING:
    from nanogpt_rs.measuring.bench import Contest

States = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        autocompletion=complete_state,
        help="warm, fresh_str, evicted, uncached_file, first_call or new_text; repeatable.",
        show_default="warm, fresh_str and, for encoders of tokens, new_text",
    ),
]
Full = Annotated[
    bool,
    typer.Option(
        "--full",
        help="Measure the published set, precisely, which takes hours. No task, --id, --corpus, "
        "--state, --all, --from or --precise can be given with it.",
    ),
]
CHOICES = ("tasks", "ids", "corpus", "state", "everything", "sources", "precise")
"""What cannot be chosen with --full."""
Seconds = Annotated[
    float | None,
    typer.Option(
        min=1.0,
        help="Seconds to spend on each group of contenders.",
        show_default="12; --full has its own",
    ),
]


def bench(
    context: typer.Context,
    tasks: Tasks = None,
    ids: Ids = None,
    corpus: Corpora = None,
    state: States = None,
    everything: Everything = False,
    full: Full = False,
    seconds: Seconds = None,
    sources: From = None,
    builds: Builds = BUILDS,
    precise: Precise = False,
    resume: ResumeOrAnew = None,
    results: Results = RESULTS,
    summary: AsSummary = False,
    as_json: AsJson = False,
) -> None:
    """Compare implementations with the lecture's Python and the strongest Python.

    Each implementation is verified first. Then fresh processes call all of them in paired rounds,
    in random order, with each reference measured twice as a control. Verdicts are adjusted for the
    number of tests. With --summary, a first answer comes as soon as a few are measured, and the
    same command after Ctrl-C goes on where it stopped.

    For example: nanogpt-rs bench charset --corpus my-text.txt
    """
    if full:
        refuse_beside(context, "--full", *CHOICES)
    if as_json:
        refuse_beside(context, "--json", "summary")
    if ids:
        refuse_beside(context, "--id", "everything")
    if not full:
        admit(sources)
    build = check()
    contests, requested = chosen_contests(tasks, ids, corpus, state, everything, full, seconds)
    # Published figures are read as figures, and ranks need intervals that do not overlap.
    contests = [replace(contest, precise=precise or full) for contest in contests]
    rows = [row for contest in contests for row in contest.contenders]
    refuse_useless_builds(context, rows, builds)
    contests = with_builds(contests, builds)
    goes_on = Resuming.IF_POSSIBLE if summary and resume is None else Resuming(bool(resume))
    run_contests("bench", contests, requested, build, results, goes_on, as_json, summary)


def chosen_contests(
    tasks: Sequence[str] | None,
    ids: Sequence[str] | None,
    corpora: Sequence[str] | None,
    states: Sequence[str] | None,
    everything: bool,
    full: bool,
    seconds: float | None,
) -> tuple[list[Contest], set[tuple[str, str]]]:
    """Return the contests to measure, and the task and id of each row that they are about.

    The arguments are those of ``bench``. What they leave open is taken from a preset.

    Raises:
        nanogpt_rs.measuring.selection.SelectionError: A choice does not exist.
        nanogpt_rs.ruler.corpora.CorpusError: A corpus cannot be loaded.
    """
    from nanogpt_rs.measuring.bench import contests_of
    from nanogpt_rs.measuring.presets import FULL, QUICK
    from nanogpt_rs.measuring.selection import available, named_corpora, select, select_states

    contests: list[Contest] = []
    requested: set[tuple[str, str]] = set()
    for preset in FULL if full else QUICK:
        rows = select(
            tasks or (),
            ids or (),
            everything=everything or preset.everything,
            every_task=preset.every_task,
            variants=preset.variants,
        )
        pairs = named_corpora(corpora or preset.corpora)
        preset_states = available(preset.states)
        of_rows = select_states(states, [row.task for row in rows]) if states else preset_states
        contests += contests_of(rows, pairs, of_rows, seconds or preset.budget, preset.build)
        requested |= {(row.task, row.id) for row in rows}
    return contests, requested
