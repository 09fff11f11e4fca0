"""How much to measure, from how long one call takes."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

from nanogpt_rs.statistics.blocks import BASELINE, SHORT_NS

LEAST_PROCESSES = 8
"""Fewer give an interval, but never a verdict: one mad process could not be trimmed."""
LEAST_ROUNDS = 3
"""Of a process, however small the budget."""
SHORT_MARGIN, LONG_MARGIN = 0.005, 0.01
"""Relative differences below which two arms count as the same, for blocks up to 1 ms and above:
without a margin 4.6 % of equals were called different, with it none of 520."""
PLANTED = 0.05
"""The share of calls that a positive control makes beyond the baseline's."""
SEED_PROCESSES = 40
"""Where the hash seed rules the spread (SD 8.5 to 13 %), only more processes help."""
SEED_SECONDS = 60.0
"""That they may take."""
WARM_UP_SECONDS = 0.1
START_UP_SECONDS = 0.15


@dataclass(frozen=True)
class Plan:
    """How much to measure; known before anything is.

    Attributes:
        rounds: that each process times.
        warm_up_rounds: that each process runs before and throws away.
        calls: in a block, for each arm.
        primed: for each arm, how many calls that are not timed come before each block.
        positive_calls: in a block of the positive control, 5 to 10 % more than the baseline's;
            ``None`` where a call is too long for one.
        least: processes before the first look at the width.
        most: processes, whatever the width.
        seconds: after which no process is added.
        seed_seconds: the same where the hash seed turns out to rule the spread.
        target: half-width at which to stop, as a relative difference.
        process_seconds: what one process will take on a quiet machine, start-up and all.
    """

    rounds: int
    warm_up_rounds: int
    calls: tuple[int, ...]
    primed: tuple[int, ...]
    positive_calls: int | None
    least: int
    most: int
    seconds: float
    seed_seconds: float
    target: float
    process_seconds: float


# longest block in s, rounds, seconds that the comparison may take
TABLE = (
    (0.0003, 200, 10.0),
    (0.001, 150, 10.0),
    (0.005, 60, 20.0),
    (0.010, 30, 20.0),
    (0.025, 20, 30.0),
    (0.050, 12, 30.0),
    (0.200, 6, 60.0),
    (1.0, 3, 120.0),
)
ONE_RUN_SECONDS = 10.0
SHORTEST_SECONDS, FULLEST_SECONDS = 0.0001, 0.0009
"""Blocks are as long as the longest arm's call, but within these bounds. A machine's speed was seen
to switch within 0.1 to 1 ms, so that adjacent blocks of 34 us shared it (SD of a pair 2 %) and
those of 1 ms did not (4 %): at 50 us a process tells identical code apart by 0.08 %, at 1 ms, in
twice the time, by 0.4 %. Nothing above 1 ms is worth filling."""
PRIMED_SECONDS = ((0.0001, 2), (0.0003, 1))
"""How many calls prime calls up to so long. A call of 12 us on a megabyte took 3 times as long
after others had used the caches, the next one 1.3 times, the third what all later ones took; of
200 us the second was as later ones. What another arm left there costs longer ones under 1 %."""
ALIKE = 1.5
"""Arms whose calls differ by no more have equally many in a block: what a block's first call takes
longer would else be spread over more calls of the one, by the chance of how long the pilot found
them; 6 calls against 4 of the same function read as 3 %."""
LEAST_PLANTED_IN, MOST_PLANTED_IN = 10, 0.0002
"""Calls and seconds of a block to which a positive control can add 5 to 10 %: where fewer calls
fill a block, but so many fit into 0.2 ms, blocks are made that long."""


