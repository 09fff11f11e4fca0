"""The distinct characters of a text, or of the text in files."""

from __future__ import annotations

import operator
from typing import Any

from nanogpt_rs.ruler.excerpts import excerpt
from nanogpt_rs.ruler.tasks.contract import Task
from nanogpt_rs.ruler.tasks.inputs import EDGES, TEXT_REFUSALS, call_on_text, with_fresh_text
from nanogpt_rs.ruler.tasks.reading import (
    EDGES_IN_FILES,
    call_on_file,
    call_on_paths,
    file_examples,
    file_refusals,
    files_read,
)


def charset_difference(answer: Any, expected: set[str]) -> str | None:
    """Describe the first difference: of exact types, then of the characters."""
    if type(answer) is not set:
        return f"returned {type(answer).__name__}, not set"
    if other_types := {type(entry).__name__ for entry in answer if type(entry) is not str}:
        return f"returned a set that holds {', '.join(sorted(other_types))}, not str"
    if answer != expected:
        missing, extra = sorted(expected - answer), sorted(answer - expected)
        return (
            f"lacks {excerpt(missing)} and has {excerpt(extra)} beyond the {len(expected)} expected"
        )
    return None


CHARSET = Task(
    name="charset",
    contract="charset(text: str) -> set[str]",
    by_default=True,
    call=call_on_text,
    renew=with_fresh_text,
    build=None,
    oracle=set,
    difference=charset_difference,
    shared=operator.is_,
    edges=EDGES,
    refusals=TEXT_REFUSALS,
)
FILE_CHARSET = Task(
    name="file_charset",
    contract="file_charset(paths) -> set[str]",
    call=call_on_file,
    renew=lambda call: call,
    build=None,
    oracle=set,
    difference=charset_difference,
    shared=operator.is_,
    edges=EDGES_IN_FILES,
    refusals=file_refusals(gzip=True),
    examples=file_examples(set, call_on_paths),
    files=files_read,
)
