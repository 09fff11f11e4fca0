"""The command ``doctor``."""

from __future__ import annotations

import sys
from dataclasses import asdict

from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import NOTHING, AsJson, out, print_json

MARKS = {True: "[green]ok[/]", False: "[yellow]![/]", None: ""}
"""The first column of the table, by whether a finding is good, bad or neither."""


def doctor(as_json: AsJson = False) -> None:
    """Check what measurements depend on: the machine, the build, and optional packages.

    For example: nanogpt-rs doctor
    """
    from nanogpt_rs.workshop.doctor import examine

    findings = examine()
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        table = Table("", "topic")
        for column in ("state", "what it costs, and the cure"):
            table.add_column(column, overflow="fold")
        for finding in findings:
            state, cost = escape(finding.found), escape(finding.cost)
            table.add_row(MARKS[finding.good], finding.topic, state, cost)
        out.print(table)
    if any(finding.good is False and finding.topic == "Rust module" for finding in findings):
        sys.exit(NOTHING)
