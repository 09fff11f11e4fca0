"""Anything that can be called: how a worker process is told of it, and finds it again.

A *callable* is described by a few strings. The process that describes it runs none of its code; a
worker process loads it, and makes its input, from that description alone.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import io
import pickle
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict

from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.surroundings import DisturbedError

Kind = Literal["file", "module", "statement", "pickle", "test"]
MOST_INPUTS = 5
"""Number of inputs on which answers are compared, where the input's function makes several."""
LONGEST_PICKLED = 64_000_000
"""Bytes of a pickled object above which it is not compared with what it was before a call."""


class Description(TypedDict):
    """What a worker process is told of a callable.

    Attributes:
        kind: ``file``, a function in a Python file; ``module``, an attribute of a module that can
            be imported; ``statement``, Python text as ``timeit`` takes it; ``pickle``, an object
            that was pickled; ``test``, what a test of pytest gives to its fixture ``benchmark``.
        target: ``path.py:function``; ``package.module:function``; the text of the statement; the
            path of the file that holds the pickle; or the test's node id.
        setup: Text that is run once before the statement, in the same names.
        folder: Folder that comes first on the import path while the callable is loaded.
        file: Path of the Python file that it is in, if it is in one.
        sha256: SHA-256 of that file when the callable was described, in hexadecimal.
    """

    kind: Kind
    target: str
    setup: NotRequired[str]
    folder: NotRequired[str]
    file: NotRequired[str]
    sha256: NotRequired[str]


class LoadError(Exception):
    """A callable cannot be loaded; the message says why."""


class EditedError(LoadError, DisturbedError):
    """The file of a callable is not any more what it was when the callable was described."""


class Prepared(NamedTuple):
    """A function with work before and after each call that does not belong to its time.

    Attributes:
        function: Is called, and timed.
        prepare: Makes the arguments of each call, positional and named.
        finish: Is called with the same arguments afterwards; ``None`` for nothing.
    """

    function: Callable[..., Any]
    prepare: Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]
    finish: Callable[..., Any] | None = None


class Loaded(NamedTuple):
    """A callable in a worker process.

    Attributes:
        function: Calls it.
        loop: Calls it once for each item of an iterable, without a call in between; ``None`` for
            all but statements.
        names: What a statement's setup has bound, or a test gives to its call; empty for others.
        code: Its code when it was loaded; ``None`` for what is not written in Python.
        of_code: What has that code, where it is another object than ``function``.
        prepared: The parts of ``function``, where only one of them is timed.
    """

    function: Callable[..., Any]
    loop: Callable[[Iterable[None]], None] | None = None
    names: Mapping[str, Any] = {}
    code: object = None
    of_code: object = None
    prepared: Prepared | None = None


CAUGHT: dict[str, list[Loaded]] = {}
"""What tests have given to their fixture ``benchmark``, by node id; each is loaded once."""


def load(description: Description) -> Loaded:
    """Load a callable.

    Raises:
        LoadError: It cannot be found, or is nothing that can be called.
        Exception: Its own code failed.
    """
    check_unedited(description)
    if description["kind"] == "test":
        return CAUGHT[description["target"]].pop(0)
    folder = description.get("folder")
    if folder and folder not in sys.path:
        sys.path.insert(0, folder)
    if description["kind"] == "statement":
        return statement(description["target"], description.get("setup", ""))
    if description["kind"] == "pickle":
        value = pickle.loads(Path(description["target"]).read_bytes())  # noqa: S301 - our parent's
    elif description["kind"] == "file":
        path, _, name = description["target"].rpartition(":")
        value = attribute(module_of(Path(path)), name, Path(path).name)
    else:
        package, _, name = description["target"].rpartition(":")
        try:
            value = attribute(importlib.import_module(package), name, package)
        except ModuleNotFoundError as error:
            if error.name and package.startswith(error.name):
                raise LoadError(f"there is no module {error.name!r} to import") from None
            raise
    if not callable(value):
        raise LoadError(f"{type(value).__name__} objects cannot be called")
    return Loaded(value, code=getattr(value, "__code__", None))


def add_last(folder: str) -> None:
    """Put a folder at the end of the import path, unless it is there.

    pytest leaves the working folder out, and ``python -m pytest`` puts it first. At the end it
    hides nothing that is installed.
    """
    if folder not in sys.path:
        sys.path.append(folder)


def check_unedited(description: Description) -> None:
    """Check that the file of a callable is what it was when the callable was described.

    Raises:
        EditedError: It is not.
    """
    if "file" not in description:
        return
    path = Path(description["file"])
    if not path.is_file() or sha256(path.read_bytes()) != description["sha256"]:
        raise EditedError(f"found {path.name} edited since the run began")


def attribute(module: ModuleType, name: str, shown: str) -> Any:
    """Return a module's attribute, by a dotted name.

    Raises:
        LoadError: There is none.
    """
    value: Any = module
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise LoadError(f"{shown} has no {name!r}") from None
    return value


