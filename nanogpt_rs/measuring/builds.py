"""Builds of the same sources that differ only in where their code and data lie in memory.

The time of a kernel depends on where the linker happens to put it: with equal instructions, one
row was seen to take 1.0 or 1.56 times as long from build to build. A single build is therefore one
draw of a lottery, and only several builds show what the sources are worth.

Compiling is done once. A script in the place of the linker keeps what the compiler hands over, and
the link, which takes a quarter of a second, is then repeated: with all sections in a random order,
data included, and with padding of random size between them. The object code is the same in all
builds. Builds are kept in the user's cache, by the hash of their sources, toolchain and Python.

The linker is lld, which comes with rustup's toolchains, whatever links otherwise: GNU ld cannot put
sections in a random order. Apple's linker and Microsoft's are not tried yet.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from shlex import quote
from shutil import rmtree
from tempfile import TemporaryDirectory

from nanogpt_rs.records.durable import locked
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.corpora import cache_folder
from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.regular import write_whole
from nanogpt_rs.words import counted_builds

MOST_BYTES = 2 << 30
"""Size that the cache may have; the builds that were used longest ago are removed first."""
PADDED_SECTIONS = {
    ".text": ("axR", "progbits"),
    ".rodata": ("aR", "progbits"),
    ".data.rel.ro": ("awR", "progbits"),
    ".data": ("awR", "progbits"),
    ".bss": ("awR", "nobits"),
}
"""Sections that get padding, with their flags. R keeps the linker from dropping unused ones."""
PADDINGS, LARGEST_PADDING = 64, 1024
"""How many pieces of padding a section gets, and the size of the largest in bytes. Together they
move what comes after them by some 32 kB, in steps of a byte."""
SEED_SYMBOL = "NANOGPT_RS_LAYOUT_SEED"
"""Symbol whose value is the seed of a build's layout. ``rust_impls/python/layout.rs`` has a weak
definition of it, which the linker drops for the one that is made here."""
LINKER_SCRIPT = """\
#!/bin/sh
# Stands in the linker's place: keeps what the compiler hands over, then links as usual. What cannot
# be kept is linked all the same.
keep={keep}
linker={linker}
link_only() {{
    rm -f "$keep/arguments.partial"
    exec "$linker" "$@"
}}
: > "$keep/arguments.partial" || link_only "$@"
for argument in "$@"; do
    kept=$argument
    case "$argument" in
        @*) link_only "$@" ;;
        -Wl,--version-script=*)
            cp "${{argument#*=}}" "$keep/version-script" || link_only "$@"
            kept="-Wl,--version-script=$keep/version-script" ;;
        *.rcgu.o)
            cp "$argument" "$keep/" || link_only "$@"
            kept="$keep/${{argument##*/}}" ;;
    esac
    printf '%s\\n' "$kept" >> "$keep/arguments.partial" || link_only "$@"
