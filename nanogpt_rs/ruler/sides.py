"""Two builds of this project in one process: each side's functions, from its own wheel.

What is compared across commits must share a process's rounds, or the machine's moods decide. Both
wheels hold modules of the same names: one side's are imported, taken out of ``sys.modules``, and
then the other's. The functions keep their own.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType
from typing import Any

from nanogpt_rs.ruler import provenance


def functions_of(side: str, targets: Iterable[str]) -> dict[str, Any]:
    """Return what each target resolves to in the folder that a side's wheel is installed in.

    Raises:
        ImportError, AttributeError: the side does not have it.
        ProvenanceError: it would come from elsewhere.
    """
    others = take_out()
    sys.path.insert(0, side)
    importlib.invalidate_caches()
    try:
        found = {target: resolve_name(target) for target in targets}
        for name, module in take_out().items():
            check_home(name, module, Path(side))
    finally:
        sys.path.remove(side)
        take_out()
        sys.modules.update(others)
    return found


def answer(order: dict[str, str]) -> dict[str, Any]:
    """Say how a side's Rust module was built, having proved that it was from its commit.

    Args:
        order: ``side``, the folder that a wheel is installed in.

    Returns:
        ``info`` and ``sources``, as ``provenance.Build`` has them, or ``refused``, why not.
    """
    sys.path.insert(0, order["side"])  # it then is what is installed
    try:
        build = provenance.check()
    except provenance.ProvenanceError as error:
        return {"refused": str(error)}
    return {"info": build.info, "sources": build.sources}


def take_out() -> dict[str, ModuleType]:
    """Take all modules of the measured rooms out of ``sys.modules``, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] in provenance.MEASURED]
    return {name: sys.modules.pop(name) for name in names}


def check_home(name: str, module: ModuleType, side: Path) -> None:
    """Check that a module came from a side's folder.

    Raises:
        ProvenanceError: it did not.
    """
    spec = module.__spec__
    home = side.resolve()
    located = Path(spec.origin).resolve() if spec and spec.has_location and spec.origin else None
    if located and home not in located.parents:
        raise provenance.ProvenanceError(f"{name} was imported from {located}, not {home}")
