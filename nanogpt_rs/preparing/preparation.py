"""The preparation of texts of any size: part by part, so that a resumed run repeats no part.

Parts are ranges of bytes, cut between characters. In a first stage each part is read for its
distinct characters, whose union is the vocabulary. In a second stage each part's ids are written to
their place in a shard, which follows from the numbers of characters in the parts before it. Parts
may be finished in any order; each finished part is noted in a journal beside the shards. Texts and
shards are hashed in the order of the files.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanogpt_rs.preparing.dispatcher import Dispatcher, WorkItem
from nanogpt_rs.preparing.engines import EngineError
from nanogpt_rs.preparing.hashing import Hasher
from nanogpt_rs.preparing.journal import JOURNAL, JOURNAL_FORMAT, Journal, Scan, open_journal
from nanogpt_rs.preparing.parts import (
    LEAST_REMOTE_WORKERS,
    Part,
    Piece,
    PreparationError,
    RequestError,
    TextFile,
    changed,
    check_unchanged,
    cut,
    find_sources,
    part_bytes_of,
)
from nanogpt_rs.preparing.shards import (
    MANIFEST,
    MOST_DISTINCT,
    TRAIN,
    VAL,
    WIDTH,
    Manifest,
    Shard,
    ShardError,
    SourceFile,
    faults,
    read_manifest,
    sha256_of,
    training_characters,
)
from nanogpt_rs.preparing.stages import StageSeconds
from nanogpt_rs.records.durable import locked, see_names
from nanogpt_rs.ruler.errors import lacks_thread
from nanogpt_rs.ruler.regular import check_apart
from nanogpt_rs.words import size_in_words

if TYPE_CHECKING:
    from nanogpt_rs.preparing.engines import Engine

Progress = Callable[[str, int, int], None]
"""Function that is called with the stage, the number of steps done, and the number in all."""

IN_USE = "another preparation is under way here"
KEPT = "what is finished is kept, and the same command goes on from it"
WRITTEN = (TRAIN, VAL, MANIFEST, JOURNAL)
"""Names of the files that a preparation writes into its folder."""


@dataclass(frozen=True)
class Prepared:
    """The result of a preparation.

    Attributes:
        manifest: Manifest of the shards.
        parts: Number of parts.
        scanned: Number of parts that an earlier, interrupted run had read.
        encoded: Number of parts that an earlier, interrupted run had written.
        already: Whether the shards were there already, and nothing was done.
        seconds: Time that each stage took.
    """

    manifest: Manifest
    parts: int
    scanned: int
    encoded: int
    already: bool
    seconds: StageSeconds


def prepare(
    paths: Sequence[str],
    out: Path,
    engine: Engine,
    *,
    part_bytes: int | None = None,
    start_over: bool = False,
    progress: Progress = lambda *_: None,
) -> Prepared:
    """Prepare files, or resume an interrupted preparation of them.

    Args:
        paths: UTF-8 files, which follow one another in this order.
        out: Folder for the shards; it is made if it does not exist.
        engine: Engine that works on parts.
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
        # A character takes up to four bytes of its text, and two in a shard.
        check_space(out, sum(source.size for source in sources) // 2, "the shards take")
        with locked(out, PreparationError, IN_USE):
            if not start_over and (prepared := finished(out, sources)):
                return prepared
            if start_over:
                (out / JOURNAL).unlink(missing_ok=True)
                remove_parts(out, "")
            total = sum(source.size for source in sources)
            workers = engine.workers if engine.local else max(engine.workers, LEAST_REMOTE_WORKERS)
            request = request_of(sources, part_bytes or part_bytes_of(total, workers))
            journal = open_journal(out, request, any_parts=part_bytes is None)
            remove_parts(out, journal.run)
            parts = cut(sources, journal.part_bytes)
            try:
                return Preparation(sources, parts, out, engine, journal, progress).run()
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


def request_of(sources: Sequence[TextFile], part_bytes: int) -> dict[str, Any]:
    """Return the description of a request; only an equal one may resume its journal."""
    from nanogpt_rs.ruler.provenance import installed

    return {
        "format": JOURNAL_FORMAT,
        "version": installed().version,
        "part_bytes": part_bytes,
        "sources": [[source.name, source.size, source.modified] for source in sources],
    }


def finished(out: Path, sources: Sequence[TextFile]) -> Prepared | None:
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
    return Prepared(manifest, 0, 0, 0, True, StageSeconds())


def remove_parts(out: Path, run: str) -> None:
    """Remove the unfinished files of all runs but this one."""
    for name in WRITTEN:
        for path in out.glob(f".{name}.*"):
            if path.name != part_name(name, run):
                path.unlink()


def part_name(name: str, run: str) -> str:
    """Return the name of a run's unfinished shard.

    It is different in each run, as a lost worker of an earlier run may still be writing.
    """
    return f".{name}.{run}"


class Preparation:
    """One preparation, from the first part to the manifest.

    Args:
        sources: The texts.
        parts: The parts that they are cut into.
        out: Folder for the shards.
        engine: Engine that works on parts.
        journal: Journal of the finished parts.
        progress: Called after each step.
    """

    def __init__(
        self,
        sources: Sequence[TextFile],
        parts: Sequence[Part],
        out: Path,
        engine: Engine,
        journal: Journal,
        progress: Progress,
    ) -> None:
        self.sources, self.parts, self.out, self.engine = sources, parts, out, engine
        self.journal, self.progress = journal, progress
        self.resumed = len(journal.scanned), len(journal.encoded)
        self.seconds = StageSeconds()
        self.train, self.val = (str(out / part_name(name, journal.run)) for name in (TRAIN, VAL))
        # Checksums of the parts that this run knows to be finished. Parts that an earlier run has
        # written are not among them before this run has found them on the disk.
        self.scanned = {part: scan.read for part, scan in journal.scanned.items()}
        self.encoded: dict[int, int] = {}
        size = max(part.bytes for part in parts)
        self.text_hasher = Hasher(
            lambda part: list(zip(parts[part].sources, parts[part].pieces, strict=True)),
            self.scanned,
            range(len(sources)),
            size,
        )
        self.shard_hasher = Hasher(
            lambda part: [(piece[0], piece) for piece in self.places(part)],
            self.encoded,
            (self.train, self.val),
            WIDTH * size,
        )
        # A single worker reads each block in the order of the files, and hashes it at once.
        self.hashes_at_once = engine.in_order and not journal.scanned
        self.dispatcher = Dispatcher(engine, (self.text_hasher, self.shard_hasher), self.seconds)

    def run(self) -> Prepared:
        """Do all that is not done yet, and return the result."""
        with self.seconds.stage("vocabulary"):
            self.scan()
        with self.seconds.stage("encoding"):
            self.encode()
        with self.seconds.stage("hashing"):
            self.progress("hashes", 0, 1)
            self.dispatcher.hash_the_rest()
            check_unchanged(self.sources)
        with self.seconds.stage("writing"):
            manifest = self.finish_shards()
        self.seconds.busy["writing"] += self.seconds.wall["writing"]
        scanned, encoded = self.resumed
        return Prepared(manifest, len(self.parts), scanned, encoded, False, self.seconds)

    def scan(self) -> None:
        """Read each part for its distinct characters and its number of characters.

        Raises:
            PreparationError: A part is not UTF-8, or the texts have too many distinct characters.
        """
        distinct: set[str] = set()

        def add(scan: Scan) -> None:
            distinct.update(scan.vocabulary)
            if len(distinct) > MOST_DISTINCT:
                raise PreparationError(
                    f"more than {MOST_DISTINCT:,} distinct characters: a uint16 has no id for each"
                )
            self.progress("vocabulary", len(self.scanned), len(self.parts))

        def reading(part: int) -> WorkItem:
            def finish(seconds: float, result: tuple[str, int, int, float]) -> None:
                vocabulary, characters, read, hashing = result
                self.seconds.busy["vocabulary"] += seconds - hashing
                scan = Scan(vocabulary, characters, read)
                self.journal.keep_scan(part, scan)
                self.scanned[part] = scan.read
                self.charge_hashing(self.text_hasher, "vocabulary", hashing)
                add(scan)

            updates = self.text_hasher.updates(self.parts[part].sources)
            return WorkItem(
                part,
                "scan",
                (list(self.parts[part].pieces), *([updates] if self.hashes_at_once else [])),
                finish,
            )

        for scan in self.journal.scanned.values():
            add(scan)
        self.work_on(
            deque(reading(part) for part in range(len(self.parts)) if part not in self.scanned)
        )
        self.vocabulary = "".join(sorted(distinct))
        self.starts = [0]
        for part in range(len(self.parts)):
            self.starts.append(self.starts[part] + self.journal.scanned[part].characters)
        self.training = training_characters(self.starts[-1])

    def charge_hashing(self, hasher: Hasher, stage: str, seconds: float) -> None:
        """Charge a part's hashing to its own stage, if the kernel hashed the part at once."""
        if self.hashes_at_once:
            hasher.next_part += 1
            self.seconds.busy["hashing"] += seconds
            self.seconds.wall["hashing"] += seconds
            self.seconds.wall[stage] -= seconds

    def places(self, part: int) -> list[Piece]:
        """Return the ranges of the shards that are for the ids of a part."""
        places = []
        first, end = self.starts[part], self.starts[part + 1]
        for path, low, high in (
            (self.train, 0, self.training),
            (self.val, self.training, self.starts[-1]),
        ):
            start, stop = max(first, low), min(end, high)
            if start < stop:
                places.append((path, WIDTH * (start - low), WIDTH * (stop - low)))
        return places

    def encode(self) -> None:
        """Write the ids of each part.

        Parts that an earlier run wrote are checked, as the disk may have lost them in a power cut.

        Raises:
            PreparationError: A file has changed.
        """
        self.allocate_shards()
        items: deque[WorkItem] = deque()

        def done(part: int, written: int) -> None:
            self.encoded[part] = written
            self.progress("shards", len(self.encoded), len(self.parts))

        def writing_of(part: int) -> WorkItem:
            scan = self.journal.scanned[part]

            def finish(seconds: float, result: tuple[int, int, int, float, float]) -> None:
                characters, read, written, writing, hashing = result
                self.seconds.busy["encoding"] += seconds - writing - hashing
                self.seconds.busy["writing"] += writing
                if (characters, read) != (scan.characters, scan.read):
                    raise changed(self.parts[part].pieces[0][0])
                self.journal.keep_encoded(part, written)
                done(part, written)
                self.charge_hashing(self.shard_hasher, "encoding", hashing)

            updates = self.shard_hasher.updates((self.train, self.val))
            arguments = (
                *(list(self.parts[part].pieces), self.vocabulary),
                *(self.train, self.val, self.starts[part], self.training),
                *([updates] if self.hashes_at_once else []),
            )
            return WorkItem(part, "encode", arguments, finish)

        def check_of(part: int, written: int) -> WorkItem:
            def finish(_: float, checksum: int) -> None:
                if checksum == written:
                    done(part, written)
                else:
                    items.append(writing_of(part))

            return WorkItem(part, "checksum", (self.places(part),), finish)

        for part in range(len(self.parts)):
            written = self.journal.encoded.get(part)
            items.append(writing_of(part) if written is None else check_of(part, written))
        self.work_on(items)

    def work_on(self, items: deque[WorkItem]) -> None:
        """Have work items done.

        Raises:
            PreparationError: An item failed.
        """
        try:
            self.dispatcher.run(items)
        except RuntimeError as error:  # from a kernel that found a file changed
            if lacks_thread(error):
                raise
            check_unchanged(self.sources)
            raise PreparationError(str(error)) from None
        except ValueError as error:
            raise PreparationError(str(error)) from None

    def allocate_shards(self) -> None:
        """Make files for the ids in their final size. Ids that an earlier run wrote are kept.

        Raises:
            OSError: The files cannot be made.
        """
        for name, path, characters in (
            (TRAIN, self.train, self.training),
            (VAL, self.val, self.starts[-1] - self.training),
        ):
            # An earlier run was interrupted after it had renamed its finished shards.
            if self.journal.encoded and not Path(path).exists() and (self.out / name).exists():
                os.replace(self.out / name, path)
            with Path(path).open("ab") as file:
                file.truncate(WIDTH * characters)

    def finish_shards(self) -> Manifest:
        """Wait until the shards are on the disk, give them their names, then write the manifest.

        Raises:
            OSError: A file cannot be written or renamed.
        """
        from nanogpt_rs.ruler.provenance import installed
        from nanogpt_rs.ruler.regular import write_whole

        for path in (self.train, self.val):
            with Path(path).open("r+b") as file:
                os.fsync(file.fileno())

        def shard(path: str, characters: int) -> Shard:
            return Shard(characters, WIDTH * characters, self.shard_hasher.digest(path))

        manifest = Manifest(
            version=installed().version,
            vocabulary=self.vocabulary,
            characters=self.starts[-1],
            train=shard(self.train, self.training),
            val=shard(self.val, self.starts[-1] - self.training),
            sources=tuple(
                SourceFile(source.name, source.size, self.text_hasher.digest(index))
                for index, source in enumerate(self.sources)
            ),
        )
        (self.out / MANIFEST).unlink(missing_ok=True)
        os.replace(self.train, self.out / TRAIN)
        os.replace(self.val, self.out / VAL)
        see_names(self.out)
        document = json.dumps(manifest.document(), indent=1)
        write_whole(self.out / MANIFEST, document.encode() + b"\n")
        self.journal.path.unlink()
        see_names(self.out)
        return manifest
