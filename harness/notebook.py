"""For notebooks: the Rust module as its sources are now, without a new kernel."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
from functools import cache
from types import ModuleType


def fresh(module: str = "rust_impls") -> ModuleType:
    """Return a Rust module, built anew in release first if its sources have changed.

    Run the cell that calls it after each edit. What was taken from the module before stays what it
    was, and works on.

    Args:
        module: name of a module that maturin builds, from a checkout that is installed editable.

    Raises:
        maturin_import_hook.error.MaturinError: it does not compile; what the compiler said is
            printed.
        ImportError: maturin-import-hook is not installed.
    """
    install_hook()
    if module in sys.modules:
        return importlib.reload(sys.modules[module])
    return importlib.import_module(module)


@cache
def install_hook() -> None:
    """Have imports of modules that maturin builds look at their sources first.

    The hook's own default is a debug build, tens of times slower. It takes only what is installed
    under the module's name, and ours is called nanogpt-rs, unless it may install by itself.
    """
    import maturin_import_hook
    from maturin_import_hook.settings import MaturinSettings

    # A kernel that was started without its environment being activated lacks both.
    os.environ["PATH"] = sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")
    if sys.prefix != sys.base_prefix:
        os.environ["VIRTUAL_ENV"] = sys.prefix
    maturin_import_hook.install(
        enable_rs_file_importer=False,
        enable_automatic_installation=True,
        settings=MaturinSettings(release=True, locked=True),
    )
