"""Reads what an implementation is from the first line of its source, and the source itself."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from pkgutil import resolve_name

from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import TASKS

PLAIN = re.compile(r'"""([^"\\\n]+)("""|\n)')
"""Source that begins with a docstring whose first line is spelled as it is meant."""


class Sources:
    """The sources of implementations, as far as they are available: a wheel has no Rust sources.

    Attributes:
        root: Root folder of the project.
        texts: Sources that were read, by their paths from the root.
    """

    def __init__(self) -> None:
        self.root = provenance.ROOT
        self.texts: dict[str, str] = {}

    def path_of(self, row: Implementation) -> str:
        """Return the path of a row's source from the root, and keep its text if it is available."""
        module, _, name = row.target.partition(":")
        if module == "rust_impls":
            parts = name.split(".")
            candidates = ["/".join(("rust_impls", *parts[: end + 1])) + ".rs" for end in (1, 0)]
        else:
            candidates = [module.replace(".", "/") + ".py"]
        for path in candidates:
            if path in self.texts:
                return path
            try:
                self.texts[path] = (self.root / path).read_text(encoding="utf-8")
            except OSError:
                continue
            return path
        return candidates[0]


def docstring_of(source: str) -> str | None:
    """Return the docstring of a module, or its first line where that needs no parser."""
    line = PLAIN.match(source)
    return line[1].strip() if line else ast.get_docstring(ast.parse(source))


def idea_of(row: Implementation) -> str:
    """Return the line that describes an implementation.

    It is the first line of its file. Rust functions have it as their docstring.
    """
    module, _, name = row.target.partition(":")
    spec = importlib.util.find_spec(module)
    function = TASKS[row.task].variant_of or row.task
    if name == function and spec and spec.origin and spec.origin.endswith(".py"):
        text = docstring_of(Path(spec.origin).read_text(encoding="utf-8"))
    else:
        text = resolve_name(row.target).__doc__  # without what it needs, which can take seconds
    return (text or "").partition("\n")[0].replace("``", "`")
