"""Import names from before the package ``nanogpt_rs``, for one release.

The ruler's modules were called ``benchmarks.registry``, ``benchmarks.tasks`` and so on, and third
parties import them. Those names work while a third party's source is run, and at no other time. A
module of that name that really exists, in a project with a ``benchmarks`` folder of its own, comes
first.
"""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

OLD = "benchmarks"
NEW = __name__.rpartition(".")[0]
LATER = frozenset({"old_names"})
"""Modules of the ruler that never had an old name."""

_wanted_by: list[str] = []
"""Names of the sources that are being run: one, and those that it has imported."""
_told: set[tuple[str, str]] = set()
"""Messages that have been printed, by source and old name."""
quiet = False
"""Whether to print no message: a worker process was started by one that has printed it."""


def new_name(name: str) -> str | None:
    """Return the new name of a module that had this old one, ``None`` if none had."""
    package, _, module = name.partition(".")
    if package != OLD or not module.isidentifier() or module in LATER:
        return None
    file = Path(__file__).with_name(module)
    there = file.with_suffix(".py").exists() or (file / "__init__.py").exists()
    return f"{NEW}.{module}" if there else None


def replaced(name: str, path: Sequence[str]) -> str | None:
    """Return the new name of the module that an import of this old name means.

    Args:
        name: A module's dotted name.
        path: The folders that are searched, as in ``sys.path``.

    Returns:
        ``None`` if there is a module of that very name, or none has ever had it.
    """
    new = new_name(name)
    if new is None:
        return None
    package = PathFinder.find_spec(OLD, path)
    folders = package.submodule_search_locations if package else None
    if folders and PathFinder.find_spec(name, folders):
        return None
    return new


class _Finder:
    """Finds modules by their old names; it comes last, so that a module that really exists wins."""

    @staticmethod
    def find_spec(
        name: str, _path: Sequence[str] | None = None, _target: object = None
    ) -> ModuleSpec | None:
        if name == OLD:
            return ModuleSpec(name, _Loader(None), is_package=True)  # type: ignore[arg-type]
        if new := new_name(name):
            tell(_wanted_by[-1], name, new)
            return ModuleSpec(name, _Loader(new))  # type: ignore[arg-type]
        return None


class _Loader:
    """Puts the module of the new name in the place of the old one; the package itself is empty."""

    def __init__(self, new: str | None) -> None:
        self.new = new

    def create_module(self, _spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        if self.new:
            sys.modules[module.__name__] = importlib.import_module(self.new)


@contextmanager
def accepted(source: str) -> Iterator[None]:
    """Let old names be imported, by a source that is run meanwhile.

    Args:
        source: The name that people know it by.
    """
    before = {name for name in sys.modules if name.partition(".")[0] == OLD}
    if not _wanted_by:
        sys.meta_path.append(_Finder)
    _wanted_by.append(source)
    try:
        yield
    finally:
        _wanted_by.pop()
        if not _wanted_by:
            sys.meta_path.remove(_Finder)
            forget(before)


def forget(kept: set[str]) -> None:
    """Remove what stands for old names from ``sys.modules`` and from a real package of that name.

    Args:
        kept: Names that were imported before.
    """
    for name, module in list(sys.modules.items()):
        package, _, rest = name.partition(".")
        if package != OLD or name in kept:
            continue
        ours = module.__name__ == f"{NEW}.{rest}" if rest else is_empty_package(module)
        if ours:
            del sys.modules[name]
            with suppress(KeyError, AttributeError):
                delattr(sys.modules[OLD], rest)


def is_empty_package(module: ModuleType) -> bool:
    """Return whether a module is the package that was made to hold the old names."""
    return isinstance(getattr(module.__spec__, "loader", None), _Loader)


def tell(source: str, name: str, new: str) -> None:
    """Print once on standard error that a source imports a module by its old name."""
    if quiet or (source, name) in _told:
        return
    _told.add((source, name))
    print(
        f"nanogpt-rs: {source} imports {name}, which is now called {new}. "
        "The old name stops working in the next release.",
        file=sys.stderr,
    )


def tell_of(source: str, tree: ast.AST, path: Sequence[str]) -> None:
    """Print the message for each old name that a file imports, without running the file.

    Args:
        source: The name that people know the file by.
        tree: Its syntax tree.
        path: The folders that its imports are searched for in.
    """
    if quiet:
        return
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if new := replaced(name, path):
                tell(source, name, new)
