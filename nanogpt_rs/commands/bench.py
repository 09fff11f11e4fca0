"""The command ``bench``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands.console import (
    BUILDS,
    RESULTS,
    AsJson,
    Builds,
    Corpora,
    Everything,
    From,
    Ids,
    Results,
    Resume,
    Tasks,
    admit,
    refusals,
)
from nanogpt_rs.commands.contests import run_contests, with_builds
from nanogpt_rs.commands.end_to_end import measure_whole_jobs
from nanogpt_rs.commands.pages import write_newest_page
from nanogpt_rs.ruler.corpora import DEFAULT
from nanogpt_rs.ruler.provenance import check

if TYPE_CHECKING:
    from nanogpt_rs.measuring.bench import Contest

States = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        help="warm, fresh_str, evicted, uncached_file or first_call; repeatable.",
        show_default="warm and fresh_str",
    ),
]
Full = Annotated[
    bool,
    typer.Option(
        "--full",
        help="Measure the published set, which takes hours. No task, --id, --corpus, --state, "
        "--all or --from can be given with it.",
    ),
]
Seconds = Annotated[
    float | None,
    typer.Option(
        min=1.0,
        help="Seconds to spend on each group of contenders.",
        show_default="12; --full has its own",
    ),
]
EndToEnd = Annotated[
    bool,
    typer.Option(
        "--end-to-end",
        help="Measure a whole job instead: prepare a file, train a model and evaluate it.",
    ),
]
ONLY_THERE = "With --end-to-end only"
Config = Annotated[
    str | None, typer.Option(help=f"{ONLY_THERE}: quick, full or baby.", show_default="quick")
]
Steps = Annotated[
    int | None,
    typer.Option(min=1, help=f"{ONLY_THERE}: training steps.", show_default="the config's"),
]
Device = Annotated[
    str | None,
    typer.Option(
        help=f"{ONLY_THERE}: device for the training: cpu, cuda or mps.", show_default="cpu"
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(help=f"{ONLY_THERE}: float32, bfloat16 or float64.", show_default="float32"),
]
Attention = Annotated[
    str | None, typer.Option(help=f"{ONLY_THERE}: own, sdpa or heads.", show_default="own")
]
Compile = Annotated[bool, typer.Option("--compile", help=f"{ONLY_THERE}: compile the model first.")]


def bench(
    tasks: Tasks = None,
    ids: Ids = None,
    corpus: Corpora = None,
    state: States = None,
    everything: Everything = False,
    full: Full = False,
    seconds: Seconds = None,
    end_to_end: EndToEnd = False,
    config: Config = None,
    steps: Steps = None,
    device: Device = None,
    dtype: Dtype = None,
    attention: Attention = None,
    compile: Compile = False,
    sources: From = None,
    builds: Builds = BUILDS,
    resume: Resume = False,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Compare implementations with the lecture's Python and the strongest Python.

    Each implementation is verified first. Then fresh processes call all of them in paired rounds,
    in random order, with each reference measured twice as a control. Verdicts are adjusted for the
    number of tests.

    For example: nanogpt-rs bench charset --corpus my-text.txt
    """
    training = {"device": device, "dtype": dtype, "attention": attention, "compile": compile}
    training = {option: value for option, value in training.items() if value}
    with refusals():
        from nanogpt_rs.measuring.selection import SelectionError

        if end_to_end:
            refuse_all_but_whole_jobs(tasks, state, everything or full or resume, corpus)
            name = (corpus or [DEFAULT])[0]
            measure_whole_jobs(
                name, ids or (), config or "quick", steps, training, results, as_json
            )
            write_newest_page(results)
            return
        if config or steps or training:
            raise SelectionError(
                "--config, --steps, --device, --dtype, --attention and --compile need --end-to-end"
            )
        if full and (tasks or ids or corpus or state or everything or sources):
            raise SelectionError(
                "--full is a set of its own: give no task, --id, --corpus, --state, --all or --from"
            )
        if not full:
            admit(sources)
        build = check()
        contests, requested = chosen_contests(tasks, ids, corpus, state, everything, full, seconds)
    contests = with_builds(contests, builds)
    run_contests("bench", contests, requested, build, results, resume, as_json)


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
        )
        pairs = named_corpora(corpora or preset.corpora)
        preset_states = available(preset.states)
        of_rows = select_states(states, [row.task for row in rows]) if states else preset_states
        contests += contests_of(rows, pairs, of_rows, seconds or preset.budget, preset.build)
        requested |= {(row.task, row.id) for row in rows}
    return contests, requested


def refuse_all_but_whole_jobs(
    tasks: Sequence[str] | None,
    states: Sequence[str] | None,
    others: bool,
    corpora: Sequence[str] | None,
) -> None:
    """Check that ``--end-to-end`` is not combined with choices that it cannot follow.

    Raises:
        nanogpt_rs.measuring.selection.SelectionError: It is.
    """
    from nanogpt_rs.measuring.selection import SelectionError

    if tasks or states or others or len(corpora or ()) > 1:
        raise SelectionError(
            "--end-to-end takes --id, one --corpus and the options of training, but no task, "
            "state, set or --resume"
        )
