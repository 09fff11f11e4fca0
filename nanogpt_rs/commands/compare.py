"""The command ``compare``."""

from __future__ import annotations

from typing import Annotated

import typer

from nanogpt_rs.commands.console import admit
from nanogpt_rs.commands.contests import run_contests, with_builds
from nanogpt_rs.commands.options import (
    BUILDS,
    RESULTS,
    AsJson,
    Builds,
    From,
    OneCorpus,
    OneTask,
    Results,
    Resume,
    complete_id,
    complete_state,
)
from nanogpt_rs.ruler.provenance import check


def compare(
    task: OneTask,
    baseline: Annotated[
        str,
        typer.Argument(
            help="Id of the implementation to compare with, such as python/set.",
            autocompletion=complete_id,
        ),
    ],
    contenders: Annotated[
        list[str],
        typer.Argument(
            help="Ids of one to twelve others, such as rust/ahash.", autocompletion=complete_id
        ),
    ],
    corpus: OneCorpus = "synthetic",
    state: Annotated[
        str,
        typer.Option(
            autocompletion=complete_state,
            help="warm, fresh_str, evicted, uncached_file or first_call; or build, to time the "
            "building of an encoder.",
        ),
    ] = "warm",
    sources: From = None,
    builds: Builds = BUILDS,
    resume: Resume = False,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Find out whether contenders are faster than a baseline, with an interval for each ratio.

    Fresh processes call all of them in paired rounds, in random order, with the baseline measured
    twice as a control. Where the difference is too small to be seen, the verdict says so.

    For example: nanogpt-rs compare charset python/set rust/ahash
    """
    from nanogpt_rs.measuring.bench import Contest
    from nanogpt_rs.measuring.paired import MOST_CONTENDERS
    from nanogpt_rs.measuring.selection import (
        SelectionError,
        load_corpora,
        select,
        select_states,
    )
    from nanogpt_rs.records.schema import ASKED
    from nanogpt_rs.ruler.registry import find
    from nanogpt_rs.ruler.rounds import BUILD
    from nanogpt_rs.ruler.tasks import TASKS

    admit(sources)
    select([task], [baseline, *contenders])  # raises if the task or an id does not exist
    if baseline in contenders or len(set(contenders)) < len(contenders):
        raise SelectionError("each contender must be named once, and not be the baseline")
    if len(contenders) > MOST_CONTENDERS:
        raise SelectionError(f"at most {MOST_CONTENDERS} contenders share a baseline's rounds")
    if state != BUILD:
        select_states([state], [task])
    elif TASKS[task].build is None:
        raise SelectionError(f"the task {task} has nothing to build")
    build = check()
    (text,) = load_corpora([corpus])
    rows = tuple(find(task, id) for id in (baseline, *contenders))
    contest = Contest(corpus, text, state, {ASKED: rows[0]}, rows)
    requested = {(task, id) for id in contenders}
    contests = with_builds([contest], builds)
    run_contests("compare", contests, requested, build, results, resume, as_json)
