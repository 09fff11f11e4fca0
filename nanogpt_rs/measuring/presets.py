"""The two sets that ``bench`` measures by name: the default one, and the published one."""

from __future__ import annotations

from dataclasses import dataclass

from nanogpt_rs.ruler import corpora


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Corpora that are measured in the same way.

    Attributes:
        corpora: Ids of the corpora.
        states: Some of ``nanogpt_rs.ruler.rounds.STATES``.
        budget: Seconds for each group of contenders.
        everything: Whether to measure every row, not only the rows that run by default.
        every_task: Whether to measure every task, not only the tasks that run by default.
        variants: Whether to measure tasks too that differ from another in their vocabulary alone.
        build: Whether to time the building of encoders too, which depends on the vocabulary alone.
    """

    corpora: tuple[str, ...]
    states: tuple[str, ...] = ("warm",)
    budget: float
    everything: bool = False
    every_task: bool = True
    variants: bool = False
    build: bool = True


QUICK = (
    Preset(
        corpora=(corpora.DEFAULT,),
        states=("warm", "fresh_str", "new_text"),
        budget=12.0,
        every_task=False,
    ),
)
"""``make bench``: at most 6 minutes on 2 cores."""

FULL = (
    Preset(corpora=(corpora.DEFAULT,), budget=15.0),
    Preset(corpora=("tinyshakespeare",), budget=15.0, everything=True, variants=True),
    Preset(
        corpora=("tinyshakespeare",),
        states=("fresh_str", "evicted", "uncached_file", "new_text"),
        budget=12.0,
        build=False,
    ),
    Preset(
        corpora=("english-60-ascii", "english-1k-ascii", "english-64k-ascii"),
        budget=8.0,
        build=False,
    ),
    Preset(
        corpora=(
            "tinyshakespeare-western",
            "tinyshakespeare-russian",
            "tinyshakespeare-chinese",
            "tinyshakespeare-emoji",
        ),
        states=("warm", "fresh_str"),
        budget=10.0,
    ),
    Preset(
        corpora=(
            "chat-1m-ucs4",
            "han5000-1m-ucs2",
            "markdown-1m-ucs4",
            "source-1m-latin1",
            "manual-1m-ucs2",
        ),
        budget=12.0,
        build=False,
    ),
    Preset(corpora=("english-64m-ascii",), budget=20.0, every_task=False, build=False),
)
"""``make bench-full``, the published set: some 190 minutes on 2 cores."""