def module_of(path: Path) -> ModuleType:
    """Return the module in a file, which is run once for all functions that are taken from it.

    It has the file's name where no other module has that name. Modules beside the file that have
    the names of modules beside an earlier file are imported anew, so that two versions of a project
    can be compared.
    """
    for module in sys.modules.values():
        if getattr(module, "__file__", None) == str(path):
            return module
    home = str(path.parent)
    if home in sys.path:
        sys.path.remove(home)
    sys.path.insert(0, home)
    importlib.invalidate_caches()
    forget_namesakes(path.parent)
    name = path.stem
    while name in sys.modules or name in sys.stdlib_module_names or not name.isidentifier():
        name = f"{''.join(c if c.isalnum() else '_' for c in name)}_of_file"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def forget_namesakes(folder: Path) -> None:
    """Forget modules of other folders that this folder has too; functions keep those they use."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        top = name.partition(".")[0]
        if file is None or top in sys.stdlib_module_names or top == "nanogpt_rs":
            continue
        here = (folder / top, *(folder / f"{top}{end}" for end in (".py", *EXTENSION_SUFFIXES)))
        if folder not in Path(file).parents and any(path.exists() for path in here):
            del sys.modules[name]


def statement(text: str, setup: str) -> Loaded:
    """Compile a statement, after its setup has run.

    As in ``timeit``, the statement runs inside a function, and may change what its setup has bound.
    Its answer is the value of its last expression.

    Raises:
        LoadError: It is not Python.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    parsed(text, "the statement")
    exec(compile(parsed(setup, "the setup"), "<setup>", "exec"), names)  # noqa: S102 - as asked
    made = compiled(text, names)
    return Loaded(made["call"], made["loop"], names, made["call"].__code__)


def compiled(text: str, names: dict[str, Any]) -> dict[str, Any]:
    """Return the functions ``call`` and ``loop`` of a statement, which runs with these names.

    Raises:
        LoadError: It is not Python.
    """
    body = parsed(text, "the statement")
    bound = sorted(stored_in(body) & names.keys())
    own: list[ast.stmt] = [ast.Global(bound)] if bound else []
    last = body.body[-1]
    answering = [*body.body]
    if isinstance(last, ast.Expr):
        answering[-1] = ast.copy_location(ast.Return(last.value), last)
    module = ast.parse("def call():\n    pass\ndef loop(times):\n    for _ in times: pass\n")
    call, loop = module.body
    assert isinstance(call, ast.FunctionDef)
    assert isinstance(loop, ast.FunctionDef)
    call.body = [*own, *answering]
    turns = loop.body[0]
    assert isinstance(turns, ast.For)
    turns.target = ast.Name("_of_the_loop", ast.Store())
    turns.body = body.body
    loop.body = [*own, turns]
    made: dict[str, Any] = {}
    exec(compile(ast.fix_missing_locations(module), "<statement>", "exec"), names, made)  # noqa: S102
    return made


def parsed(text: str, shown: str) -> ast.Module:
    """Return the syntax tree of a statement or of a setup.

    Raises:
        LoadError: It is not Python, or not what can stand in a function.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise LoadError(f"{shown} is not Python: {error}") from None
    if shown == "the statement":
        if not tree.body:
            raise LoadError("the statement is empty")
        for node in ast.walk(tree):
            if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom | ast.Await):
                word = type(node).__name__.lower()
                raise LoadError(f"the statement holds {word!r}, which stands in functions only")
    return tree


def answers(text: str) -> bool:
    """Return whether a statement has an answer: whether it ends with an expression."""
    return isinstance(parsed(text, "the statement").body[-1], ast.Expr)


def stored_in(tree: ast.Module) -> set[str]:
    """Return the names that a statement binds itself, without those of functions inside it."""
    names: set[str] = set()

    def walk(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store | ast.Del):
                names.add(child.id)
            inner = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
            comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
            if isinstance(child, inner | comprehension):
                continue
            walk(child)

    walk(tree)
    return names


# --- inputs ---


class Inputs:
    """Makes the arguments of calls: each time new objects, of the same content for each number."""

    def __init__(self, description: Description | None) -> None:
        """Load the input's function, or the pickled arguments; ``None`` for calls without any."""
        self.pickled: bytes | None = None
        self.make: Callable[..., Any] | None = None
        if description is None:
            return
        if description["kind"] == "pickle" and description.get("setup") == "arguments":
            self.pickled = Path(description["target"]).read_bytes()
        else:
            self.make = load(description).function

    def arguments(self, number: int = 0) -> tuple[Any, ...] | None:
        """Return the arguments of this number; ``None`` where the function makes fewer.

        Python's and numpy's global generators are seeded before, so that a function that draws
        from them makes the same input in each process, and another one for each number.
        """
        if self.pickled is not None:
            return tuple(pickle.loads(self.pickled))  # noqa: S301 - our parent's
        if self.make is None:
            return ()
        state = random.getstate()
        random.seed(number)
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(number)
        try:
            made = self.make()
            if isinstance(made, Iterator):
                made = next(islice(made, number, None), END)
        finally:
            random.setstate(state)
        if made is END:
            return None
        return made if type(made) is tuple else (made,)


END = object()


def pickled(value: Any) -> bytes | None:
    """Return an object's content as bytes; ``None`` where it cannot be pickled, or is too large."""
    stream = io.BytesIO()
    try:
        pickle.Pickler(stream, protocol=5).dump(value)
    except Exception:
        return None
    return stream.getvalue() if stream.tell() <= LONGEST_PICKLED else None
