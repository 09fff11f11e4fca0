"""The commands ``data prepare`` and ``data check``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    FAILED,
    INTERRUPTED,
    USAGE,
    counted_progress,
    err,
    out,
    print_json,
    stop,
)
from nanogpt_rs.commands.options import (
    AsJson,
    EngineName,
    OutFolder,
    PartBytes,
    Texts,
    Threads,
    Workers,
)
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.provenance import check as check_build
from nanogpt_rs.ruler.regular import check_apart
from nanogpt_rs.words import duration

if TYPE_CHECKING:
    from nanogpt_rs.commands.job_documents import PreparedShards
    from nanogpt_rs.preparing.engines import Engine
    from nanogpt_rs.preparing.two_stages import Prepared

Scheduler = Annotated[
    str | None,
    typer.Option(
        help="With the engine dask: address of a running scheduler, such as tcp://10.0.0.1:8786.",
        show_default="one is started here",
    ),
]
TokenizerName = Annotated[
    str,
    typer.Option(
        help="Tokens to encode by: characters, r50k, cl100k, o200k, bpe:SIZE for tokens that are "
        "trained on the text, or a .tiktoken file.",
    ),
]
PatternName = Annotated[
    str | None,
    typer.Option(
        help="With a .tiktoken file: pattern that splits a text, gpt2, cl100k or o200k.",
        show_default="that of the published vocabulary with the same tokens, or gpt2",
    ),
]
Again = Annotated[
    bool,
    typer.Option("--again", help="Discard what the folder holds, and prepare from the beginning."),
]


def prepare(
    paths: Texts,
    to: OutFolder,
    tokenizer: TokenizerName = "characters",
    pattern: PatternName = None,
    threads: Threads = None,
    engine: EngineName = "threads",
    scheduler: Scheduler = None,
    workers: Workers = None,
    part_bytes: PartBytes = None,
    again: Again = False,
    as_json: AsJson = False,
) -> None:
    """Prepare texts of any size: write nanoGPT's train.bin and val.bin, and a manifest.

    To resume an interrupted preparation, give the same command again.

    For example: nanogpt-rs data prepare a.txt b.txt --out shards

    For example: nanogpt-rs data prepare a.txt --out shards --tokenizer bpe:1024
    """
    from nanogpt_rs.preparing.preparation import WRITTEN
    from nanogpt_rs.preparing.preparation import prepare as run_preparation
    from nanogpt_rs.preparing.tokenizers import find_tokenizer

    check_build()
    refuse_unfit(engine, threads, scheduler, workers)
    chosen_tokenizer = find_tokenizer(tokenizer, pattern)
    if chosen_tokenizer and (file := Path(tokenizer)).is_file():
        check_apart([to / name for name in WRITTEN], [file])
    if engine == "dask":  # its workers may run in another folder
        paths, to = [str(Path(path).absolute()) for path in paths], to.absolute()
    with (
        engine_of(engine, threads, scheduler, workers) as chosen,
        counted_progress() as progress,
    ):
        try:
            prepared = run_preparation(
                paths,
                to,
                chosen,
                tokenizer=chosen_tokenizer,
                part_bytes=part_bytes,
                start_over=again,
                progress=progress,
            )
        except KeyboardInterrupt:
            stop(
                INTERRUPTED, "interrupted; what is finished is kept", "give the same command again"
            )
    if as_json:
        print_json("data prepare", document_of(prepared, chosen))
    else:
        print_outcome(to, prepared, chosen)


def check_shards(
    folder: Annotated[Path, typer.Argument(help="Folder that `nanogpt-rs data prepare` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Check that every byte of prepared shards is as their manifest says.

    For example: nanogpt-rs data check shards
    """
    report_check(folder, as_json)


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
        from nanogpt_rs.commands import job_documents

        print_json("data check", job_documents.CheckedShards(not differences, tuple(differences)))
    elif not differences:
        also = " and the vocabulary" if manifest.tokenizer else ""
        out.say(f"{folder}: both shards{also} are as the manifest says")
    for difference in differences:
        err.say(f"nanogpt-rs: {difference}")
    if differences:
        sys.exit(FAILED)


def document_of(prepared: Prepared, engine: Engine) -> PreparedShards:
    """Return the JSON document of a preparation."""
    from nanogpt_rs.commands import job_documents

    manifest = prepared.manifest
    return job_documents.PreparedShards(
        manifest=job_documents.ShardManifest(
            **{
                **manifest.document(),
                "vocabulary": manifest.vocabulary,
                "tokenizer": manifest.tokenizer,
                "shards": dict(manifest.shards),
                "sources": manifest.sources,
            }
        ),
        already=prepared.already,
        parts=prepared.parts,
        resumed=job_documents.PreparedParts(prepared.scanned, prepared.encoded),
        engine=job_documents.PreparationEngine(engine.name, engine.workers),
        seconds=prepared.seconds.wall,
        busy_seconds=prepared.seconds.busy,
    )


def print_outcome(folder: Path, prepared: Prepared, engine: Engine) -> None:
    """Print what a preparation wrote, and how long its stages took."""
    manifest = prepared.manifest
    if prepared.already:
        out.say(f"{folder}: holds the shards of these files already")
        return
    heads = ("wall clock", "all workers")
    table = layout.Table([layout.prose("stage"), *map(layout.figures, heads)])
    for stage, seconds in prepared.seconds.wall.items():
        table.add(stage, duration(seconds), duration(prepared.seconds.busy[stage]))
    out.show(table)
    before = (
        f"; {prepared.scanned} had been read and {prepared.encoded} written before"
        if prepared.scanned
        else ""
    )
    workers = engine.name.removesuffix("s") if engine.workers == 1 else engine.name
    if manifest.tokenizer is None:
        kinds = f"{manifest.vocabulary_size:,} distinct"
    else:
        kinds = f"{counted(manifest.tokenizer.tokens, 'token')} of {manifest.tokenizer.name}"
    out.say(
        f"{counted(manifest.characters, 'character')}, {kinds}; "
        f"{counted(prepared.parts, 'part')} by {engine.workers} {workers}{before}"
    )
    for name, shard in manifest.shards:
        ids = counted(manifest.ids(shard), "id")
        out.say(f"{folder / name}: {ids}, SHA-256 {shard.sha256[:12]}")
    if tokens := manifest.tokenizer:
        out.say(f"{folder / tokens.file}: the tokens, SHA-256 {tokens.sha256[:12]}")
