"""Third parties' implementations and tasks, from a file or from installed packages.

A *source* is a Python file outside this project. By default, each function in it that is named
after a task is an implementation of that task; its id is ``foreign/`` and the file's name. Such a
file is parsed in this process, and run in worker processes only. A file that defines ``ROWS``, as
in ``nanogpt_rs.ruler.registry``, or ``TASKS``, as in ``nanogpt_rs.ruler.tasks``, is run in this
process too, because only its own code can say what they hold.

An installed package names such modules as entry points of the group ``nanogpt_rs.implementations``.

None of these rows is in ``REGISTRY``: the parameters that asv keeps results by must not depend on
which packages are installed. Rows from here have the mark ``foreign``, and the SHA-256 of their
code.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, SourceFileLoader
from pathlib import Path
from shlex import quote
from types import ModuleType
from typing import Any, TypedDict

from nanogpt_rs.ruler import old_names, provenance, registry
from nanogpt_rs.ruler.errors import USAGE, UserError
from nanogpt_rs.ruler.registry import MARKS, Implementation, Origin
from nanogpt_rs.ruler.regular import read_regular
from nanogpt_rs.ruler.surroundings import DisturbedError, importing
from nanogpt_rs.ruler.tasks import TASKS, Task, shown

GROUP = "nanogpt_rs.implementations"
LANGUAGE = "foreign"
"""The first word of their ids, unless the task is their own."""
PREFIX = "nanogpt_rs_from_"
"""Prefix of the names that files are imported under: a file may have the name of another module."""
OWN_TASK_ONLY = {mark for mark in MARKS if mark.partition(":")[0] in {"baseline", "strongest"}}
ID = re.compile(r"[a-z0-9_.-]+/[a-z0-9_.-]+")


class ForeignError(UserError):
    """A source cannot be used; the message says which one, and why."""

    exit_status = USAGE


@dataclass(frozen=True)
class ForeignSource:
    """A file that brings implementations or tasks.

    Attributes:
        module: The name that it is imported under.
        path: The file's path.
        sha256: SHA-256 of the file's bytes.
        idea: The second word of the id of a function that has no row of its own.
        name: The name that people know it by, without a path.
    """

    module: str
    path: str
    sha256: str
    idea: str
    name: str


_taken: dict[ForeignSource, tuple[Implementation, ...]] = {}
"""The sources that are in use, with their rows."""


class _Finder:
    """Finds the modules of sources, and lets them import old names while they are run."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        for source in _taken:
            if source.module == name and name.startswith(PREFIX):
                return accepting(importlib.util.spec_from_file_location(name, source.path), source)
            if source.module.partition(".")[0] == name.partition(".")[0]:
                return accepting(_found_by_others(name, path, target), source)
        return None


