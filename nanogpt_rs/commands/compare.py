"""The command ``compare``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands.comparison import in_markdown, print_compared
from nanogpt_rs.commands.console import (
    FAILED,
    USAGE,
    Resuming,
    admit,
    given,
    out,
    print_json,
    refuse_beside,
    stop,
    tell_step,
)
from nanogpt_rs.commands.contests import refuse_useless_builds, run_contests, with_builds
from nanogpt_rs.commands.options import (
    BUILDS,
    RESULTS,
    AsJson,
    Builds,
    From,
    OneCorpus,
    Precise,
    Results,
    Resume,
    complete_id,
    complete_state,
    complete_task,
)
from nanogpt_rs.ruler.provenance import check as check_installed
from nanogpt_rs.words import meanwhile_line

if TYPE_CHECKING:
    from nanogpt_rs.measuring.readings import Choices

OF_ROWS = ("corpus", "state", "sources", "builds", "resume")
"""Options that have an effect for implementations of the registry alone."""
OF_CALLABLES = (
    "setup",
    "input",
    "check",
    "same",
    "tolerance",
    "seconds",
    "instructions",
    "markdown",
)
"""Options that have an effect for all other callables alone."""


def complete_thing(incomplete: str) -> list[str]:
    """Return the tasks and ids that begin like this."""
    return complete_task(incomplete) + complete_id(incomplete)


Things = Annotated[
    list[str],
    typer.Argument(
        metavar="REFERENCE OTHERS...",
        help="What to compare, the reference first: file.py:function, "
        "package.module:function, or a statement as timeit takes it; or, with --task or after "
        "a task's name, ids of implementations such as python/set.",
        autocompletion=complete_thing,
    ),
]
Setup = Annotated[
    list[str] | None,
    typer.Option("--setup", "-s", help="Statement to run once before; repeatable."),
]
Input = Annotated[
    str | None,
    typer.Option(
        help="Function that makes the arguments, as file.py:function. A tuple is all of them, "
        "anything else the only one. If it yields several inputs, or draws from `random` or "
        "numpy, the answers are compared on several."
    ),
]
Check = Annotated[
    str | None,
    typer.Option(
        help="Function check(answer, expected) that compares answers, as file.py:function. "
        "Default: they must be of the same types and equal."
    ),
]
Same = Annotated[
    bool,
    typer.Option("--same/--no-check", help="Compare the answers, or do not compare them."),
]
Tolerance = Annotated[
    float,
    typer.Option(min=0.0, help="Relative difference up to which floats count as the same."),
]
Seconds = Annotated[
    float | None,
    typer.Option(min=0.1, help="Seconds to measure at most.", show_default="from a call's length"),
]
Instructions = Annotated[
    bool,
    typer.Option("--instructions", help="Also count the instructions of a call, with valgrind."),
]
Markdown = Annotated[
    bool, typer.Option("--markdown", help="Print Markdown, for the summary of a pull request.")
]
Pytest = Annotated[
    bool,
    typer.Option(
        "--pytest",
        help="The names are tests that use pytest-benchmark's fixture, as path::test. What they "
        "give to the fixture is compared, and their fixtures live meanwhile.",
    ),
]
NamedTask = Annotated[
    str | None,
    typer.Option(
        "--task",
        "-t",
        help="Compare implementations of this task.",
        autocompletion=complete_task,
    ),
]
OfState = Annotated[
    str,
    typer.Option(
        autocompletion=complete_state,
        help="warm, fresh_str, evicted, uncached_file, first_call or new_text; or build, to time "
        "the building of an encoder.",
    ),
]


def compare(
    context: typer.Context,
    things: Things,
    setup: Setup = None,
    input: Input = None,
    check: Check = None,
    same: Same = True,
    tolerance: Tolerance = 0.0,
    seconds: Seconds = None,
    instructions: Instructions = False,
    markdown: Markdown = False,
    pytest: Pytest = False,
    task: NamedTask = None,
    corpus: OneCorpus = "synthetic",
    state: OfState = "warm",
    sources: From = None,
    builds: Builds = BUILDS,
    precise: Precise = False,
    resume: Resume = False,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Find out whether anything that can be called is faster than something else.

    Fresh processes call all of them in paired rounds, in random order, with the reference measured
    twice as a control. Each ratio has an interval. Measuring stops as soon as a verdict is certain.
    Where the difference is too small to be seen, the verdict says so. Answers are compared first;
    where they differ, no time is given.

    For example: nanogpt-rs compare -s 'text = "to be" * 9999' 'set(text)' 'set(list(text))'

    For example: nanogpt-rs compare mine.py:slow theirs.module:fast --input inputs.py:make

    For example: nanogpt-rs compare charset python/set rust/ahash

    For example: nanogpt-rs compare --pytest test_it.py::test_old test_it.py::test_new
    """
    admit(sources)
    if pytest:
        refuse_beside(context, "--pytest", "setup", "input", "instructions", "task", *OF_ROWS)
        at_least_two(things)
        ids = things
    else:
        task, ids = task_of(context, task, things)
    if task is None:
        if useless := given(context, *OF_ROWS):
            stop(
                USAGE,
                f"{' and '.join(useless)}: no effect on functions and statements of your own",
                f"leave {' and '.join(useless)} out, or name a task with --task",
            )
        from nanogpt_rs.measuring.readings import Choices

        # Tests assert for themselves, so that their answers need not be of the same type.
        told = pytest and not given(context, "same", "check", "tolerance")
        choices = Choices(
            "\n".join(setup or ()),
            input,
            check,
            same and not told,
            tolerance,
            seconds,
            precise,
            instructions,
            pytest,
            told,
        )
        keep = results if given(context, "results") else None
        if as_json:
            refuse_beside(context, "--json", "markdown")
        compare_callables(things, choices, keep, as_json, markdown)
        return
    refuse_beside(context, f"the task {task}", *OF_CALLABLES)
    from nanogpt_rs.measuring.selection import select

    refuse_useless_builds(context, select([task], ids), builds)
    compare_rows(task, ids, corpus, state, builds, precise, resume, results, as_json)


