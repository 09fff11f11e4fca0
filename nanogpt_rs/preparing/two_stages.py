"""The two stages of a preparation as characters: a vocabulary is read, then ids are written."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nanogpt_rs.preparing.dispatcher import Dispatcher, WorkItem
from nanogpt_rs.preparing.hashing import Hasher
from nanogpt_rs.preparing.journal import Journal, Scan
from nanogpt_rs.preparing.parts import (
    Part,
    Piece,
    PreparationError,
    TextFile,
    changed,
    check_unchanged,
)
from nanogpt_rs.preparing.shards import (
    MANIFEST,
    MOST_DISTINCT,
    TRAIN,
    VAL,
    VOCABULARY,
    WIDTH,
    Manifest,
    Shard,
    ShardError,
    SourceFile,
    read_manifest,
    training_characters,
)
from nanogpt_rs.preparing.stages import StageSeconds
from nanogpt_rs.records.durable import see_names
from nanogpt_rs.ruler.errors import lacks_thread

if TYPE_CHECKING:
    from nanogpt_rs.preparing.engines import Engine

Progress = Callable[[str, int, int], None]
"""Function that is called with the stage, the number of steps done, and the number in all."""


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
        self.shard_hasher = self.hasher_of_shards(size)
        # A single worker reads each block in the order of the files, and hashes it at once.
        self.hashes_at_once = engine.in_order and not journal.scanned
        self.dispatcher = Dispatcher(engine, (self.text_hasher, self.shard_hasher), self.seconds)

    def hasher_of_shards(self, part_bytes: int) -> Hasher:
        """Return the hasher of the ids of parts that have about so many bytes."""
        return Hasher(
            lambda part: [(piece[0], piece) for piece in self.places(part)],
            self.encoded,
            (self.train, self.val),
            WIDTH * part_bytes,
        )

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
            self.check_distinct(len(distinct))
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

    def check_distinct(self, characters: int) -> None:
        """Check that there is an id for each distinct character.

        Raises:
            PreparationError: There are too many.
        """
        if characters > MOST_DISTINCT:
            raise PreparationError(
                f"more than {MOST_DISTINCT:,} distinct characters: a uint16 has no id for each"
            )

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

        Raises:
            PreparationError: A file has changed.
        """
        self.allocate_shards()

        def writing_of(part: int) -> WorkItem:
            def finish(seconds: float, result: tuple[int, int, int, float, float]) -> None:
                characters, read, written, writing, hashing = result
                self.seconds.busy["encoding"] += seconds - writing - hashing
                self.seconds.busy["writing"] += writing
                self.require_unchanged(part, characters, read)
                self.journal.keep_encoded(part, written)
                self.note_written(part, written)
                self.charge_hashing(self.shard_hasher, "encoding", hashing)

            updates = self.shard_hasher.updates((self.train, self.val))
            arguments = (
                *(list(self.parts[part].pieces), self.vocabulary),
                *(self.train, self.val, self.starts[part], self.training),
                *([updates] if self.hashes_at_once else []),
            )
            return WorkItem(part, "encode", arguments, finish)

        self.write_parts(writing_of)

    def write_parts(self, writing_of: Callable[[int], WorkItem]) -> None:
        """Have each part written, unless an earlier run did so and it is still as it was.

        Parts that an earlier run wrote are checked, as the disk may have lost them in a power cut.

        Args:
            writing_of: Makes the work item that writes a part.

        Raises:
            PreparationError: A file has changed.
        """
        items: deque[WorkItem] = deque()

        def check_of(part: int, written: int) -> WorkItem:
            def finish(_: float, checksum: int) -> None:
                if checksum == written:
                    self.note_written(part, written)
                else:
                    items.append(writing_of(part))

            return WorkItem(part, "checksum", (self.places(part),), finish)

        for part in range(len(self.parts)):
            written = self.journal.encoded.get(part)
            if written is None or not self.is_whole(part):
                items.append(writing_of(part))
            else:
                items.append(check_of(part, written))
        self.work_on(items)

    def is_whole(self, _: int) -> bool:
        """Return whether a part that was written has its size: shards are made in theirs."""
        return True

    def require_unchanged(self, part: int, characters: int, read: int) -> None:
        """Check that a part was read as it was scanned.

        Raises:
            PreparationError: Its file has changed.
        """
        scan = self.journal.scanned[part]
        if (characters, read) != (scan.characters, scan.read):
            raise changed(self.parts[part].pieces[0][0])

    def note_written(self, part: int, written: int) -> None:
        """Note the checksum of a part that is written, and show the progress."""
        self.encoded[part] = written
        self.progress("shards", len(self.encoded), len(self.parts))

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
        from nanogpt_rs.ruler.regular import write_whole

        files = self.files()
        for path in files.values():
            with Path(path).open("r+b") as file:
                os.fsync(file.fileno())
        manifest = self.manifest()
        with suppress(ShardError):
            if read_manifest(self.out).tokenizer and VOCABULARY not in files:
                (self.out / VOCABULARY).unlink(missing_ok=True)
        (self.out / MANIFEST).unlink(missing_ok=True)
        for name, path in files.items():
            os.replace(path, self.out / name)
        see_names(self.out)
        document = json.dumps(manifest.document(), indent=1)
        write_whole(self.out / MANIFEST, document.encode() + b"\n")
        self.journal.path.unlink()
        see_names(self.out)
        return manifest

    def files(self) -> dict[str, str]:
        """Return the path of each unfinished file, by the name that it gets in the end."""
        return {TRAIN: self.train, VAL: self.val}

    def manifest(self) -> Manifest:
        """Return the manifest of the hashed shards."""
        from nanogpt_rs.ruler.provenance import installed

        return Manifest(
            version=installed().version,
            vocabulary=self.vocabulary,
            characters=self.starts[-1],
            train=self.shard(self.train, self.training),
            val=self.shard(self.val, self.starts[-1] - self.training),
            sources=tuple(
                SourceFile(source.name, source.size, self.text_hasher.digest(index))
                for index, source in enumerate(self.sources)
            ),
        )

    def shard(self, path: str, characters: int) -> Shard:
        """Return the description of a shard of this many characters."""
        size = Path(path).stat().st_size
        return Shard(characters, size, self.shard_hasher.digest(path))
