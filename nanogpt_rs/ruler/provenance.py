"""Where every room was imported from, and what the Rust module was built from.

The ruler lives at HEAD, the measured things live in the installed distribution. asv measures old
wheels with HEAD's ruler, an old wheel carries an old ruler of its own, and a stray folder in the
working directory can shadow any of them; nothing is timed before this module has looked.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

# Workers start by the hundred: what takes long to import is imported where it is used.
if TYPE_CHECKING:
    import importlib.metadata

DISTRIBUTION = "nanogpt-rs"
MEASURED = ("py_impls", "rust_impls", "model")
RULER = Path(__file__).resolve().parent
ROOT = RULER.parents[1]
"""The checkout that the ruler lies in, or the folder that it is installed in."""
CURE = "make build"
CHECKOUT_FILES = ("Cargo.lock", "rust_impls/Cargo.toml", "rust_impls/build.rs", "rust_impls/lib.rs")
"""A folder that has all of these is a checkout. They stay where they are for good: a checkout of an
old commit is told by them too."""


class ProvenanceError(Exception):
    """What would be measured is not what it claims to be; the message names the cure."""


@dataclass(frozen=True)
class Build:
    """How the installed Rust module was built.

    Attributes:
        info: what the module says of itself: profile, opt_level, rustc, target, target_features,
            source_hash, commit, version.
        sources: what its sources were held against, in words.
    """

    info: dict[str, str]
    sources: str


def check() -> Build:
    """Check every room and the Rust build.

    Raises:
        ProvenanceError: something is not where it belongs, is a debug build, or is stale.
    """
    check_rooms()
    return check_build()


def check_rooms() -> None:
    """Check that each measured room would be imported from the installed distribution.

    Raises:
        ProvenanceError: it is not installed, or another folder shadows it.
    """
    check_origins(rooms())


def rooms() -> dict[str, str | None]:
    """Return where the installed distribution has each measured room: its ``__init__.py``.

    ``model`` came later than the others: wheels of commits before it have none, and then ``None``
    says that it must not come from anywhere else either.

    Raises:
        ProvenanceError: it is not installed.
    """
    distribution = installed()
    site = Path(str(distribution.locate_file(""))).resolve()
    sources = editable_root(distribution) or site
    homes = {"py_impls": sources, "rust_impls": site, "model": sources}
    files = {room: home / room / "__init__.py" for room, home in homes.items()}
    return {
        room: None if room == "model" and not file.exists() else str(file)
        for room, file in files.items()
    }


def check_origins(rooms: Mapping[str, str | None]) -> None:
    """Check that each room would be imported from the file that ``rooms`` names, or from nowhere.

    Raises:
        ProvenanceError: another folder shadows it.
    """
    for room, file in rooms.items():
        if (found := origin(room)) != (Path(file) if file else None):
            truth = (
                f"not from {Path(file).parent}, where {DISTRIBUTION} is installed"
                if file
                else f"and the installed {DISTRIBUTION} has none"
            )
            raise ProvenanceError(
                f"{room} would be imported from {found}, {truth}. "
                "Remove the other one, or start from another folder."
            )


def check_build() -> Build:
    """Check that the Rust module is a release build of the sources it should be built from.

    In a checkout those are the checkout's; for a wheel that was built from a commit they are that
    commit's; a wheel installed without sources can't be held against any, and says so.

    Raises:
        ProvenanceError: it is a debug build, or its sources differ.
    """
    try:
        info = dict(importlib.import_module("rust_impls").build_info())
    except (ImportError, AttributeError) as error:
        raise ProvenanceError(
            f"rust_impls does not say how it was built ({error}). Rebuild it: {CURE}"
        ) from None
    if (
        info["profile"] != "release"
        or info["opt_level"] != "3"
        or info["debug_assertions"] != "false"
    ):
        raise ProvenanceError(
            f"rust_impls is a {info['profile']} build (opt-level {info['opt_level']}, debug "
            f"assertions {info['debug_assertions']}), tens of times slower than a release build. "
            f"Build it in release: {CURE}"
        )
    return Build(info, check_sources(info))


def check_current() -> None:
    """Check that the Rust module, if there is one, is of today's sources; in which profile is left.

    Raises:
        ProvenanceError: it is not.
    """
    try:
        info = importlib.import_module("rust_impls").build_info()
    except (ImportError, AttributeError):
        return  # each implementation says so of itself
    check_sources(info)


def check_sources(info: Mapping[str, str]) -> str:
    """Check that the Rust module was built from the sources it should be built from.

    Args:
        info: what the module says of itself.

    Returns:
        What its sources were held against, in words.

    Raises:
        ProvenanceError: they differ.
    """
    root = checkout_of_build()
    if root is None:
        return "not held against any: installed without its sources"
    if info["commit"]:
        expected, sources = (
            source_hash_of_commit(root, info["commit"]),
            f"commit {info['commit'][:8]}",
        )
    else:
        expected, sources = source_hash(root), "this checkout"
    if info["source_hash"] != expected:
        raise ProvenanceError(
            f"rust_impls was built from other sources than those of {sources}. Rebuild it: {CURE}"
        )
    return f"those of {sources}"


def checkout_of_build() -> Path | None:
    """Return the checkout that the Rust module must match, or ``None`` if there is none.

    It is the one that is installed editable, else the one that the ruler lies in, else the one
    that the user stands in.

    Raises:
        ProvenanceError: the user stands in another checkout than the one installed editable.
    """
    here = Path.cwd().resolve()
    standing_in = next((path for path in (here, *here.parents) if is_checkout(path)), None)
    editable = editable_root(installed())
    if editable and standing_in not in {None, editable}:
        raise ProvenanceError(
            f"this is the checkout {standing_in}, and what is installed belongs to {editable}. "
            f"Install this one: {CURE}"
        )
    return editable or (ROOT if is_checkout(ROOT) else standing_in)


def is_checkout(folder: Path) -> bool:
    """Return whether ``folder`` is a checkout of this project."""
    return all((folder / name).is_file() for name in CHECKOUT_FILES)


def fingerprint(*also: str) -> str:
    """Return a hash of all that a verdict can depend on: rooms, ruler, packages, Python, and more.

    Args:
        also: whatever else it shall stand for.
    """
    import importlib.metadata

    digest = hashlib.sha256("\0".join((sys.version, *also)).encode())
    packages = sorted(f"{d.name}=={d.version}" for d in importlib.metadata.distributions())
    digest.update("\0".join(packages).encode())
    for room in (RULER, *(found.parent for found in map(origin, MEASURED) if found)):
        digest.update(hash_folder(room).encode())
    return digest.hexdigest()


def hash_folder(folder: Path) -> str:
    """Return the SHA-256 over all files below a folder, but what Python compiled."""
    return hash_files(
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def installed() -> importlib.metadata.Distribution:
    """Return the installed distribution.

    Raises:
        ProvenanceError: there is none.
    """
    import importlib.metadata

    try:
        return importlib.metadata.distribution(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        raise ProvenanceError(f"{DISTRIBUTION} is not installed here. Install it: {CURE}") from None


def editable_root(distribution: importlib.metadata.Distribution) -> Path | None:
    """Return the checkout that an editable installation points to, else ``None`` (PEP 610)."""
    from urllib.parse import urlparse
    from urllib.request import url2pathname

    document = json.loads(distribution.read_text("direct_url.json") or "{}")
    if not document.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(urlparse(document["url"]).path)).resolve()


def origin(room: str) -> Path | None:
    """Return the file that ``import room`` would run, or ``None`` if it is no package with one."""
    spec = importlib.util.find_spec(room)
    return Path(spec.origin).resolve() if spec and spec.origin else None


def source_hash(root: Path) -> str:
    """Return the hash of the Rust sources below ``root``, as ``rust_impls/build.rs`` has it."""
    paths = [root / "Cargo.toml", root / "Cargo.lock"]
    paths += [
        path
        for path in (root / "rust_impls").rglob("*")
        if path.is_file() and is_rust_source(path.relative_to(root).as_posix())
    ]
    return hash_files((path.relative_to(root).as_posix(), path.read_bytes()) for path in paths)


def source_hash_of_commit(root: Path, commit: str) -> str:
    """Return the same hash for the sources that ``commit`` holds in the repository at ``root``.

    Raises:
        ProvenanceError: git cannot say.
    """
    import subprocess

    tree = ("Cargo.toml", "Cargo.lock", "rust_impls")
    try:
        listed = git(root, "ls-tree", "-r", "-z", "--name-only", commit, *tree)
        names = [name for name in listed.decode().split("\0") if name]
        return hash_files(
            (name, git(root, "cat-file", "blob", f"{commit}:{name}"))
            for name in names
            if is_rust_source(name)
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ProvenanceError(
            f"rust_impls was built from commit {commit}; git cannot show its sources: {error}"
        ) from None


def git(root: Path, *arguments: str) -> bytes:
    """Return what git says in the repository at ``root``.

    Raises:
        OSError: git does not run here.
        subprocess.CalledProcessError: it refuses.
    """
    import subprocess

    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True).stdout


def is_rust_source(name: str) -> bool:
    """Return whether the file of this name, relative to the root, goes into the source hash."""
    folders = name.split("/")[:-1]
    if any(folder == "target" or folder.startswith(".") for folder in folders):
        return False
    return name.endswith((".rs", "Cargo.toml")) or name == "Cargo.lock"


def hash_files(files: Iterable[tuple[str, bytes]]) -> str:
    """Return the SHA-256 over names, lengths and contents, in the order of the names' UTF-8."""
    digest = hashlib.sha256()
    for name, data in sorted(files, key=lambda file: file[0].encode()):
        digest.update(name.encode() + b"\0" + str(len(data)).encode() + b"\0" + data)
    return digest.hexdigest()
