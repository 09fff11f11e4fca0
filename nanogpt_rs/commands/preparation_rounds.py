"""The command ``data bench``."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import counted_progress, out, print_json
from nanogpt_rs.commands.options import (
    RESULTS,
    AsJson,
    EngineName,
    PartBytes,
    Results,
    Texts,
    Threads,
    Workers,
)
from nanogpt_rs.commands.prepare import refuse_unfit
from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.provenance import check
from nanogpt_rs.words import duration, meanwhile_line, times

if TYPE_CHECKING:
    from nanogpt_rs.commands.job_documents import TimedPreparations
    from nanogpt_rs.records.preparations import PreparationRounds
    from nanogpt_rs.records.schema import Run
    from nanogpt_rs.ruler.provenance import Build

COMMAND = "prepare"
"""The command's name in records."""
Rounds = Annotated[
    int,
    typer.Option(
        min=2,
        help="Number of rounds. Each times one worker, all workers, and a limit: one core that "
        "only reads, writes and hashes.",
    ),
]


def bench(
    paths: Texts,
    to: Annotated[
        Path, typer.Option("--out", "-o", help="Folder on the disk to write to; it stays empty.")
    ],
    rounds: Rounds = 7,
    threads: Threads = None,
    engine: EngineName = "threads",
    workers: Workers = None,
    part_bytes: PartBytes = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Measure how near a preparation comes to its limit: reading, writing and hashing alone.

    Fresh processes prepare the texts with one worker and with all of them, in turn with the limit.

    For example: nanogpt-rs data bench a.txt --out shards --rounds 7
    """
    from nanogpt_rs.measuring.machine import cores
    from nanogpt_rs.preparing.parts import find_sources

    build = check()
    refuse_unfit(engine, threads, None, workers)
    find_sources(paths)  # refuses what no round could read
    if engine == "dask":  # its workers may run in another folder
        paths, to = [str(Path(path).absolute()) for path in paths], to.absolute()
    option = "--workers" if engine == "dask" else "--threads"
    part_option = [] if part_bytes is None else [f"--part-bytes={part_bytes}"]
    engines = [
        (f"--engine={engine}", f"{option}={count}", *part_option)
        for count in sorted({1, workers or threads or cores()})
    ]
    report_measured(paths, to, rounds, engines, build, results, as_json)


def report_measured(
    paths: Sequence[str],
    folder: Path,
    rounds: int,
    engines: Sequence[Sequence[str]],
    build: Build,
    results: Path,
    as_json: bool,
) -> None:
    """Measure preparations by some engines and the limit in turn, keep a record, and print it.

    Args:
        paths: Paths of the texts.
        folder: Folder on the disk to write to.
        rounds: Number of rounds.
        engines: For each engine, the arguments of ``data prepare`` that choose it.
        build: Build of the Rust module.
        results: Folder of results, with one folder for each command.
        as_json: Whether to print one JSON document instead of a table.
    """
    from nanogpt_rs.measuring.machine import MachineWatch
    from nanogpt_rs.measuring.run import describe
    from nanogpt_rs.preparing import shard_limit
    from nanogpt_rs.preparing.parts import check_unchanged, find_sources
    from nanogpt_rs.preparing.preparation import check_space
    from nanogpt_rs.records import files
    from nanogpt_rs.records.kinds import folder_of

    sources = find_sources(paths)
    size = sum(source.size for source in sources)
    check_space(folder, 2 * size, "the limit writes")
    kept_in = results / folder_of(COMMAND)
    with files.locked(kept_in):
        files.check_room(kept_in)
        run = describe(COMMAND, sha256(f"{rounds} {engines}".encode()), build)
        watch = MachineWatch()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as name, counted_progress() as progress:
            (Path(name) / "one.txt").write_text("a", encoding="utf-8")
            ways = shard_limit.ways_of(paths, engines, str(Path(name) / "one.txt"))
            shard_limit.measure(ways, folder, rounds, progress)
        check_unchanged(sources)
        result = shard_limit.result_of(ways, size, watch.so_far())
        try:
            if as_json:
                print_json("data bench", document_of(result, run))
            else:
                print_rounds(result)
        finally:  # what was measured is both printed and kept, even where one of them fails
            files.keep_whole(kept_in, run, [result])


def document_of(result: PreparationRounds, run: Run) -> TimedPreparations:
    """Return a result as the command's JSON document."""
    from nanogpt_rs.commands import job_documents

    return job_documents.TimedPreparations(
        rounds=result.rounds,
        limit=job_documents.LimitTime(result.limit_seconds),
        start_up=job_documents.StartUp(result.start_up_seconds, result.start_up_memory),
        arms=result.arms,
        run=run,
        bytes=result.bytes,
        meanwhile=result.meanwhile,
    )


def print_rounds(result: PreparationRounds) -> None:
    """Print how the preparations compare with the limit and with each other."""
    heads = ("whole", "of the limit's speed", "by processor time", "memory")
    table = layout.Table([layout.prose("command"), *map(layout.figures, heads)])
    table.add("limit", duration(result.limit_seconds), "1", "1", "")
    table.add("start-up alone", duration(result.start_up_seconds), "", "", "")
    for arm in result.arms:
        of_cpu = arm.of_limit_cpu
        by_processor = times(of_cpu.ratio, of_cpu.interval) if "=threads" in arm.engine else ""
        table.add(
            arm.engine,
            duration(arm.seconds),
            times(arm.of_limit.ratio, arm.of_limit.interval),
            by_processor,
            f"{arm.memory / 1e6:+,.1f} MB",
        )
    out.show(table)
    out.say("Memory is the command's peak, without the peak of start-up alone.")
    for arm in result.arms:
        stages = ", ".join(f"{stage} {duration(taken)}" for stage, taken in arm.stages.items())
        out.say(f"{arm.engine}: {stages}")
        for stage, speedup in (arm.of_first or {}).items():
            words = f"{times(speedup.ratio, speedup.interval)} times as fast as with one"
            out.say(f"{arm.engine}: {stage}: {words}")
    out.say(meanwhile_line(**asdict(result.meanwhile)))
