"""The command ``corpora``."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import AsJson, out, print_json
from nanogpt_rs.ruler.corpora import CORPORA, golden_hashes


def corpora(as_json: AsJson = False) -> None:
    """List the corpora: the texts to measure on.

    For example: nanogpt-rs bench charset --corpus tinyshakespeare
    """
    if as_json:
        print_json(
            [
                {"id": id, "description": source.description, "sha256": golden_hashes()[id]}
                for id, source in CORPORA.items()
            ]
        )
        return
    table = Table("corpus", "description")
    for id, source in CORPORA.items():
        table.add_row(id, escape(source.description))
    out.print(table)
