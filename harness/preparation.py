"""Texts of any size to shards: by parts, in any order, so that nothing finished is done again.

Parts are ranges of bytes, cut between characters. In a first stage each is read for its
characters, whose union is the vocabulary; in a second its ids are written to where they belong,
which the numbers of characters in the parts before it say. What is finished is noted in a journal
beside the shards, and hashed in the order of the files.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
import stat
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NoReturn

from harness.durable import append_whole, checksum, whole_lines
from harness.engines import EngineError
from harness.shards import (
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

if TYPE_CHECKING:
    from harness.engines import Engine

SMALLEST_PART, LARGEST_PART = 32 << 20, 512 << 20
"""Bytes of a part, where nobody asks for another: from milliseconds of work on, beside which a line
in the journal is nothing, up to where the four that Dask takes for a task are little."""
PARTS_EACH = 4
"""For each worker, as far as that goes, so that none is left without when others are slow."""
MAY_JOIN = 32
"""Workers on other machines that parts are made for at least, however many have come by then."""
ROOM = 1 << 20
"""Bytes hashed at once."""
JOURNAL = "journal.jsonl"
JOURNAL_FORMAT = "nanogpt-rs journal 1"
GZIP = b"\x1f\x8b"
STAGES = ("vocabulary", "encoding", "hashing", "writing")

Progress = Callable[[str, int, int], None]
"""Told of the stage, and how many steps of how many are done."""
Piece = tuple[str, int, int]
"""Bytes of a file: its path, where they begin and where they end."""


class PreparationError(Exception):
    """The texts cannot be prepared, or not now; the message says why."""


class RequestError(PreparationError):
    """What was asked for cannot be done; the message says what can."""


@dataclass(frozen=True)
class Source:
    """A file to be prepared.

    Attributes:
        path: by which it is opened.
        size: in bytes.
        modified: when it was written last, in ns.
    """

    path: str
    size: int
    modified: int

    @property
    def name(self) -> str:
        """Its name without the folder."""
        return Path(self.path).name


@dataclass(frozen=True)
class Part:
    """What is carried out at once.

    Attributes:
        pieces: in the order of the files.
        sources: for each piece, the index of its file.
    """

    pieces: tuple[Piece, ...]
    sources: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """How many it has."""
        return sum(end - start for _, start, end in self.pieces)


@dataclass(frozen=True)
class Scan:
    """What a part holds.

    Attributes:
        vocabulary: its distinct characters in code-point order.
        characters: how many in all.
        read: CRC-32 of its bytes.
    """

    vocabulary: str
    characters: int
    read: int


@dataclass
class Seconds:
    """How long it took.

    Attributes:
        wall: of each of ``STAGES``, one after the other. Hashing is what was left of it when all
            was encoded, or, by one worker, all of it; writing is to see on the disk what the system
            had taken.
        busy: added up over workers. Encoding is without writing here, which has its own.
    """

    wall: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    busy: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge what is done within to this stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.wall[name] += time.perf_counter() - begun


@dataclass(frozen=True)
class Outcome:
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


# --- what is asked for ---


def find_sources(paths: Sequence[str]) -> list[Source]:
    """Return the files of these paths.

    Raises:
        RequestError: one cannot be read twice, or is no text; the message names it.
        PreparationError: there is not a single byte.
    """
    found = []
    for path in paths:
        try:
            state = Path(path).stat()
            if stat.S_ISDIR(state.st_mode):
                raise RequestError(f"{path}: a folder; name the files in it")
            if not stat.S_ISREG(state.st_mode):
                raise RequestError(
                    f"{path}: a pipe or a device, and it is read twice; write it to a file first"
                )
            with Path(path).open("rb") as file:
                if file.read(len(GZIP)) == GZIP:
                    raise RequestError(f"{path}: packed by gzip; unpack it first")
        except OSError as error:
            raise RequestError(f"{path}: {error.strerror}") from None
        found.append(Source(path, state.st_size, state.st_mtime_ns))
    if not sum(source.size for source in found):
        raise PreparationError(f"no characters in {', '.join(paths)}: nothing to prepare")
    return found


def check_unchanged(sources: Sequence[Source]) -> None:
    """Check that the files are as they were when we began.

    Raises:
        PreparationError: one is not; the message names it.
    """
    for source in sources:
        try:
            state = Path(source.path).stat()
        except OSError as error:
            raise PreparationError(f"{source.path}: {error.strerror}") from None
        if (state.st_size, state.st_mtime_ns) != (source.size, source.modified):
            raise changed(source.path)


def changed(path: str) -> PreparationError:
    """Return the error for a file that did not stay as it was."""
    return PreparationError(
        f"{path}: changed while it was read; when it is at rest, begin anew with --again"
    )


def part_bytes_of(total: int, workers: int) -> int:
    """Return how long parts are of so many bytes, for so many workers."""
    each = math.ceil(total / (PARTS_EACH * workers))
    return min(max(each, SMALLEST_PART), LARGEST_PART)


def cut(sources: Sequence[Source], part_bytes: int) -> list[Part]:
    """Return parts of so many bytes or a few more, the last of fewer, cut between characters.

    Small files share a part. Where a file is not UTF-8 a cut may be anywhere.
    """
    parts: list[Part] = []
    pieces: list[Piece] = []
    owners: list[int] = []
    room = part_bytes
    for index, source in enumerate(sources):
        start = 0
        with Path(source.path).open("rb") as file:
            while start < source.size:
                end = min(start + room, source.size)
                if end < source.size:
                    file.seek(end)
                    # A character goes on for three bytes at most.
                    following = file.read(3)
                    more = (n for n, byte in enumerate(following) if byte & 0xC0 != 0x80)
                    end += next(more, len(following))
                pieces.append((source.path, start, end))
                owners.append(index)
                room -= end - start
                start = end
                if room <= 0:
                    parts.append(Part(tuple(pieces), tuple(owners)))
                    pieces, owners, room = [], [], part_bytes
    if pieces:
        parts.append(Part(tuple(pieces), tuple(owners)))
    return parts


# --- the journal ---


@dataclass
class Journal:
    """What is finished, each part as soon as it is, in a file that a crash leaves whole.

    Attributes:
        path: of that file.
        run: a name that the unfinished shards bear.
        part_bytes: about how long each part is.
        scanned: what is known of each part that was read.
        encoded: CRC-32 of the ids of each part that were written.
    """

    path: Path
    run: str
    part_bytes: int
    scanned: dict[int, Scan] = field(default_factory=dict)
    encoded: dict[int, int] = field(default_factory=dict)

    def keep_scan(self, part: int, scan: Scan) -> None:
        """Note that a part was read.

        Raises:
            OSError: the disk is full, say; the file is as it was.
        """
        self.append("scanned", part=part, **vars(scan))
        self.scanned[part] = scan

    def keep_encoded(self, part: int, written: int) -> None:
        """Note that a part's ids were written.

        Raises:
            OSError: as above.
        """
        self.append("encoded", part=part, written=written)
        self.encoded[part] = written

    def append(self, kind: str, **body: Any) -> None:
        """Add a line."""
        append_whole(self.path, line(kind, **body))


def line(kind: str, **body: Any) -> bytes:
    """Return a line of a journal."""
    body = {"kind": kind, **body}
    return json.dumps({**body, "checksum": checksum(body)}).encode() + b"\n"


def open_journal(folder: Path, request: dict[str, Any], any_parts: bool) -> Journal:
    """Return the journal in a folder, which is begun if there is none.

    A last line that a crash cut off is dropped: its part is done again.

    Args:
        folder: of the shards.
        request: what is asked for.
        any_parts: whether parts may be as long as they are in the journal there is.

    Raises:
        RequestError: the one there is of another request.
        PreparationError: it is damaged, or cannot be read or written; the message names the line.
    """
    from benchmarks.corpora import write_whole

    path = folder / JOURNAL
    if not path.exists():
        run = secrets.token_hex(4)
        write_whole(path, line("begun", run=run, **request))
        return Journal(path, run, request["part_bytes"])
    data = whole_lines(path)
    first, *others = enumerate(data.splitlines(), 1)
    begun = read_line(path, *first, "begun")
    run = begun.pop("run")
    if any_parts:
        request = {**request, "part_bytes": begun.get("part_bytes")}
    if begun != request:
        what = next(each for each in request if begun.get(each) != request[each])
        raise RequestError(
            f"{folder}: holds an interrupted preparation of {WHAT[what]}; repeat that one's "
            "arguments, name another folder, or begin anew with --again"
        )
    journal = Journal(path, run, begun["part_bytes"])
    for number, each in others:
        body = read_line(path, number, each, None)
        kind, part = body.pop("kind"), body.pop("part")
        if kind == "scanned":
            journal.scanned[part] = Scan(**body)
        else:
            journal.encoded[part] = body["written"]
    return journal


WHAT = {
    "format": "another version of nanogpt-rs",
    "version": "another version of nanogpt-rs",
    "part_bytes": "parts of another size",
    "sources": "other files, or of files that have changed since",
}
"""What differs, in words, where a field of a request does."""


def read_line(path: Path, number: int, data: bytes, kind: str | None) -> dict[str, Any]:
    """Return the body of a line, without its kind if that is known.

    Raises:
        PreparationError: it is damaged.
    """
    try:
        body = json.loads(data)
        if body.pop("checksum") != checksum(body) or body["kind"] != (kind or body["kind"]):
            raise ValueError
    except (ValueError, KeyError, AttributeError, TypeError):
        raise PreparationError(f"{path}, line {number}: damaged; begin anew with --again") from None
    if kind:
        body.pop("kind")
    assert isinstance(body, dict)
    return body


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a folder for ourselves; it is made if need be.

    Raises:
        PreparationError: another process has it.
        OSError: it cannot be made or locked.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise PreparationError(f"{folder}: another preparation is under way here") from None
    try:
        yield
    finally:
        lock.release()


# --- hashing ---


class Walker:
    """Hashes files from their start on, part by part, as soon as each part is finished.

    It makes sure that what it hashes is what the kernels have read or written.

    Args:
        pieces: those of a part, each with the key of its file.
        checksums: CRC-32 of the parts that are finished.
        keys: of all files.
        size: bytes of a part, about.
    """

    def __init__(
        self,
        pieces: Callable[[int], list[tuple[Any, Piece]]],
        checksums: dict[int, int],
        keys: Sequence[Any],
        size: int,
    ) -> None:
        self.pieces, self.checksums, self.size = pieces, checksums, size
        self.digests = {key: hashlib.sha256() for key in keys}
        self.next, self.busy = 0, False
        self.room = bytearray(ROOM)

    def ready(self) -> bool:
        """Whether the part that comes next is finished, and nobody is at it."""
        return not self.busy and self.next in self.checksums

    def behind(self) -> int:
        """Return about how many bytes are finished and not hashed."""
        return self.size * (len(self.checksums) - self.next)

    def step(self) -> float:
        """Hash the part that comes next, and return how many seconds that took.

        Raises:
            PreparationError: it is not what it was.
            OSError: it cannot be read.
        """
        from rust_impls.partition import crc32

        begun = time.perf_counter()
        pieces = self.pieces(self.next)
        crc = 0
        room = memoryview(self.room)
        for key, (path, start, end) in pieces:
            with Path(path).open("rb", buffering=0) as file:
                file.seek(start)
                left = end - start
                while left:
                    if not (read := file.readinto(room[:left])):
                        raise changed(path)
                    self.digests[key].update(room[:read])
                    crc = crc32(room[:read], crc)
                    left -= read
        if crc != self.checksums[self.next]:
            raise changed(pieces[0][1][0])
        self.next += 1
        return time.perf_counter() - begun

    def updates(self, keys: Sequence[Any]) -> list[Callable[[bytes], None]]:
        """Return what takes bytes of these files, for whoever has them at hand in their order."""
        return [self.digests[key].update for key in keys]

    def digest(self, key: Any) -> str:
        """Return the SHA-256 of a file that was walked through."""
        return self.digests[key].hexdigest()


# --- carrying out ---


@dataclass
class Task:
    """A kernel to be carried out.

    Attributes:
        part: on which.
        kernel: its name.
        arguments: what it is given.
        finish: gets how long it took and what it returned.
    """

    part: int
    kernel: str
    arguments: tuple[Any, ...]
    finish: Callable[[float, Any], None]


class Crew:
    """Has an engine carry out tasks, and hashes what is finished.

    On the cores that the engine works on, hashing waits until there is nothing else to do, or more
    is finished and not hashed than the system is sure to keep in memory: then it would have to be
    read from the disk again.

    Args:
        engine: that carries out.
        walkers: that hash.
        seconds: what hashing is charged to.
    """

    def __init__(self, engine: Engine, walkers: Sequence[Walker], seconds: Seconds) -> None:
        import psutil

        self.engine, self.walkers, self.seconds = engine, walkers, seconds
        self.window = psutil.virtual_memory().available // 2
        self.answers: SimpleQueue[tuple[Task | Walker, Any]] = SimpleQueue()
        self.running: dict[int, tuple[Task | Walker, Any]] = {}

    def carry_out(self, tasks: deque[Task]) -> None:
        """Carry out tasks, which may add others to the queue when they are finished.

        Raises:
            PreparationError, OSError, ValueError, RuntimeError: the first of them, in order, that
                failed, once all before it are finished.
            EngineError: the engine was lost.
        """
        try:
            while tasks or self.working():
                self.begin(tasks)
                self.take(self.answer())
        except BaseException as error:
            self.wind_down(error)

    def hash_the_rest(self) -> None:
        """Hash what is finished and was not hashed yet.

        Raises:
            PreparationError, OSError: it cannot be done, or is not what it was.
        """
        self.carry_out(deque())
        try:
            while self.begin(deque()) or self.running:
                self.take(self.answer())
        except BaseException as error:
            self.wind_down(error)

    def working(self) -> int:
        """Return how many tasks are under way, hashing aside."""
        return sum(isinstance(each, Task) for each, _ in self.running.values())

    def begin(self, tasks: deque[Task]) -> bool:
        """Begin what can be begun; returns whether anything was."""
        begun = False
        engine = self.engine
        while True:
            working = self.working()
            walker = next((each for each in self.walkers if each.ready()), None)
            hashing = any(each.busy for each in self.walkers)
            behind = sum(each.behind() for each in self.walkers)
            late = engine.local and behind > self.window and (walker or hashing)
            # A part is long to hash, and what is asked for next would have to share a core with it.
            idle = not tasks and not working
            if walker and (late or idle or not engine.local):
                walker.busy = True
                self.submit(walker, engine.submit_here, walker.step)
            elif tasks and working < engine.ahead and not late:
                task = tasks.popleft()
                self.submit(task, engine.submit, task.kernel, task.arguments)
            else:
                return begun
            begun = True

    def submit(self, what: Task | Walker, how: Callable[..., Any], *arguments: Any) -> None:
        """Have it carried out, and its answer put where we look for it."""
        future = how(*arguments, lambda future: self.answers.put((what, future)))
        self.running[id(what)] = what, future

    def answer(self) -> tuple[Task | Walker, Any]:
        """Wait for an answer.

        Raises:
            EngineError: no more will come.
        """
        from queue import Empty

        while True:
            try:
                return self.answers.get(timeout=1)
            except Empty:
                if self.working() and (why := self.engine.lost()):
                    raise EngineError(why) from None

    def take(self, answer: tuple[Task | Walker, Any]) -> None:
        """Finish what was carried out.

        Raises:
            BaseException: what it raised.
        """
        what, future = answer
        self.running.pop(id(what))
        if isinstance(what, Walker):
            what.busy = False
            self.seconds.busy["hashing"] += future.result()
        else:
            try:
                seconds, result = future.result()
            except Exception as error:
                raise TaskError(what.part, error) from error
            what.finish(seconds, result)

    def wind_down(self, error: BaseException) -> NoReturn:
        """Keep what is finished by now, and raise the error of the first part that has one."""
        # Not from the queue: an interruption may have lost what was just taken from it.
        running = list(self.running.values())
        # A part before the one that failed may have an error too, though its thread has only just
        # taken it and it could still be called off.
        first = error.part if isinstance(error, TaskError) else 0
        waited = self.engine.abandon(
            [future for what, future in running if isinstance(what, Walker) or what.part >= first]
        )
        for what, future in running:
            if future.cancelled() or not (waited or future.done()):
                continue
            try:
                self.take((what, future))
            except Exception as other:  # of several that of the first part is told
                if (
                    isinstance(error, TaskError)
                    and isinstance(other, TaskError)
                    and other.part < error.part
                ):
                    error = other
        self.running.clear()
        raise error.cause if isinstance(error, TaskError) else error


class TaskError(Exception):
    """A task failed.

    Args:
        part: that it was about.
        cause: what it raised.
    """

    def __init__(self, part: int, cause: Exception) -> None:
        super().__init__(str(cause))
        self.part, self.cause = part, cause


# --- the whole way ---


def prepare(
    paths: Sequence[str],
    out: Path,
    engine: Engine,
    *,
    part_bytes: int | None = None,
    again: bool = False,
    progress: Progress = lambda *_: None,
) -> Outcome:
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
        with locked(out):
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


KEPT = "what is finished is kept, and the same command goes on from it"


def in_words(error: OSError) -> str:
    """Return what the system refused."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def request_of(sources: Sequence[Source], part_bytes: int) -> dict[str, Any]:
    """Return what a journal must say of a request to go on with it."""
    from benchmarks.provenance import installed

    return {
        "format": JOURNAL_FORMAT,
        "version": installed().version,
        "part_bytes": part_bytes,
        "sources": [[source.name, source.size, source.modified] for source in sources],
    }


