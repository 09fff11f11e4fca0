"""The command ``prepare``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    INTERRUPTED,
    NOTHING,
    USAGE,
    AsJson,
    counted_progress,
    damage,
    err,
    meanwhile_line,
    out,
    print_json,
    stop,
)
from nanogpt_rs.words import duration, times

if TYPE_CHECKING:
    from nanogpt_rs.preparing.engines import Engine
    from nanogpt_rs.preparing.preparation import Prepared
    from nanogpt_rs.ruler.provenance import Build


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
        int | None,
        typer.Option(
            min=1,
            help="About how much text is prepared at once, and kept; unasked 32 to 512 MiB.",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Begin anew, and replace what the folder holds.")
    ] = False,
    rounds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Only measure, so many times: one worker, all, and as a limit one core that only "
            "reads, writes and hashes.",
        ),
    ] = None,
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
        from nanogpt_rs.measuring.machine import cores
        from nanogpt_rs.preparing.preparation import prepare as carry_out
        from nanogpt_rs.ruler.provenance import check as check_build

        build = check_build()
        refuse_unfit(engine, threads, scheduler, workers)
        if engine == "dask":  # whose workers may stand in another folder
            paths, to = [str(Path(path).absolute()) for path in paths], to.absolute()
        if rounds is not None:
            if scheduler is not None:
                stop(
                    USAGE, "--rounds counts the workers that are started here, not a --scheduler's"
                )
            if again:
                stop(
                    USAGE, "--rounds prepares in folders of its own, and has nothing to do --again"
                )
            of = "--workers" if engine == "dask" else "--threads"
            counts = sorted({1, workers or threads or cores()})
            each = [] if part_bytes is None else [f"--part-bytes={part_bytes}"]
            engines = [(f"--engine={engine}", f"{of}={count}", *each) for count in counts]
            report_measured(paths, to, rounds, engines, build, as_json)
            return
        with (
            engine_of(engine, threads, scheduler, workers) as asked,
            counted_progress() as progress,
        ):
            outcome = carry_out(
                paths, to, asked, part_bytes=part_bytes, start_over=again, progress=progress
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
    from nanogpt_rs.measuring.machine import cores
    from nanogpt_rs.preparing import dask_engine, engines

    with (
        dask_engine.dask(scheduler, workers or cores())
        if name == "dask"
        else engines.threads(threads or cores())
    ) as found:
        yield found


def refuse_unfit(
    name: str, threads: int | None, scheduler: str | None, workers: int | None
) -> None:
    """Stop where an engine does not exist, or what is asked of it is another's."""
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


@contextmanager
def failures() -> Iterator[None]:
    """Turn what is wrong with texts, shards or the system into one line and an exit status."""
    from nanogpt_rs.preparing.engines import EngineError
    from nanogpt_rs.preparing.parts import PreparationError, RequestError
    from nanogpt_rs.preparing.preparation import KEPT, in_words
    from nanogpt_rs.preparing.shard_limit import LimitError
    from nanogpt_rs.preparing.shards import ShardError
    from nanogpt_rs.ruler.provenance import ProvenanceError

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
    """Say which shards do not fit their manifest."""
    from nanogpt_rs.preparing.shards import faults, read_manifest

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


def report_measured(
    paths: list[str],
    folder: Path,
    rounds: int,
    engines: Sequence[Sequence[str]],
    build: Build,
    as_json: bool,
) -> None:
    """Measure preparations by some engines and the limit in turn, and print how they compare."""
    from nanogpt_rs.measuring.machine import MachineWatch
    from nanogpt_rs.measuring.run import describe
    from nanogpt_rs.preparing import shard_limit

    with damage():
        run = describe("prepare", f"{rounds} {engines}", build)
    watch = MachineWatch()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, counted_progress() as progress:
        (Path(name) / "one.txt").write_text("a", encoding="utf-8")
        arms = shard_limit.arms_of(paths, engines, str(Path(name) / "one.txt"))
        shard_limit.measure(arms, folder, rounds, progress)
    document, meanwhile = shard_limit.document_of(arms), watch.so_far()
    if as_json:
        size = sum(Path(path).stat().st_size for path in paths)
        about = {"run": asdict(run), "bytes": size, "meanwhile": asdict(meanwhile)}
        print_json({**document, **about})
        return
    table = Table("command", title_justify="left")
    for column in ("whole", "of the limit's speed", "by processor time", "memory"):
        table.add_column(column, justify="right")
    table.add_row("limit", duration(document["limit"]["seconds"]), "1", "1", "")
    table.add_row("start-up alone", duration(document["start_up"]["seconds"]), "", "", "")
    for arm in document["arms"]:
        table.add_row(
            escape(arm["engine"]),
            duration(arm["seconds"]),
            ratio_in_words(arm["of_limit"]),
            ratio_in_words(arm["of_limit_cpu"]) if "=threads" in arm["engine"] else "",
            f"{arm['memory'] / 1e6:+,.1f} MB",
        )
    out.print(table)
    out.print("Memory is what the command holds at most, beyond what start-up alone takes.")
    for arm in document["arms"]:
        stages = ", ".join(f"{stage} {duration(each)}" for stage, each in arm["stages"].items())
        out.print(escape(f"{arm['engine']}: {stages}"), soft_wrap=True)
        for stage, found in (arm["of_first"] or {}).items():
            out.print(f"  {stage}: {ratio_in_words(found)} times as fast as one", soft_wrap=True)
    out.print(meanwhile_line(meanwhile))


def ratio_in_words(found: dict[str, Any]) -> str:
    """Return a ratio with its interval."""
    return f"{times(found['ratio'])} [{', '.join(times(each) for each in found['interval'])}]"


def document_of(outcome: Prepared, engine: Engine) -> dict[str, Any]:
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
