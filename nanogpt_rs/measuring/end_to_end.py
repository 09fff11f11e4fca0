"""A whole job, from a file to a loss: where its time goes, and what another preparation gains.

Training is measured once for each preparation, which proves on the way that all of them train the
same model to the same bits. It is far too noisy to tell what a preparation gains: that is the
paired difference of the preparations themselves, each a first call (``ruler.rounds``), as it
is in a job. A warm one would flatter what needs much memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from nanogpt_rs.measuring import paired
from nanogpt_rs.measuring.bench import references_of
from nanogpt_rs.measuring.paired import Arm, Course
from nanogpt_rs.measuring.selection import select
from nanogpt_rs.records.schema import Difference, Trained
from nanogpt_rs.ruler import end_to_end
from nanogpt_rs.ruler.corpora import Corpus
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import PREPARATION
from nanogpt_rs.ruler.verification import verify_apart
from nanogpt_rs.ruler.worker import WorkerError, run_worker
from nanogpt_rs.statistics import verdict

DEADLINE = 3600.0
"""Seconds in which a training run is over, or taken to hang."""
TRAINING_SECONDS = 10.0
"""What a run takes, about, with its imports; for the estimate."""
BUDGET = 20.0
"""Seconds for the paired comparison of the preparations, where calls are not longer than that."""

Advance = Callable[[str, float], None]


class DifferentModelsError(Exception):
    """Two preparations have not trained the same model; the message says which."""


@dataclass(frozen=True)
class EndToEnd:
    """What came of an end-to-end benchmark.

    Attributes:
        corpus, sha256, characters, size: what was prepared; its size in bytes as UTF-8.
        config: the model's.
        state: in which the preparations were compared.
        trained: one for each preparation.
        differences: one for each reference and each other preparation.
        processes: in which the preparations were compared.
    """

    corpus: str
    sha256: str
    characters: int
    size: int
    config: str
    state: str
    trained: tuple[Trained, ...]
    differences: tuple[Difference, ...]
    processes: int

    @property
    def rest(self) -> float:
        """Seconds of a job beside its preparation: the median of runs, which differ by noise."""
        return median(run.rest for run in self.trained)

    @property
    def training(self) -> str:
        """In a line what was trained: the config, and how where not as it is unasked."""
        how = self.trained[0].how
        return f"config {self.config}{how and f' on {how}'}"


def rows_of(width: str, ids: Sequence[str] = ()) -> list[Implementation]:
    """Return what is compared: the references for texts of this width, and the Rust ways unasked.

    Raises:
        nanogpt_rs.measuring.selection.SelectionError: an id does not exist.
    """
    references = list(dict.fromkeys(references_of(PREPARATION, width).values()))
    others = select([PREPARATION], ids) if ids else select([PREPARATION])
    return references + [
        row for row in others if row not in references and (ids or row.id.startswith("rust/"))
    ]


def state() -> str:
    """Return the state that preparations are compared in: a first call, where one can be forked."""
    return "first_call" if hasattr(os, "fork") else "warm"


def estimate(rows: Sequence[Implementation]) -> float:
    """Return about how many seconds it takes with the quick config."""
    return len(rows) * (TRAINING_SECONDS + 1) + BUDGET


def run(
    rows: Sequence[Implementation],
    name: str,
    corpus: Corpus,
    config: str,
    steps: int | None,
    advance: Advance,
    seed: int = 1337,
    options: Mapping[str, Any] | None = None,
) -> EndToEnd:
    """Prove, train and compare.

    Args:
        rows: references among them, or not.
        name: what the corpus was asked for by.
        corpus: that corpus.
        config: of ``model.gpt.CONFIGS``.
        steps: instead of the recipe's.
        advance: told of the progress.
        seed: of the training.
        options: by name, those of ``model.train.Options`` that are not left as they are.

    Raises:
        DifferentModelsError: two preparations did not train the same model, or one is not right.
        nanogpt_rs.ruler.worker.WorkerError: a process gave no answer.
    """
    for row in rows:
        advance(f"verify {row.id}", 1.0)
        proof = verify_apart(row, name)
        if proof.status != "right":
            raise DifferentModelsError(f"{row.id}: {proof.status}: {'; '.join(proof.details)}")
    trained = []
    for row in rows:
        advance(f"train after {row.id}", 0.0)
        trained.append(train(row, name, config, steps, seed, options))
        advance(f"train after {row.id}", TRAINING_SECONDS)
    require_one_model(trained)
    advance("compare the preparations", 0.0)
    differences, processes = compare(rows, name, corpus, lambda *_: advance("compare", 0.0))
    advance("compare the preparations", BUDGET)
    return EndToEnd(
        corpus=corpus.id,
        sha256=corpus.sha256,
        characters=len(corpus.text),
        size=len(corpus.text.encode()),
        config=config,
        state=state(),
        trained=tuple(trained),
        differences=tuple(differences),
        processes=processes,
    )


def train(
    row: Implementation,
    name: str,
    config: str,
    steps: int | None,
    seed: int = 1337,
    options: Mapping[str, Any] | None = None,
) -> Trained:
    """Have a fresh process do one whole job.

    Raises:
        nanogpt_rs.ruler.worker.WorkerError: it gave no answer.
    """
    order = {
        "id": row.id,
        "corpus": name,
        "rooms": paired.rooms(),
        "config": config,
        "steps": steps,
        "seed": seed,
        "options": dict(options or {}),
    }
    answer = run_worker("end_to_end", order, DEADLINE)
    return Trained(id=row.id, **answer | {"prepare": tuple(answer["prepare"])})


def require_one_model(trained: Sequence[Trained]) -> None:
    """Check that all preparations have trained the same model to the same bits.

    Raises:
        DifferentModelsError: one has not.
    """
    first = trained[0]
    for other in trained[1:]:
        if (other.parameters_sha256, other.val_loss) != (first.parameters_sha256, first.val_loss):
            raise DifferentModelsError(
                f"{other.id} trained another model than {first.id}: parameters "
                f"{other.parameters_sha256[:12]} and loss {other.val_loss!r}, not "
                f"{first.parameters_sha256[:12]} and {first.val_loss!r}"
            )


def compare(
    rows: Sequence[Implementation],
    name: str,
    corpus: Corpus,
    advance: Advance = lambda *_: None,
    budget: float = BUDGET,
    characters: int | None = None,
) -> tuple[list[Difference], int]:
    """Return the paired differences of preparations, and in how many processes they were measured.

    Args:
        rows: what to compare, references among them.
        name: what the corpus was asked for by.
        corpus: that corpus.
        advance: told of the progress.
        budget: seconds to take at most, if that is enough for the least.
        characters: to which the corpus is repeated or cut; as it is, if ``None``.

    Raises:
        nanogpt_rs.ruler.worker.WorkerError: a process gave no answer, or a wrong one.
    """
    references = {
        role: row for role, row in references_of(PREPARATION, corpus.width).items() if row in rows
    }
    firsts = list(dict.fromkeys(references.values()))
    twice = [row for row in firsts for _ in range(2)]  # each with itself, as its control
    arms = twice + [row for row in rows if row not in firsts]
    pairs = [
        (role, arms.index(reference), arms.index(row))
        for role, reference in references.items()
        for row in rows
        if row != reference
    ]
    course = Course(PREPARATION, name, state())

    def enough(measured: paired.Measured) -> bool:
        return measured.enough([measured.compare(arm, first) for _, first, arm in pairs])

    called = [replace(arm_of(row), characters=characters) for row in arms]
    measured = paired.measure(course, called, enough, advance, budget=budget)
    if measured.wrong:
        raise WorkerError("; ".join(f"{id}: {why}" for id, why in measured.wrong.items()))
    differences = []
    for role, first, arm in pairs:
        comparison = measured.compare(arm, first)
        taken, _ = verdict.added(measured.processes, first, None, comparison.clock)
        gained, interval = verdict.added(measured.processes, first, arm, comparison.clock)
        differences.append(
            Difference(role, arms[first].id, arms[arm].id, taken, gained, interval, comparison)
        )
    return differences, len(measured.processes)


def arm_of(row: Implementation) -> Arm:
    """Return a preparation as an arm; what it returns is kept, as in a job."""
    return Arm(row.id, threads="parallel" in row.marks, kept=state() != "first_call")


def stages_of(trained: Sequence[Trained]) -> list[str]:
    """Return the stages of all runs in their order: import, preparations, training."""
    preparing = dict.fromkeys(stage for run in trained for stage in run.prepare)
    others = dict.fromkeys(
        stage
        for run in trained
        for stage in run.seconds
        if stage not in preparing and stage != end_to_end.IMPORT
    )
    return [end_to_end.IMPORT, *preparing, *others]
