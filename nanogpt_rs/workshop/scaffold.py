"""Beginning an implementation: its file, and every line that has to name it.

The new file is a copy of an existing idea, so that it passes verification as it stands, in every
task. Its author then changes it into the new idea.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path

from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.errors import NOTHING, USAGE, UserError
from nanogpt_rs.ruler.registry import REGISTRY, RESTRICTIONS, Implementation
from nanogpt_rs.ruler.tasks import TASKS

FIRST_LINE = "A copy of {} to begin with: name the structure here, and why it might win."
RUST_KEYWORDS = """
abstract as async await become box break const continue crate do dyn else enum extern false final fn
for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct
super trait true try type typeof unsafe unsized use virtual where while yield
"""
REGISTRY_FILE = "nanogpt_rs/ruler/registry.py"
RUST_IDEAS = "rust_impls/python/ideas.rs"
"""The file that lists the ideas of each task."""

RUST_MODULES = "rust_impls/python/modules.rs"
"""The file that writes each idea's Python function, beside names of its own."""


class ScaffoldError(UserError):
    """An implementation cannot be begun; the message says why."""

    exit_status = USAGE


class NoCheckoutError(ScaffoldError):
    """There is no checkout to work in."""

    exit_status = NOTHING


@dataclass(frozen=True)
class Begun:
    """An implementation that has been begun.

    Attributes:
        id: Id of the new implementation.
        model: Id of the implementation whose file was copied.
        files: Files that were made or changed, relative to the checkout.
    """

    id: str
    model: str
    files: tuple[Path, ...]


def checkout() -> Path:
    """Return the checkout around the working directory, or else the one that holds this file.

    Raises:
        ScaffoldError: There is no checkout.
    """
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, provenance.ROOT):
        if provenance.is_checkout(folder):
            return folder
    raise NoCheckoutError(
        "this is not a checkout of nanogpt-rs",
        hint="cd to a checkout; to measure code of your own outside one, use --from",
    )


def begin(root: Path, task: str, idea: str, *, rust: bool) -> Begun:
    """Write an implementation's file, its registry line and, for Rust, the two lines that name it.

    Args:
        root: Folder of the checkout.
        task: Name of the task.
        idea: Name of the implementation, after its data structure.
        rust: Whether to write it in Rust instead of Python.

    Raises:
        ScaffoldError: The name cannot be used, or exists already. Nothing is changed then.
    """
    language = "rust" if rust else "python"
    id = f"{language}/{idea}"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", idea):
        raise ScaffoldError(
            f"{idea!r} cannot be a name", hint="use lower-case letters, digits and '_' only"
        )
    if keyword.iskeyword(idea):
        raise ScaffoldError(f"{idea!r} is a Python keyword", hint="choose another name")
    if shared := TASKS[task].variant_of:
        raise ScaffoldError(
            f"{task} has the implementations of {shared}",
            hint=f"begin one there: `nanogpt-rs dev new {shared} {idea}`",
        )
    model = model_of(root, task, rust=rust)
    if rust:
        target, texts = rust_texts(root, task, idea, model)
    else:
        target, texts = python_texts(root, task, idea, model)
    registry = root / REGISTRY_FILE
    texts[registry] = with_row(read(registry), id, target, model)
    file = next(iter(texts))
    if file.exists():
        raise ScaffoldError(f"{file.relative_to(root)} exists already", hint="choose another name")
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return Begun(id, model.id, tuple(path.relative_to(root) for path in texts))


def model_of(root: Path, task: str, *, rust: bool) -> Implementation:
    """Return the implementation to copy.

    It is the baseline in Python, or the first in Rust whose code lies in one file.

    Raises:
        ScaffoldError: The task has no such implementation.
    """
    for row in REGISTRY:
        if row.task != task or row.marks & {"limit", "parallel"}:
            continue
        if not rust and "baseline" in row.marks:
            return row
        if rust and kernel_of(row):
            text = read(root / "rust_impls" / task / f"{name_of(row)}.rs")
            if not re.search(r"^(pub )?mod ", text, re.MULTILINE):
                return row
    raise ScaffoldError(f"the task {task} has no idea in {'Rust' if rust else 'Python'} to copy")


