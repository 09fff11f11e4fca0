"""What an implementation is, in its own words: its first line, and its source."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.registry import Implementation


class Sources:
    """The sources of implementations, as far as they are at hand: a wheel holds none of Rust."""

    def __init__(self) -> None:
        self.root = provenance.ROOT
        self.texts: dict[str, str] = {}

    def path_of(self, row: Implementation) -> str:
        """Return the path of a row's source, from the root of the project.

        It is remembered, and its text kept, if it is at hand.
        """
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


def idea_of(row: Implementation) -> str:
    """Return the line that says what an implementation is.

    It is the first line of its file; Rust functions carry it as their doc string.
    """
    module, _, name = row.target.partition(":")
    spec = importlib.util.find_spec(module)
    if name == row.task and spec and spec.origin and spec.origin.endswith(".py"):
        text = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    else:
        text = row.resolve().__doc__
    return (text or "").partition("\n")[0].replace("``", "`")