def finished(out: Path, sources: Sequence[Source]) -> Outcome | None:
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
    return Outcome(manifest, 0, 0, 0, True, Seconds())


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
        sources: Sequence[Source],
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

    def carry_out(self) -> Outcome:
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
        return Outcome(manifest, len(self.parts), scanned, encoded, False, self.seconds)

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

        def task(part: int) -> Task:
            def finish(seconds: float, answer: tuple[str, int, int, float]) -> None:
                vocabulary, characters, read, hashing = answer
                self.seconds.busy["vocabulary"] += seconds - hashing
                scan = Scan(vocabulary, characters, read)
                self.journal.keep_scan(part, scan)
                self.scanned[part] = scan.read
                self.hashed(self.source_walker, "vocabulary", hashing)
                known(scan)

            updates = self.source_walker.updates(self.parts[part].sources)
            return Task(
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
        tasks: deque[Task] = deque()

        def done(part: int, written: int) -> None:
            self.encoded[part] = written
            self.progress("shards", len(self.encoded), len(self.parts))

        def encoding(part: int) -> Task:
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
            return Task(part, "encode", arguments, finish)

        def looking(part: int, written: int) -> Task:
            def finish(_: float, found: int) -> None:
                if found == written:
                    done(part, written)
                else:
                    tasks.append(encoding(part))

            return Task(part, "checksum", (self.places(part),), finish)

        for part in range(len(self.parts)):
            known = self.journal.encoded.get(part)
            tasks.append(encoding(part) if known is None else looking(part, known))
        self.crew_on(tasks)

    def crew_on(self, tasks: Iterator[Task] | deque[Task]) -> None:
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
        from benchmarks.corpora import write_whole
        from benchmarks.provenance import installed

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


def see_names(folder: Path) -> None:
    """See on the disk what the files in a folder are called, where the system can be asked to."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