def kernel_of(row: Implementation) -> str | None:
    """Return the target of a row's own Rust function, which it calls or is given, or ``None``."""
    own = f"rust_impls:{row.task}.{name_of(row)}"
    return own if own in (row.target, *row.given) else None


def name_of(row: Implementation) -> str:
    """Return the name of an idea, which is the second part of its id."""
    return row.id.partition("/")[2]


def python_texts(
    root: Path, task: str, idea: str, model: Implementation
) -> tuple[str, dict[Path, str]]:
    """Return the target of a new idea in Python, and the text of its file."""
    folder = root / "py_impls" / task
    text = read(folder / f"{name_of(model)}.py")
    body = text.partition("\n")[2]  # without the docstring, which is one line
    first = f'"""{FIRST_LINE.format(name_of(model))}"""\n'
    return f"py_impls.{task}.{idea}:{task}", {folder / f"{idea}.py": first + body}


def rust_texts(
    root: Path, task: str, idea: str, model: Implementation
) -> tuple[str, dict[Path, str]]:
    """Return the target of a new idea in Rust, and the texts of all files that change.

    Raises:
        ScaffoldError: The name is a Rust keyword, or ``modules.rs`` uses it for something else.
    """
    if idea in RUST_KEYWORDS.split():
        raise ScaffoldError(f"{idea!r} is a Rust keyword", hint="choose another name")
    code = re.sub(r"//.*", "", read(root / RUST_MODULES))
    if re.search(rf"\b{idea}\b", code):
        raise ScaffoldError(f"{idea!r} has a meaning in {RUST_MODULES}", hint="choose another name")
    folder, lists = root / "rust_impls" / task, root / RUST_IDEAS
    text = read(folder / f"{name_of(model)}.rs")
    body = text.partition("\n")[2]
    return f"rust_impls:{task}.{idea}", {
        folder / f"{idea}.rs": f"//! {FIRST_LINE.format(name_of(model))}\n{body}",
        folder / "mod.rs": with_module(read(folder / "mod.rs"), idea),
        lists: with_name(read(lists), task, idea, name_of(model)),
    }


def with_module(text: str, idea: str) -> str:
    """Return a ``mod.rs`` with a line for a new idea, in the order that rustfmt demands."""
    lines = text.splitlines(keepends=True)
    places = [index for index, line in enumerate(lines) if line.startswith("pub mod ")]
    line = f"pub mod {idea};\n"
    later = [index for index in places if lines[index].rstrip(";\n") > line.rstrip(";\n")]
    place = later[0] if later else places[-1] + 1
    return "".join([*lines[:place], line, *lines[place:]])


def with_name(text: str, task: str, idea: str, model: str) -> str:
    """Return an ``ideas.rs`` that lists a new idea, in the same group of its task as ``model``."""
    group = re.compile(rf"(^{task}_module! \{{.*?\b{model}\b[^;]*)(;)", re.DOTALL | re.MULTILINE)
    return group.sub(lambda match: f"{match[1]}, {idea};", text, count=1)


def with_row(text: str, id: str, target: str, model: Implementation) -> str:
    """Return a registry with a new row after the last of its task, like that of ``model``.

    Raises:
        ScaffoldError: The registry has a row with this id.
    """
    task = model.task
    if f'row("{task}", "{id}",' in text:
        raise ScaffoldError(f"{task} {id} is registered already", hint="choose another name")
    marks = ["default", *(mark for mark in RESTRICTIONS if mark in model.marks)]
    copied = kernel_of(model) or model.target
    names = [target if name == copied else name for name in (model.target, *model.given)]
    fields = [task, id, names[0], " ".join(marks), " ".join(model.needs), " ".join(names[1:])]
    while not fields[-1]:
        fields.pop()
    row = "    row({}),\n".format(", ".join(f'"{field}"' for field in fields))
    lines = text.splitlines(keepends=True)
    rows_of_task = [i for i, line in enumerate(lines) if line.startswith(f'    row("{task}",')]
    last = rows_of_task[-1]
    return "".join([*lines[: last + 1], row, *lines[last + 1 :]])


def read(path: Path) -> str:
    """Return the text of a file of the checkout."""
    return path.read_text(encoding="utf-8")
