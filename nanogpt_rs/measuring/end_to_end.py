"""A whole job, from a file to a loss: where its time goes, and what another preparation gains.

Training runs once for each preparation. That also proves that all of them train the same model to
the same bits. Whole runs are far too noisy to show what a preparation gains. The gain is therefore
the paired difference of the preparations alone, each measured as a first call (``ruler.rounds``),
as in a real job. Warm calls would flatter a preparation that needs much memory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from nanogpt_rs.measuring import paired
from nanogpt_rs.measuring.bench import Advance, references_of
from nanogpt_rs.measuring.measured import Measured
from nanogpt_rs.measuring.paired import Announce, Arm, Setting
from nanogpt_rs.measuring.selection import select
from nanogpt_rs.records.schema import Difference, Trained
from nanogpt_rs.ruler import end_to_end
from nanogpt_rs.ruler.corpora import Corpus
from nanogpt_rs.ruler.errors import UserError, WorkerError
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import PREPARATION
from nanogpt_rs.ruler.verification import verify_apart
from nanogpt_rs.ruler.worker import run_worker
from nanogpt_rs.statistics import verdict

DEADLINE = 3600.0
"""Seconds after which a training run is taken to hang."""
TRAINING_SECONDS = 10.0
"""Roughly the seconds that a run takes, imports included; for the estimate only."""
BUDGET = 20.0
"""Seconds for the paired comparison of the preparations, unless their calls take longer."""


class DifferentModelsError(UserError):
    """Two preparations did not train the same model; the message names them."""


@dataclass(frozen=True)
class EndToEnd:
    """The result of an end-to-end benchmark.

    Attributes:
        corpus: Id of the corpus.
        sha256: The corpus's SHA-256.
        characters: The corpus's length in characters.
        size: The corpus's size in bytes, as UTF-8.
        config: Name of the model's config.
        state: The state in which the preparations were compared.
        trained: One training run for each preparation.
        differences: One for each pair of a reference and another preparation.
        processes: Number of processes in which the preparations were compared.
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
        """Seconds that a job takes besides its preparation: the median of the runs."""
        return median(run.rest for run in self.trained)

    @property
    def training(self) -> str:
        """The config in words, with the training options that differ from the defaults."""
        how = self.trained[0].how
        return f"config {self.config}{how and f' on {how}'}"


def rows_of(width: str, ids: Sequence[str] = ()) -> list[Implementation]:
    """Return the preparations to compare: the references for texts of this width, and others.

    Args:
        width: The width of the corpus.
        ids: The others; none stands for the Rust preparations that run by default.

    Raises:
        nanogpt_rs.measuring.selection.SelectionError: An id does not exist.
    """
    references = list(dict.fromkeys(references_of(PREPARATION, width).values()))
    others = select([PREPARATION], ids) if ids else select([PREPARATION])
    return references + [
        row for row in others if row not in references and (ids or row.id.startswith("rust/"))
    ]


def comparison_state() -> str:
    """Return the state that preparations are compared in: ``first_call`` where fork exists."""
    return "first_call" if hasattr(os, "fork") else "warm"


