"""The page writes numbers as the terminal and README do."""

from __future__ import annotations

import random
from pathlib import Path

from installations import ROOT
from reader import Reader

from nanogpt_rs.words import duration, percent, rate, significant, times

SCRIPT = ROOT / "nanogpt_rs/reporting/page/script"
AWKWARD = (0.0, 1.0, 0.1, 2.0, 1.0625, 0.125, 9.995, 9.996, 99.95, 999.5, 1000.0, 1.9949, 1.995)
"""Numbers at which a rule changes, and exact halves."""


def numbers() -> list[tuple[float, float, float]]:
    """Return numbers of all sizes, each with the bounds of an interval."""
    chosen = random.Random(22)
    some = [10 ** chosen.uniform(-11, 7) for _ in range(3000)]
    some += [*AWKWARD, *(-number for number in some[:500])]
    return [
        (number, *sorted((number * chosen.uniform(-2, 1), number * chosen.uniform(1, 3))))
        for number in some
    ]


def test_numbers_are_written_as_in_python(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    cases = numbers()
    shown = reader.run(
        # The page keeps its functions to itself, so the file that has them is run beside it.
        (SCRIPT / "words.js").read_text()
        + """return arguments[0].map(([number, ...interval]) => [
          times(number), bracket({ ratio: number, interval }), duration(number),
          duration(number, interval), percent(number), percent(number, interval),
          rate(Math.abs(number)), digits(number, 4),
        ]);""",
        cases,
    )
    for (number, low, high), words in zip(cases, shown, strict=True):
        interval = (low, high)
        expected = [
            times(number),
            times(number, interval).partition(" ")[2],
            duration(number),
            duration(number, interval),
            percent(number),
            percent(number, interval),
            rate(abs(number)),
            significant(number, 4),
        ]
        found = [word.replace("\u00a0", " ").replace("\u00b5s", "us") for word in words]
        found[6] = found[6].removesuffix("chars/s").strip()
        assert found == expected, number
