"""The documents that commands print with ``--json``, and the version of each.

A document is a JSON object. It begins with its name, which is the command's, and with the version
of its fields. Until a version is raised, a field keeps its name, its type, its unit and its
meaning. Fields may be added without raising it, and so may values of a field that names one of
several kinds, where the schema does not list them. The schemas in ``docs/schemas/`` are made from
the documents' classes by ``make schemas``.

Times are in seconds and sizes in bytes, where nothing else is said. An interval is a pair of its
lower and its upper end.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from nanogpt_rs.commands.document import Document
from nanogpt_rs.commands.job_documents import (
    CheckedShards,
    MeasuredJob,
    MeasuredTokens,
    PredictedCosts,
    PredictedJob,
    PreparedShards,
    Race,
    RacedArms,
    RacedPrograms,
    SampledText,
    TimedPreparations,
    TrainedModel,
)
from nanogpt_rs.records.callables import Called
from nanogpt_rs.records.kinds import Other
from nanogpt_rs.records.lines import plain
from nanogpt_rs.records.schema import Breakdown, Cell, Footprint, Host, Meanwhile, Run
from nanogpt_rs.ruler.provenance import Build
from nanogpt_rs.ruler.verification import Proof
from nanogpt_rs.statistics.alarms import Finding, RivalFinding
from nanogpt_rs.statistics.assertions import AssertionFinding
from nanogpt_rs.statistics.rebuilds import RebuildFinding
from nanogpt_rs.workshop.doctor import Finding as Circumstance

# --- comparisons ---


@dataclass(frozen=True)
class Comparisons(Document):
    """Implementations, each compared with references.

    Attributes:
        run: Description of the run; ``None`` where it was not kept.
        meanwhile: How busy the machine was during the whole run; ``None`` where nothing was timed.
        tests: Number of tests that the verdicts were adjusted for together.
        cells: One cell for each implementation, corpus and state, or for each callable.
        called: The callables of ``compare`` that no registry knows, in the order of their cells;
            empty for implementations.
    """

    run: Run | None
    meanwhile: Meanwhile | None
    tests: int
    cells: tuple[Cell, ...]
    called: tuple[Called, ...] = ()


@dataclass(frozen=True)
class CommitComparisons(Document):
    """Implementations, each compared with itself in an older commit.

    Attributes:
        run: Description of the run.
        tests: Number of tests that the verdicts were adjusted for together.
        cells: One cell for each implementation, corpus and state.
    """

    run: Run
    tests: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Proofs(Document):
    """Implementations, each verified.

    Attributes:
        proofs: One proof for each implementation and corpus.
    """

    proofs: tuple[Proof, ...]


# --- lists ---


@dataclass(frozen=True)
class ListedImplementation:
    """An implementation of the registry.

    Attributes:
        task: Name of the task.
        id: Id of the implementation, such as ``rust/ahash``.
        target: Where it is, as ``pkgutil.resolve_name`` takes it.
        marks: Marks in the registry, such as ``default``, in alphabetical order.
        idea: First sentence of its documentation; empty where it cannot run here.
        unavailable: Reason why it cannot run here; ``None`` where it can.
        origin: Source of a third party's implementation, with a hash; ``None`` for our own.
    """

    task: str
    id: str
    target: str
    marks: tuple[str, ...]
    idea: str
    unavailable: str | None
    origin: str | None


@dataclass(frozen=True)
class Implementations(Document):
    """The implementations that are registered.

    Attributes:
        implementations: The implementations, task by task.
    """

    implementations: tuple[ListedImplementation, ...]


@dataclass(frozen=True)
class ListedTask:
    """A task.

    Attributes:
        task: Name of the task.
        contract: What its implementations take and return.
        by_default: Whether ``bench`` measures it when no task is named.
        implementations: Number of its implementations.
    """

    task: str
    contract: str
    by_default: bool
    implementations: int


@dataclass(frozen=True)
class Tasks(Document):
    """The tasks that are registered.

    Attributes:
        tasks: The tasks.
    """

    tasks: tuple[ListedTask, ...]


@dataclass(frozen=True)
class ListedCorpus:
    """A corpus.

    Attributes:
        id: Id of the corpus.
        description: What the text is.
        sha256: SHA-256 of the text, in hexadecimal.
    """

    id: str
    description: str
    sha256: str


@dataclass(frozen=True)
class Corpora(Document):
    """The corpora that can be named by an id.

    Attributes:
        corpora: The corpora.
    """

    corpora: tuple[ListedCorpus, ...]


# --- calls ---


@dataclass(frozen=True)
class CallsInSteps(Document):
    """Calls of implementations, split into steps.

    Attributes:
        build: Build of the Rust module.
        corpus: Id of the corpus.
        state: State of the text or the caches.
        cells: One call for each implementation.
    """

    build: Build
    corpus: str
    state: str
    cells: tuple[Breakdown, ...]


@dataclass(frozen=True)
class Instructions(Document):
    """Instructions that calls executed.

    Attributes:
        run: Description of the run.
        cells: One cell for each implementation and corpus.
    """

    run: Run
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class FirstCalls(Document):
    """Time and memory of first calls in fresh processes.

    Attributes:
        build: Build of the Rust module.
        corpus: Id of the corpus.
        sha256: SHA-256 of the text, in hexadecimal.
        proved_on: Id of the corpus that the implementations were verified on.
        cells: One first call for each implementation and state of the files that it reads.
    """

    build: Build
    corpus: str
    sha256: str
    proved_on: str
    cells: tuple[Footprint, ...]


# --- recorded runs ---


@dataclass(frozen=True)
class ShownRecord:
    """A record that is not a cell.

    Attributes:
        kind: Kind of the record, such as ``call_in_steps``.
        record: Fields of the record, by its kind.
    """

    kind: str
    record: Other


@dataclass(frozen=True)
class ShownRun:
    """A recorded run.

    Attributes:
        run: Description of the run.
        complete: Whether the run came to its end.
        cells: Cells of the run. Their tests are adjusted together.
        others: Records of the run that are not cells.
    """

    run: Run
    complete: bool
    cells: tuple[Cell, ...]
    others: tuple[ShownRecord, ...]


@dataclass(frozen=True)
class Shown(Document):
    """Recorded runs.

    Attributes:
        runs: The runs.
    """

    runs: tuple[ShownRun, ...]


# --- the machine and the harness ---


@dataclass(frozen=True)
class Circumstances(Document):
    """What measurements depend on here.

    Attributes:
        findings: One finding for each topic.
    """

    findings: tuple[Circumstance, ...]


@dataclass(frozen=True)
class SelfTestedText:
    """The text of a self-test.

    Attributes:
        id: Id of the corpus.
        sha256: SHA-256 of the text, in hexadecimal.
    """

    id: str
    sha256: str


@dataclass(frozen=True)
class SelfTestRun:
    """One run of a self-test.

    Attributes:
        about: ``as-is`` or ``loaded``.
        at: Time at which it began, in UTC, as ISO 8601 writes it.
        run: Id of the run.
        commit: Commit of the checkout; ``None`` outside of a checkout.
        machine: Machine that it ran on.
        build: Build of the Rust module.
        corpus: The text; ``None`` where no group was measured on one.
    """

    about: str
    at: str
    run: str
    commit: str | None
    machine: Host
    build: Build
    corpus: SelfTestedText | None


@dataclass(frozen=True)
class SelfTested(Document):
    """How often verdicts were wrong, and how often real differences were found.

    Attributes:
        condition: ``as-is``, or ``loaded`` where a busy loop shared the core.
        about: The runs.
        findings: One finding for each contender of a row.
        rivals: The same by other tools.
        rebuilds: What commits that change no implementation showed.
        assertions: How often assertions on functions whose true ratio is known were wrong.
    """

    condition: str
    about: tuple[SelfTestRun, ...]
    findings: tuple[Finding, ...]
    rivals: tuple[RivalFinding, ...]
    rebuilds: tuple[RebuildFinding, ...]
    assertions: tuple[AssertionFinding, ...] = ()


@dataclass(frozen=True)
class ListedBuilds:
    """The builds of one state of the sources.

    Attributes:
        folder: Name of their folder in the cache.
        sources: What the sources are, in words: a commit, or the checkout's hash.
        seeds: Seeds of the builds, in ascending order.
        bytes: Size of the folder.
        used: When they were used last, in seconds since 1970 (Unix time).
    """

    folder: str
    sources: str
    seeds: tuple[int, ...]
    bytes: int
    used: float


@dataclass(frozen=True)
class Builds(Document):
    """The builds of the Rust module that are kept.

    Attributes:
        builds: The builds, by the state of the sources.
        freed_bytes: Bytes that were freed by removing builds; ``None`` where none was to be
            removed.
    """

    builds: tuple[ListedBuilds, ...]
    freed_bytes: int | None = None


DOCUMENTS: dict[str, type[Document]] = {
    "bench": Comparisons,
    "compare": Comparisons,
    "diff": CommitComparisons,
    "verify": Proofs,
    "list implementations": Implementations,
    "list tasks": Tasks,
    "list corpora": Corpora,
    "profile steps": CallsInSteps,
    "profile instructions": Instructions,
    "profile memory": FirstCalls,
    "show": Shown,
    "job measure": MeasuredJob,
    "job tokens": MeasuredTokens,
    "job predict": PredictedJob,
    "data prepare": PreparedShards,
    "data check": CheckedShards,
    "data bench": TimedPreparations,
    "data cost": PredictedCosts,
    "model train": TrainedModel,
    "model sample": SampledText,
    "model race": Race,
    "model race arms": RacedArms,
    "model race whole": RacedPrograms,
    "doctor": Circumstances,
    "doctor --self-test": SelfTested,
    "dev builds": Builds,
}
"""The documents by name: the words of the command that prints it."""


def text_of(name: str, document: Document) -> str:
    """Return a document as JSON. Numbers that are not finite become null, which JSON has instead.

    Args:
        name: Name of the document, a key of ``DOCUMENTS``.
        document: Instance of that document's class.
    """
    assert type(document) is DOCUMENTS[name]
    head = {"document": name, "document_version": document.version}
    body = plain(asdict(document), most_digits=None)
    return json.dumps({**head, **body}, indent=2, allow_nan=False)
