"""The command ``selftest``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    AsJson,
    counted_progress,
    out,
    print_json,
    refusals,
    stop,
)

if TYPE_CHECKING:
    from nanogpt_rs.measuring.selftest import Finding, RivalFinding


def selftest(
    row: Annotated[
        list[str] | None,
        typer.Option(help="short, microsecond, milliseconds, tens, seeds; repeatable (all)."),
    ] = None,
    condition: Annotated[
        str, typer.Option(help="as-is; loaded: one core is shared with a process that never rests.")
    ] = "as-is",
    part: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Of the groups of a full run, which takes hours."),
    ] = 0.02,
    rivals: Annotated[
        bool, typer.Option("--rivals", help="Have pytest-benchmark, pyperf and asv judge some too.")
    ] = False,
    folder: Annotated[
        Path, typer.Option(help="Where groups are kept; what is there is not measured again.")
    ] = Path("results/local/selftest"),
    show: Annotated[
        bool, typer.Option("--show", help="Measure nothing; show what there is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure this harness on this machine: false alarms on equals, power on known slow-downs.

    It can be interrupted, and goes on where it was. A comparison of identical code must not be
    called different; one with a known slow-down must be called slower.
    """
    with refusals():
        from nanogpt_rs.measuring import selftest as self_test
        from nanogpt_rs.measuring.selection import SelectionError
        from nanogpt_rs.ruler.worker import WorkerError

        names = row or list(self_test.ROWS)
        if unknown := [name for name in names if name not in self_test.ROWS]:
            raise SelectionError(f"no row {unknown[0]!r}; there are: {', '.join(self_test.ROWS)}")
        if condition not in self_test.CONDITIONS:
            known = ", ".join(self_test.CONDITIONS)
            raise SelectionError(f"no condition {condition!r}; there are: {known}")
        path = folder / f"{condition}.jsonl"
        try:
            if show:
                documents = self_test.read(path)
            else:
                with counted_progress() as advance:
                    rows = [self_test.ROWS[name] for name in names]
                    documents = self_test.run(
                        rows, condition, part, path, advance, with_rivals=rivals
                    )
        except (self_test.SelfTestError, WorkerError) as error:
            stop(FAILED, str(error))
        except OSError as error:
            stop(FAILED, f"{error.filename or path}: {error.strerror}")
    findings = self_test.summarize(documents)
    if not findings:
        stop(NOTHING, f"{path} holds no group")
    others = self_test.summarize_rivals(documents)
    if as_json:
        print_json(
            {
                "condition": condition,
                "about": [each for each in documents if "about" in each],
                "findings": [asdict(each) for each in findings],
                "rivals": [asdict(each) for each in others],
            }
        )
        return
    print_selftest(condition, findings, others)


def print_selftest(
    condition: str, findings: Sequence[Finding], others: Sequence[RivalFinding]
) -> None:
    """Print false alarms and power, with their bounds, ours and other tools'."""
    from nanogpt_rs.measuring.selftest import ROWS, SAME

    table = Table(title=f"{condition}: of these comparisons", title_justify="left")
    for column in ("calls", "compared with itself, or slower by", "by"):
        table.add_column(column)
    for column in ("said so", "95 % bounds", "wrong sign", "reads (true)", "s each, half (95 %)"):
        table.add_column(column, justify="right")
    for finding in findings:
        reads = "-" if finding.reads is None else f"{finding.reads:.4f}"
        truth = "-" if finding.planted is None else f"{finding.planted:.4f}"
        table.add_row(
            ROWS[finding.row].calls,
            named(finding.contender, SAME),
            "nanogpt-rs",
            f"{finding.found.hits} of {finding.found.tries}",
            f"{finding.found.low:.1%} to {finding.found.high:.1%}",
            str(finding.wrong_sign),
            f"{reads} ({truth})",
            "{:.1f} ({:.1f})".format(*finding.seconds),
        )
    for other in others:
        table.add_row(
            ROWS[other.row].calls,
            named(other.contender, SAME),
            other.tool,
            f"{other.found.hits} of {other.found.tries}",
            f"{other.found.low:.1%} to {other.found.high:.1%}",
            str(other.wrong_sign),
            "",
            "",
        )
    out.print(table)


def named(contender: str, same: str) -> str:
    """Return what a row of the self-test was asked, for a reader."""
    if contender == same:
        return "itself: called different"
    try:
        return f"{float(contender):.0%}: called slower"
    except ValueError:
        return f"{contender}: the interval holds the mean over hash seeds"
