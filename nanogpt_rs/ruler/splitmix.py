"""Our own random numbers, which are the same on every machine and in every version of Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

MASK = 2**64 - 1
Item = TypeVar("Item")


def splitmix64(seed: int) -> Iterator[int]:
    """Yield pseudo-random integers of 64 bits (Steele, Lea and Flood, OOPSLA 2014)."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        yield mixed ^ (mixed >> 31)


def below(limit: int, random: Iterator[int]) -> int:
    """Return a random integer from 0 to ``limit`` - 1."""
    return next(random) * limit >> 64


def shuffled(items: list[Item], random: Iterator[int]) -> list[Item]:
    """Shuffle ``items`` in place (Fisher and Yates) and return them."""
    for index in range(len(items) - 1, 0, -1):
        other = below(index + 1, random)
        items[index], items[other] = items[other], items[index]
    return items