done
mv "$keep/arguments.partial" "$keep/arguments"
exec "$linker" "$@"
"""


class BuildsError(UserError):
    """Several builds cannot be made here; the message says why."""


@dataclass(frozen=True)
class LinkedBuild:
    """One build of the Rust module.

    Attributes:
        seed: The seed of its layout, from 1; 0 for the order that the linker chooses by itself.
        folder: The folder to put on ``sys.path``. It holds the package ``rust_impls`` alone.
    """

    seed: int
    folder: Path


@dataclass(frozen=True)
class KeptBuilds:
    """The builds of one state of the sources, as they lie in the cache.

    Attributes:
        folder: The folder that holds them.
        sources: What the sources are, in words: a commit, or the checkout's hash.
        seeds: The seeds of the builds, in ascending order.
        bytes: The size of the folder.
        used: When they were used last, in seconds since the epoch.
    """

    folder: Path
    sources: str
    seeds: tuple[int, ...]
    bytes: int
    used: float


def builds_home() -> Path:
    """Return the folder of the cache in which all builds lie."""
    return cache_folder() / "builds"


def linked_builds(
    root: Path,
    source_hash: str,
    sources: str,
    seeds: Sequence[int],
    advance: Callable[[str], None],
    *,
    target: Path,
    commit: str = "",
) -> list[LinkedBuild]:
    """Return builds of the Rust module below ``root``; those in the cache are not made again.

    Args:
        root: The sources: a checkout, or what ``git archive`` makes of a commit.
        source_hash: The hash of the Rust sources below ``root``.
        sources: What the sources are, in words.
        seeds: The seeds of the builds' layouts.
        advance: Called with what is being done, before it is done.
        target: Cargo's folder for compiled dependencies, which saves compiling them again.
        commit: Commit that the module reports in ``build_info``; empty for a checkout.

    Raises:
        BuildsError: They cannot be made here.
    """
    home = builds_home()
    folder = home / key_of(root, source_hash, commit)
    with locked(home, BuildsError):
        if not is_kept(folder):
            advance("compiling the Rust module once, to link it several times")
            keep_link(root, folder, target, commit)
        (folder / "sources").write_text(sources, encoding="utf-8")
        builds = [LinkedBuild(seed, folder / f"seed-{seed:04}") for seed in seeds]
        missing = [
            build for build in builds if not (build.folder / provenance.LAYOUT_FILE).exists()
        ]
        if missing:
            advance(f"linking {counted_builds(len(missing), len(missing))} of the Rust module")
        for build in missing:
            link(folder, build, {"source_hash": source_hash, "commit": commit})
        os.utime(folder)
        prune(home, folder)
    return builds


def key_of(root: Path, source_hash: str, commit: str) -> str:
    """Return the name of the folder for builds of these sources by this toolchain and Python.

    Raises:
        BuildsError: There is no Rust compiler.
    """
    try:
        compiler = subprocess.run(
            ["rustc", "--version", "--verbose"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildsError(f"there is no Rust compiler here: {error}") from None
    flags = [os.environ.get(name, "") for name in ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS")]
    settings = [Path.home() / ".cargo/config.toml", Path.home() / ".cargo/config"]
    texts = [path.read_text(encoding="utf-8") for path in settings if path.is_file()]
    own = Path(__file__).read_text(encoding="utf-8")  # how a layout is made is part of a build
    parts = (source_hash, commit, compiler, sys.version, sys.prefix, linker_name(), own)
    return sha256("\0".join((*parts, *rustc_arguments(root), *flags, *texts)).encode())[:24]


def linker_name() -> str:
    """Return the command that links: what the environment tells cargo, else the C compiler."""
    chosen = (
        value
        for name, value in sorted(os.environ.items())
        if name.startswith("CARGO_TARGET_") and name.endswith("_LINKER")
    )
    return next(chosen, "cc")


def wheel_with_kept_link(
    root: Path, source_hash: str, sources: str, wheels: Path, *, target: Path, commit: str
) -> None:
    """Build the wheel of a commit, and keep what the linker is given, for ``linked_builds``.

    Args:
        root: What ``git archive`` makes of the commit.
        source_hash: The hash of the Rust sources below ``root``.
        sources: What the sources are, in words.
        wheels: The folder that the wheel is written to.
        target: Cargo's folder for compiled dependencies.
        commit: Commit that the module reports in ``build_info``.

    Raises:
        BuildsError: This system is not known to work, or the sources do not compile.
    """
    home = builds_home()
    folder = home / key_of(root, source_hash, commit)
    with locked(home, BuildsError):
        keep_link(root, folder, target, commit, wheels)
        (folder / "sources").write_text(sources, encoding="utf-8")


def keep_link(
    root: Path, folder: Path, target: Path, commit: str, wheels: Path | None = None
) -> None:
    """Compile the sources in release, and keep what the linker is given.

    Args:
        root: The sources.
        folder: The folder to keep it in.
        target: Cargo's folder for compiled dependencies.
        commit: Commit that the module reports in ``build_info``.
        wheels: A folder for the wheel, which is otherwise thrown away.

    Raises:
        BuildsError: This system is not known to work, or the sources do not compile.
    """
    if find_spec("maturin") is None:
        raise BuildsError("maturin is missing: pip install maturin")
    with keeping_linker(folder) as script:
        command = [sys.executable, "-P", "-m", "maturin", "build", "--release", "--locked"]
        command += ["--quiet", "--interpreter", sys.executable]
        command += ["--out", str(wheels or script.parent)]
        path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))
        environment = {"ASV_COMMIT": commit, "CARGO_TERM_COLOR": "never", "PATH": path}
        environment["CARGO_TARGET_DIR"] = str(target)
        done = subprocess.run(
            [*command, "--", *rustc_arguments(root), "-C", f"linker={script}"],
            cwd=root,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[-20:])
        raise BuildsError(f"the Rust module cannot be built:\n{said}")
    if not is_kept(folder):
        raise BuildsError(f"what the linker is given cannot be kept in {folder}")


@contextmanager
def keeping_linker(folder: Path) -> Iterator[Path]:
    """Yield the path of a linker that keeps what it is given in ``folder``, emptied before.

    Where nothing was kept in the end, the folder is removed.

    Raises:
        BuildsError: This system is not known to work.
    """
    if sys.platform != "linux":
        raise BuildsError(
            f"only on Linux are linkers known that can change a layout; this is {sys.platform}"
        )
    rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with TemporaryDirectory() as scratch:
            script = Path(scratch) / "linker"
            names = {"keep": quote(str(folder)), "linker": quote(linker_name())}
            script.write_text(LINKER_SCRIPT.format(**names), encoding="utf-8")
            script.chmod(0o755)
            yield script
    finally:
        if not is_kept(folder):
            rmtree(folder, ignore_errors=True)


def is_kept(folder: Path) -> bool:
    """Return whether a folder holds all that the linker was given."""
    return (folder / "arguments").exists()


@contextmanager
def kept_by_the_build(root: Path) -> Iterator[tuple[str, ...]]:
    """Yield what to tell the compiler, so that building a checkout also keeps its link.

    ``linked_builds`` then need not compile the same sources once more. Nothing is yielded where
    the link is kept already, cannot be kept, or another process uses the cache.

    Args:
        root: The checkout, which is built while the context is open.
    """
    with ExitStack() as stack:
        arguments: tuple[str, ...] = ()
        with suppress(BuildsError, OSError):
            home = builds_home()
            stack.enter_context(locked(home, BuildsError, "in use"))
            source_hash = provenance.source_hash(root)
            folder = home / key_of(root, source_hash, "")
            if not is_kept(folder):
                script = stack.enter_context(keeping_linker(folder))
                arguments = (*rustc_arguments(root), "-C", f"linker={script}")
        yield arguments
        if arguments and is_kept(folder):
            with suppress(OSError):
                (folder / "sources").write_text(words_for(source_hash), encoding="utf-8")
                prune(home, folder)


def words_for(source_hash: str) -> str:
    """Return what the sources of a checkout are called in the list of builds."""
    return f"checkout {source_hash[:8]}"


def rustc_arguments(root: Path) -> list[str]:
    """Return what pyproject.toml tells the compiler. maturin drops it if it is told more."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    arguments: list[str] = settings["tool"]["maturin"].get("rustc-args", [])
    return arguments


