"""The layers of the house, read from the imports in the code.

A room is a folder or a file of ``nanogpt_rs``. A file imports from its own layer or from a lower
one, and imports form no circle. What is measured imports nothing of ours, and is imported by dotted
name only. Imports inside functions and those for type checkers count too.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import pytest
from installations import ROOT

from nanogpt_rs.ruler.tasks import TASKS

OURS = "nanogpt_rs"
LAYERS = (
    ("ruler", "words"),
    ("records",),
    ("statistics",),
    ("measuring", "preparing"),
    ("predicting", "training"),
    ("reporting", "workshop"),
    ("commands",),
    ("cli", "api", "magics", "__init__", "__main__", "pytest_plugin", "testing"),
)
"""Rooms of our package, the lowest layer first."""
HEIGHTS = {room: height for height, layer in enumerate(LAYERS) for room in layer}
MEASURED = ("model", "py_impls", "rust_impls")
SUITES = "benchmarks"
PACKAGES = (OURS, SUITES, "model", "py_impls")
"""Packages of ours that hold Python."""

TASK_FILES = ("nanogpt_rs.ruler.tasks", "nanogpt_rs.ruler.registry")
"""What may name tasks: their definitions and the rows of the registry."""
WORDS = frozenset({"count", "encode", "prepare", "shards"})
"""Tasks whose names are also words for commands, kinds of records and steps of a preparation. These
are looked for only where a task is looked up or compared."""
TASK_NAMES_ELSEWHERE = {
    # The self-test plants slow-downs in rows of which it knows how long their calls take.
    "nanogpt_rs.measuring.selftest": {"charset", "encode"},
    "nanogpt_rs.measuring.rebuilds": {"charset", "encode_array"},
}


class Statement(NamedTuple):
    """An import as it is written.

    Attributes:
        base: Dotted name after ``import`` or ``from``, or the string that names a module.
        level: Number of dots of a relative import.
        name: Name that is imported from the base, or nothing.
        line: Line of the statement.
        at_start: Whether importing the file carries it out.
        dotted: Whether a string names the module, as in ``import_module("model")``.
    """

    base: str
    level: int
    name: str
    line: int
    at_start: bool
    dotted: bool = False


class Import(NamedTuple):
    """An import of one module by another.

    Attributes:
        importer: Dotted name of the importing module.
        imported: Dotted name of the imported module.
        statement: How it is written.
    """

    importer: str
    imported: str
    statement: Statement


def sources() -> dict[str, str]:
    """Return the text of each module of our packages, by dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text(encoding="utf-8")
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def shown(module: str) -> str:
    """Return a module's name as an import statement spells it."""
    return module.removesuffix(".__init__")


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def statements(text: str) -> tuple[Statement, ...]:
    """Return the imports in a file."""

    def walk(node: ast.AST, at_start: bool) -> Iterator[Statement]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Statement(alias.name, 0, "", child.lineno, at_start)
            elif isinstance(child, ast.ImportFrom):
                for alias in child.names:
                    base = child.module or ""
                    yield Statement(base, child.level, alias.name, child.lineno, at_start)
            elif isinstance(child, ast.Call) and (name := module_named_by(child)):
                yield Statement(name, 0, "", child.lineno, at_start, dotted=True)
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            only_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            yield from walk(child, at_start and not inside and not only_types)

    return tuple(walk(parsed(text), True))


def module_named_by(call: ast.Call) -> str:
    """Return the module that a call imports by a string, or nothing."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in {"import_module", "resolve_name", "__import__", "find_spec"} or not call.args:
        return ""
    return (value_of(call.args[0]) or "").partition(":")[0]


def value_of(node: ast.AST) -> str | None:
    """Return the text of a constant string."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def all_imports(texts: Mapping[str, str]) -> list[Import]:
    """Return the imports of all modules; of a package's name that is its ``__init__``."""

    def resolve(name: str) -> str:
        return f"{name}.__init__" if f"{name}.__init__" in texts else name

    imports = []
    for importer, text in texts.items():
        for statement in statements(text):
            base = statement.base
            if statement.level:
                folder = importer.split(".")[: -statement.level]
                base = ".".join(filter(None, [*folder, base]))
            submodule = resolve(f"{base}.{statement.name}")
            imported = submodule if submodule in texts else resolve(base)
            imports.append(Import(importer, imported, statement))
    return imports


