"""Files and functions are short enough to be read as a whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from installations import ROOT

FILE_LINES = 600
FUNCTION_LINES = 80
FOLDERS = (
    *("benchmarks", "fuzz", "model", "model_rs", "nanogpt_rs", "py_impls", "rust_impls", "tests"),
)
SUFFIXES = {".py", ".rs", ".js", ".css"}
FORMATTED_FUNCTION = re.compile(r"^( *)(?:[a-z(): ]*\b)?(?:fn|function) +(\w+)")
"""First line of a function as rustfmt and Prettier write it, which end it at the same depth."""


def sources() -> list[Path]:
    """Return the files that people write, which no build or environment has put there."""
    return [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in SUFFIXES and not {"target", "node_modules"} & set(path.parts)
    ]


def functions(path: Path, text: str) -> Iterator[tuple[str, int]]:
    """Yield the name of each function in a file and its length in lines."""
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                yield node.name, node.end_lineno - node.lineno + 1
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if path.suffix in {".rs", ".js"} and (match := FORMATTED_FUNCTION.match(line)):
            last = f"{match[1]}}}"
            if not line.rstrip().endswith(("}", ";")):  # on one line, or only declared
                end = next(at for at in count(start) if lines[at].startswith(last))
                yield match[2], end - start + 1


def too_long(path: Path, text: str) -> list[str]:
    """Return what is too long in a file, a sentence each."""
    length = len(text.splitlines())
    long = [f"{path} has {length} lines"] if length > FILE_LINES else []
    for name, lines in functions(path, text):
        if lines > FUNCTION_LINES:
            long.append(f"{path}: {name} has {lines} lines")
    return long


def test_no_file_and_no_function_is_too_long() -> None:
    paths = sources()
    texts = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in paths}
    lengths = [length for path, text in texts.items() for _, length in functions(path, text)]
    longest = max(len(text.splitlines()) for text in texts.values())
    print(f"{len(texts)} files, the longest of {longest} lines")
    print(f"{len(lengths)} functions, the longest of {max(lengths)} lines")
    long = [sentence for path, text in texts.items() for sentence in too_long(path, text)]
    assert not long, "\n".join(long)


@pytest.mark.parametrize(
    ("name", "before", "line", "after"),
    [
        ("long.py", "async def long():", "    pass", ""),
        ("long.py", "class A:\n    def long(self):", "        pass", ""),
        ("long.rs", "    pub(crate) const fn long(", "        let _ = {};", "    }"),
        ("long.js", "export async function long() {", "  f();", "}"),
    ],
)
def test_a_long_function_is_noticed(name: str, before: str, line: str, after: str) -> None:
    def text(lines: int) -> str:
        return "\n".join([before, *[line] * lines, after]) + "\n"

    assert too_long(Path(name), text(FUNCTION_LINES - 2)) == []
    (found,) = too_long(Path(name), text(FUNCTION_LINES + 1))
    assert found.startswith(f"{name}: long has 8")
    assert too_long(Path(name), "\n" * (FILE_LINES + 1)) == [f"{name} has {FILE_LINES + 1} lines"]
