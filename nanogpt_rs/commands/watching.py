"""The command ``watch``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from nanogpt_rs.commands.console import INTERRUPTED, NOTHING, RESULTS, out, stop
from nanogpt_rs.words import duration, times


def watch(
    corpus: Annotated[str, typer.Option(help="A corpus id or a path.")] = "synthetic",
    seconds: Annotated[float, typer.Option(min=1.0, help="For a comparison.")] = 5.0,
    results: Annotated[Path, typer.Option(help="The folder for records.")] = RESULTS / "watch",
) -> None:
    """Whenever an implementation is saved: rebuild in release, test it, compare it with before."""
    from nanogpt_rs.workshop.scaffold import ScaffoldError, checkout
    from nanogpt_rs.workshop.watch import changes

    try:
        root = checkout()
        results = root / results  # where what is measured is kept, wherever this was started
        if (own := Path(corpus).expanduser()).exists():
            corpus = str(own.absolute())
        for paths in changes(root):
            if paths:
                after(root, paths, corpus, seconds, results)
            out.print("watching the implementations; Ctrl-C ends it", soft_wrap=True)
    except ScaffoldError as error:
        stop(NOTHING, str(error))
    except ImportError:
        stop(NOTHING, "watchfiles is missing: pip install watchfiles")
    except KeyboardInterrupt:
        pass
    sys.exit(INTERRUPTED)


def after(root: Path, paths: set[Path], corpus: str, seconds: float, results: Path) -> None:
    """Do what a change of these files calls for, and say what came of it."""
    from nanogpt_rs.workshop.watch import MOST, build, key_of, last, measure, prove, touched

    found = touched(root, paths)
    names = ", ".join(sorted(str(path.relative_to(root)) for path in paths))
    out.print(f"\n[bold]{escape(names)}[/]", soft_wrap=True)
    if found.rust:
        out.print("building in release ...")
        if not build(root):
            return
    out.print("testing ...")
    if not prove(root, found):
        out.print("[red]not right[/]: nothing is compared")
        return
    if len(found.rows) > MOST:
        out.print(f"{len(found.rows)} implementations are too many to compare: nanogpt-rs bench")
        return
    before = last(results)
    for cell in measure(root, found.rows, corpus, seconds, results):
        out.print(escape(line_of(cell, before.get(key_of(cell)))), soft_wrap=True)


def line_of(cell: dict[str, Any], before: dict[str, Any] | None) -> str:
    """Return what a line says of a cell, and of it beside its last numbers."""
    from nanogpt_rs.workshop.watch import shift

    words = [f"{cell['task']} {cell['id']}, {cell['state']}"]
    if not cell["seconds"]:
        return f"{words[0]}: {cell['status']}: {'; '.join(cell['details'])}"
    words.append(duration(cell["seconds"]))
    earlier = {(each["role"], each["id"]): each for each in (before or {}).get("against", ())}
    for each in cell["against"]:
        comparison = each["comparison"]
        if not comparison["ratio"]:
            continue
        words.append(f"x {times(comparison['ratio'])} {each['id']} ({comparison['verdict']})")
        then = earlier.get((each["role"], each["id"]))
        moved = shift(comparison, then["comparison"]) if then else None
        if moved:
            bounds = moved.interval and " [{}, {}]".format(*map(times, moved.interval))
            words.append(
                f"{times(moved.factor)}{bounds or ''} times as fast as before: {moved.verdict}"
            )
    return "; ".join(words)
