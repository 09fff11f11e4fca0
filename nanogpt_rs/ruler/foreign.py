"""Other people's implementations and tasks: from a file, or from installed packages.

A *source* is a Python file outside this project. Without more, each function in it that is named
after a task is an implementation of it, ``foreign/`` and the file's name; such a file is read here
and run in worker processes alone. A file that defines ``ROWS``, as in ``ruler.registry``, or
``TASKS``, as in ``nanogpt_rs.ruler.tasks``, is run here too, since their checks are its own code.

An installed package names such modules as entry points of the group ``nanogpt_rs.implementations``.

Nothing of this is in ``REGISTRY``: what asv keeps results by must not depend on what is installed.
Rows from here have the mark ``foreign`` and the SHA-256 of the code that they are about.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler import provenance, registry
from nanogpt_rs.ruler.registry import MARKS, Implementation, Origin
from nanogpt_rs.ruler.tasks import TASKS, Task, shown

GROUP = "nanogpt_rs.implementations"
LANGUAGE = "foreign"
"""What their ids begin with, where the task is not their own."""
PREFIX = "nanogpt_rs_from_"
"""Under which files are imported: a file may be called like a module that there is."""
OURS_ALONE = {mark for mark in MARKS if mark.partition(":")[0] in {"baseline", "strongest"}}
ID = re.compile(r"[a-z0-9_.-]+/[a-z0-9_.-]+")


class ForeignError(Exception):
    """A source can't be taken; the message says which, and why."""


@dataclass(frozen=True)
class ForeignSource:
    """A file that brings implementations or tasks.

    Attributes:
        module: what it is imported as.
        path: where it is.
        sha256: of its bytes.
        idea: what an implementation is called that has no line of its own.
        name: what people know it by, with no path in it.
    """

    module: str
    path: str
    sha256: str
    idea: str
    name: str


_taken: dict[ForeignSource, tuple[Implementation, ...]] = {}


class _Files:
    """Finds the files by the names that they are imported under."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Return where a module is, if it is one of ours to find."""
        for source in _taken:
            if source.module == name and name.startswith(PREFIX):
                return importlib.util.spec_from_file_location(name, source.path)
        return None


def add_file(path: Path | str) -> tuple[Implementation, ...]:
    """Take a Python file's implementations and tasks; return its rows.

    Raises:
        ForeignError: it cannot be read, has nothing, or what it has is not as it must be.
    """
    path = Path(path).resolve()
    for source, rows in _taken.items():
        if source.path == str(path):
            return rows
    if path.suffix != ".py":
        raise ForeignError(f"{path}: not a Python file: its name must end in .py")
    module = PREFIX + re.sub(r"\W", "_", path.stem)
    return _take(_source(module, path, path.stem, path.name))


def add_installed() -> list[str]:
    """Take what installed packages offer; return what had to be left out, and why."""
    import importlib.metadata

    left_out = []
    known = {source.module for source in _taken}
    for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda each: each.value):
        if entry.module in known:
            continue
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module
        try:
            spec = importlib.util.find_spec(entry.module)
            if entry.attr or spec is None or not str(spec.origin).endswith(".py"):
                raise ForeignError(f"{entry.value!r} does not name a module in Python")
            _take(_source(entry.module, Path(str(spec.origin)), entry.name, package))
        except ForeignError as error:
            left_out.append(f"{package}: {error}")
        except (Exception, SystemExit) as error:  # of a package that is imported to find it
            left_out.append(f"{package}: {shown(error)}")
    return left_out


def sources() -> list[dict[str, str]]:
    """Return what a worker process has to be told, so that it knows the same rows."""
    return [dict(vars(source)) for source in _taken]


def restore(told: Iterable[dict[str, str]]) -> None:
    """Take in a worker process what the process that started it had taken.

    Raises:
        ForeignError: a file has changed since.
    """
    for each in told:
        source = ForeignSource(**each)
        if _source(source.module, Path(source.path), source.idea, source.name) != source:
            raise ForeignError(f"{source.name} has changed while it was measured")
        _take(source, hashed=False)  # which takes long, and is known where it is asked for


def _source(module: str, path: Path, idea: str, name: str) -> ForeignSource:
    """Return a source as it is now.

    Raises:
        ForeignError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ForeignError(f"{path}: {error.strerror}") from None
    return ForeignSource(module, str(path), hashlib.sha256(data).hexdigest(), idea, name)


def _take(source: ForeignSource, *, hashed: bool = True) -> tuple[Implementation, ...]:
    """Add a source's rows and tasks to what there is; nothing of it if anything is wrong."""
    for other in _taken:
        if other.module == source.module and other.path != source.path:
            raise ForeignError(f"{source.path} and {other.path} have the same name: rename one")
    _taken[source] = ()  # from here on it can be imported
    home = str(Path(source.path).parent)
    beside = source.module.startswith(PREFIX) and home not in sys.path
    if beside:
        sys.path.append(home)  # at the end, where it can shadow nothing: for what the file imports
    if _Files not in sys.meta_path:
        sys.meta_path.append(_Files)
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
            origin=_origin(source, row) if hashed else Origin(source.name, ""),
        )
        for row in rows
    )
    TASKS.update({task.name: task for task in tasks})
    registry.add(marked)
    _taken[source] = marked
    return marked


