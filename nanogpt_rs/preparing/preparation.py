"""Texts of any size to shards: by parts, in any order, so that nothing finished is done again.

Parts are ranges of bytes, cut between characters. In a first stage each is read for its
characters, whose union is the vocabulary; in a second its ids are written to where they belong,
which the numbers of characters in the parts before it say. What is finished is noted in a journal
beside the shards, and hashed in the order of the files.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanogpt_rs.preparing.crew import Crew, Seconds, Walker, WorkItem
from nanogpt_rs.preparing.engines import EngineError
from nanogpt_rs.preparing.journal import JOURNAL, JOURNAL_FORMAT, Journal, Scan, open_journal
from nanogpt_rs.preparing.parts import (
    MAY_JOIN,
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
from nanogpt_rs.records.durable import locked, see_names

if TYPE_CHECKING:
    from nanogpt_rs.preparing.engines import Engine


Progress = Callable[[str, int, int], None]
"""Told of the stage, and how many steps of how many are done."""


@dataclass(frozen=True)
class Prepared:
    """What came of a preparation.

    Attributes:
        manifest: of the shards.
        parts: how many there are.
        scanned: how many of them an earlier, interrupted run had read.
        encoded: how many of them it had written.
        already: whether everything was there, and nothing was done.
        seconds: how long it took.
    """

    manifest: Manifest
    parts: int
    scanned: int
    encoded: int
    already: bool
    seconds: Seconds


def prepare(
    paths: Sequence[str],
    out: Path,
    engine: Engine,
    *,
    part_bytes: int | None = None,
    again: bool = False,
    progress: Progress = lambda *_: None,
) -> Prepared:
    """Prepare files, or go on with a preparation of them that was interrupted.

    Args:
        paths: of UTF-8 files, which follow one another in this order.
        out: the folder for the shards; it is made if need be.
        engine: that carries parts out.
        part_bytes: about how long each is; unasked as long as suits texts and engine, or as an
            interrupted preparation had it.
        again: begin anew, whatever the folder holds of an earlier preparation.
        progress: told of each step.

    Raises:
        RequestError: it cannot be done as asked.
        PreparationError: it cannot be done; what is finished is kept.
        EngineError: the engine was lost; as above.
    """
    try:
        sources = find_sources(paths)
        with locked(out, PreparationError, IN_USE):
            if not again and (found := finished(out, sources)):
                return found
            if again:
                (out / JOURNAL).unlink(missing_ok=True)
                remove_parts(out, "")
            total = sum(source.size for source in sources)
            workers = engine.workers if engine.local else max(engine.workers, MAY_JOIN)
            request = request_of(sources, part_bytes or part_bytes_of(total, workers))
            journal = open_journal(out, request, any_parts=part_bytes is None)
            remove_parts(out, journal.run)
            parts = cut(sources, journal.part_bytes)
            try:
                return Preparation(sources, parts, out, engine, journal, progress).carry_out()
            except OSError as error:
                raise PreparationError(f"{in_words(error)}; {KEPT}") from None
            except EngineError as error:
                raise EngineError(f"{error}; {KEPT}") from None
    except OSError as error:
        raise PreparationError(in_words(error)) from None


IN_USE = "another preparation is under way here"
KEPT = "what is finished is kept, and the same command goes on from it"


def in_words(error: OSError) -> str:
    """Return what the system refused."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def request_of(sources: Sequence[TextFile], part_bytes: int) -> dict[str, Any]:
    """Return what a journal must say of a request to go on with it."""
    from nanogpt_rs.ruler.provenance import installed

    return {
        "format": JOURNAL_FORMAT,
        "version": installed().version,
        "part_bytes": part_bytes,
        "sources": [[source.name, source.size, source.modified] for source in sources],
    }


def finished(out: Path, sources: Sequence[TextFile]) -> Prepared | None:
    """Return what came of a preparation of these files that is finished, or ``None``.

    Raises:
        RequestError: the folder holds something else, which we would replace.
    """
    if (out / JOURNAL).exists():
        return None
    cure = "name another folder, or replace them with --again"
    if not (out / MANIFEST).exists():
        for name in (TRAIN, VAL):
            if (out / name).exists():
                raise RequestError(f"{out / name}: is there already, without a manifest; {cure}")
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
            sha256_of(source.path) == known.sha256
            for source, known in zip(sources, manifest.sources, strict=True)
        )
    ):
        raise RequestError(f"{out}: holds shards of other files; {cure}")
    return Prepared(manifest, 0, 0, 0, True, Seconds())