def room_of(module: str) -> str:
    """Return the room that a module of our package lies in."""
    return module.split(".")[1] if "." in module else "__init__"


def violations(texts: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the imports of these modules, a sentence each."""
    imports = all_imports(texts)
    wrong = [f"{name}: its room is in no layer" for name in texts if not has_layer(name)]
    for found in imports:
        if reason := why_wrong(found):
            wrong.append(f"{shown(found.importer)}, line {found.statement.line}: {reason}")
    return wrong + circles(texts, imports) + task_names(texts)


def has_layer(module: str) -> bool:
    return module.partition(".")[0] != OURS or room_of(module) in HEIGHTS


def why_wrong(found: Import) -> str | None:
    """Return why an import must not be, or nothing."""
    target, statement = shown(found.imported), found.statement
    package, other = found.importer.partition(".")[0], target.partition(".")[0]
    if package in MEASURED:
        ours = {*PACKAGES, *MEASURED} - {package}
        return f"{package} is measured and imports {target}" if other in ours else None
    if other in MEASURED:
        how = "other than by dotted name"
        return None if statement.dotted else f"imports {target}, which is measured, {how}"
    if package != OURS:
        return None
    room = room_of(found.importer)
    if other == OURS and HEIGHTS.get(room_of(found.imported), -1) > HEIGHTS.get(room, -1):
        return f"{room} imports {target}, which lies in a higher layer"
    may = target == OURS or target.startswith(f"{OURS}.ruler") or other in sys.stdlib_module_names
    if room in {"ruler", "__init__"} and statement.at_start and not may:
        return f"{room} imports {target} at its start, beside the standard library"
    return f"imports {target}, a suite, which no wheel holds" if other == SUITES else None


def circles(texts: Mapping[str, str], imports: list[Import]) -> list[str]:
    """Return a circle of imports between files, if there is one."""
    graph: dict[str, set[str]] = {name: set() for name in texts}
    for found in imports:
        if found.imported in texts:
            graph[found.importer].add(found.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return ["a circle of imports: " + " <- ".join(map(shown, error.args[1]))]
    return []


def task_names(texts: Mapping[str, str]) -> list[str]:
    """Return where strings name a task, outside the files that define tasks."""
    return [
        f"{name}, line {line}: names the task {task!r}"
        for name, text in texts.items()
        if name.partition(".")[0] in {OURS, SUITES} and not name.startswith(TASK_FILES)
        for task, line in tasks_named_in(text)
        if task not in TASK_NAMES_ELSEWHERE.get(name, set())
    ]


@cache
def tasks_named_in(text: str) -> list[tuple[str, int]]:
    """Return the tasks that a file names, with the lines."""
    nodes = list(ast.walk(parsed(text)))
    spelled = [node for node in nodes if value_of(node) in TASKS.keys() - WORDS]
    looked_up = [node for parent in nodes for node in lookups_in(parent)]
    spelled += [node for node in looked_up if value_of(node) in WORDS & TASKS.keys()]
    return [
        (str(value_of(node)), node.lineno) for node in spelled if isinstance(node, ast.Constant)
    ]


def lookups_in(node: ast.AST) -> list[ast.expr]:
    """Return the expressions by which something looks up a task or compares one."""

    def is_task(other: ast.expr) -> bool:
        name = other.attr if isinstance(other, ast.Attribute) else getattr(other, "id", "")
        return name == "task"

    if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "TASKS":
        return [node.slice]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"find", "rows_for"}:
        return node.args[:1]
    if isinstance(node, ast.keyword) and node.arg == "task":
        return [node.value]
    if isinstance(node, ast.Compare) and is_task(node.left):
        return node.comparators
    return []


def test_every_file_imports_from_its_own_layer_or_lower() -> None:
    texts = sources()
    imports = all_imports(texts)
    between = Counter(
        (room_of(found.importer), room_of(found.imported))
        for found in imports
        if found.importer.startswith(OURS) and found.imported.startswith(OURS)
    )
    across = sum(count for (importer, imported), count in between.items() if importer != imported)
    print(f"{len(texts)} modules, {len(imports)} imports, {across} between rooms of {OURS}:")
    for room in HEIGHTS:
        lower = {
            imported: count for (importer, imported), count in between.items() if importer == room
        }
        print(f"  {room}:", ", ".join(f"{name} {lower[name]}" for name in HEIGHTS if name in lower))
    wrong = violations(texts)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("nanogpt_rs.records.planted", "import nanogpt_rs.measuring.bench", "in a higher layer"),
        ("nanogpt_rs.ruler.planted", "from nanogpt_rs import words", "beside the standard library"),
        ("nanogpt_rs.words", "from nanogpt_rs.reporting import report", "in a higher layer"),
        (
            "nanogpt_rs.ruler.planted",
            "def f():\n    from ..records import schema",
            "a higher layer",
        ),
        ("nanogpt_rs.ruler.planted", "import numpy", "beside the standard library"),
        ("nanogpt_rs.ruler.planted", "try:\n    import numpy\nexcept ImportError: ...", "numpy"),
        ("nanogpt_rs.__init__", "from nanogpt_rs import cli", "beside the standard library"),
        ("nanogpt_rs.statistics.planted", "import nanogpt_rs.cli", "in a higher layer"),
        (
            "nanogpt_rs.statistics.planted",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import nanogpt_rs.cli",
            "in a higher layer",
        ),
        (
            "nanogpt_rs.statistics.planted",
            "import importlib\nimportlib.import_module('nanogpt_rs.reporting.report')",
            "in a higher layer",
        ),
        ("nanogpt_rs.nowhere.planted", "", "its room is in no layer"),
        (
            "nanogpt_rs.ruler.registry",
            "def f():\n    from nanogpt_rs.ruler import verification",
            "a circle of imports",
        ),
        ("nanogpt_rs.ruler.planted", "def f():\n    import model.gpt", "other than by dotted name"),
        ("nanogpt_rs.commands.planted", "from rust_impls import charset", "than by dotted name"),
        ("benchmarks.planted", "import py_impls.charset.set", "other than by dotted name"),
        ("nanogpt_rs.commands.planted", "from benchmarks import bench_call", "no wheel holds"),
        ("model.planted", "def f():\n    import nanogpt_rs.words", "model is measured and imports"),
        ("model.planted", "from py_impls.charset import set", "model is measured and imports"),
        ("py_impls.planted", "import rust_impls", "py_impls is measured and imports"),
        ("nanogpt_rs.commands.planted", "TASK = 'charset'", "names the task 'charset'"),
        ("nanogpt_rs.commands.planted", "row = find('prepare', id)", "names the task 'prepare'"),
        ("nanogpt_rs.commands.planted", "cell.task == 'shards'", "names the task 'shards'"),
        ("nanogpt_rs.commands.planted", "Cell(task='count')", "names the task 'count'"),
    ],
)
def test_a_planted_violation_is_found(module: str, line: str, complaint: str) -> None:
    texts = sources()
    before = violations(texts)
    new = set(violations(texts | {module: f"{texts.get(module, '')}\n{line}\n"})) - set(before)
    assert any(complaint in violation for violation in new), new


def test_what_may_be_is_not_found() -> None:
    lines = {
        "nanogpt_rs.ruler.planted": "def f():\n    import numpy\n    resolve_name('model.gpt:GPT')",
        "nanogpt_rs.records.planted": "import pydantic\nfrom nanogpt_rs.ruler import registry",
        "model.planted": "import torch\nfrom model import gpt",
        "benchmarks.planted": "from nanogpt_rs.ruler import registry",
        "nanogpt_rs.commands.planted": "app.command('prepare')",
    }
    assert violations(sources() | lines) == violations(sources())


def test_the_ruler_needs_only_the_standard_library() -> None:
    """As where asv has installed a wheel without what it depends on."""
    modules = [shown(name) for name in sources() if name.startswith(f"{OURS}.ruler")]
    script = (
        "import importlib, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        f"for name in {modules}:\n"
        "    importlib.import_module(name)\n"
        "packages = {name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names\n"
        "print(*packages)\n"
    )
    # -S leaves out what is installed, so that an import of it fails.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= {OURS, "__main__"}
