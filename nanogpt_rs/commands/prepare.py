"""The command ``prepare``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    INTERRUPTED,
    NOTHING,
    RESULTS,
    USAGE,
    AsJson,
    counted_progress,
    err,
    out,
    print_json,
    stop,
)
from nanogpt_rs.commands.preparation_rounds import report_measured
from nanogpt_rs.ruler.provenance import ProvenanceError
from nanogpt_rs.ruler.provenance import check as check_build
from nanogpt_rs.words import duration

if TYPE_CHECKING:
    from nanogpt_rs.preparing.engines import Engine
    from nanogpt_rs.preparing.preparation import Prepared

Paths = Annotated[
    list[str] | None,
    typer.Argument(help="UTF-8 files. Their texts follow one another in this order."),
]
To = Annotated[Path | None, typer.Option("--out", help="Folder for the shards and the manifest.")]
Check = Annotated[
    Path | None,
    typer.Option(help="Only compare the shards in this folder with their manifest."),
]
EACH_CORE = "one for each core"
Threads = Annotated[
    int | None,
    typer.Option(min=1, help="Number of threads, with --engine threads.", show_default=EACH_CORE),
]
EngineName = Annotated[
    str, typer.Option(help="threads, or dask for processes, here or on other machines.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="With the engine dask: address of a running scheduler, such as tcp://10.0.0.1:8786.",
        show_default="one is started here",
    ),
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
Again = Annotated[
    bool,
    typer.Option("--again", help="Discard what the folder holds, and prepare from the beginning."),
]
Rounds = Annotated[
    int | None,
    typer.Option(
        min=2,
        help="Only measure, in this many rounds. Each times one worker, all workers, and a limit: "
        "one core that only reads, writes and hashes.",
    ),
]
RoundsResults = Annotated[
    Path | None,
    typer.Option("--results", help="With --rounds: folder for records.", show_default=str(RESULTS)),
]


def prepare(
    paths: Paths = None,
    to: To = None,
    check: Check = None,
    threads: Threads = None,
    engine: EngineName = "threads",
    scheduler: Scheduler = None,
    workers: Workers = None,
    part_bytes: PartBytes = None,
    again: Again = False,
    rounds: Rounds = None,
    results: RoundsResults = None,
    as_json: AsJson = False,
) -> None:
    """Prepare texts of any size: write nanoGPT's train.bin and val.bin, and a manifest.

    To resume an interrupted preparation, give the same command again.

    For example: nanogpt-rs prepare a.txt b.txt --out shards
    """
    with failures():
        if check is not None:
            if paths or to:
                stop(USAGE, "--check takes a folder, and neither texts nor --out")
            report_check(check, as_json)
            return
        if not paths or to is None:
            stop(USAGE, "texts and --out are needed: nanogpt-rs prepare PATH... --out FOLDER")
            return
        from nanogpt_rs.measuring.machine import cores
        from nanogpt_rs.preparing.preparation import prepare as run_preparation

        build = check_build()
        refuse_unfit(engine, threads, scheduler, workers)
        if engine == "dask":  # its workers may run in another folder
            paths, to = [str(Path(path).absolute()) for path in paths], to.absolute()
        if rounds is not None:
            if scheduler is not None:
                stop(USAGE, "--rounds starts its own workers, and cannot take a --scheduler")
            if again:
                stop(USAGE, "--rounds prepares in folders of its own, and cannot take --again")
            option = "--workers" if engine == "dask" else "--threads"
            part_option = [] if part_bytes is None else [f"--part-bytes={part_bytes}"]
            engines = [
                (f"--engine={engine}", f"{option}={count}", *part_option)
                for count in sorted({1, workers or threads or cores()})
            ]
            report_measured(paths, to, rounds, engines, build, results or RESULTS, as_json)
            return
        if results is not None:
            stop(USAGE, "--results is the folder for the records of --rounds, and needs --rounds")
        with (
            engine_of(engine, threads, scheduler, workers) as chosen,
            counted_progress() as progress,
        ):
            prepared = run_preparation(
                paths, to, chosen, part_bytes=part_bytes, start_over=again, progress=progress
            )
            document = document_of(prepared, chosen)
    if as_json:
        print_json(document)
    else:
        print_outcome(to, document)


@contextmanager
def engine_of(
    name: str, threads: int | None, scheduler: str | None, workers: int | None
) -> Iterator[Engine]:
    """Yield the engine of this name, running."""
    from nanogpt_rs.measuring.machine import cores
    from nanogpt_rs.preparing import dask_engine, engines

    with (
        dask_engine.dask(scheduler, workers or cores())
        if name == "dask"
        else engines.threads(threads or cores())
    ) as engine:
        yield engine


def refuse_unfit(
    name: str, threads: int | None, scheduler: str | None, workers: int | None
) -> None:
    """Exit if there is no such engine, or if it has no such option."""
    faults = {
        f"no engine {name!r}; there are: threads, dask": name not in {"threads", "dask"},
        "--threads is an option of the engine threads; dask has --workers": (
            name == "dask" and threads is not None
        ),
        "--scheduler and --workers need --engine dask": (
            name == "threads" and (scheduler, workers) != (None, None)
        ),
        "--workers are started here; a --scheduler has its own": None not in {scheduler, workers},
    }
    for message, is_so in faults.items():
        if is_so:
            stop(USAGE, message)


@contextmanager
def failures() -> Iterator[None]:
    """Turn faults of texts, shards or the system into one line and an exit status."""
    from nanogpt_rs.preparing.engines import EngineError
    from nanogpt_rs.preparing.parts import PreparationError, RequestError
    from nanogpt_rs.preparing.preparation import KEPT, in_words
    from nanogpt_rs.preparing.shard_limit import LimitError
    from nanogpt_rs.preparing.shards import ShardError

    try:
        yield
    except ProvenanceError as error:
        stop(NOTHING, str(error))
    except RequestError as error:
        stop(USAGE, str(error))
    except (EngineError, LimitError, PreparationError, ShardError) as error:
        stop(FAILED, str(error))
    except OSError as error:
        stop(FAILED, in_words(error))
    except KeyboardInterrupt:
        stop(INTERRUPTED, f"interrupted; {KEPT}")


def report_check(folder: Path, as_json: bool) -> None:
    """Print which shards differ from their manifest, and exit with the status that follows."""
    from nanogpt_rs.preparing.shards import faults, read_manifest

    manifest = read_manifest(folder)
    total = manifest.train.bytes + manifest.val.bytes
    done = 0
    with counted_progress() as progress:

        def advance(count: int) -> None:
            nonlocal done
            done += count
            progress("bytes", done, total)

        differences = list(faults(folder, hashes=True, progress=advance))
    if as_json:
        print_json({"fits": not differences, "faults": differences})
    elif not differences:
        out.print(escape(f"{folder}: both shards are as the manifest says"), soft_wrap=True)
    for difference in differences:
        err.print(escape(f"nanogpt-rs: {difference}"), soft_wrap=True)
    if differences:
        sys.exit(FAILED)


def document_of(prepared: Prepared, engine: Engine) -> dict[str, Any]:
    """Return the JSON document of a preparation."""
    return {
        "manifest": prepared.manifest.document(),
        "already": prepared.already,
        "parts": prepared.parts,
        "resumed": {"vocabulary": prepared.scanned, "encoding": prepared.encoded},
        "engine": {"name": engine.name, "workers": engine.workers},
        "seconds": prepared.seconds.wall,
        "busy_seconds": prepared.seconds.busy,
    }


def print_outcome(folder: Path, document: dict[str, Any]) -> None:
    """Print what a preparation wrote, and how long its stages took."""
    manifest = document["manifest"]
    if document["already"]:
        out.print(escape(f"{folder}: holds the shards of these files already"), soft_wrap=True)
        return
    table = Table("stage", title_justify="left")
    table.add_column("wall clock", justify="right")
    table.add_column("all workers", justify="right")
    for stage, seconds in document["seconds"].items():
        table.add_row(stage, duration(seconds), duration(document["busy_seconds"][stage]))
    out.print(table)
    resumed = document["resumed"]
    before = (
        f"; {resumed['vocabulary']} had been read and {resumed['encoding']} written before"
        if resumed["vocabulary"]
        else ""
    )
    engine = document["engine"]
    out.print(
        escape(
            f"{manifest['characters']:,} characters, {manifest['vocabulary_size']:,} distinct; "
            f"{document['parts']:,} parts by {engine['workers']} {engine['name']}{before}"
        ),
        soft_wrap=True,
    )
    for name, shard in manifest["shards"].items():
        out.print(
            escape(f"{folder / name}: {shard['characters']:,} ids, SHA-256 {shard['sha256'][:12]}"),
            soft_wrap=True,
        )