def plan(
    seconds: Sequence[float],
    *,
    seed_differs: bool = False,
    around: float = 0.0,
    singly: bool = False,
    budget: float | None = None,
    multiple: int = 1,
    echoes: Sequence[int] = (),
) -> Plan:
    """Return how much to measure, from how long one call of each arm takes.

    Above 1 s each of 8 processes makes one round, and above 10 s there is one run, whose verdict
    is ``inconclusive``. Calls that long need no warm-up: the first 0.1 s of a process is slower by
    some 5 %.

    Args:
        seconds: one call of each arm, the control among them.
        seed_differs: one side hashes and the other does not, so that the hash seed rules the
            spread: processes are needed, not rounds.
        around: what each call takes beside its own time, such as displacing its text.
        singly: a block is a single call.
        budget: seconds to take, instead of what its calls deserve; then 8 processes may do, and
            have fewer rounds each if need be.
        multiple: of which the number of calls in a block is one, where it is as large.
        echoes: blocks of each arm in a round that are run and not timed; none if empty.

    Raises:
        ValueError: a duration is not above 0, or there is none.
    """
    if not seconds or not all(0 < taken < math.inf for taken in seconds):
        raise ValueError(f"a call of each arm must take some time, and took {list(seconds)} s")
    calls = (1,) * len(seconds) if singly else calls_in_a_block(seconds, multiple)
    primed = (0,) * len(seconds) if singly else tuple(map(priming, seconds))
    blocks = [count * taken for count, taken in zip(calls, seconds, strict=True)]
    longest = max(blocks)
    wholes = [b + p * s for b, p, s in zip(blocks, primed, seconds, strict=True)]
    whole = sum(wholes) + sum(map(operator.mul, wholes, echoes))
    more = 0 if singly else math.ceil(calls[BASELINE] * PLANTED)
    planted = 0 < more <= calls[BASELINE] / LEAST_PLANTED_IN
    if planted:
        whole += blocks[BASELINE]
    whole += around * (sum(calls) + planted * (calls[BASELINE] + more))
    rounds, allowed = next(
        ((rounds, allowed) for limit, rounds, allowed in TABLE if longest <= limit), (1, 0.0)
    )
    if seed_differs:
        rounds = min(rounds, 20)
    warm_up = math.ceil(WARM_UP_SECONDS / whole) if longest <= TABLE[-1][0] else 0
    if budget is not None:
        room = (budget / LEAST_PROCESSES - START_UP_SECONDS) / whole - warm_up
        rounds = max(min(rounds, LEAST_ROUNDS), min(rounds, int(room)))
    each = START_UP_SECONDS + (warm_up + rounds) * whole
    if longest > ONE_RUN_SECONDS:
        least = most = 1
    elif longest > TABLE[-1][0]:
        least = most = LEAST_PROCESSES
    elif seed_differs:
        least = most = SEED_PROCESSES
    else:
        least, most = 12 if budget is None else LEAST_PROCESSES, SEED_PROCESSES
    return Plan(
        rounds=rounds,
        warm_up_rounds=warm_up,
        calls=calls,
        primed=primed,
        positive_calls=calls[BASELINE] + more if planted else None,
        least=least,
        most=most,
        seconds=allowed if budget is None else budget,
        seed_seconds=max(allowed, SEED_SECONDS) if budget is None else budget,
        # Then a true difference of twice the margin clears it by two standard errors.
        target=margin_for(longest * 1e9) / 2,
        process_seconds=each,
    )


def calls_in_a_block(seconds: Sequence[float], multiple: int = 1) -> tuple[int, ...]:
    """Return how many calls of each arm make a block, from how long one takes.

    It is whole multiples of a number, where a block would not be too long for that.
    """
    fill = min(max(*seconds, SHORTEST_SECONDS), FULLEST_SECONDS)
    if LEAST_PLANTED_IN * max(seconds) <= MOST_PLANTED_IN:
        fill = max(fill, LEAST_PLANTED_IN * max(seconds))
    fewest = {taken: max(1, int(fill / taken)) for taken in seconds}
    longest: dict[float, float] = {}
    left = list(dict.fromkeys(seconds))
    while left:
        alike = [taken for taken in left if 1 / ALIKE <= taken / left[0] <= ALIKE]
        fewest |= dict.fromkeys(alike, min(fewest[taken] for taken in alike))
        longest |= dict.fromkeys(alike, max(alike))
        left = [taken for taken in left if taken not in alike]

    def whole(taken: float) -> int:
        count = fewest[taken]
        if count < multiple and multiple * longest[taken] > FULLEST_SECONDS:
            return count
        return max(multiple, count - count % multiple)

    return tuple(map(whole, seconds))


def priming(seconds: float) -> int:
    """Return how many calls prime a block of calls that take so long."""
    return next((count for limit, count in PRIMED_SECONDS if seconds <= limit), 0)


def margin_for(longest_ns: float) -> float:
    """Return the relative difference below which two arms count as the same."""
    return SHORT_MARGIN if longest_ns <= SHORT_NS else LONG_MARGIN