def link(folder: Path, build: LinkedBuild, sources: Mapping[str, str]) -> None:
    """Link what is kept in ``folder`` into a build with a layout of its own.

    Args:
        folder: The folder with the linker's arguments and the compiled objects.
        build: The build to make.
        sources: What the module must say of its sources in ``build_info``, by name.

    Raises:
        BuildsError: The linker cannot change a layout, or fails.
    """
    arguments = (folder / "arguments").read_text(encoding="utf-8").splitlines()
    partial = build.folder.with_suffix(".partial")
    rmtree(partial, ignore_errors=True)
    package = partial / "rust_impls"
    package.mkdir(parents=True)
    module = package / f"rust_impls{sysconfig.get_config_var('EXT_SUFFIX')}"
    arguments[arguments.index("-o") + 1] = str(module)
    arguments += lld_options()
    if build.seed:
        last = max(place for place, word in enumerate(arguments) if word.endswith(".rcgu.o"))
        arguments.insert(last + 1, str(layout_object(build.seed, partial)))
        arguments.append(f"-Wl,--shuffle-sections=*={build.seed}")
    done = subprocess.run(
        [linker_name(), *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[:1]
        raise BuildsError(f"this linker cannot put sections in a random order: {' '.join(said)}")
    (package / "__init__.py").write_text(PACKAGE, encoding="utf-8")
    document = {**sources, "layout_seed": str(build.seed)}
    write_whole(partial / provenance.LAYOUT_FILE, json.dumps(document).encode())
    for path in partial.glob("layout.*[!n]"):
        path.unlink()
    rmtree(build.folder, ignore_errors=True)
    partial.rename(build.folder)


PACKAGE = """\
from .rust_impls import *

__doc__ = rust_impls.__doc__
if hasattr(rust_impls, "__all__"):
    __all__ = rust_impls.__all__
"""
"""The package's ``__init__.py``, as maturin writes it."""


def target_libdir() -> Path:
    """Return the folder of the compiler's own libraries for this machine."""
    command = ["rustc", "--print", "target-libdir"]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


@cache
def lld_options() -> tuple[str, ...]:
    """Return the options by which the C compiler links with lld, whatever its usual linker is.

    Raises:
        BuildsError: There is no lld.
    """
    bundled = target_libdir().parent / "bin/gcc-ld"
    if (bundled / "ld.lld").exists():
        return (f"-B{bundled}", "-fuse-ld=lld")
    if shutil.which("ld.lld"):
        return ("-fuse-ld=lld",)
    raise BuildsError(
        "lld is missing, the linker that can put sections in a random order. It comes with "
        "rustup's toolchains; Debian and Ubuntu: apt-get install lld"
    )


def layout_object(seed: int, folder: Path) -> Path:
    """Compile the object that states a build's seed and holds its padding.

    Raises:
        BuildsError: It does not compile.
    """
    random = Random(seed)  # noqa: S311 - a layout, not a secret
    lines = []
    for section, (flags, kind) in PADDED_SECTIONS.items():
        for number in range(PADDINGS):
            lines.append(f'.section {section}.padding.{number},"{flags}",@{kind}')
            lines.append(f".zero {random.randint(1, LARGEST_PADDING)}")
    assembly = "\n".join((*lines, ".text"))
    source, compiled = folder / "layout.rs", folder / "layout.o"
    source.write_text(
        "#![no_std]\n"
        f"core::arch::global_asm!({json.dumps(assembly)});\n"
        f"#[unsafe(no_mangle)]\npub static {SEED_SYMBOL}: u64 = {seed};\n",
        encoding="utf-8",
    )
    command = ["rustc", "--edition=2024", "--crate-type=lib", "--emit=obj", "-Cpanic=abort"]
    command += ["-Crelocation-model=pic", "-o", str(compiled), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise BuildsError(f"the padding does not compile: {done.stderr.strip()}")
    return compiled


def kept_builds() -> Iterator[KeptBuilds]:
    """Yield what the cache holds, the most recently used first."""
    home = builds_home()
    folders = [path.parent for path in home.glob("*/arguments")]
    for folder in sorted(folders, key=lambda folder: folder.stat().st_mtime, reverse=True):
        seeds = sorted(
            int(path.parent.name[5:]) for path in folder.glob(f"seed-*/{provenance.LAYOUT_FILE}")
        )
        words = folder / "sources"
        yield KeptBuilds(
            folder,
            words.read_text(encoding="utf-8") if words.exists() else "unknown sources",
            tuple(seeds),
            size_of(folder),
            folder.stat().st_mtime,
        )


def size_of(folder: Path) -> int:
    """Return the size in bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def prune(home: Path, keep: Path, most: int = MOST_BYTES) -> None:
    """Remove the builds that were used longest ago while the cache is larger than ``most`` bytes.

    Args:
        home: The folder of all builds.
        keep: The builds that are in use, which stay in any case.
        most: The size to come down to.
    """
    kept = [builds for builds in kept_builds() if builds.folder.parent == home]
    whole = sum(builds.bytes for builds in kept)
    for builds in reversed(kept):
        if whole <= most:
            break
        if builds.folder != keep:
            rmtree(builds.folder)
            whole -= builds.bytes


def clear() -> int:
    """Remove all builds, and what was compiled for them; return how many bytes that frees.

    Raises:
        BuildsError: They cannot be removed.
    """
    home = builds_home()
    freed = size_of(home) if home.exists() else 0
    with locked(home, BuildsError):
        for path in home.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
    return freed


def builds_of_checkout(count: int, advance: Callable[[str], None]) -> list[LinkedBuild]:
    """Return ``count`` builds of the checkout that the ruler lies in.

    Raises:
        BuildsError: This is no checkout, or they cannot be made here.
    """
    root = provenance.ROOT
    if not provenance.is_checkout(root):
        raise BuildsError("this is an installation without sources")
    source_hash = provenance.source_hash(root)
    seeds = range(1, count + 1)
    return linked_builds(
        root, source_hash, words_for(source_hash), seeds, advance, target=root / "target"
    )
