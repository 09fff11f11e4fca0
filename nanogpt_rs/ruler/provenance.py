"""Checks where each measured package is imported from, and what the Rust module was built from.

The ruler comes from a checkout, what it measures from the installed distribution. asv measures old
wheels with HEAD's ruler, an old wheel carries an old ruler of its own, and a stray folder on the
import path can shadow any of them. Nothing is timed before this module has looked.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from nanogpt_rs.ruler.errors import NOTHING, UserError

# Workers start by the hundred: what takes long to import is imported where it is used.
if TYPE_CHECKING:
    import importlib.metadata

DISTRIBUTION = "nanogpt-rs"
MEASURED = ("py_impls", "rust_impls", "model")
RULER = Path(__file__).resolve().parent
PACKAGE = RULER.parent.name
"""The name of the package that the ruler is in."""
ROOT = RULER.parents[1]
"""The checkout that the ruler lies in, or the folder that it is installed in."""
CURE = "make build"
NOT_SHADOWED = "remove the other one, or start from another folder"
EXTRAS = {
    "torch": "torch",
    "dask": "dask",
    "distributed": "dask",
    "pandas": "baselines",
    "polars": "baselines",
    "regex": "baselines",
    "tokenizers": "baselines",
    "pyarrow": "parquet",
    "scipy": "statistics",
    "watchfiles": "test",
    "bpe_openai": "tokenizers",
    "bpeasy": "tokenizers",
    "fastokens": "tokenizers",
    "gigatoken": "tokenizers",
    "kitoken": "tokenizers",
    "puretiktoken": "tokenizers",
    "quicktok": "tokenizers",
    "riptoken": "tokenizers",
    "rs_bpe": "tokenizers",
    "rustbpe": "tokenizers",
    "splintr": "tokenizers",
    "tiktoken": "tokenizers",
    "tokie": "tokenizers",
}
"""For each optional module, the extra of the distribution that brings it."""
CHECKOUT_FILES = ("Cargo.lock", "rust_impls/Cargo.toml", "rust_impls/build.rs", "rust_impls/lib.rs")
"""A folder that has all of these is a checkout. They stay where they are for good, because they
also identify the checkout of an old commit."""
LAYOUT_FILE = "layout.json"
"""In the folder of one of several builds, what its module must say of itself in ``build_info``."""


class ProvenanceError(UserError):
    """What would be measured is not what it claims to be; the hint names the cure."""

    exit_status = NOTHING


@dataclass(frozen=True)
class Build:
    """How the installed Rust module was built.

    Attributes:
        info: The module's own account, by field: profile, opt_level, rustc, target,
            target_features, source_hash, commit, version.
        sources: The sources that its hash was compared with, in words.
    """

    info: dict[str, str]
    sources: str


def how_to_install(module: str) -> str | None:
    """Return the command that installs an optional module here; ``None`` for any other module."""
    extra = EXTRAS.get(module)
    if extra is None:
        return None
    if is_checkout(ROOT) and Path(sys.prefix).resolve().is_relative_to(ROOT):
        return "make torch" if extra == "torch" else CURE
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def check(packages: Sequence[str] = MEASURED) -> Build:
    """Check where the measured packages come from, and the build of the Rust module.

    Args:
        packages: Names of the measured packages that will be used.

    Raises:
        ProvenanceError: a package is not where it belongs, or the build is a debug build or stale.
    """
    check_packages(packages)
    return check_build()


def check_packages(packages: Sequence[str] = MEASURED) -> None:
    """Check that the ruler and these measured packages belong to the installed distribution.

    Raises:
        ProvenanceError: the distribution is not installed, or another folder shadows a package.
    """
    files = package_files()
    check_origins({package: files[package] for package in packages})
    check_package_of_the_ruler()


def package_files() -> dict[str, str | None]:
    """Return the path of each measured package's ``__init__.py`` in the installed distribution.

    ``model`` came later than the others. Wheels of commits before it have none; its path is then
    ``None``, which means that it must not come from anywhere else either.

    Raises:
        ProvenanceError: the distribution is not installed.
    """
    sources, site = installed_folders()
    homes = {"py_impls": sources, "rust_impls": site, "model": sources}
    files = {package: home / package / "__init__.py" for package, home in homes.items()}
    return {
        package: None if package == "model" and not file.exists() else str(file)
        for package, file in files.items()
    }


def files_of_build(folder: str) -> dict[str, str]:
    """Return the path of the Rust module's ``__init__.py`` in the folder of one of its builds."""
    return {"rust_impls": str(Path(folder).resolve() / "rust_impls" / "__init__.py")}


