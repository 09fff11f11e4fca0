"""The options that several commands take, and how a shell completes their values."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Annotated

import typer

RESULTS = Path("results/local")
BUILDS = 16
"""Builds by default. Links take a quarter of a second each, after one compilation; and no process
needs to share its build with another until there are more processes."""
LEAST_SEED, MOST_SEED = -(2**63), 2**63 - 1
DEFAULT_TASKS = "the tasks that run by default"
CORPUS_HELP = "Id of a corpus, see `list corpora`, or the path of a UTF-8 file"


def complete_task(incomplete: str) -> list[str]:
    """Return the tasks that begin like this."""
    from nanogpt_rs.ruler.tasks import TASKS

    return [task for task in TASKS if task.startswith(incomplete)]


def complete_id(incomplete: str) -> list[str]:
    """Return the ids that begin like this, of the tasks that the command line names so far."""
    from nanogpt_rs.ruler.registry import REGISTRY
    from nanogpt_rs.ruler.tasks import TASKS

    # Where shells put the line: what is parsed of it lacks the tasks before an unfinished option.
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    tasks = TASKS.keys() & set(line.split())
    ids = dict.fromkeys(row.id for row in REGISTRY if not tasks or row.task in tasks)
    return [id for id in ids if id.startswith(incomplete)]


def complete_corpus(incomplete: str) -> list[str]:
    """Return the ids of corpora and the paths that begin like this."""
    from nanogpt_rs.ruler.corpora import CORPORA

    paths = map(Path, glob.glob(f"{glob.escape(incomplete)}*"))  # noqa: PTH207 (keeps "./")
    return [
        *(id for id in CORPORA if id.startswith(incomplete)),
        *sorted(f"{path}/" if path.is_dir() else str(path) for path in paths),
    ]


def complete_state(incomplete: str) -> list[str]:
    """Return the states that begin like this."""
    from nanogpt_rs.ruler.rounds import STATES

    return [state for state in STATES if state.startswith(incomplete)]


def complete_arm(incomplete: str) -> list[str]:
    """Return the arms of a race that begin like this."""
    from nanogpt_rs.training.arms import ARMS

    return [arm.id for arm in ARMS if arm.id.startswith(incomplete)]


Tasks = Annotated[
    list[str] | None,
    typer.Argument(
        help="Tasks, such as charset; see `list tasks`.",
        show_default=DEFAULT_TASKS,
        autocompletion=complete_task,
    ),
]
AllTasks = Annotated[
    list[str] | None,
    typer.Argument(
        help="Tasks, such as charset; see `list tasks`.",
        show_default="all tasks",
        autocompletion=complete_task,
    ),
]
OneTask = Annotated[
    str,
    typer.Argument(help="A task, such as charset; see `list tasks`.", autocompletion=complete_task),
]
Ids = Annotated[
    list[str] | None,
    typer.Option(
        "--id",
        help="Id of an implementation, such as rust/ahash; repeatable.",
        autocompletion=complete_id,
    ),
]
Corpora = Annotated[
    list[str] | None,
    typer.Option(
        "--corpus",
        "-c",
        help=f"{CORPUS_HELP}; repeatable.",
        show_default="synthetic",
        autocompletion=complete_corpus,
    ),
]
OneCorpus = Annotated[
    str,
    typer.Option("--corpus", "-c", help=f"{CORPUS_HELP}.", autocompletion=complete_corpus),
]
From = Annotated[
    list[Path] | None,
    typer.Option(
        "--from", help="A Python file that registers implementations of your own; repeatable."
    ),
]
Everything = Annotated[
    bool, typer.Option("--all", help="Also take the implementations that do not run by default.")
]
Builds = Annotated[
    int,
    typer.Option(
        "--builds",
        min=1,
        envvar="NANOGPT_RS_BUILDS",
        help="Builds of the Rust module to measure in. They differ in where code lies in memory, "
        "so that verdicts hold after a rebuild. With 1, they hold for that build alone. Several "
        "builds need Linux, a checkout and a Rust compiler.",
    ),
]
Precise = Annotated[
    bool,
    typer.Option(
        "--precise",
        help="Go on to the planned precision also where a verdict is certain earlier.",
    ),
]
Results = Annotated[
    Path, typer.Option(help="Folder for results, with one subfolder for each command.")
]
Recorded = Annotated[Path, typer.Option("--results", help="The folder of recorded results.")]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Resume the newest interrupted run of the same request."),
]
ResumeOrAnew = Annotated[
    bool | None,
    typer.Option(
        "--resume/--anew",
        help="Resume the newest interrupted run of the same request, or begin anew.",
        show_default="anew; with --summary, resume if there is such a run",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", "-j", help="Print one JSON document and nothing else.")
]
AsSummary = Annotated[
    bool,
    typer.Option(
        "--summary",
        "-s",
        help="Print what matters in a few lines instead of tables, which `show` prints later.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Show no progress and no notes, only results and errors."),
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Print a line for each step, also without a terminal."),
]

# Of the training of a model.
Config = Annotated[str, typer.Option(help="Model and schedule: quick, full or baby.")]
Steps = Annotated[
    int | None, typer.Option(min=1, help="Training steps.", show_default="the config's")
]
Device = Annotated[
    str | None,
    typer.Option(help="Device for the training: cpu, cuda or mps.", show_default="cpu"),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        help="Number format of the computation: float32, bfloat16 or float64.",
        show_default="float32",
    ),
]
Attention = Annotated[
    str | None,
    typer.Option(
        help="How attention is computed: own (all heads at once), sdpa (by torch) or heads (one "
        "by one, as in the lecture).",
        show_default="own",
    ),
]
Compile = Annotated[
    bool | None,
    typer.Option(
        "--compile/--no-compile", help="Compile the model first.", show_default="no-compile"
    ),
]

# Of a preparation.
EACH_CORE = "one for each core"
OutFolder = Annotated[
    Path, typer.Option("--out", "-o", help="Folder for the shards and the manifest.")
]
Texts = Annotated[
    list[str],
    typer.Argument(help="UTF-8 files. Their texts follow one another in this order."),
]
Threads = Annotated[
    int | None,
    typer.Option(min=1, help="Number of threads, with --engine threads.", show_default=EACH_CORE),
]
EngineName = Annotated[
    str, typer.Option(help="threads, or dask for processes, here or on other machines.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1, help="Processes to start here, with --engine dask.", show_default=EACH_CORE
    ),
]
PartBytes = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Bytes of text in one part. A worker prepares a part in one go, and finished parts "
        "survive an interruption.",
        show_default="32 to 512 MiB",
    ),
]
