"""The command ``verify``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    admit,
    counted_progress,
    out,
    print_json,
    stop,
)
from nanogpt_rs.commands.options import AllTasks, AsJson, Corpora, From, Ids
from nanogpt_rs.ruler.corpora import DEFAULT
from nanogpt_rs.ruler.provenance import check_current, check_packages

if TYPE_CHECKING:
    from nanogpt_rs.ruler.verification import Proof


def verify(
    tasks: AllTasks = None,
    ids: Ids = None,
    corpus: Corpora = None,
    sources: From = None,
    as_json: AsJson = False,
) -> None:
    """Verify implementations: on a corpus, on edge cases, and on inputs that they must refuse.

    For example: nanogpt-rs verify charset --id rust/ahash
    """
    from nanogpt_rs.measuring.selection import calls_rust, load_corpora, select
    from nanogpt_rs.ruler.verification import verify_apart

    admit(sources)
    rows = select(tasks or (), ids or (), everything=True)
    check_packages()
    if any(map(calls_rust, rows)):
        check_current()  # what is verified must be the code that the user sees in the editor
    names = corpus or [DEFAULT]
    load_corpora(names)  # a corpus that cannot be loaded is refused once, before all workers
    proofs: list[Proof] = []
    with counted_progress() as advance:
        for name in names:
            for row in rows:
                advance(f"verify {row.task} {row.id}", len(proofs), len(rows) * len(names))
                proofs.append(verify_apart(row, name))
    if as_json:
        from nanogpt_rs.commands import documents

        print_json("verify", documents.Proofs(tuple(proofs)))
    else:
        columns = [layout.ids("task"), layout.ids("implementation"), layout.ids("corpus")]
        table = layout.Table([*columns, layout.prose("proof")])
        for proof in proofs:
            words = ": ".join(filter(None, (proof.status, "; ".join(proof.details))))
            table.add(proof.task, proof.id, proof.corpus, words)
        out.show(table)
    if any(proof.status == "wrong" for proof in proofs):
        sys.exit(FAILED)
    if all(proof.status == "n/a" for proof in proofs):
        stop(NOTHING, "nothing could be verified here")
