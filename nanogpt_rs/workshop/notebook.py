"""For notebooks: the Rust module as its sources are now, without a new kernel."""

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
    """Return ``rust_impls``, built anew in release first if its sources have changed.

    Run the cell that calls it after each edit. The module stays the same object, with new contents;
    what was taken from it before stays what it was, and works on.

    Raises:
        ImportError: it does not compile, and the compiler's words are printed; or it is not
            installed from a checkout, and there is nothing to edit.
    """
    from nanogpt_rs.ruler import provenance
    from nanogpt_rs.workshop.rebuild import rebuild

    root = provenance.editable_root(provenance.installed())
    if root is None:
        raise ImportError(f"{provenance.DISTRIBUTION} is not installed from a checkout")
    module = importlib.import_module(MODULE)
    wanted = f"release {provenance.source_hash(root)}"
    if built_from(module) == wanted:
        return module
    if installed_is_from() != wanted:
        print("building the Rust module in release ...", file=sys.stderr)
        if problem := rebuild(root):
            print(problem, file=sys.stderr)
            raise ImportError("rust_impls does not compile: what is loaded is the one before")
    return reloaded(module)


def built_from(module: ModuleType) -> str:
    """Return how and from which sources a Rust module was built."""
    info: dict[str, str] = module.build_info()
    return f"{info['profile']} {info['source_hash']}"


def installed_is_from() -> str:
    """Return the same of the one that a new process would import: somebody may have built it."""
    code = (
        f"import {MODULE}; from nanogpt_rs.workshop.notebook import built_from; "
        f"print(built_from({MODULE}))"
    )
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip()


def reloaded(module: ModuleType) -> ModuleType:
    """Fill the module with what is installed now.

    A library is loaded once by its path, so that each of them is loaded from a copy.
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
    module.__spec__ = spec  # who asks where it comes from means the installation
    return module


@cache
def copies() -> TemporaryDirectory[str]:
    """Return the folder of the copies, kept as long as this process."""
    return TemporaryDirectory(prefix=MODULE, ignore_cleanup_errors=True)