def _found_by_others(
    name: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    """Return the spec of a module as Python would find it without our own finder."""
    for finder in sys.meta_path:
        if finder is not _Finder and (spec := finder.find_spec(name, path, target)):
            return spec
    return None


def accepting(spec: ModuleSpec | None, source: ForeignSource) -> ModuleSpec | None:
    """Return a source's spec, whose module may import old names of the ruler while it is run."""
    loader = spec.loader if spec else None
    if isinstance(loader, SourceFileLoader):
        run = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            with old_names.accepted(source.name):
                run(module)

        vars(loader)["exec_module"] = exec_module
    return spec


def add_file(path: Path | str) -> tuple[Implementation, ...]:
    """Add a Python file's implementations and tasks, and return its rows.

    Raises:
        ForeignError: the file cannot be read, brings nothing, or brings rows or tasks that are not
            as they must be.
    """
    # A symbolic link is known by its own name.
    named, path = Path(path), Path(os.path.realpath(path))
    module = PREFIX + re.sub(r"\W", "_", named.stem)
    for source, rows in _taken.items():
        if (source.module, source.path) == (module, str(path)):
            return rows
    for one in (named, path):
        if one.suffix != ".py":
            raise ForeignError(
                f"{one}: not a Python file: its name does not end in .py",
                hint="name a Python file, or rename this one",
            )
    return _take(_source(module, path, named.stem, named.name))


def add_installed() -> list[str]:
    """Add the implementations of installed packages.

    Returns:
        A message for each package that had to be left out.
    """
    if not any(map(offers_rows, sys.path)):
        return []
    import importlib.metadata

    left_out = []
    taken = {source.module for source in _taken}
    entries = importlib.metadata.entry_points(group=GROUP)
    for entry in sorted(entries, key=lambda entry: entry.value):
        if entry.module in taken:
            continue
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module
        try:
            with old_names.accepted(package):  # packages around the module are run to find it
                spec = importlib.util.find_spec(entry.module)
            if entry.attr or spec is None or not str(spec.origin).endswith(".py"):
                raise ForeignError(f"{entry.value!r} does not name a module in Python")
            _take(_source(entry.module, Path(str(spec.origin)), entry.name, package))
        except ForeignError as error:
            left_out.append(f"{package}: {error}")
        except (Exception, SystemExit) as error:  # raised by a package around the module
            left_out.append(f"{package}: {shown(error)}")
    return left_out


def offers_rows(folder: str) -> bool:
    """Return whether a package in a folder of the import path may offer implementations.

    Reading these files takes a tenth of the time that ``importlib.metadata`` takes. A folder that
    is an archive may always offer some.
    """
    path = Path(folder)
    if path.is_file():
        return True
    named = (*path.glob("*.dist-info/entry_points.txt"), *path.glob("*.egg-info/entry_points.txt"))
    for file in named:
        with suppress(OSError):
            if GROUP.encode() in file.read_bytes():
                return True
    return False


class SourceDocument(TypedDict):
    """A source as the order to a worker process has it.

    Attributes:
        source: The fields of ``ForeignSource``.
        rows: Task and id of each row that it brought.
    """

    source: dict[str, str]
    rows: list[tuple[str, str]]


def sources() -> list[SourceDocument]:
    """Return the sources that are in use, for the order to a worker process."""
    return [
        {"source": dict(vars(source)), "rows": [(row.task, row.id) for row in rows]}
        for source, rows in _taken.items()
    ]


def restore(documents: Iterable[SourceDocument]) -> None:
    """Add in a worker process the sources that are in use in the process that started it.

    Rows of a file that was edited since, or of one that cannot be used any more, are withdrawn:
    whoever asks for one of them is told, and all other rows are as they were.

    Args:
        documents: The sources, as ``sources`` returns them.
    """
    old_names.quiet = True
    for document in documents:
        source = ForeignSource(**document["source"])
        reason = f"found {source.name} edited since the run began"
        try:
            if _source(source.module, Path(source.path), source.idea, source.name) == source:
                # Hashing takes long, and the hashes are known to the parent.
                _take(source, hashed=False)
                continue
        except ForeignError as error:
            reason = f"found {source.name} changed since the run began: {error}"
        keys = ((task, id) for task, id in document["rows"])
        registry.withdrawn.update(dict.fromkeys(keys, reason))


def require_task(task: str | None) -> None:
    """Check in a worker process that the task of its order is there, if it names one.

    Raises:
        DisturbedError: the file that brought the task was edited since the run began.
    """
    if task is not None and task not in TASKS and registry.withdrawn:
        raise DisturbedError(next(iter(registry.withdrawn.values())))


def make_importable(documents: Iterable[SourceDocument]) -> None:
    """Let a process import the modules of sources, which it need not run for that.

    Args:
        documents: The sources, as ``sources`` returns them.
    """
    for document in documents:
        _taken[ForeignSource(**document["source"])] = ()
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


def _source(module: str, path: Path, idea: str, name: str) -> ForeignSource:
    """Return a source with the hash of its present bytes.

    Raises:
        ForeignError: the file cannot be read.
    """
    try:
        data = read_regular(path)
    except OSError as error:
        raise ForeignError(f"{path}: {error.strerror}") from None
    return ForeignSource(module, str(path), hashlib.sha256(data).hexdigest(), idea, name)


def _take(source: ForeignSource, *, hashed: bool = True) -> tuple[Implementation, ...]:
    """Add a source's rows and tasks to the registry's, or none of them if anything is wrong.

    Args:
        source: The source.
        hashed: Whether to compute the hashes that its rows are shown with.

    Returns:
        The rows that were added.

    Raises:
        ForeignError: the source has none, cannot be run, or collides with another.
    """
    for other in _taken:
        if other.module == source.module and other.path != source.path:
            raise ForeignError(f"{source.path} and {other.path} have the same name: rename one")
    _taken[source] = ()  # from here on the finder finds it
    home = str(Path(source.path).parent)
    beside = source.module.startswith(PREFIX) and home not in sys.path
    if beside:
        sys.path.append(home)  # for the file's imports; at the end, where it can shadow nothing
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
    try:
        tasks, rows = _contents(source)
        _check(source, tasks, rows)
    except BaseException:
        del _taken[source]
        if beside:
            sys.path.remove(home)
        raise
    marked = tuple(
        replace(
            row,
            marks=row.marks | {"foreign"},
            builds=_folders(source, row),
            origin=_origin(source, row) if hashed else Origin(source.name, ""),
        )
        for row in rows
    )
    TASKS.update({task.name: task for task in tasks})
    registry.add(marked)
    _taken[source] = marked
    return marked


def _contents(source: ForeignSource) -> tuple[list[Task], list[Implementation]]:
    """Return the tasks and rows of a source, unchecked.

    Raises:
        ForeignError: it has none, or cannot be run.
    """
    tree = _parsed(source)
    old_names.tell_of(source.name, tree, sys.path)
    names = _names_bound_by(tree)
    if not names & {"ROWS", "TASKS"}:
        # A variant of a task has the task's own implementations.
        functions = {name: task.variant_of or name for name, task in TASKS.items()}
        implemented = {name: target for name, target in functions.items() if target in names}
        if not implemented:
            raise ForeignError(
                f"{source.path}: defines neither ROWS nor a function named after a task: "
                + ", ".join(TASKS)
            )
        target = f"{source.module}:{{}}"
        id = f"{LANGUAGE}/{source.idea}"
        if not ID.fullmatch(id):
            better = re.sub(r"[^a-z0-9_.-]", "_", source.idea.lower())
            raise ForeignError(
                f"{source.name}: a file's name is the id of its implementations, here {id}, and an "
                "id has small letters, digits, '_', '-' and '.' only",
                hint=f"rename the file: mv {quote(source.name)} {better}.py",
            )
        return [], [
            registry.row(task, id, target.format(function), "default")
            for task, function in implemented.items()
        ]
    try:
        with importing():
            module: Any = importlib.import_module(source.module)
    except DisturbedError as disturbed:
        raise ForeignError(f"{source.path}: {disturbed}") from None
    except (Exception, SystemExit) as error:
        raise ForeignError(f"{source.path}: {shown(error)}") from None
    tasks, rows = list(getattr(module, "TASKS", ())), list(getattr(module, "ROWS", ()))
    kinds: tuple[tuple[str, list[Any], type], ...] = (
        ("TASKS", tasks, Task),
        ("ROWS", rows, Implementation),
    )
    for name, entries, kind in kinds:
        for entry in entries:
            if not isinstance(entry, kind):
                raise ForeignError(
                    f"{source.path}: {name} holds {type(entry).__name__}, not {kind.__name__}"
                )
    return tasks, rows


def _parsed(source: ForeignSource) -> ast.Module:
    """Return the syntax tree of a source's file.

    Raises:
        ForeignError: it is not Python.
    """
    try:
        return ast.parse(Path(source.path).read_bytes())
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        raise ForeignError(f"{source.path}{where}: {error.msg}") from None
    except ValueError as error:
        raise ForeignError(f"{source.path}: {error}") from None


SCOPES = (
    *(ast.AsyncFunctionDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
"""Parts of a file that bind names of their own."""


def _names_bound_by(tree: ast.AST) -> set[str]:
    """Return the names that a file binds at its top level, also within ``try``, ``if`` and so on.

    Which branch is taken, only its own code can say.
    """
    names: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif not isinstance(node, SCOPES):
            names |= _names_bound_by(node)
    return names


def _check(source: ForeignSource, tasks: Sequence[Task], rows: Sequence[Implementation]) -> None:
    """Check that a source's tasks and rows are allowed beside those that there are already.

    Raises:
        ForeignError: one is not.
    """
    own = [task.name for task in tasks]
    for name in own:
        if name in TASKS or own.count(name) > 1:
            raise ForeignError(f"{source.path}: there is a task {name!r} already")
        if not name.isidentifier():
            raise ForeignError(
                f"{source.path}: {name!r} is no identifier, as a task's name must be"
            )
        for mark in sorted(OWN_TASK_ONLY):
            if sum(row.task == name and mark in row.marks for row in rows) > 1:
                raise ForeignError(f"{source.path}: {name}: more than one row is marked {mark!r}")
    keys = {(row.task, row.id) for row in registry.rows()}
    for row in rows:
        if problem := _problem(row, own, keys):
            raise ForeignError(f"{source.path}: {row.task} {row.id}: {problem}")
        keys.add((row.task, row.id))


def _problem(row: Implementation, own: Sequence[str], keys: set[tuple[str, str]]) -> str | None:
    """Return the reason why a row is not allowed beside the rows before it, ``None`` if it is.

    Args:
        row: A row of a source.
        own: Names of the tasks that the source brings.
        keys: Task and id of the rows before it.
    """
    unknown, reserved = row.marks - MARKS.keys(), row.marks & OWN_TASK_ONLY
    if row.task not in own and row.task not in TASKS:
        return f"there is no task {row.task!r}"
    if not ID.fullmatch(row.id):
        return f"an id is two words in lower case, as in {LANGUAGE}/my_idea"
    if (row.task, row.id) in keys:
        return "there is an implementation of that id already"
    if unknown:
        return f"no mark is called {min(unknown)!r}"
    problem = None
    if row.task not in own and not row.id.startswith(f"{LANGUAGE}/"):
        problem = f"its id must begin with {LANGUAGE}/, as the task is not its own"
    elif row.task not in own and reserved:
        problem = f"{min(reserved)!r} is for the task's own rows to have"
    return problem


def _folders(source: ForeignSource, row: Implementation) -> tuple[str, ...]:
    """Return the folders of a row's builds, in the order of their names.

    Raises:
        ForeignError: A pattern matches no folder with the row's package.
    """
    home, package = Path(source.path).parent, row.packages()[0]
    folders: list[str] = []
    for pattern in row.builds:
        try:
            built = [str(path) for path in sorted(home.glob(pattern)) if _holds(path, package)]
        except (NotImplementedError, ValueError):  # an absolute path
            built = []
        if not built:
            raise ForeignError(
                f"{source.path}: {row.task} {row.id}: builds={pattern!r} names no folder beside "
                f"this file that holds the package {package!r}"
            )
        folders += built
    return tuple(folders)


def _holds(folder: Path, package: str) -> bool:
    """Return whether a folder holds a package, or a module that is a single file."""
    modules = (folder / f"{package}{suffix}" for suffix in (".py", *EXTENSION_SUFFIXES))
    return (folder / package).is_dir() or any(module.is_file() for module in modules)


def _origin(source: ForeignSource, row: Implementation) -> Origin:
    """Return name and hash of a row's code: of its source, and of the packages that it names."""
    modules = dict.fromkeys(name.partition(":")[0] for name in row.names())
    origins = [
        Origin(source.name, source.sha256)
        if module == source.module
        else _origin_of(module.partition(".")[0])
        for module in modules
    ]
    if len(origins) == 1:
        return origins[0]
    names = " and ".join(origin.name for origin in origins)
    together = hashlib.sha256("".join(origin.sha256 for origin in origins).encode())
    return Origin(names, together.hexdigest())


@cache
def _origin_of(module: str) -> Origin:
    """Return an installed module's name, with the hash of its file or of its package's files."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return Origin(module, "")  # it is not installed, and will not be measured
    path = Path(spec.origin)
    if spec.submodule_search_locations:
        return Origin(module, provenance.hash_folder(path.parent))
    return Origin(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
