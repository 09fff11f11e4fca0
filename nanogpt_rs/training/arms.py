"""The arms of the race: the same model, computed by Python and by libraries of Rust.

An arm is an executable that speaks the line protocol of model_rs/README.md. A row here is all that
the race knows of it; CONTRIBUTING.md says how to add one.
"""

from __future__ import annotations

import ast
import importlib.metadata
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.errors import USAGE, UserError, did_you_mean

REFERENCE = "python/nanogpt"
"""The arm that all others are compared with: what nanoGPT's users run."""
OWN = "python/own"
"""The arm whose losses the others must have."""
PYTHON_MODEL = ("model/gpt.py", "model/optimizers.py")
BLOCK_SOURCES = tuple(
    f"model_rs/block/{source}"
    for source in (
        "nanogpt_block/__init__.py",
        "src/attention.rs",
        "src/softmax.rs",
        "src/product.rs",
        "src/lanes.rs",
        "src/path.rs",
        "src/real.rs",
        "src/dlpack.rs",
        "src/python.rs",
    )
)
"""What the attention in Rust adds to the model in Python."""
Dtype = Literal["float32", "float64", "bfloat16"]


class UnknownArmError(UserError):
    """There is no arm of this name."""

    exit_status = USAGE


@dataclass(frozen=True)
class Arm:
    """One way to train the model.

    Attributes:
        id: Language and library or idea, such as ``rust/candle``.
        idea: What it is, in one line.
        sources: Files that define model and optimizer step, below the root of a checkout.
        dtype: Number format that it is timed in.
        variant: Its name in ``python_arm``; ``None`` for an executable in Rust.
        crate: Folder in ``model_rs`` that builds the executable; ``None`` for Python.
        compiles: Whether it compiles the model before the first step.
        torch: Whether the library torch must be installed for it.
        package: Another package that must be installed for it, which is none of torch's.
    """

    id: str
    idea: str
    sources: tuple[str, ...] = PYTHON_MODEL
    dtype: Dtype = "float32"
    variant: str | None = None
    crate: str | None = None
    compiles: bool = False
    torch: bool = True
    package: str | None = None

    @property
    def executable(self) -> str:
        """Name of the executable in Rust, such as ``arm-candle``."""
        return f"arm-{self.id.partition('/')[2]}"


def rust(id: str, idea: str, crate: str, *, torch: bool = False) -> Arm:
    """Return an arm in Rust whose model is in ``model_rs/CRATE/src/gpt.rs``."""
    return Arm(id, idea, (f"model_rs/{crate}/src/gpt.rs",), crate=crate, torch=torch)


ARMS: tuple[Arm, ...] = (
    Arm("python/lecture", "as the lecture computes it: head by head", variant="lecture"),
    Arm("python/nanogpt", "as nanoGPT does: torch's fused attention", variant="nanogpt"),
    Arm("python/own", "own attention, fused AdamW, gathered batches", variant="own"),
    Arm(
        "python/nanogpt-compiled",
        "nanoGPT's way through torch.compile",
        variant="nanogpt-compiled",
        compiles=True,
    ),
    Arm(
        "python/fastest-float32",
        "the fastest Python here, in float32: all compiled",
        variant="fastest-float32",
        compiles=True,
    ),
    Arm(
        "python/fastest",
        "the fastest Python here: all compiled, bfloat16",
        dtype="bfloat16",
        variant="fastest",
        compiles=True,
    ),
    Arm(
        "python/rust-block",
        "like own, with an attention in Rust that PyTorch calls",
        sources=PYTHON_MODEL + BLOCK_SOURCES,
        variant="rust-block",
        package="nanogpt-block",
    ),
    rust("rust/tch", "PyTorch's own library, called from Rust", "tch", torch=True),
    rust("rust/candle", "candle, with the system's allocator", "candle"),
    rust("rust/candle-mimalloc", "candle, with the allocator mimalloc", "candle"),
    rust("rust/burn", "burn (flex), with the system's allocator", "burn"),
    rust("rust/burn-mimalloc", "burn (flex), with the allocator mimalloc", "burn"),
)
"""All arms, in the order of tables."""
DEFAULT_ARMS = tuple(arm.id for arm in ARMS if arm.crate is None and arm.package is None)
"""The arms of a race without ``--arm``: those that need nothing but torch."""


def select_arms(names: Sequence[str]) -> list[Arm]:
    """Return the arms of these names, in the order of ``ARMS`` and the reference first.

    Args:
        names: Ids of arms, or their part after the language where only one arm has it; none
            stands for ``DEFAULT_ARMS``.

    Raises:
        UnknownArmError: There is no such arm.
    """
    chosen = {arm_named(name).id for name in names or DEFAULT_ARMS} | {REFERENCE}
    selected = [arm for arm in ARMS if arm.id in chosen]
    return sorted(selected, key=lambda arm: arm.id != REFERENCE)


def arm_named(name: str) -> Arm:
    """Return the arm of a name.

    Raises:
        UnknownArmError: There is no such arm.
    """
    for arm in ARMS:
        if name in (arm.id, arm.id.partition("/")[2]):
            return arm
    ids = [arm.id for arm in ARMS]
    hint = did_you_mean(name, ids, f"there are: {', '.join(ids)}")
    raise UnknownArmError(f"no arm {name!r}", hint=hint)


def lines_of_code(arm: Arm) -> int | None:
    """Return the lines of model and optimizer step that hold code, without comments.

    ``None`` where the sources are not there: an installed wheel has no ``model_rs``.
    """
    paths = [provenance.ROOT / source for source in arm.sources]
    if not all(path.is_file() for path in paths):
        return None
    count = {".py": python_lines, ".rs": rust_lines}
    return sum(count[path.suffix](path.read_text(encoding="utf-8")) for path in paths)


def python_lines(text: str) -> int:
    """Return the number of lines of Python that hold code: no comments, no docstrings."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    skipped |= {tokenize.ENCODING, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skipped:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def rust_lines(text: str) -> int:
    """Return the number of lines of Rust that hold code: no comments, and no tests at the end."""
    code, _, _ = text.partition("#[cfg(test)]")
    lines = (line.strip() for line in code.splitlines())
    return sum(bool(line) and not line.startswith("//") for line in lines)


def installed_bytes(package: str, folder: Path | None = None) -> int:
    """Return the bytes that an installed package takes with all packages that it requires.

    They are those of the files that the packages list; packages that are not there count nothing.

    Args:
        package: Name of the package.
        folder: Folder that holds the packages (default: those that this interpreter imports).
    """
    path = sys.path if folder is None else [str(folder)]
    pending, known, size = [package], set(), 0
    while pending:
        name = re.sub(r"[-_.]+", "-", pending.pop()).lower()
        if name in known:
            continue
        known.add(name)
        for distribution in importlib.metadata.distributions(name=name, path=path):
            size += sum(file.size or 0 for file in distribution.files or ())
            pending += required_by(distribution.requires or ())
            break
    return size


def required_by(requirements: Iterable[str]) -> Iterator[str]:
    """Yield the names of required packages, without those of extras."""
    for requirement in requirements:
        if "extra ==" not in requirement and (name := re.match(r"[\w.-]+", requirement)):
            yield name[0]


def python_command(arm: Arm) -> list[str]:
    """Return the command that starts an arm in Python."""
    assert arm.variant is not None
    module = "nanogpt_rs.training.python_arm"
    return [sys.executable, "-P", "-m", module, "--variant", arm.variant]
