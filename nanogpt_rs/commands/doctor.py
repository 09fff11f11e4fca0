"""The command ``doctor``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import NOTHING, out, print_json, refuse_beside, refuse_without
from nanogpt_rs.commands.options import AsJson

MARKS = {True: ("ok", ""), False: ("!", "yellow"), None: ("", "")}
"""The first column of a row and its style, by whether a finding is good, bad or neither."""


SelfTest = Annotated[
    bool,
    typer.Option(
        "--self-test",
        help="Measure how often this harness is wrong on this machine, and which slow-downs it "
        "finds, instead of checking what measurements depend on.",
    ),
]
ONLY_THERE = "With --self-test"
Rivals = Annotated[
    bool,
    typer.Option(
        "--rivals",
        help=f"{ONLY_THERE}: have pytest-benchmark, pyperf and asv judge some functions too.",
    ),
]
SelfTestRow = Annotated[
    list[str] | None,
    typer.Option(
        help=f"{ONLY_THERE}: row to measure, by the length of a call: short, microsecond, "
        "milliseconds or tens (of milliseconds); seeds, for what hashes; rebuilds, for commits "
        "that change no implementation; or assertions, for functions of files, assert_faster, "
        "and what people assert without it; repeatable.",
        show_default="all but rebuilds and assertions",
    ),
]
Condition = Annotated[
    str,
    typer.Option(
        help=f"{ONLY_THERE}: as-is, or loaded: all processes share one core with a busy loop "
        "(Linux)."
    ),
]
Part = Annotated[
    float,
    typer.Option(
        min=0.0,
        max=1.0,
        help=f"{ONLY_THERE}: share of a full self-test to measure, from 0 to 1. A full one takes "
        "hours.",
    ),
]
Folder = Annotated[
    Path,
    typer.Option(
        help=f"{ONLY_THERE}: folder for the groups. Groups that it holds are not measured again."
    ),
]
Show = Annotated[
    bool,
    typer.Option("--show", help=f"{ONLY_THERE}: measure nothing; show the groups in the folder."),
]


def doctor(
    context: typer.Context,
    self_test: SelfTest = False,
    rivals: Rivals = False,
    row: SelfTestRow = None,
    condition: Condition = "as-is",
    part: Part = 0.02,
    folder: Folder = Path("results/local/selftest"),
    show: Show = False,
    as_json: AsJson = False,
) -> None:
    """Check what measurements depend on: the machine, the build, and optional packages.

    With --self-test, check the harness itself. Each group compares a function with itself and with
    known slow-downs: identical code must not be called different, and a known slow-down must be
    called slower. A self-test can be interrupted, and the same command continues it.

    For example: nanogpt-rs doctor --self-test --part 0.02
    """
    if self_test:
        if show:
            refuse_beside(context, "--show", "rivals", "row", "part")
        from nanogpt_rs.commands.selftest import run_self_test

        run_self_test(row, condition, part, rivals, folder, show, as_json)
        return
    refuse_without(context, "--self-test", "rivals", "row", "condition", "part", "folder", "show")
    from nanogpt_rs.workshop.doctor import examine

    findings = examine()
    if as_json:
        from nanogpt_rs.commands import documents

        print_json("doctor", documents.Circumstances(tuple(findings)))
    else:
        columns = (
            *(layout.Column(""), layout.Column("topic"), layout.prose("state", enough=40)),
            layout.prose("what it costs, and the cure", under=2, enough=40),
        )
        table = layout.Table(columns)
        for finding in findings:
            mark, style = MARKS[finding.good]
            table.add(mark, finding.topic, finding.found, finding.cost, style=style)
        out.show(table)
    if any(finding.good is False and finding.topic == "Rust module" for finding in findings):
        sys.exit(NOTHING)