def check_linked(folder: str, module: ModuleType) -> None:
    """Check that the Rust module in use is the build in a folder, with its sources and its layout.

    Modules of commits from before layouts had seeds do not state one, and only their sources are
    checked.

    Args:
        folder: The folder of one of several builds of the module.
        module: The module that was imported.

    Raises:
        ProvenanceError: It is another build.
    """
    expected = json.loads((Path(folder) / LAYOUT_FILE).read_bytes())
    info = module.build_info()
    for name, value in expected.items():
        if info.get(name, value) != value:
            raise ProvenanceError(
                f"a build of rust_impls states a wrong {name}: {folder}",
                hint="have the builds made again, after `nanogpt-rs dev builds --clear`",
            )


def check_package_build(package: str, folder: str) -> None:
    """Check that a third party's package is imported from the folder of one of its builds.

    Raises:
        ProvenanceError: It is imported from elsewhere, or was imported before.
    """
    imported = sys.modules.get(package)
    file = origin(package) if imported is None else Path(str(imported.__file__)).resolve()
    if file is None or Path(folder).resolve() not in file.parents:
        raise ProvenanceError(
            f"{package} comes from {file}, not from its build in {folder}",
            hint="a file with ROWS must not import a package whose builds it names",
        )


def check_origins(packages: Mapping[str, str | None]) -> None:
    """Check that Python would import each package from the file given for it, or from nowhere.

    Args:
        packages: The path of each package's ``__init__.py``, ``None`` if there must be none.

    Raises:
        ProvenanceError: another folder shadows a package.
    """
    for package, file in packages.items():
        expected = Path(file) if file else None
        if (actual := origin(package)) != expected:
            raise ProvenanceError(shadowed(package, actual, expected), hint=NOT_SHADOWED)


def check_package_of_the_ruler() -> None:
    """Check that the import path leads to the installed distribution's own ``nanogpt_rs``.

    Only the path is checked, not the package that is running: in asv's environments the ruler of a
    checkout runs on purpose beside the wheel's package. Wheels from before that package have none,
    and there is nothing to check.

    Raises:
        ProvenanceError: another folder shadows it.
    """
    expected = installed_folders()[0] / PACKAGE / "__init__.py"
    spec = PathFinder.find_spec(PACKAGE)
    actual = Path(spec.origin).resolve() if spec and spec.origin else None
    if expected.exists() and actual != expected:
        raise ProvenanceError(shadowed(PACKAGE, actual, expected), hint=NOT_SHADOWED)


def shadowed(package: str, actual: Path | None, expected: Path | None) -> str:
    """Return the message for a package that would be imported from elsewhere than it should be."""
    truth = (
        f"not from {expected.parent}, where {DISTRIBUTION} is installed"
        if expected
        else f"and the installed {DISTRIBUTION} has none"
    )
    return f"{package} would be imported from {actual}, {truth}"


def check_build() -> Build:
    """Check that the Rust module is a release build of the sources it should be built from.

    In a checkout those are the checkout's sources; for a wheel that was built from a commit they
    are that commit's. A wheel installed without sources cannot be compared with any, and the result
    says so.

    Raises:
        ProvenanceError: it is a debug build, or its sources differ.
    """
    try:
        info = dict(importlib.import_module("rust_impls").build_info())
    except (ImportError, AttributeError) as error:
        raise ProvenanceError(
            f"rust_impls does not say how it was built ({error})", hint=f"rebuild it: {CURE}"
        ) from None
    if (
        info["profile"] != "release"
        or info["opt_level"] != "3"
        or info["debug_assertions"] != "false"
    ):
        raise ProvenanceError(
            f"rust_impls is a {info['profile']} build (opt-level {info['opt_level']}, debug "
            f"assertions {info['debug_assertions']}), tens of times slower than a release build",
            hint=f"build it in release: {CURE}",
        )
    return Build(info, check_sources(info))


def check_current() -> None:
    """Check that the Rust module, if there is one, was built from the present sources.

    Its profile is not checked.

    Raises:
        ProvenanceError: it was built from others.
    """
    try:
        info = importlib.import_module("rust_impls").build_info()
    except (ImportError, AttributeError):
        return  # every implementation that needs it is then reported as not available
    check_sources(info)


