"""What is measured unasked, and the published set: one table each."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import corpora


@dataclass(frozen=True)
class Entry:
    """Corpora that are measured alike.

    Attributes:
        corpora: ids.
        states: of ``benchmarks.rounds.STATES``.
        everything: every row, not only those that run unasked.
        every_task: every task, not only those that run unasked.
        budget: seconds for each group of contenders.
        build: also what makes an encoder, which depends on the vocabulary alone.
    """

    corpora: tuple[str, ...]
    states: tuple[str, ...]
    everything: bool
    every_task: bool
    budget: float
    build: bool = True


QUICK = (Entry((corpora.DEFAULT,), ("warm", "fresh_str"), False, False, 12.0),)
"""``make bench``: at most 6 minutes on 2 cores."""

FULL = (
    Entry((corpora.DEFAULT,), ("warm",), False, True, 15.0),
    Entry(("tinyshakespeare",), ("warm",), True, True, 15.0),
    Entry(
        ("tinyshakespeare",),
        ("fresh_str", "evicted", "uncached_file"),
        *(False, True, 12.0),
        build=False,
    ),
    Entry(
        ("english-60-ascii", "english-1k-ascii", "english-64k-ascii"),
        ("warm",),
        *(False, True, 8.0),
        build=False,
    ),
    Entry(
        (
            "tinyshakespeare-western",
            "tinyshakespeare-russian",
            "tinyshakespeare-chinese",
            "tinyshakespeare-emoji",
        ),
        ("warm", "fresh_str"),
        *(False, True, 10.0),
    ),
    Entry(("chat-1m-ucs4", "han5000-1m-ucs2"), ("warm",), False, True, 12.0, build=False),
    Entry(("english-64m-ascii",), ("warm",), False, False, 20.0, build=False),
)
"""``make bench-full``, the published set: at most 150 minutes on 2 cores."""
