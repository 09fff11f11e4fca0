"""Builds the executables of the arms in Rust, and the environment that one of them needs.

Both are kept in the user's cache folder, so that they are made once. Nothing here runs unless an
arm in Rust was asked for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nanogpt_rs.ruler import corpora, provenance
from nanogpt_rs.ruler.errors import NOTHING, UserError
from nanogpt_rs.training.arms import Arm

FOLDER = "model_rs"
TORCH = "2.13"
"""Version of torch that the crate tch in ``model_rs`` is made for."""
COSTS = {
    "candle": "some 3 minutes of processor time and 1 GB in the cache folder",
    "burn": "some 5 minutes of processor time and 1 GB in the cache folder",
    "tch": "some 3 minutes of processor time and 1 GB in the cache folder",
}
"""What the first build of a crate costs."""
TORCH_COST = f"torch {TORCH} in an environment of its own: a download, and up to 5 GB"
SHOWN_LINES = 20
Tell = Callable[[str], None]


class ArmBuildError(UserError):
    """An arm in Rust cannot be built here; the message says what is missing or what failed."""

    exit_status = NOTHING


@dataclass(frozen=True)
class Executable:
    """A built arm.

    Attributes:
        path: File to run.
        variables: Environment variables that it needs.
        packages: Folder of the packages that it uses; ``None`` if it uses none.
    """

    path: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    packages: Path | None = None


def executables_of(arms: Sequence[Arm], note: Tell, step: Tell) -> dict[str, Executable]:
    """Build the executables of those arms that are in Rust, and return them by id.

    Args:
        arms: The arms.
        note: Called with what a first build costs, before it.
        step: Called with each step of a build.

    Raises:
        ArmBuildError: The sources or a tool are missing, or a build failed.
    """
    rust = [arm for arm in arms if arm.crate is not None]
    check_tools(rust)
    target = corpora.cache_folder() / FOLDER
    built: dict[str, Executable] = {}
    for crate in dict.fromkeys(str(arm.crate) for arm in rust):
        of_crate = [arm for arm in rust if arm.crate == crate]
        packages, variables = None, dict[str, str]()
        if of_crate[0].torch:
            packages = torch_packages(note, step)
            variables = torch_variables(packages)
        if not all((target / "release" / arm.executable).is_file() for arm in of_crate):
            cost = COSTS.get(crate, "some minutes")
            note(f"the first build of {crate} takes {cost}; it is kept")
        build(crate, target, variables, step)
        for arm in of_crate:
            path = target / "release" / arm.executable
            built[arm.id] = Executable(path, variables, packages)
    return built


def check_tools(arms: Sequence[Arm]) -> None:
    """Check that arms in Rust can be built here, before anything is downloaded.

    Raises:
        ArmBuildError: The sources, cargo or a C++ compiler are missing.
    """
    if not arms:
        return
    names = ", ".join(arm.id for arm in arms)
    for arm in arms:
        if not (provenance.ROOT / FOLDER / str(arm.crate) / "Cargo.toml").is_file():
            raise ArmBuildError(
                f"{names} cannot be built: this installation has no {FOLDER}/{arm.crate}",
                hint="run the race in a clone of the repository",
            )
    if shutil.which("cargo") is None:
        raise ArmBuildError(
            f"{names} cannot be built: cargo is missing",
            hint="install Rust with rustup, https://rustup.rs",
        )
    compilers = (os.environ.get("CXX", "c++"), "g++", "clang++")
    if any(arm.torch for arm in arms) and not any(map(shutil.which, compilers)):
        raise ArmBuildError(
            "rust/tch cannot be built: a C++ compiler is missing",
            hint="install one, such as g++, or name it in the environment variable CXX",
        )


def build(crate: str, target: Path, variables: Mapping[str, str], step: Tell) -> None:
    """Build a crate in release; nothing happens where it is built already.

    Args:
        crate: Folder of the crate in ``model_rs``.
        target: Cargo's folder for what it compiles.
        variables: Environment variables of the build.
        step: Called with each line that names a step.

    Raises:
        ArmBuildError: The build failed.
    """
    manifest = provenance.ROOT / FOLDER / crate / "Cargo.toml"
    command = ["cargo", "build", "--release", "--locked", "--manifest-path", str(manifest)]
    settings = {"CARGO_TARGET_DIR": str(target), "CARGO_TERM_COLOR": "never"}
    run(command, {**variables, **settings}, step, f"the arms of {crate} cannot be built")


def torch_packages(note: Tell, step: Tell) -> Path:
    """Return the folder of packages that holds the torch which tch is made for.

    Raises:
        ArmBuildError: It is not there and cannot be installed.
    """
    folder = corpora.cache_folder() / f"torch-{TORCH}"
    python = folder / "bin" / "python"
    packages = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    if (packages / "torch" / "lib").is_dir():
        return packages
    note(f"rust/tch takes {TORCH_COST}; it is kept")
    fault = f"torch {TORCH} cannot be installed for rust/tch"
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(folder)], {}, step, fault)
    try:
        needed = [f"torch=={TORCH}.*", "setuptools"]
        run([str(python), "-m", "pip", "install", "--quiet", *needed], {}, step, fault)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return packages


def torch_variables(packages: Path) -> dict[str, str]:
    """Return the variables by which tch finds torch, when it is built and when it runs."""
    library = str(packages / "torch" / "lib")
    programs = packages.parents[2] / "bin"
    before = os.environ.get("LD_LIBRARY_PATH")
    return {
        "LIBTORCH_USE_PYTORCH": "1",
        "PATH": os.pathsep.join((str(programs), os.environ.get("PATH", ""))),
        "LD_LIBRARY_PATH": os.pathsep.join(filter(None, (library, before))),
    }


def run(command: Sequence[str], variables: Mapping[str, str], step: Tell, fault: str) -> None:
    """Run a command, and call ``step`` with each line that it prints.

    Raises:
        ArmBuildError: It failed; the message begins with ``fault`` and ends with its last lines.
    """
    lines: list[str] = []
    with subprocess.Popen(
        command,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            step(line.strip())
    if process.returncode:
        said = "\n".join(lines[-SHOWN_LINES:])
        raise ArmBuildError(f"{fault}:\n{said}" if said else fault)