def check_sources(info: Mapping[str, str]) -> str:
    """Check that the Rust module was built from the sources it should be built from.

    Args:
        info: The module's own account of its build.

    Returns:
        The sources that its hash was compared with, in words.

    Raises:
        ProvenanceError: the sources differ.
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
            f"rust_impls was built from other sources than those of {sources}",
            hint=f"rebuild it: {CURE}",
        )
    return f"those of {sources}"


def checkout_of_build() -> Path | None:
    """Return the checkout that the Rust module must match, or ``None`` if there is none.

    It is the checkout that is installed editable, else the one that the ruler lies in, else the one
    that the working folder lies in.

    Raises:
        ProvenanceError: the working folder lies in another checkout than the editable one.
    """
    folder = Path.cwd().resolve()
    current = next((path for path in (folder, *folder.parents) if is_checkout(path)), None)
    editable = editable_root(installed())
    if editable and current not in {None, editable}:
        raise ProvenanceError(
            f"this is the checkout {current}, and what is installed belongs to {editable}",
            hint=f"install this one: {CURE}",
        )
    return editable or (ROOT if is_checkout(ROOT) else current)


def is_checkout(folder: Path) -> bool:
    """Return whether ``folder`` is a checkout of this project."""
    return all((folder / name).is_file() for name in CHECKOUT_FILES)


def fingerprint(*more: str) -> str:
    """Return a hash of all that a verdict can depend on.

    That is the version of Python, the measured packages, the ruler, and the names and versions of
    all installed distributions.

    Args:
        more: Further text that the hash covers.
    """
    import importlib.metadata

    digest = hashlib.sha256("\0".join((sys.version, *more)).encode())
    versions = sorted(map(name_and_version, importlib.metadata.distributions()))
    digest.update("\0".join(versions).encode())
    for folder in (RULER, *(file.parent for file in map(origin, MEASURED) if file)):
        digest.update(hash_folder(folder).encode())
    return digest.hexdigest()


def name_and_version(distribution: importlib.metadata.Distribution) -> str:
    """Return the name and the version of a distribution, such as ``numpy==2.4.6``.

    The properties ``name`` and ``version`` each parse the whole metadata, with a long description.
    For 180 distributions that takes ten times as long as everything else that is hashed.
    """
    metadata = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    values: dict[str, str] = {}
    for line in metadata.partition("\n\n")[0].splitlines():
        field, _, value = line.partition(":")
        values.setdefault(field.lower(), value.strip())
    return f"{values.get('name')}=={values.get('version')}"


def hash_folder(folder: Path) -> str:
    """Return the SHA-256 over all files below a folder, except those that Python compiled."""
    return hash_files(
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def installed_folders() -> tuple[Path, Path]:
    """Return the folders that the installed distribution's Python and Rust packages lie in.

    They differ for an editable installation, whose Python packages lie in its checkout.

    Raises:
        ProvenanceError: the distribution is not installed.
    """
    distribution = installed()
    site = Path(str(distribution.locate_file(""))).resolve()
    return editable_root(distribution) or site, site


def installed() -> importlib.metadata.Distribution:
    """Return the installed distribution.

    Raises:
        ProvenanceError: it is not installed.
    """
    import importlib.metadata

    try:
        return importlib.metadata.distribution(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        raise ProvenanceError(
            f"{DISTRIBUTION} is not installed here", hint=f"install it: {CURE}"
        ) from None


def editable_root(distribution: importlib.metadata.Distribution) -> Path | None:
    """Return the checkout that an editable installation points to, else ``None`` (PEP 610)."""
    from urllib.parse import unquote, urlparse

    document = json.loads(distribution.read_text("direct_url.json") or "{}")
    if not document.get("dir_info", {}).get("editable"):
        return None
    path = urlparse(document["url"]).path
    if sys.platform != "win32":
        return Path(unquote(path)).resolve()
    from urllib.request import url2pathname  # which takes long to import, for one case alone

    return Path(url2pathname(path)).resolve()


def origin(package: str) -> Path | None:
    """Return the file that importing the package would run, or ``None`` if there is none."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).resolve() if spec and spec.origin else None


def source_hash(root: Path) -> str:
    """Return the hash of the Rust sources below ``root``; ``rust_impls/build.rs`` has the same."""
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
        ProvenanceError: git cannot show them.
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
    """Run git in the repository at ``root`` and return its standard output.

    No other repository is taken: neither one that ``root`` lies in, nor one that a variable of git
    names, which hooks of git set.

    Raises:
        OSError: git cannot be started.
        subprocess.CalledProcessError: git failed.
    """
    import os
    import subprocess

    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_CEILING_DIRECTORIES"] = str(root.resolve().parent)
    return subprocess.run(
        ["git", *arguments], cwd=root, check=True, capture_output=True, env=environment
    ).stdout


def no_git(root: Path) -> tuple[str, str] | None:
    """Return why git cannot read a checkout and what to do about it, or ``None`` if it can."""
    import subprocess

    try:
        git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except OSError as error:
        absent = isinstance(error, FileNotFoundError)
        cure = "install git" if absent else "raise the limits of this shell (ulimit -a)"
        return f"git does not run here: {error.strerror}", cure
    except subprocess.CalledProcessError as error:
        complaint = error.stderr.decode(errors="replace")
        if "dubious ownership" in complaint:
            cure = f"git config --global --add safe.directory {root}"
            return "git refuses a repository of another owner", cure
        if "not a git repository" in complaint:
            return "these sources are in no git repository of their own", "work in a clone"
        line = complaint.strip().partition("\n")[0].removeprefix("fatal: ")
        return line or "the repository has no commit", "commit first"
    return None


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