def _contents(source: ForeignSource) -> tuple[list[Task], list[Implementation]]:
    """Return the tasks and rows of a source, as it has them.

    Raises:
        ForeignError: it has none, or cannot be run.
    """
    names = _names(source)
    if not names & {"ROWS", "TASKS"}:
        found = [task for task in TASKS if task in names]
        if not found:
            known = ", ".join(TASKS)
            raise ForeignError(
                f"{source.path}: defines neither ROWS nor a function named after a task: {known}"
            )
        target = f"{source.module}:{{}}"
        id = f"{LANGUAGE}/{source.idea}"
        return [], [registry.row(task, id, target.format(task), "default") for task in found]
    try:
        module: Any = importlib.import_module(source.module)
    except (Exception, SystemExit) as error:
        raise ForeignError(f"{source.path}: {shown(error)}") from None
    tasks, rows = list(getattr(module, "TASKS", ())), list(getattr(module, "ROWS", ()))
    for kind, each in [(Task, task) for task in tasks] + [(Implementation, row) for row in rows]:
        if not isinstance(each, kind):
            list_ = "TASKS" if kind is Task else "ROWS"
            raise ForeignError(
                f"{source.path}: {list_} holds {type(each).__name__}, not {kind.__name__}"
            )
    return tasks, rows


def _names(source: ForeignSource) -> set[str]:
    """Return the names that a file binds at its top level, without running it.

    Raises:
        ForeignError: it is not Python.
    """
    try:
        tree = ast.parse(Path(source.path).read_bytes())
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        raise ForeignError(f"{source.path}{where}: {error.msg}") from None
    except ValueError as error:
        raise ForeignError(f"{source.path}: {error}") from None
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def _check(source: ForeignSource, tasks: Sequence[Task], rows: Sequence[Implementation]) -> None:
    """Check that nothing collides with what there is.

    Raises:
        ForeignError: it does.
    """
    own = [task.name for task in tasks]
    for name in own:
        if name in TASKS or own.count(name) > 1:
            raise ForeignError(f"{source.path}: there is a task {name!r} already")
        if not name.isidentifier():
            raise ForeignError(
                f"{source.path}: {name!r} is no identifier, as a task's name must be"
            )
        for mark in OURS_ALONE:
            if sum(row.task == name and mark in row.marks for row in rows) > 1:
                raise ForeignError(f"{source.path}: {name}: more than one row is marked {mark!r}")
    keys = {(row.task, row.id) for row in registry.rows()}
    for row in rows:
        if problem := _problem(row, own, keys):
            raise ForeignError(f"{source.path}: {row.task} {row.id}: {problem}")
        keys.add((row.task, row.id))


def _problem(row: Implementation, own: Sequence[str], keys: set[tuple[str, str]]) -> str | None:
    """Return why a row can't be taken beside rows with these keys, if it can't.

    Args:
        row: of a source.
        own: tasks that the source brings.
        keys: task and id of the rows before it.
    """
    strange, taken = row.marks - MARKS.keys(), row.marks & OURS_ALONE
    if row.task not in own and row.task not in TASKS:
        return f"there is no task {row.task!r}"
    if not ID.fullmatch(row.id):
        return f"an id is two words in lower case, as in {LANGUAGE}/my_idea"
    if (row.task, row.id) in keys:
        return "there is an implementation of that id already"
    if strange:
        return f"no mark is called {min(strange)!r}"
    problem = None
    if row.task not in own and not row.id.startswith(f"{LANGUAGE}/"):
        problem = f"its id must begin with {LANGUAGE}/, as the task is not its own"
    elif row.task not in own and taken:
        problem = f"{min(taken)!r} is for the task's own rows to have"
    return problem


def _origin(source: ForeignSource, row: Implementation) -> Origin:
    """Return what code a row is about: the source itself, and the packages that it points to."""
    modules = dict.fromkeys(name.partition(":")[0] for name in (row.target, *row.given))
    found = [
        Origin(source.name, source.sha256)
        if module == source.module
        else _origin_of(module.partition(".")[0])
        for module in modules
    ]
    if len(found) == 1:
        return found[0]
    names = " and ".join(each.name for each in found)
    together = hashlib.sha256("".join(each.sha256 for each in found).encode())
    return Origin(names, together.hexdigest())


@cache
def _origin_of(module: str) -> Origin:
    """Return where a module of others is, with the hash of its file, or of all of its package's."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return Origin(module, "")  # is not here, and will not be measured
    path = Path(spec.origin)
    if spec.submodule_search_locations:
        return Origin(module, provenance.hash_folder(path.parent))
    return Origin(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
