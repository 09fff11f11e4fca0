"""A machine whose truth is known: worker processes as the harness would have measured them.

Each fault is one that was measured on real machines, at the size it had there, and each can be
turned up or off. Time runs through the rounds in order, so that what preempts, ticks or drifts
hits whichever block is running.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nanogpt_rs.statistics.blocks import Process


@dataclass(frozen=True)
class Machine:
    """What is wrong with the machine; shares are of a block's time.

    Attributes:
        noise: SD of a single block.
        spikes: the share of blocks that take half as long again.
        wander: SD of what all blocks of a round share.
        drift: by how much the first calls of a process are slower; it fades over 50 calls.
        first_slot: by how much the first block of a round is slower.
        predecessor: SD of what an arm does to the block after it; arms that take the same time
            are the same code and do the same.
        layout: SD of what a process's memory layout does to an arm.
        humps: by how much the slower half of the processes is slower, all arms alike.
        slice_ms: the scheduler's slice where another process shares the core, turn by turn;
            0 where it is ours alone.
        switch_us: CPU time that getting the core back costs.
        cpu_tick_ns, wall_tick_ns: of the two clocks.
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
    """Return what worker processes would have reported.

    Args:
        rng: decides everything that is left to chance.
        machine: what disturbs.
        seconds: the true time of one call of each arm.
        processes: how many.
        rounds: that are kept of each.
        calls: in a block, of each arm.
        warm_up_rounds: that are thrown away.
        order: of the arms in a round: ``random``, or ``cyclic``, which moves each arm on by one
            place each round and so leaves its predecessor the same.
        seeds: shape (processes, arms): what the hash seed does to each arm, as a log.
        waiting: arms whose blocks spend half of their wall time waiting, as threads make them.
    """
    arms, total = len(seconds), warm_up_rounds + rounds
    counts = np.broadcast_to(np.asarray(calls), (arms,))
    shape = (processes, total, arms)
    if order == "random":
        who = rng.permuted(np.broadcast_to(np.arange(arms), shape), axis=2)
    else:
        who = (np.arange(arms) + np.arange(total)[:, None]) % arms
        who = np.broadcast_to(who, shape)

    # What each arm needs, whatever its turn.
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
    return [Process(each) for each in kept.astype(np.float64)]


def ticked(end: Any, length: Any, tick_ns: float) -> Any:
    """Return lengths as a clock reads them that only knows whole ticks, in whole ns."""

    def read(at: Any) -> Any:
        return np.floor(np.floor(at / tick_ns) * tick_ns)

    return read(end) - read(end - length)


def hash_seeds(rng: np.random.Generator, processes: int, arms: int, hashing: int) -> Any:
    """Return what the hash seed does to one arm of each process: SD 12.5 %, skewness 0.6.

    That is what 120 seeds did to ``set(text)``. Its mean is 0.
    """
    skewness, spread = 0.6, 0.125
    shape = 4 / skewness**2
    seeds = np.zeros((processes, arms))
    seeds[:, hashing] = (rng.gamma(shape, size=processes) - shape) / np.sqrt(shape) * spread
    return seeds
