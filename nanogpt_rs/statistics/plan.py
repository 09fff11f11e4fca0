"""How much to measure, from how long one call takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nanogpt_rs.statistics.blocks import BASELINE, SHORT_NS

LEAST_PROCESSES = 8
"""Least processes for a verdict. Fewer give an interval, but one that is far off could not be
trimmed."""
USUAL_PROCESSES = 12
"""Least processes where no budget is given."""
MOST_BUILDS_FIRST = 16
"""Builds up to which a comparison takes at least one process for each. The processes then have
fewer rounds, so that it takes about as long as with one build."""
LEAST_ROUNDS = 3
"""Least rounds of a process, however small the budget."""
SHORT_MARGIN, LONG_MARGIN = 0.005, 0.01
"""Relative differences below which two arms count as the same, for blocks up to 1 ms and for longer
ones. Without a margin 4.6 % of equals were called different, with it none of 520."""
PLANTED = 0.05
"""Share of calls that a positive control makes beyond the baseline's."""
SEED_PROCESSES = 40
"""Processes where the hash seed rules the spread (SD 8.5 to 13 %), and only more of them help."""
SEED_SECONDS = 60.0
"""Seconds that these processes may take."""
WARM_UP_SECONDS = 0.1
"""Seconds that each process calls its arms before it measures."""
START_UP_SECONDS = 0.15
"""Seconds that starting a worker process takes."""
NEAR_SHORT, FAR_SHORT, MOST_SHORT_ROUNDS = (0.1, 5), (0.05, 3), 40
"""Seconds for which a short process times rounds, with its least number of rounds, where some
difference seems to be less than 1.5 times and where none does; and its largest number of rounds.
Short processes are for differences that are large enough to be seen at once; see ``looks``."""
SHORT_WARM_UP_SECONDS = 0.02
"""Seconds that a short process calls its arms before it measures."""


