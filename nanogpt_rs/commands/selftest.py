"""Runs the self-test for ``doctor --self-test``, and prints what it found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    counted_progress,
    out,
    print_json,
    stop,
)
from nanogpt_rs.words import counted_builds

if TYPE_CHECKING:
    from pathlib import Path

    from nanogpt_rs.commands.documents import SelfTestRun
    from nanogpt_rs.records.kinds import Recorded
    from nanogpt_rs.statistics.alarms import Count, Finding, RivalFinding
    from nanogpt_rs.statistics.assertions import AssertionFinding
    from nanogpt_rs.statistics.rebuilds import RebuildFinding


def run_self_test(
    row: Sequence[str] | None,
    condition: str,
    part: float,
    rivals: bool,
    folder: Path,
    show: bool,
    as_json: bool,
) -> None:
    """Measure how often this harness is wrong on this machine, and print the findings.

    Args:
        row: Names of rows to measure; none stands for all but ``rebuilds`` and ``assertions``.
        condition: Name of the condition to measure under.
        part: Share of a full self-test to measure, from 0 to 1.
        rivals: Whether other tools judge some functions too.
        folder: Folder for the groups.
        show: Whether to measure nothing, and print what the folder holds.
        as_json: Whether to print one JSON document instead of tables.
    """
    from nanogpt_rs.measuring import asserted, rebuilds
    from nanogpt_rs.measuring import selftest as self_test
    from nanogpt_rs.measuring.selection import SelectionError

    names = row or list(self_test.ROWS)
    special = (rebuilds.ROW, asserted.ROW)
    known_rows = [*self_test.ROWS, *special]
    if unknown := [name for name in names if name not in known_rows]:
        raise SelectionError(f"no row {unknown[0]!r}; there are: {', '.join(known_rows)}")
    if condition not in self_test.CONDITIONS:
        known = ", ".join(self_test.CONDITIONS)
        raise SelectionError(f"no condition {condition!r}; there are: {known}")
    if rivals and not set(names) - set(special):
        why = (
            f"other tools do not judge the row {rebuilds.ROW}"
            if rebuilds.ROW in names
            else f"the row {asserted.ROW} asks pytest-benchmark in any case"
        )
        raise SelectionError(f"--rivals: {why}", hint="leave --rivals out")
    if show:
        runs = self_test.runs_in(folder)
    else:
        with counted_progress() as advance:
            runs = self_test.run(
                [self_test.ROWS[name] for name in names if name not in special],
                condition,
                part,
                folder,
                advance,
                with_rivals=rivals,
                with_rebuilds=rebuilds.ROW in names,
                with_assertions=asserted.ROW in names,
            )
    report(condition, runs, folder, as_json)


def report(condition: str, runs: Sequence[Recorded], folder: Path, as_json: bool) -> None:
    """Print the findings of self-tests under a condition, or stop where there are none.

    Args:
        condition: Condition to report on.
        runs: Self-tests of any condition.
        folder: Folder that they are from.
        as_json: Whether to print one JSON document instead of a table.
    """
    from nanogpt_rs.measuring.selftest import under
    from nanogpt_rs.statistics.alarms import summarize, summarize_rivals
    from nanogpt_rs.statistics.assertions import summarize_assertions
    from nanogpt_rs.statistics.rebuilds import summarize_rebuilds

    runs = [recorded for recorded in runs if under(condition, [recorded])]
    records = under(condition, runs)
    findings = summarize(records)
    over_builds = summarize_rebuilds(records)
    others = summarize_rivals(records)
    assertions = summarize_assertions(records)
    if not findings and not over_builds and not others and not assertions:
        stop(NOTHING, f"{folder} holds no group of the condition {condition}")
    machines = {(recorded.run.machine.alias, recorded.run.machine.cpu) for recorded in runs}
    if len(machines) > 1:
        names = ", ".join(sorted(alias for alias, _ in machines))
        stop(
            FAILED,
            f"{folder} holds self-tests of several machines ({names}), whose groups do not count "
            "together; copy those of one machine into a folder of their own",
        )
    if as_json:
        from nanogpt_rs.commands import documents

        document = documents.SelfTested(
            condition,
            tuple(about(condition, recorded) for recorded in runs),
            tuple(findings),
            tuple(others),
            tuple(over_builds),
            tuple(assertions),
        )
        print_json("doctor --self-test", document)
        return
    if findings or others:
        print_selftest(condition, findings, others)
    if over_builds:
        print_rebuilds(condition, over_builds)
    if assertions:
        print_assertions(condition, assertions)


def about(condition: str, recorded: Recorded) -> SelfTestRun:
    """Return when, on which machine and of which build a run was made, for the JSON document."""
    from nanogpt_rs.commands.documents import SelfTestedText, SelfTestRun
    from nanogpt_rs.records.self_tests import SelfTestGroup
    from nanogpt_rs.ruler.provenance import Build

    run = recorded.run
    texts = {
        record.corpus: record.sha256
        for record in recorded.others
        if isinstance(record, SelfTestGroup)
    }
    corpus = [SelfTestedText(id, sha256) for id, sha256 in texts.items()]
    return SelfTestRun(
        about=condition,
        at=run.began.isoformat(),
        run=run.run,
        commit=run.commit,
        machine=run.machine,
        build=Build(run.build, run.sources),
        corpus=corpus[0] if corpus else None,
    )


def print_selftest(
    condition: str, findings: Sequence[Finding], others: Sequence[RivalFinding]
) -> None:
    """Print false alarms and found slow-downs with their bounds, ours and other tools'."""
    from nanogpt_rs.measuring.selftest import ROWS

    columns = (
        *(layout.prose("calls"), layout.prose("compared with itself, or slower by", enough=31)),
        *(layout.prose("by", under=0), layout.figures("said so [95 %]")),
        *(layout.figures("wrong sign"), layout.figures("reads (true)")),
        layout.figures("s each, half (95 %)", under=5),
    )
    table = layout.Table(columns, f"{condition}: of these comparisons")
    for finding in findings:
        reads = "-" if finding.reads is None else f"{finding.reads:.4f}"
        truth = "-" if finding.planted is None else f"{finding.planted:.4f}"
        table.add(
            ROWS[finding.row].calls,
            question(finding.contender),
            "nanogpt-rs",
            share(finding.found),
            str(finding.wrong_sign),
            f"{reads} ({truth})",
            "{:.1f} ({:.1f})".format(*finding.seconds),
        )
    for other in others:
        table.add(
            ROWS[other.row].calls,
            question(other.contender),
            other.tool,
            share(other.found),
            str(other.wrong_sign),
            "",
            "",
        )
    out.show(table)


