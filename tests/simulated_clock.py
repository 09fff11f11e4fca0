"""A simulated machine whose truth is known: worker processes as they would have measured it.

Each fault was measured on real machines, has the size that it had there, and can be changed or
turned off. Time runs through the rounds in order, so that preemption, ticks and drift hit the block
that is running.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nanogpt_rs.statistics.blocks import Process


@dataclass(frozen=True)
class Machine:
    """Faults of the machine. Shares are shares of a block's time.

    Attributes:
        noise: Standard deviation of a single block.
        spikes: Share of blocks that take 1.5 times as long.
        wander: Standard deviation that all blocks of a round have in common.
        drift: Share by which the first calls of a process are slower. It fades over 50 calls.
        first_slot: Share by which the first block of a round is slower.
        predecessor: Standard deviation of an arm's effect on the block after it. Arms that take
            the same time are the same code and have the same effect.
        layout: Standard deviation of the effect of a process's memory layout on an arm.
        humps: Share by which the slower half of the processes is slower, in all arms.
        slice_ms: Length in ms of the scheduler's slice where another process shares the core, turn
            by turn; 0 where no other process does.
        switch_us: CPU time in us that getting the core back costs.
        cpu_tick_ns, wall_tick_ns: Length in ns of the two clocks' ticks.
    """

    noise: float = 0.03
    spikes: float = 0.02
    wander: float = 0.03
    drift: float = 0.05
    first_slot: float = 0.0055
    predecessor: float = 0.002
    layout: float = 0.002
    humps: float = 0.04
    slice_ms: float = 0.0
    switch_us: float = 5.0
    cpu_tick_ns: float = 1.0
    wall_tick_ns: float = 1.0


QUIET = Machine()
SHARED = Machine(slice_ms=4.0)


def measure(
    rng: np.random.Generator,
    machine: Machine,
    seconds: Sequence[float],
    *,
    processes: int = 12,
    rounds: int = 150,
    calls: Sequence[int] | int = 1,
    warm_up_rounds: int = 48,
    order: str = "random",
    seeds: Any = None,
    waiting: Collection[int] = (),
) -> list[Process]:
    """Return the processes that would have been measured.

    Args:
        rng: Source of all chance.
        machine: Faults of the machine.
        seconds: True seconds of one call of each arm.
        processes: Number of processes.
        rounds: Number of rounds that are kept of each process.
        calls: Number of calls in a block, for each arm or for all.
        warm_up_rounds: Number of rounds that are discarded first.
        order: Order of the arms in a round: ``random``; or ``cyclic``, which moves each arm by one
            place in each round, so that its predecessor is always the same.
        seeds: Effect of the hash seed on each arm, as a logarithm: shape (processes, arms).
        waiting: Arms whose blocks wait for half of their wall-clock time, as threads make them.
    """
    arms, total = len(seconds), warm_up_rounds + rounds
    counts = np.broadcast_to(np.asarray(calls), (arms,))
    shape = (processes, total, arms)
    who = order_of_arms(rng, shape, order)

    # The time that each arm needs, before the faults of a single block.
    logs = rng.normal(0, machine.layout, (processes, arms))
    logs += np.where(rng.random((processes, 1)) < 0.5, machine.humps, 0)
    if seeds is not None:
        logs = logs + seeds
    need = np.asarray(seconds) * counts * 1e9 * np.exp(logs)

    # In the order in which it was run: (processes, rounds, slots).
    run = np.take_along_axis(np.broadcast_to(need[:, None], shape), who, axis=2)
    run = run * np.exp(rng.normal(0, machine.noise, shape))
    run *= np.where(rng.random(shape) < machine.spikes, 1.5, 1)
    run *= np.exp(rng.normal(0, machine.wander, (processes, total, 1)))
    run[:, :, 0] *= 1 + machine.first_slot
    _, code = np.unique(np.asarray(seconds), return_inverse=True)
    legacy = rng.normal(0, machine.predecessor, arms)[code]
    before = np.roll(who.reshape(processes, -1), 1, axis=1)
    run *= np.exp(legacy[before]).reshape(shape)
    made = counts[who].reshape(processes, -1).cumsum(axis=1).reshape(shape)
    run *= 1 + machine.drift * np.exp(-made / 50)

    cpu_end = run.reshape(processes, -1).cumsum(axis=1) + rng.uniform(0, 1e9, (processes, 1))
    flat = run.reshape(processes, -1)
    switches = np.zeros_like(flat)
    wall = flat
    if machine.slice_ms:
        slice_ns = machine.slice_ms * 1e6
        switches = np.floor(cpu_end / slice_ns) - np.floor((cpu_end - flat) / slice_ns)
        flat = flat + switches * machine.switch_us * 1e3
        cpu_end = cpu_end + np.cumsum(switches, axis=1) * machine.switch_us * 1e3
        wall = flat + switches * slice_ns
    waits = np.isin(who, list(waiting)).reshape(processes, -1)
    wall = np.where(waits, 2 * wall, wall)
    wall_end = wall.cumsum(axis=1) + rng.uniform(0, 1e9, (processes, 1))
    columns = (
        ticked(wall_end, wall, machine.wall_tick_ns),
        ticked(cpu_end, flat, machine.cpu_tick_ns),
        switches,
        waits,
        counts[who].reshape(processes, -1),
    )
    # Back from slots to arms, without the warm-up.
    place = np.argsort(who, axis=2)
    blocks = np.stack(
        [np.take_along_axis(column.reshape(shape), place, axis=2) for column in columns], axis=-1
    )
    kept = blocks[:, warm_up_rounds:].swapaxes(1, 2)
    return [Process(process) for process in kept.astype(np.float64)]


def order_of_arms(rng: np.random.Generator, shape: tuple[int, int, int], order: str) -> Any:
    """Return the arm in each slot of each round, of shape (processes, rounds, arms)."""
    _, total, arms = shape
    if order == "random":
        return rng.permuted(np.broadcast_to(np.arange(arms), shape), axis=2)
    return np.broadcast_to((np.arange(arms) + np.arange(total)[:, None]) % arms, shape)


def ticked(end: Any, length: Any, tick_ns: float) -> Any:
    """Return lengths as read from a clock that only knows whole ticks, in whole ns."""

    def read(at: Any) -> Any:
        return np.floor(np.floor(at / tick_ns) * tick_ns)

    return read(end) - read(end - length)


def hash_seeds(rng: np.random.Generator, processes: int, arms: int, hashing: int) -> Any:
    """Return the hash seed's effect on one arm of each process: SD 12.5 %, skewness 0.6, mean 0.

    These are the values that 120 seeds had for ``set(text)``.
    """
    skewness, spread = 0.6, 0.125
    shape = 4 / skewness**2
    seeds = np.zeros((processes, arms))
    seeds[:, hashing] = (rng.gamma(shape, size=processes) - shape) / np.sqrt(shape) * spread
    return seeds
