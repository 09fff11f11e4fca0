"""The command ``dev watch``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nanogpt_rs.commands.console import INTERRUPTED, out
from nanogpt_rs.commands.options import RESULTS, OneCorpus
from nanogpt_rs.words import duration, times


def watch(
    corpus: OneCorpus = "synthetic",
    seconds: Annotated[
        float, typer.Option(min=1.0, help="Seconds to spend on each comparison.")
    ] = 5.0,
    results: Annotated[Path, typer.Option(help="The folder for results.")] = RESULTS / "watch",
) -> None:
    """Whenever you save an implementation: rebuild it, test it, and compare it with before.

    For example: nanogpt-rs dev watch --corpus my-text.txt
    """
    from nanogpt_rs.workshop.scaffold import checkout
    from nanogpt_rs.workshop.watch import changes

    try:
        root = checkout()
        results = root / results  # in the checkout, whichever folder this was started in
        if (path := Path(corpus).expanduser()).exists():
            corpus = str(path.absolute())
        for paths in changes(root):
            if paths:
                handle_change(root, paths, corpus, seconds, results)
            out.say("watching the implementations; Ctrl-C ends it")
    except KeyboardInterrupt:
        pass
    sys.exit(INTERRUPTED)


def handle_change(root: Path, paths: set[Path], corpus: str, seconds: float, results: Path) -> None:
    """Rebuild, test and compare whatever a change of these files concerns, and print the result."""
    from nanogpt_rs.workshop.watch import (
        MOST,
        build,
        key_of,
        last_cells,
        measure,
        run_tests,
        touched,
    )

    concerned = touched(root, paths)
    names = ", ".join(sorted(str(path.relative_to(root)) for path in paths))
    out.say("")
    out.say(names, "bold")
    if concerned.rust:
        out.say("building in release ...")
        if not build(root):
            return
    out.say("testing ...")
    if not run_tests(root, concerned):
        out.say("not right: nothing is compared", "red")
        return
    count = len(concerned.rows)
    if count > MOST:
        out.say(f"{count} implementations are too many to compare here: use nanogpt-rs bench")
        return
    before = last_cells(results)
    for cell in measure(root, concerned.rows, corpus, seconds, results):
        out.say(line_of(cell, before.get(key_of(cell))))


def line_of(cell: dict[str, Any], before: dict[str, Any] | None) -> str:
    """Return a line about a cell, compared with the same cell of an earlier run if there is one."""
    from nanogpt_rs.workshop.watch import shift

    name = f"{cell['task']} {cell['id']}, {cell['state']}"
    if not cell["seconds"]:
        return f"{name}: {cell['status']}: {'; '.join(cell['details'])}"
    words = [name, duration(cell["seconds"])]
    earlier = {
        (against["role"], against["id"]): against["comparison"]
        for against in (before or {}).get("against", ())
    }
    for against in cell["against"]:
        comparison = against["comparison"]
        if not comparison["ratio"]:
            continue
        words.append(f"x {times(comparison['ratio'])} {against['id']} ({comparison['verdict']})")
        comparison_before = earlier.get((against["role"], against["id"]))
        moved = shift(comparison, comparison_before) if comparison_before else None
        if moved:
            factor = times(moved.factor, moved.interval)
            words.append(f"{factor} times as fast as before: {moved.verdict}")
    return "; ".join(words)