@dataclass(frozen=True)
class Plan:
    """How much to measure, decided before anything is measured.

    Attributes:
        rounds: Number of rounds that each process times.
        warm_up_rounds: Number of rounds that each process runs before and discards.
        calls: Number of calls in a block, for each arm.
        primed: Number of calls before each block that are not timed, for each arm.
        positive_calls: Number of calls in a block of the positive control, 5 to 10 % more than the
            baseline's; ``None`` where calls are too long for one.
        least: Number of processes before the first look at the interval's width.
        most: Largest number of processes, whatever the width.
        seconds: Seconds after which no process is added.
        seed_seconds: The same where the hash seed turns out to rule the spread.
        target: Half-width of the interval at which to stop, as a relative difference.
        process_seconds: Seconds that one process will take on a quiet machine, with its start.
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

    @property
    def round_seconds(self) -> float:
        """Seconds that one round will take."""
        return (self.process_seconds - START_UP_SECONDS) / (self.warm_up_rounds + self.rounds)

    def shortened(self, *, far: bool = False) -> Plan | None:
        """Return this plan with short processes; ``None`` where they would gain too little.

        They gain nothing where the plan has too few processes for a verdict.

        Args:
            far: Whether all contenders seem to be far from their baselines, so that few rounds show
                it.
        """
        timed, least = FAR_SHORT if far else NEAR_SHORT
        rounds = max(least, min(MOST_SHORT_ROUNDS, math.ceil(timed / self.round_seconds)))
        warm_up = min(self.warm_up_rounds, math.ceil(SHORT_WARM_UP_SECONDS / self.round_seconds))
        seconds = START_UP_SECONDS + (warm_up + rounds) * self.round_seconds
        if seconds > self.process_seconds * 2 / 3 or self.most < LEAST_PROCESSES:
            return None
        return replace(self, rounds=rounds, warm_up_rounds=warm_up, process_seconds=seconds)


UNTIMED_SECONDS = 6.0
"""Seconds that a process may spend on what is not timed. Making a byte-pair encoder takes thousands
of times as long as a call on a kilobyte; 200 rounds of it would take minutes in each process."""
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
"""Longest block in s, number of rounds in a process, and seconds that the comparison may take."""
ONE_RUN_SECONDS = 10.0
"""Seconds of a block above which there is one process only."""
SHORTEST_SECONDS, FULLEST_SECONDS = 0.0001, 0.0009
"""Least and most seconds of a block, which is otherwise as long as the longest arm's call. A
machine's speed was seen to change within 0.1 to 1 ms: adjacent blocks of 34 us had the same speed
(SD of a pair 2 %), and those of 1 ms did not (4 %). At 50 us, identical code in one process differs
by 0.08 %; at 1 ms, in twice the time, by 0.4 %. Filling blocks above 1 ms gains nothing."""
PRIMED_SECONDS = ((0.0001, 2), (0.0003, 1))
"""Longest call in s, and number of calls that prime a block of such calls. A call of 12 us on a
megabyte took 3 times as long after other arms had used the caches, the next one 1.3 times as long,
and the third as long as all later ones. Of calls of 200 us, the second took as long as later ones.
For longer calls, the state that another arm left costs less than 1 %."""
ALIKE = 1.5
"""Arms whose calls differ by no more than this factor have equally many calls in a block. The first
call of a block takes longer. If the pilot's noise gave one arm more calls, that cost would be
spread over more of them: 6 calls against 4 of the same function read as a difference of 3 %."""
LEAST_PLANTED_IN, MOST_PLANTED_IN = 10, 0.0002
"""Least calls of a block to which a positive control can add 5 to 10 %, and most seconds to make a
block longer for: where fewer calls fill a block, but this many fit into 0.2 ms, blocks are made
longer."""


def plan(
    seconds: Sequence[float],
    *,
    seed_differs: bool = False,
    around: float = 0.0,
    singly: bool = False,
    budget: float | None = None,
    multiple: int = 1,
    echoes: Sequence[int] = (),
    builds: int = 1,
) -> Plan:
    """Return how much to measure, from how long one call of each arm takes.

    Blocks above 1 s have one round in each of 8 processes, and above 10 s there is one process,
    whose verdict is ``inconclusive``. Single calls that long need no warm-up; others need one
    round, because some libraries prepare themselves in their first call or remember it.

    Args:
        seconds: Seconds of one call of each arm, the control's included.
        seed_differs: Whether only one side hashes, so that the hash seed rules the spread. Then
            processes are needed, and not rounds.
        around: Seconds that each call costs beside its own time, such as displacing its text from
            the caches.
        singly: Whether a block is a single call.
        budget: Seconds to take (default: chosen from the length of a call). With a budget, 8
            processes are enough, and have fewer rounds if need be.
        multiple: Calls per block are rounded to a multiple of this, where there are as many.
        echoes: Number of blocks of each arm that are run in a round and not timed (default: none).
        builds: Number of builds that the processes draw from.

    Raises:
        ValueError: A duration is not above 0, or there is none.
    """
    if not seconds or not all(0 < call < math.inf for call in seconds):
        raise ValueError(f"a call of each arm must take some time, and took {list(seconds)} s")
    calls = (1,) * len(seconds) if singly else calls_in_a_block(seconds, multiple)
    primed = (0,) * len(seconds) if singly else tuple(map(priming, seconds))
    positive_calls = None if singly else calls_of_a_positive_control(calls[BASELINE])
    longest = max(count * call for count, call in zip(calls, seconds, strict=True))
    round_seconds = seconds_of_a_round(seconds, calls, primed, positive_calls, around, echoes)
    rounds, allowed = next(
        ((rounds, allowed) for limit, rounds, allowed in TABLE if longest <= limit), (1, 0.0)
    )
    if seed_differs:
        rounds = min(rounds, 20)
    if around:
        rounds = min(rounds, max(LEAST_ROUNDS, int(UNTIMED_SECONDS / (around * sum(calls)))))
    is_warmed = longest <= (TABLE[-1][0] if singly else ONE_RUN_SECONDS)
    warm_up = math.ceil(WARM_UP_SECONDS / round_seconds) if is_warmed else 0
    usual = USUAL_PROCESSES if budget is None else LEAST_PROCESSES
    first = max(usual, min(builds, MOST_BUILDS_FIRST))
    if budget is not None:
        shortest = START_UP_SECONDS + (warm_up + LEAST_ROUNDS) * round_seconds
        first = max(usual, min(first, int(budget / shortest)))
        affordable = (budget / first - START_UP_SECONDS) / round_seconds - warm_up
        rounds = max(min(rounds, LEAST_ROUNDS), min(rounds, int(affordable)))
    else:
        rounds = max(min(rounds, LEAST_ROUNDS), math.ceil(rounds * usual / first))
    if longest > ONE_RUN_SECONDS:
        least = most = 1
    elif longest > TABLE[-1][0]:
        least = most = LEAST_PROCESSES
    elif seed_differs:
        least = most = SEED_PROCESSES
    else:
        least, most = first, SEED_PROCESSES
    return Plan(
        rounds=rounds,
        warm_up_rounds=warm_up,
        calls=calls,
        primed=primed,
        positive_calls=positive_calls,
        least=least,
        most=most,
        seconds=allowed if budget is None else budget,
        seed_seconds=max(allowed, SEED_SECONDS) if budget is None else budget,
        # Then a true difference of twice the margin clears it by two standard errors.
        target=margin_for(longest * 1e9) / 2,
        process_seconds=START_UP_SECONDS + (warm_up + rounds) * round_seconds,
    )


def calls_of_a_positive_control(baseline_calls: int) -> int | None:
    """Return how many calls a positive control's block has; ``None`` where there can be none.

    Args:
        baseline_calls: Number of calls in a block of the baseline.
    """
    more = math.ceil(baseline_calls * PLANTED)
    return baseline_calls + more if more <= baseline_calls / LEAST_PLANTED_IN else None


def seconds_of_a_round(
    seconds: Sequence[float],
    calls: Sequence[int],
    primed: Sequence[int],
    positive_calls: int | None,
    around: float,
    echoes: Sequence[int],
) -> float:
    """Return how long one round will take, with all that is not timed.

    Args:
        seconds: Seconds of one call of each arm.
        calls: Number of calls in a block of each arm.
        primed: Number of calls of each arm that are not timed before a block.
        positive_calls: Number of calls in a block of the positive control; ``None`` without one.
        around: Seconds that each call costs beside its own time.
        echoes: Number of blocks of each arm that are run and not timed; none if empty.
    """
    wholes = [
        (count + before) * call for count, before, call in zip(calls, primed, seconds, strict=True)
    ]
    total = sum(wholes) + sum(whole * count for whole, count in zip(wholes, echoes, strict=False))
    counted = sum(calls)
    if positive_calls is not None:
        total += calls[BASELINE] * seconds[BASELINE]
        counted += positive_calls
    return total + around * counted


def calls_in_a_block(seconds: Sequence[float], multiple: int = 1) -> tuple[int, ...]:
    """Return how many calls of each arm make a block.

    Args:
        seconds: Seconds of one call of each arm.
        multiple: Calls per block are rounded to a multiple of this, where a block does not become
            too long.
    """
    fill = min(max(*seconds, SHORTEST_SECONDS), FULLEST_SECONDS)
    if LEAST_PLANTED_IN * max(seconds) <= MOST_PLANTED_IN:
        fill = max(fill, LEAST_PLANTED_IN * max(seconds))
    fewest = {call: max(1, int(fill / call)) for call in seconds}
    longest: dict[float, float] = {}
    left = list(dict.fromkeys(seconds))
    while left:
        alike = [call for call in left if 1 / ALIKE <= call / left[0] <= ALIKE]
        fewest |= dict.fromkeys(alike, min(fewest[call] for call in alike))
        longest |= dict.fromkeys(alike, max(alike))
        left = [call for call in left if call not in alike]

    def whole(call: float) -> int:
        count = fewest[call]
        if count < multiple and multiple * longest[call] > FULLEST_SECONDS:
            return count
        return max(multiple, count - count % multiple)

    return tuple(map(whole, seconds))


def priming(seconds: float) -> int:
    """Return how many calls prime a block of calls that take this many seconds."""
    return next((count for limit, count in PRIMED_SECONDS if seconds <= limit), 0)


def margin_for(longest_ns: float) -> float:
    """Return the relative difference below which two arms count as the same.

    Args:
        longest_ns: Wall-clock ns of the longer arm's block.
    """
    return SHORT_MARGIN if longest_ns <= SHORT_NS else LONG_MARGIN
