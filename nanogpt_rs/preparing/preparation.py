"""The preparation of texts of any size: part by part, so that a resumed run repeats no part.

Parts are ranges of bytes, cut between characters. In a first stage each part is read for its
distinct characters, whose union is the vocabulary. In a second stage each part's ids are written to
their place in a shard, which follows from the numbers of characters in the parts before it. Parts
may be finished in any order; each finished part is noted in a journal beside the shards. Texts and
shards are hashed in the order of the files. What is different for byte-pair tokens is in
``nanogpt_rs.preparing.tokens``.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanogpt_rs.preparing.engines import EngineError
from nanogpt_rs.preparing.journal import JOURNAL, JOURNAL_FORMAT, open_journal
from nanogpt_rs.preparing.parts import (
    LEAST_REMOTE_WORKERS,
    PreparationError,
    RequestError,
    TextFile,
    between_characters,
    between_tokens,
    cut,
    find_sources,
    part_bytes_of,
)
from nanogpt_rs.preparing.shards import (
    MANIFEST,
    TRAIN,
    VAL,
    VOCABULARY,
    ShardError,
    faults,
    read_manifest,
    sha256_of,
)
from nanogpt_rs.preparing.stages import StageSeconds
from nanogpt_rs.preparing.tokens import BytePairPreparation
from nanogpt_rs.preparing.two_stages import Preparation, Prepared, Progress, part_name
from nanogpt_rs.records.durable import locked
from nanogpt_rs.ruler.regular import check_apart
from nanogpt_rs.words import size_in_words

if TYPE_CHECKING:
    from nanogpt_rs.preparing.engines import Engine
    from nanogpt_rs.preparing.tokenizers import Tokenizer

IN_USE = "another preparation is under way here"
KEPT = "what is finished is kept, and the same command goes on from it"
WRITTEN = (TRAIN, VAL, VOCABULARY, MANIFEST, JOURNAL)
"""Names of the files that a preparation writes into its folder."""


def prepare(
    paths: Sequence[str],
    out: Path,
    engine: Engine,
    *,
    tokenizer: Tokenizer | None = None,
    part_bytes: int | None = None,
    start_over: bool = False,
    progress: Progress = lambda *_: None,
) -> Prepared:
    """Prepare files, or resume an interrupted preparation of them.

    Args:
        paths: UTF-8 files, which follow one another in this order.
        out: Folder for the shards; it is made if it does not exist.
        engine: Engine that works on parts.
        tokenizer: Tokenizer to encode by (default: each character is a token).
        part_bytes: About how many bytes a part has (default: as in the interrupted preparation, or
            chosen from the sizes of texts and engine).
        start_over: Begin anew, and discard an earlier preparation in the folder.
        progress: Called after each step.

    Raises:
        RequestError: The request cannot be met; the message says what to request instead.
        PreparationError: The preparation failed; finished parts are kept.
        EngineError: The engine was lost; finished parts are kept.
    """
    try:
        sources = find_sources(paths)
        check_apart([out / name for name in WRITTEN], [Path(source.path) for source in sources])
        total = sum(source.size for source in sources)
        if tokenizer is None:  # how many bytes a token has is not known beforehand
            # A character takes up to four bytes of its text, and two in a shard.
            check_space(out, total // 2, "the shards take")
        with locked(out, PreparationError, IN_USE):
            if not start_over and (prepared := finished(out, sources, tokenizer)):
                remove_parts(out, "")
                return prepared
            if start_over:
                (out / JOURNAL).unlink(missing_ok=True)
                remove_parts(out, "")
            workers = engine.workers if engine.local else max(engine.workers, LEAST_REMOTE_WORKERS)
            size = part_bytes or part_bytes_of(total, workers)
            request = request_of(sources, size, tokenizer)
            journal = open_journal(out, request, any_parts=part_bytes is None)
            remove_parts(out, journal.run)
            at = between_characters if tokenizer is None else between_tokens
            task = sources, cut(sources, journal.part_bytes, at), out, engine, journal, progress
            try:
                if tokenizer is None:
                    return Preparation(*task).run()
                return BytePairPreparation(*task, tokenizer).run()
            except OSError as error:
                raise PreparationError(f"{in_words(error)}; {KEPT}") from None
            except EngineError as error:
                raise EngineError(f"{error}; {KEPT}") from None
    except OSError as error:
        raise PreparationError(in_words(error)) from None


def check_space(out: Path, least: int, takes: str) -> None:
    """Check that what will be written into a folder has a chance to fit on its disk.

    Args:
        out: Folder to write to; it need not exist.
        least: Bytes that will be written at least.
        takes: What takes them, for the message.

    Raises:
        PreparationError: It has none.
    """
    folder = out
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if out.is_dir():  # what was written there before, which goes on or makes room
        free += sum(path.stat().st_size for path in out.iterdir() if path.is_file())
    if least > free:
        raise PreparationError(
            f"{out}: {takes} at least {size_in_words(least)}, and {size_in_words(free)} are free",
            hint="free some space there, or name a folder on another disk with --out",
        )


def in_words(error: OSError) -> str:
    """Return the file of a system error, and its message."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def request_of(
    sources: Sequence[TextFile], part_bytes: int, tokenizer: Tokenizer | None
) -> dict[str, Any]:
    """Return the description of a request; only an equal one may resume its journal."""
    from nanogpt_rs.ruler.provenance import installed

    return {
        "format": JOURNAL_FORMAT,
        "version": installed().version,
        "part_bytes": part_bytes,
        "sources": [[source.name, source.size, source.modified] for source in sources],
        "tokenizer": tokenizer.document() if tokenizer else None,
    }


def finished(
    out: Path, sources: Sequence[TextFile], tokenizer: Tokenizer | None
) -> Prepared | None:
    """Return the result of an earlier preparation of these files if it is finished, or ``None``.

    Raises:
        RequestError: The folder holds other files, which the preparation would replace.
    """
    if (out / JOURNAL).exists():
        return None
    cure = "name another folder, or replace them with --again"
    if not (out / MANIFEST).exists():
        for name in (TRAIN, VAL):
            if (out / name).exists():
                raise RequestError(f"{out / name}: exists already, without a manifest; {cure}")
        return None
    try:
        manifest = read_manifest(out)
        wrong = next(faults(out, hashes=False), None)
    except ShardError as error:
        wrong = str(error)
    if wrong:
        raise RequestError(f"{wrong}; {cure}")
    same = [(source.name, source.bytes) for source in manifest.sources] == [
        (source.name, source.size) for source in sources
    ]
    if not (
        same
        and all(
            sha256_of(source.path) == prepared.sha256
            for source, prepared in zip(sources, manifest.sources, strict=True)
        )
    ):
        raise RequestError(f"{out}: holds shards of other files; {cure}")
    tokens = manifest.tokenizer
    if not (tokenizer.made(tokens) if tokenizer and tokens else not (tokenizer or tokens)):
        held = tokens.name if tokens else "characters"
        raise RequestError(
            f"{out}: holds shards of these files by another tokenizer, {held}; {cure}"
        )
    return Prepared(manifest, 0, 0, 0, True, StageSeconds())


def remove_parts(out: Path, run: str) -> None:
    """Remove the unfinished files of all runs but this one."""
    for name in WRITTEN:
        own = part_name(name, run)
        for path in out.glob(f".{name}.*"):
            if not (run and (path.name == own or path.name.startswith(f"{own}."))):
                path.unlink()
