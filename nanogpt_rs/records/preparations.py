"""The fields of ``data bench``'s records: how near a preparation comes to its limit."""

from __future__ import annotations

from dataclasses import dataclass

from nanogpt_rs.records.schema import Meanwhile, Ratio


@dataclass(frozen=True)
class PreparationSpeed:
    """One engine's preparations, in turn with the limit's.

    Attributes:
        engine: Arguments of ``nanogpt-rs data prepare`` that choose the engine.
        seconds: Median wall-clock seconds of the whole command.
        of_limit: Limit's wall-clock time divided by the engine's: its speed as a share of the
            limit's.
        of_limit_cpu: The same by CPU time, which other programs disturb less. It leaves out
            workers that are processes of their own.
        memory: Bytes that the command held at most, beyond a start without work. It leaves out
            workers that are processes of their own.
        stages: Median wall-clock seconds of each stage.
        of_first: For each stage that workers share, the first engine's time divided by this one's;
            ``None`` for the first engine.
    """

    engine: str
    seconds: float
    of_limit: Ratio
    of_limit_cpu: Ratio
    memory: int
    stages: dict[str, float]
    of_first: dict[str, Ratio] | None


@dataclass(frozen=True)
class PreparationRounds:
    """The result of ``data bench``.

    Attributes:
        bytes: Length of the texts in bytes.
        rounds: Number of rounds; each command ran once in a round.
        limit_seconds: Median wall-clock seconds of the limit, which only reads, writes and hashes.
        start_up_seconds: Median wall-clock seconds of preparing a text of one character.
        start_up_memory: Bytes that this command held at most.
        arms: Results of the engines.
        meanwhile: How busy the machine was during all rounds.
    """

    bytes: int
    rounds: int
    limit_seconds: float
    start_up_seconds: float
    start_up_memory: int
    arms: tuple[PreparationSpeed, ...]
    meanwhile: Meanwhile
