"""Reloads the Rust module in a running notebook after its sources have changed."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from types import ModuleType

MODULE = "rust_impls"


def fresh() -> ModuleType:
    """Return ``rust_impls``, after building it in release if its sources have changed.

    Run the cell that calls this after each edit. The module stays the same object and gets new
    contents. Functions that were taken from it before keep working as they did.

    Raises:
        ImportError: The module does not compile, and the compiler's errors are printed; or it is
            not installed from a checkout, so that there is nothing to edit.
    """
    from nanogpt_rs.ruler import provenance
    from nanogpt_rs.workshop.rebuild import rebuild

    root = provenance.editable_root(provenance.installed())
    if root is None:
        raise ImportError(
            f"{provenance.DISTRIBUTION} is not installed from a checkout; "
            "run `pip install -e .` in one"
        )
    module = importlib.import_module(MODULE)
    wanted = f"release {provenance.source_hash(root)}"
    if built_from(module) == wanted:
        return module
    if installed_build() != wanted:
        print("building the Rust module in release ...", file=sys.stderr)
        if problem := rebuild(root):
            print(problem, file=sys.stderr)
            raise ImportError("rust_impls does not compile: the build from before stays loaded")
    return reloaded(module)


def built_from(module: ModuleType) -> str:
    """Return the profile of a Rust module's build, and the hash of its sources."""
    info: dict[str, str] = module.build_info()
    return f"{info['profile']} {info['source_hash']}"


def installed_build() -> str:
    """Return the same for the module that a new process imports, which may be newer than ours."""
    code = (
        f"import {MODULE}; from nanogpt_rs.workshop.notebook import built_from; "
        f"print(built_from({MODULE}))"
    )
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip()


def reloaded(module: ModuleType) -> ModuleType:
    """Fill the module with the installed build.

    The system loads a library only once from the same path, so each build is loaded from a copy.
    """
    spec = PathFinder.find_spec(MODULE)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(mkdtemp(dir=copies().name))
    shutil.copytree(Path(spec.origin).parent, folder / MODULE)
    copy = PathFinder.find_spec(MODULE, [str(folder)])
    assert copy is not None
    assert copy.loader is not None
    for name in [name for name in sys.modules if name.startswith(f"{MODULE}.")]:
        del sys.modules[name]
    module.__path__ = [str(folder / MODULE)]
    copy.loader.exec_module(module)
    module.__spec__ = spec  # of the installation, not of the copy: provenance looks at it
    return module


@cache
def copies() -> TemporaryDirectory[str]:
    """Return the folder of the copies, which is removed when this process ends."""
    return TemporaryDirectory(prefix=MODULE, ignore_cleanup_errors=True)