def question(contender: str) -> str:
    """Return the question that a row of the table answers, in words."""
    from nanogpt_rs.records.self_tests import SAME

    if contender == SAME:
        return "itself: called different"
    try:
        return f"{float(contender):.0%}: called slower"
    except ValueError:
        return f"{contender}: the interval holds the mean over hash seeds"


def print_rebuilds(condition: str, findings: Sequence[RebuildFinding]) -> None:
    """Print how often states of the sources that do the same were called different."""
    table = layout.Table(
        [
            layout.prose(""),
            *(
                layout.figures(counted_builds(finding.builds, finding.builds))
                for finding in findings
            ),
        ],
        f"{condition}: commits and rebuilds that change no implementation, in pairs",
    )
    rows: list[tuple[str, list[str]]] = [
        ("pairs with a row called different", [share(finding.runs) for finding in findings]),
        ("rows called different", [share(finding.rows) for finding in findings]),
    ]
    kinds = dict.fromkeys(kind for finding in findings for kind in finding.kinds)
    rows += [
        (f"- {kind}", [share(finding.kinds.get(kind)) for finding in findings]) for kind in kinds
    ]
    rows.append(
        ("rows left out: generated code differs", [str(finding.moved) for finding in findings])
    )
    for number, found in enumerate(findings[0].found):
        slower = f"{found.slower:.0%} slower, found"
        others = [finding.found[number] for finding in findings if number < len(finding.found)]
        rows += [
            (f"{slower}: builds differ by < 2 %", [share(other.steady) for other in others]),
            (f"{slower}: other rows", [share(other.other) for other in others]),
            (f"{slower}: where it said so", [share(other.resolved) for other in others]),
        ]
    for name, cells in rows:
        table.add(name, *cells)
    out.show(table)
    out.say(
        "Bounds are 95 %, for independent tries; pairs that share a state are not independent. "
        "Tests are adjusted for all rows of a pair."
    )


def print_assertions(condition: str, findings: Sequence[AssertionFinding]) -> None:
    """Print how often assertions on times were wrong."""
    table = layout.Table(
        [
            layout.prose("judged by"),
            layout.figures("truly faster"),
            layout.Column("wrong if it"),
            layout.figures("wrong [95 %]"),
            layout.figures("cannot tell"),
        ],
        f"{condition}: functions of files whose true ratio is known",
    )
    for finding in findings:
        table.add(
            finding.way,
            f"{finding.truth} times",
            finding.fault,
            share(finding.wrong),
            str(finding.undecided),
        )
    out.show(table)


def share(count: Count | None) -> str:
    """Return how often something happened, in words, with its bounds."""
    if count is None:
        return "-"
    return f"{count.hits} of {count.tries} [{count.low:.1%}, {count.high:.1%}]"