def remove_parts(out: Path, run: str) -> None:
    """Remove unfinished files of other runs than this one."""
    for name in (TRAIN, VAL, MANIFEST, JOURNAL):
        for path in out.glob(f".{name}.*"):
            if path.name != part_name(name, run):
                path.unlink()


def part_name(name: str, run: str) -> str:
    """Return the name of an unfinished shard.

    Of each run it is another: a worker that was lost may yet write.
    """
    return f".{name}.{run}"


class Preparation:
    """One preparation, from the first part to the manifest."""

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
        self.seconds = Seconds()
        self.train, self.val = (str(out / part_name(name, journal.run)) for name in (TRAIN, VAL))
        # What this run knows to be finished, which of shards is what it has seen on the disk.
        self.scanned = {part: scan.read for part, scan in journal.scanned.items()}
        self.encoded: dict[int, int] = {}
        size = max(part.bytes for part in parts)
        self.source_walker = Walker(
            lambda part: list(zip(parts[part].sources, parts[part].pieces, strict=True)),
            self.scanned,
            range(len(sources)),
            size,
        )
        self.shard_walker = Walker(
            lambda part: [(piece[0], piece) for piece in self.places(part)],
            self.encoded,
            (self.train, self.val),
            WIDTH * size,
        )
        # One worker has each block at hand in the order of the files, and need not read it again.
        self.hashes_at_once = engine.in_order and not journal.scanned
        self.crew = Crew(engine, (self.source_walker, self.shard_walker), self.seconds)

    def carry_out(self) -> Prepared:
        """Do all that is not done yet."""
        with self.seconds.stage("vocabulary"):
            self.scan()
        with self.seconds.stage("encoding"):
            self.encode()
        with self.seconds.stage("hashing"):
            self.progress("hashes", 0, 1)
            self.crew.hash_the_rest()
            check_unchanged(self.sources)
        with self.seconds.stage("writing"):
            manifest = self.publish()
        self.seconds.busy["writing"] += self.seconds.wall["writing"]
        scanned, encoded = self.resumed
        return Prepared(manifest, len(self.parts), scanned, encoded, False, self.seconds)

    def scan(self) -> None:
        """Read each part for what it holds.

        Raises:
            PreparationError: a part is not what it must be, or they hold too many characters.
        """
        distinct: set[str] = set()

        def known(scan: Scan) -> None:
            distinct.update(scan.vocabulary)
            if len(distinct) > MOST_DISTINCT:
                raise PreparationError(
                    f"more than {MOST_DISTINCT:,} distinct characters: a uint16 has no id for each"
                )
            self.progress("vocabulary", len(self.scanned), len(self.parts))

        def task(part: int) -> WorkItem:
            def finish(seconds: float, answer: tuple[str, int, int, float]) -> None:
                vocabulary, characters, read, hashing = answer
                self.seconds.busy["vocabulary"] += seconds - hashing
                scan = Scan(vocabulary, characters, read)
                self.journal.keep_scan(part, scan)
                self.scanned[part] = scan.read
                self.hashed(self.source_walker, "vocabulary", hashing)
                known(scan)

            updates = self.source_walker.updates(self.parts[part].sources)
            return WorkItem(
                part,
                "scan",
                (list(self.parts[part].pieces), *([updates] if self.hashes_at_once else [])),
                finish,
            )

        for scan in self.journal.scanned.values():
            known(scan)
        self.crew_on(task(part) for part in range(len(self.parts)) if part not in self.scanned)
        self.vocabulary = "".join(sorted(distinct))
        self.starts = [0]
        for part in range(len(self.parts)):
            self.starts.append(self.starts[part] + self.journal.scanned[part].characters)
        self.training = training_characters(self.starts[-1])

    def hashed(self, walker: Walker, stage: str, seconds: float) -> None:
        """Note that a part was hashed in so many seconds of a stage, if it was."""
        if self.hashes_at_once:
            walker.next += 1
            self.seconds.busy["hashing"] += seconds
            self.seconds.wall["hashing"] += seconds
            self.seconds.wall[stage] -= seconds

    def places(self, part: int) -> list[Piece]:
        """Return where the ids of a part are, or belong."""
        found = []
        first, end = self.starts[part], self.starts[part + 1]
        for path, low, high in (
            (self.train, 0, self.training),
            (self.val, self.training, self.starts[-1]),
        ):
            start, stop = max(first, low), min(end, high)
            if start < stop:
                found.append((path, WIDTH * (start - low), WIDTH * (stop - low)))
        return found

    def encode(self) -> None:
        """Write the ids of each part.

        What an earlier run wrote is looked at: after a loss of power the disk may not hold it.

        Raises:
            PreparationError: a part is not what it was.
        """
        self.make_room()
        tasks: deque[WorkItem] = deque()

        def done(part: int, written: int) -> None:
            self.encoded[part] = written
            self.progress("shards", len(self.encoded), len(self.parts))

        def encoding(part: int) -> WorkItem:
            scan = self.journal.scanned[part]

            def finish(seconds: float, answer: tuple[int, int, int, float, float]) -> None:
                characters, read, written, writing, hashing = answer
                self.seconds.busy["encoding"] += seconds - writing - hashing
                self.seconds.busy["writing"] += writing
                if (characters, read) != (scan.characters, scan.read):
                    raise changed(self.parts[part].pieces[0][0])
                self.journal.keep_encoded(part, written)
                done(part, written)
                self.hashed(self.shard_walker, "encoding", hashing)

            updates = self.shard_walker.updates((self.train, self.val))
            arguments = (
                *(list(self.parts[part].pieces), self.vocabulary),
                *(self.train, self.val, self.starts[part], self.training),
                *([updates] if self.hashes_at_once else []),
            )
            return WorkItem(part, "encode", arguments, finish)

        def looking(part: int, written: int) -> WorkItem:
            def finish(_: float, found: int) -> None:
                if found == written:
                    done(part, written)
                else:
                    tasks.append(encoding(part))

            return WorkItem(part, "checksum", (self.places(part),), finish)

        for part in range(len(self.parts)):
            known = self.journal.encoded.get(part)
            tasks.append(encoding(part) if known is None else looking(part, known))
        self.crew_on(tasks)

    def crew_on(self, tasks: Iterator[WorkItem] | deque[WorkItem]) -> None:
        """Have tasks carried out.

        Raises:
            PreparationError: one failed.
        """
        try:
            self.crew.carry_out(tasks if isinstance(tasks, deque) else deque(tasks))
        except RuntimeError as error:  # of a kernel that found a file to be another
            check_unchanged(self.sources)
            raise PreparationError(str(error)) from None
        except ValueError as error:
            raise PreparationError(str(error)) from None

    def make_room(self) -> None:
        """Have files for the ids, as long as they will be. What an earlier run wrote stays.

        Raises:
            OSError: they cannot be made.
        """
        for name, path, characters in (
            (TRAIN, self.train, self.training),
            (VAL, self.val, self.starts[-1] - self.training),
        ):
            # An earlier run was interrupted after all was written.
            if self.journal.encoded and not Path(path).exists() and (self.out / name).exists():
                os.replace(self.out / name, path)
            with Path(path).open("ab") as file:
                file.truncate(WIDTH * characters)

    def publish(self) -> Manifest:
        """See the shards on the disk, give them their names, and write the manifest last.

        Raises:
            OSError: it cannot be done.
        """
        from nanogpt_rs.ruler.corpora import write_whole
        from nanogpt_rs.ruler.provenance import installed

        for path in (self.train, self.val):
            with Path(path).open("r+b") as file:
                os.fsync(file.fileno())

        def shard(path: str, characters: int) -> Shard:
            return Shard(characters, WIDTH * characters, self.shard_walker.digest(path))

        manifest = Manifest(
            version=installed().version,
            vocabulary=self.vocabulary,
            characters=self.starts[-1],
            train=shard(self.train, self.training),
            val=shard(self.val, self.starts[-1] - self.training),
            sources=tuple(
                SourceFile(source.name, source.size, self.source_walker.digest(index))
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
