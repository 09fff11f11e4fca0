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

from harness.console import (
    FAILED,
    INTERRUPTED,
    USAGE,
    AsJson,
    counted_progress,
    duration,
    err,
    out,
    print_json,
    refusals,
    stop,
)

if TYPE_CHECKING:
    from harness.engines import Engine
    from harness.preparation import Outcome

PART = 32 << 20


def prepare(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="UTF-8 files, which follow one another in this order."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="The folder for shards and manifest.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(help="Only compare the shards in this folder with their manifest."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Of this process; one for each core unasked.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="threads, or dask: processes, on other machines too.")
    ] = "threads",
    scheduler: Annotated[
        str | None,
        typer.Option(help="The address of Dask's scheduler, such as tcp://10.0.0.1:8786."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Dask's processes here; without it one for each core."),
    ] = None,
    part_bytes: Annotated[
        int, typer.Option(min=1, help="About how much text is prepared at once, and kept.")
    ] = PART,
    again: Annotated[
        bool, typer.Option("--again", help="Begin anew, and replace what the folder holds.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Prepare texts of any size: nanoGPT's train.bin and val.bin, and a manifest.

    An interrupted preparation goes on when the same command is given again.
    """
    with failures():
        if check is not None:
            if paths or to:
                stop(USAGE, "--check takes a folder, and neither texts nor --out")
            report_check(check, as_json)
            return
        if not paths or to is None:
            stop(USAGE, "texts and --out are needed: nanogpt-rs prepare PATH... --out DIR")
            return
        from benchmarks.provenance import check as check_build
        from harness.preparation import prepare as carry_out

        check_build()
        if engine == "dask":  # whose workers may stand in another folder
            paths, to = [str(Path(path).absolute()) for path in paths], to.absolute()
        with (
            engine_of(engine, threads, scheduler, workers) as asked,
            counted_progress() as progress,
        ):
            outcome = carry_out(
                paths, to, asked, part_bytes=part_bytes, again=again, progress=progress
            )
            document = document_of(outcome, asked)
    if as_json:
        print_json(document)
    else:
        print_outcome(to, document)


@contextmanager
def engine_of(
    name: str, threads: int | None, scheduler: str | None, workers: int | None
) -> Iterator[Engine]:
    """Yield what carries out."""
    from harness import dask_engine, engines

    wrong = {
        f"no engine {name!r}; there are: threads, dask": name not in {"threads", "dask"},
        "--threads is of the engine threads; of dask there are --workers": (
            name == "dask" and threads is not None
        ),
        "--scheduler and --workers are of --engine dask": (
            name == "threads" and (scheduler, workers) != (None, None)
        ),
        "--workers are started here; a --scheduler has its own": None not in {scheduler, workers},
    }
    for message in (message for message, holds in wrong.items() if holds):
        stop(USAGE, message)
    with (
        dask_engine.dask(scheduler, workers or engines.cores())
        if name == "dask"
        else engines.threads(threads or engines.cores())
    ) as found:
        yield found


@contextmanager
def failures() -> Iterator[None]:
    """Turn what is wrong with texts, shards or the system into one line and an exit status."""
    from harness.engines import EngineError
    from harness.preparation import KEPT, PreparationError, RequestError
    from harness.shards import ShardError

    try:
        with refusals():
            yield
    except RequestError as error:
        stop(USAGE, str(error))
    except (EngineError, PreparationError, ShardError) as error:
        stop(FAILED, str(error))
    except KeyboardInterrupt:
        stop(INTERRUPTED, f"interrupted; {KEPT}")


def report_check(folder: Path, as_json: bool) -> None:
    """Say which shards do not fit their manifest."""
    from harness.shards import faults, read_manifest

    manifest = read_manifest(folder)
    total = manifest.train.bytes + manifest.val.bytes
    done = 0
    with counted_progress() as progress:

        def advance(count: int) -> None:
            nonlocal done
            done += count
            progress("bytes", done, total)

        wrong = list(faults(folder, hashes=True, progress=advance))
    if as_json:
        print_json({"fits": not wrong, "faults": wrong})
    elif not wrong:
        out.print(escape(f"{folder}: both shards are as the manifest says"), soft_wrap=True)
    for each in wrong:
        err.print(escape(f"nanogpt-rs: {each}"), soft_wrap=True)
    if wrong:
        sys.exit(FAILED)


def document_of(outcome: Outcome, engine: Engine) -> dict[str, Any]:
    """Return what came of a preparation, as JSON has it."""
    return {
        "manifest": outcome.manifest.document(),
        "already": outcome.already,
        "parts": outcome.parts,
        "resumed": {"vocabulary": outcome.scanned, "encoding": outcome.encoded},
        "engine": {"name": engine.name, "workers": engine.workers},
        "seconds": outcome.seconds.wall,
        "busy_seconds": outcome.seconds.busy,
    }


def print_outcome(folder: Path, document: dict[str, Any]) -> None:
    """Print what came of a preparation."""
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