def task_of(
    context: typer.Context, task: str | None, things: list[str]
) -> tuple[str | None, list[str]]:
    """Return the task whose implementations are compared, and their ids; ``None`` for no task.

    Args:
        context: Context of the command.
        task: The task that an option names.
        things: The words that say what is compared.
    """
    from nanogpt_rs.ruler.tasks import TASKS

    ids = things
    if task is None and things[0] in TASKS:
        if useless := given(context, *OF_CALLABLES):
            stop(
                USAGE,
                f"{things[0]!r} can be read in two ways: a task, beside which "
                f"{' and '.join(useless)} has no effect, or a statement",
                f"write ({things[0]}) for the statement",
            )
        task, ids = things[0], things[1:]
    at_least_two(ids)
    return task, ids


def at_least_two(names: list[str]) -> None:
    """Stop where there is nothing to compare a reference with."""
    if len(names) < 2:
        stop(
            USAGE,
            "there is nothing to compare: one name was given",
            "name a reference and at least one other; `nanogpt-rs compare --help` has examples",
        )


def compare_rows(
    task: str,
    ids: list[str],
    corpus: str,
    state: str,
    builds: int,
    precise: bool,
    resume: bool,
    results: Path,
    as_json: bool,
) -> None:
    """Compare implementations of the registry, the first of which is the reference."""
    baseline, *contenders = ids
    from nanogpt_rs.measuring.bench import Contest
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
    from nanogpt_rs.ruler.timing import MOST_CONTENDERS

    select([task], [baseline, *contenders])  # raises if the task or an id does not exist
    if baseline in contenders or len(set(contenders)) < len(contenders):
        raise SelectionError("each contender must be named once, and not be the baseline")
    if len(contenders) > MOST_CONTENDERS:
        raise SelectionError(f"at most {MOST_CONTENDERS} contenders share a baseline's rounds")
    if state != BUILD:
        select_states([state], [task])
    elif TASKS[task].build is None:
        raise SelectionError(f"the task {task} has nothing to build")
    build = check_installed()
    (text,) = load_corpora([corpus])
    rows = tuple(find(task, id) for id in (baseline, *contenders))
    contest = Contest(corpus, text, state, {ASKED: rows[0]}, rows, precise=precise)
    requested = {(task, id) for id in contenders}
    contests = with_builds([contest], builds)
    run_contests("compare", contests, requested, build, results, Resuming(resume), as_json)


def compare_callables(
    words: list[str], choices: Choices, results: Path | None, as_json: bool, markdown: bool
) -> None:
    """Compare callables that no registry knows, the first of which is the reference.

    Args:
        words: What names them.
        choices: How they are called.
        results: Folder to keep the run in; ``None``: it is not kept.
        as_json: Whether to print one document instead of a table.
        markdown: Whether to print the table in Markdown.
    """
    from nanogpt_rs.measuring.anything import compare
    from nanogpt_rs.measuring.readings import comparing_of

    compared = compare(comparing_of(words, Path.cwd(), choices), tell_step)
    run = None
    if results is not None:
        from nanogpt_rs.measuring.callables import keep
        from nanogpt_rs.records.files import read

        (recorded,) = read(keep(compared, results))
        run = recorded.run
    if as_json:
        from nanogpt_rs.commands import documents
        from nanogpt_rs.statistics.adjusted import tests_in

        cells = tuple(compared.adjusted)
        document = documents.Comparisons(
            run, compared.cells[0].meanwhile, tests_in(cells), cells, tuple(compared.called)
        )
        print_json("compare", document)
    elif markdown:
        print(in_markdown(compared.adjusted, compared.called), end="")
    else:
        print_compared(compared.adjusted, compared.called, run)
        from nanogpt_rs.statistics.meanwhile import together

        meanwhile = together(compared.cells)
        if meanwhile is not None and any(cell.seconds for cell in compared.cells):
            out.say(meanwhile_line(**asdict(meanwhile)))
    if any(cell.status == "wrong" for cell in compared.cells):
        sys.exit(FAILED)
