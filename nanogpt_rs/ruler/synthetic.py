"""A synthetic text whose letter pairs are TinyShakespeare's, and which means nothing.

``tinyshakespeare_pairs.json`` holds how often each character follows each other one in the real
text. A random walk that uses up every pair exactly once has the same length, the same 65
characters with the same counts, and the same frequencies of pairs, so that hash tables and branch
predictors work as they do on the real text. Such a walk is an Eulerian path. The seed alone decides
which path it is, on every machine and in every version of Python, because the random numbers are
our own.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from nanogpt_rs.ruler.splitmix import below, shuffled, splitmix64

PAIRS_FILE = Path(__file__).parent / "tinyshakespeare_pairs.json"
SEED = 1337

Pairs = Mapping[str, Mapping[str, int]]


def pair_counts(text: str) -> dict[str, dict[str, int]]:
    """Count how often each character follows each other one.

    The counts of the real TinyShakespeare are in ``tinyshakespeare_pairs.json``.
    """
    table: dict[str, dict[str, int]] = {}
    for (character, successor), count in sorted(Counter(pairwise(text)).items()):
        table.setdefault(character, {})[successor] = count
    return table


def read_pairs() -> tuple[str, Pairs]:
    """Return the first character of TinyShakespeare and its pair counts."""
    document = json.loads(PAIRS_FILE.read_text(encoding="utf-8"))
    return document["first"], document["pairs"]


def entropy_rate(pairs: Pairs) -> float:
    """Return the entropy of a character, in nats, given the character before it.

    It is the entropy rate of the Markov chain with these counts. No model of ``synthetic`` can have
    a lower loss, because there is nothing else in that text to learn.
    """
    total, nats = 0, 0.0
    for row in pairs.values():
        pairs_of_row = sum(row.values())
        total += pairs_of_row
        nats += sum(count * math.log(pairs_of_row / count) for count in row.values())
    return nats / total


def generate(first: str, pairs: Pairs, seed: int = SEED) -> str:
    """Return a random text that starts with ``first`` and has exactly these pair counts.

    Every such text is equally likely: it is the walk of Altschul and Erickson (1985), whose tree of
    last exits is drawn by Wilson's algorithm.

    Raises:
        ValueError: no text has these pair counts.
    """
    random = splitmix64(seed)
    successors = {
        character: [follower for follower, count in row.items() for _ in range(count)]
        for character, row in pairs.items()
    }
    exits = last_exits(successors, last_character(first, pairs), random)
    for character, pool in successors.items():
        exit = exits.get(character)
        if exit is not None:
            pool.remove(exit)
        shuffled(pool, random)
        if exit is not None:
            pool.insert(0, exit)  # pools are used from the end, so that this is used last
    text = [first]
    while choices := successors.get(text[-1]):
        text.append(choices.pop())
    if any(successors.values()):
        raise ValueError("no text has these pair counts: some pairs cannot be reached")
    return "".join(text)


def last_character(first: str, pairs: Pairs) -> str:
    """Return the last character of every walk over ``pairs`` that starts with ``first``.

    Raises:
        ValueError: no walk has these counts.
    """
    surplus = Counter({first: 1})
    for character, row in pairs.items():
        for follower, count in row.items():
            surplus[follower] += count
            surplus[character] -= count
    ends = [character for character, count in surplus.items() if count]
    if len(ends) != 1 or surplus[ends[0]] != 1:
        raise ValueError(f"no text has these pair counts: they do not balance at {ends!r}")
    return ends[0]


def last_exits(
    successors: Mapping[str, list[str]], last: str, random: Iterator[int]
) -> dict[str, str]:
    """Choose for each character except ``last`` the successor of its last occurrence.

    From every character the choices lead to ``last``, so that the walk leaves no pairs unused. This
    is Wilson's algorithm: random walks that remember only the latest exit of each character, so
    that loops erase themselves.
    """
    leading = {last}
    while joining := {
        c for c in successors.keys() - leading if not leading.isdisjoint(successors[c])
    }:
        leading |= joining
    if stranded := successors.keys() - leading:
        raise ValueError(
            f"no text has these pair counts: {sorted(stranded)!r} never lead to the end"
        )
    exits: dict[str, str] = {}
    inside = {last}
    for start in successors:
        at = start
        while at not in inside:
            pool = successors[at]
            exits[at] = pool[below(len(pool), random)]
            at = exits[at]
        at = start
        while at not in inside:
            inside.add(at)
            at = exits[at]
    return exits
