"""Changes of the Rust sources that change no implementation: what a rebuild is made of.

Each is applied to a copy of the checkout's sources, as a commit would. None changes what an
implementation does, so any difference that a comparison of two of them shows is false.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from shutil import copy2, rmtree

from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.statistics.rebuilds import AS_IT_IS, REBUILD

LIBRARY = Path("rust_impls/lib.rs")
FUNCTION = """
#[allow(unsafe_code, missing_docs)]
#[unsafe(no_mangle)]
pub extern "C" fn nanogpt_rs_unused_{name}(mut left: u64, right: u64) -> u64 {{
{body}    left
}}
"""
"""A function that nobody calls. It is exported, because the linker would drop it otherwise."""
CRATES = {
    "either": "either::Either::<u64, u64>::Left(left).into_inner()",
    "crossbeam-utils": "*crossbeam_utils::CachePadded::new(left)",
}
"""Crates that the lock file has already, and an expression that uses each."""


class NoOpError(UserError):
    """A change cannot be made; the message says why."""


@dataclass(frozen=True)
class Variant:
    """One state of the sources, as a commit without effect would make it.

    Attributes:
        name: Its name in records and tables.
        kind: The kind of change, in words.
        change: Applies the change to a copy of the sources, whose folder it is given.
        rebuild: For a rebuild of unchanged sources, its number from 1; otherwise 0.
    """

    name: str
    kind: str
    change: Callable[[Path], None]
    rebuild: int = 0


def nothing(_folder: Path) -> None:
    """Leave the sources as they are."""


def unused_function(lines: int, folder: Path) -> None:
    """Add an exported function that nobody calls, with so many lines of arithmetic."""
    random = Random(lines)  # noqa: S311 - some code, not a secret
    body = "".join(
        f"    left = left.rotate_left({random.randint(1, 63)}) "
        f"{random.choice(('^', '|', '&'))} right.wrapping_mul({random.getrandbits(63)});\n"
        for _ in range(lines)
    )
    append(folder / LIBRARY, FUNCTION.format(name=lines, body=body))


def changed_comment(file: str, lines: int, folder: Path) -> None:
    """Put so many lines of comment after the head of a file, which moves its line numbers."""
    path = folder / file
    head, *rest = path.read_text(encoding="utf-8").partition("\n\n")
    comment = "// A comment more.\n" * lines
    path.write_text("".join((head, "\n\n", comment, *rest[1:])), encoding="utf-8")


def reordered_modules(file: str, folder: Path) -> None:
    """Turn the order of a file's public modules around."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    modules = re.findall(r"^pub mod \w+;\n", text, re.MULTILINE)
    if len(modules) < 2:
        raise NoOpError(f"{file} lists fewer than two modules")
    turned = iter(reversed(modules))
    path.write_text(
        re.sub(r"^pub mod \w+;\n", lambda _: next(turned), text, flags=re.MULTILINE),
        encoding="utf-8",
    )


def added_dependency(crate: str, folder: Path) -> None:
    """Add a dependency that the lock file has already, and an exported function that uses it.

    Raises:
        NoOpError: Cargo cannot add it without a network.
    """
    manifest = folder / "rust_impls/Cargo.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(
        text.replace("[dependencies]\n", f'[dependencies]\n{crate} = "*"\n', 1), encoding="utf-8"
    )
    name = crate.replace("-", "_")
    body = f"    left ^= {CRATES[crate]} & right;\n"
    append(folder / LIBRARY, FUNCTION.format(name=name, body=body))
    command = ["cargo", "metadata", "--offline", "--format-version=1", "--quiet"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoOpError(f"the dependency {crate} cannot be added: {done.stderr.strip()}")


def added_to_python(folder: Path) -> None:
    """Add a function to what Python sees of the module."""
    path = folder / "rust_impls/python/mod.rs"
    text = path.read_text(encoding="utf-8")
    before = "    /// Panics, so that a test can see that Python survives it.\n"
    if before not in text:
        raise NoOpError("rust_impls/python/mod.rs has no place for another function")
    added = "    /// Nobody calls this.\n    #[pyfunction]\n    fn _unused(left: u64) -> u64 {\n"
    added += "        left.rotate_left(7)\n    }\n\n"
    path.write_text(text.replace(before, added + before, 1), encoding="utf-8")


def append(path: Path, text: str) -> None:
    """Append some text to a file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


VARIANTS = (
    Variant(AS_IT_IS, AS_IT_IS, nothing),
    Variant("unused function of 22 lines", "unused function", partial(unused_function, 22)),
    Variant("rebuild 1", REBUILD, nothing, rebuild=1),
    Variant(
        "comment in charset/mod.rs",
        "changed comment",
        partial(changed_comment, "rust_impls/charset/mod.rs", 9),
    ),
    Variant("dependency either", "added dependency", partial(added_dependency, "either")),
    Variant(
        "modules of lib.rs turned around",
        "reordered modules",
        partial(reordered_modules, "rust_impls/lib.rs"),
    ),
    Variant("unused function of 73 lines", "unused function", partial(unused_function, 73)),
    Variant("function for Python", "unused function", added_to_python),
    Variant("rebuild 2", REBUILD, nothing, rebuild=2),
    Variant(
        "comment in vocabulary.rs",
        "changed comment",
        partial(changed_comment, "rust_impls/vocabulary.rs", 40),
    ),
    Variant("unused function of 158 lines", "unused function", partial(unused_function, 158)),
    Variant(
        "dependency crossbeam-utils",
        "added dependency",
        partial(added_dependency, "crossbeam-utils"),
    ),
    Variant(
        "modules of charset/mod.rs turned around",
        "reordered modules",
        partial(reordered_modules, "rust_impls/charset/mod.rs"),
    ),
    Variant("unused function of 45 lines", "unused function", partial(unused_function, 45)),
    Variant("unused function of 310 lines", "unused function", partial(unused_function, 310)),
)
"""Fifteen states of the sources, which make 105 pairs. The first few have one of each kind."""


def apply(variant: Variant, folder: Path) -> None:
    """Put the checkout's sources into a folder, with a variant's change.

    Raises:
        NoOpError: There is no checkout, or the change cannot be made.
    """
    root = provenance.ROOT
    try:
        tracked = provenance.git(root, "ls-files", "-z").decode().split("\0")
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoOpError(f"changes are made to a checkout, and git shows none: {error}") from None
    rmtree(folder, ignore_errors=True)
    for name in filter(None, tracked):
        if name.startswith("results/") or not (root / name).is_file():
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy2(root / name, folder / name)
    variant.change(folder)