def estimate(rows: Sequence[Implementation]) -> float:
    """Return roughly how many seconds the benchmark takes with the quick config."""
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
    """Verify the preparations, train with each of them, and compare them.

    Args:
        rows: The preparations, references included where they are wanted.
        name: The id or path that the corpus was requested by.
        corpus: The corpus itself.
        config: One of ``model.gpt.CONFIGS``.
        steps: Number of training steps. ``None``: the config's.
        advance: Called with the progress made.
        seed: Seed of the training.
        options: Fields of ``model.train.Options`` that differ from the defaults, by name.

    Raises:
        DifferentModelsError: Two preparations did not train the same model, or one is not right.
        nanogpt_rs.ruler.errors.WorkerError: A process gave no answer.
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
    differences, processes = compare(rows, name, corpus, lambda _: advance("compare", 0.0))
    advance("compare the preparations", BUDGET)
    return EndToEnd(
        corpus=corpus.id,
        sha256=corpus.sha256,
        characters=len(corpus.text),
        size=len(corpus.text.encode()),
        config=config,
        state=comparison_state(),
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
        nanogpt_rs.ruler.errors.WorkerError: The process gave no answer.
    """
    order: end_to_end.Order = {
        "id": row.id,
        "corpus": name,
        "packages": paired.measured_packages(),
        "config": config,
        "steps": steps,
        "seed": seed,
        "options": dict(options or {}),
    }
    answer: end_to_end.Answer = run_worker("end_to_end", order, DEADLINE)
    return Trained(
        id=row.id,
        seconds=answer["seconds"],
        cpu_seconds=answer["cpu_seconds"],
        prepare=tuple(answer["prepare"]),
        val_loss=answer["val_loss"],
        parameters_sha256=answer["parameters_sha256"],
        steps=answer["steps"],
        how=answer["how"],
    )


def require_one_model(trained: Sequence[Trained]) -> None:
    """Check that all preparations trained the same model to the same bits.

    Raises:
        DifferentModelsError: A preparation trained another model than the first.
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
    announce: Announce,
    budget: float = BUDGET,
    characters: int | None = None,
) -> tuple[list[Difference], int]:
    """Measure the paired differences of preparations.

    Args:
        rows: The preparations to compare, references among them.
        name: The id or path that the corpus was requested by.
        corpus: The corpus itself.
        announce: Called before each process.
        budget: Seconds to take at most, unless the least that a verdict needs takes longer.
        characters: Length that the corpus is repeated or cut to. ``None``: the corpus as it is.

    Returns:
        The differences, and the number of processes in which they were measured.

    Raises:
        nanogpt_rs.ruler.errors.WorkerError: A process gave no answer, or a wrong one.
    """
    references = {
        role: row for role, row in references_of(PREPARATION, corpus.width).items() if row in rows
    }
    firsts = list(dict.fromkeys(references.values()))
    twice = [row for row in firsts for _ in range(2)]  # the second is the control
    arms = twice + [row for row in rows if row not in firsts]
    pairs = [
        (role, arms.index(reference), arms.index(row))
        for role, reference in references.items()
        for row in rows
        if row != reference
    ]
    setting = Setting(PREPARATION, name, comparison_state())

    def is_done(measured: Measured) -> bool:
        return measured.enough([(arm, first) for _, first, arm in pairs])

    called = [replace(arm_of(row), characters=characters) for row in arms]
    measured = paired.measure(setting, called, is_done, announce, budget=budget)
    if measured.wrong:
        raise WorkerError("; ".join(f"{id}: {reason}" for id, reason in measured.wrong.items()))
    differences = []
    for role, first, arm in pairs:
        comparison = measured.compare(arm, first)
        reference_seconds, _ = verdict.added(measured.processes, first, None, comparison.clock)
        gained, interval = verdict.added(measured.processes, first, arm, comparison.clock)
        differences.append(
            Difference(
                role,
                arms[first].id,
                arms[arm].id,
                reference_seconds,
                gained,
                interval,
                comparison,
            )
        )
    return differences, len(measured.processes)


def arm_of(row: Implementation) -> Arm:
    """Return the arm that calls a preparation and keeps its result, as a job does."""
    return Arm(row.id, threads="parallel" in row.marks, kept=comparison_state() != "first_call")


def stages_of(trained: Sequence[Trained]) -> list[str]:
    """Return the stages of all runs in order: the import, those of preparing, those of training."""
    preparing = dict.fromkeys(stage for run in trained for stage in run.prepare)
    others = dict.fromkeys(
        stage
        for run in trained
        for stage in run.seconds
        if stage not in preparing and stage != end_to_end.IMPORT
    )
    return [end_to_end.IMPORT, *preparing, *others]
