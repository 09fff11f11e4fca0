"""Beginning an implementation: its file, and each line that has to name it.

The file is a copy of an idea that is there already and right, so that what begins here passes
verification as it stands, for every task alike; what is to be changed is what makes it another.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path

from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.registry import REGISTRY, Implementation

FIRST_LINE = "A copy of {} to begin with: name the structure here, and why it might win."
RUST_KEYWORDS = """
abstract as async await become box break const continue crate do dyn else enum extern false final fn
for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct
super trait true try type typeof unsafe unsized use virtual where while yield
"""


class ScaffoldError(Exception):
    """An implementation can't be begun so; the message says why."""


@dataclass(frozen=True)
class Begun:
    """What was written.

    Attributes:
        id: the implementation's.
        model: id of the one that its file is a copy of.
        files: each file that was made or changed, below the checkout.
    """

    id: str
    model: str
    files: tuple[Path, ...]


def checkout() -> Path:
    """Return the checkout that the user stands in, or else the one that this file lies in.

    Raises:
        ScaffoldError: there is none.
    """
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, provenance.ROOT):
        if provenance.is_checkout(folder):
            return folder
    raise ScaffoldError("this is no checkout of nanogpt-rs; bring yours from outside by --from")


def begin(root: Path, task: str, idea: str, *, rust: bool) -> Begun:
    """Write an implementation's file, its registry line and, for Rust, the two lines that name it.

    Args:
        root: a checkout.
        task: of which.
        idea: what it is called, after its data structure.
        rust: in Rust, else in Python.

    Raises:
        ScaffoldError: it cannot be called that, or is there already. Nothing is changed then.
    """
    language = "rust" if rust else "python"
    id = f"{language}/{idea}"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", idea):
        raise ScaffoldError(f"{idea!r} is no name for it: lower-case letters, digits and '_' only")
    if keyword.iskeyword(idea):
        raise ScaffoldError(f"{idea!r} is no name for it: it means something else in Python")
    model = model_of(root, task, rust=rust)
    if rust:
        target, texts = rust_texts(root, task, idea, model)
    else:
        target, texts = python_texts(root, task, idea, model)
    registry = root / "nanogpt_rs/ruler/registry.py"
    texts[registry] = with_row(read(registry), id, target, model)
    file = next(iter(texts))
    if file.exists():
        raise ScaffoldError(f"{file.relative_to(root)} is there already")
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return Begun(id, model.id, tuple(path.relative_to(root) for path in texts))


def model_of(root: Path, task: str, *, rust: bool) -> Implementation:
    """Return the idea to begin from: the lecture's, or the first in Rust that is one short file.

    Raises:
        ScaffoldError: there is none.
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
    """Return the name of the Rust function of its own that a row calls or is given, if any."""
    own = f"rust_impls:{row.task}.{name_of(row)}"
    return own if own in (row.target, *row.given) else None


def name_of(row: Implementation) -> str:
    """Return what an idea is called: the second word of its id."""
    return row.id.partition("/")[2]


def python_texts(
    root: Path, task: str, idea: str, model: Implementation
) -> tuple[str, dict[Path, str]]:
    """Return the target of an idea in Python, and the text of its file."""
    folder = root / "py_impls" / task
    text = read(folder / f"{name_of(model)}.py")
    body = text.partition("\n")[2]  # a docstring of one line comes first
    first = f'"""{FIRST_LINE.format(name_of(model))}"""\n'
    return f"py_impls.{task}.{idea}:{task}", {folder / f"{idea}.py": first + body}


def rust_texts(
    root: Path, task: str, idea: str, model: Implementation
) -> tuple[str, dict[Path, str]]:
    """Return the target of an idea in Rust, and the texts of its file and of those that name it.

    Raises:
        ScaffoldError: the name means something in Rust, or in ``python.rs``.
    """
    folder, border = root / "rust_impls" / task, root / "rust_impls/python.rs"
    python_rs = read(border)
    found = re.search(
        rf"macro_rules! {task}_module \{{.*?^\}}", python_rs, re.DOTALL | re.MULTILINE
    )
    if idea in RUST_KEYWORDS.split() or (found and re.search(rf"\b{idea}\b", found.group())):
        raise ScaffoldError(f"{idea!r} means something else in Rust, or in rust_impls/python.rs")
    text = read(folder / f"{name_of(model)}.rs")
    body = text.partition("\n")[2]
    return f"rust_impls:{task}.{idea}", {
        folder / f"{idea}.rs": f"//! {FIRST_LINE.format(name_of(model))}\n{body}",
        folder / "mod.rs": with_module(read(folder / "mod.rs"), idea),
        border: with_name(python_rs, task, idea, name_of(model)),
    }


def with_module(text: str, idea: str) -> str:
    """Return a ``mod.rs`` that names an idea, in the order that rustfmt wants."""
    lines = text.splitlines(keepends=True)
    places = [index for index, line in enumerate(lines) if line.startswith("pub mod ")]
    line = f"pub mod {idea};\n"
    later = [index for index in places if lines[index].rstrip(";\n") > line.rstrip(";\n")]
    place = later[0] if later else places[-1] + 1
    return "".join([*lines[:place], line, *lines[place:]])


def with_name(text: str, task: str, idea: str, model: str) -> str:
    """Return a ``python.rs`` that names an idea in its task's list, in the group of another."""
    block = re.compile(rf"(^{task}_module! \{{.*?\b{model}\b[^;]*)(;)", re.DOTALL | re.MULTILINE)
    return block.sub(lambda found: f"{found[1]}, {idea};", text, count=1)


def with_row(text: str, id: str, target: str, model: Implementation) -> str:
    """Return a registry with a line after the last of its task, like that of ``model``.

    Raises:
        ScaffoldError: there is such a line already.
    """
    task = model.task
    if f'row("{task}", "{id}",' in text:
        raise ScaffoldError(f"{task} {id} is registered already")
    kept = [mark for mark in ("utf8", "quadratic") if mark in model.marks]
    copied = kernel_of(model) or model.target
    names = [target if name == copied else name for name in (model.target, *model.given)]
    words = [task, id, names[0], " ".join(["default", *kept]), " ".join(model.needs)]
    words.append(" ".join(names[1:]))
    while not words[-1]:
        words.pop()
    line = "    row({}),\n".format(", ".join(f'"{word}"' for word in words))
    lines = text.splitlines(keepends=True)
    last = max(i for i, each in enumerate(lines) if each.startswith(f'    row("{task}",'))
    return "".join([*lines[: last + 1], line, *lines[last + 1 :]])


def read(path: Path) -> str:
    """Return the text of a file of the checkout."""
    return path.read_text(encoding="utf-8")
