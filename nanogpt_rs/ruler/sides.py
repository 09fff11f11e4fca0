"""Loads two builds of this project into one process: each side's functions, from its own wheel.

Functions of two commits can only be compared within the rounds of one process, because the
machine's speed varies between processes. Both wheels hold modules of the same names: those of one
side are imported and taken out of ``sys.modules``, and then those of the other. Functions keep the
modules that they come from.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType
from typing import Any, TypedDict

from nanogpt_rs.ruler import provenance


def functions_of(side: str, targets: Iterable[str], build: str | None = None) -> dict[str, Any]:
    """Return the function that each target names in a side's wheel.

    Args:
        side: The folder that the wheel is installed in.
        targets: Names, as ``pkgutil.resolve_name`` takes them.
        build: The folder of the build of the Rust module to load. ``None``: the wheel's own.

    Raises:
        ImportError, AttributeError: the side does not have a target.
        ProvenanceError: a target would come from elsewhere.
    """
    others = take_out()
    folders = [side] if build is None else [build, side]
    sys.path[:0] = folders
    importlib.invalidate_caches()
    try:
        functions = {target: resolve_name(target) for target in targets}
        modules = take_out()
        for name, module in modules.items():
            of_build = build is not None and name.partition(".")[0] == "rust_impls"
            check_home(name, module, Path(build if of_build and build else side))
        if build is not None and "rust_impls" in modules:
            provenance.check_linked(build, modules["rust_impls"])
    finally:
        for folder in folders:
            sys.path.remove(folder)
        take_out()
        sys.modules.update(others)
    return functions


class Order(TypedDict):
    """An order to check a side's build.

    Attributes:
        side: The folder that the side's wheel is installed in.
    """

    side: str


class Answer(TypedDict, total=False):
    """How a side's Rust module was built.

    Attributes:
        info: As in ``provenance.Build``.
        sources: As in ``provenance.Build``.
        refused: The reason why the side must not be measured; only this is then there.
    """

    info: dict[str, str]
    sources: str
    refused: str


def answer(order: Order) -> Answer:
    """Check that a side's Rust module was built from its commit, in a worker process."""
    sys.path.insert(0, order["side"])  # the wheel there then is what is installed
    try:
        build = provenance.check()
    except provenance.ProvenanceError as error:
        return {"refused": error.with_hint()}
    return {"info": build.info, "sources": build.sources}


def take_out() -> dict[str, ModuleType]:
    """Take all modules of the measured packages out of ``sys.modules``, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] in provenance.MEASURED]
    return {name: sys.modules.pop(name) for name in names}


def check_home(name: str, module: ModuleType, side: Path) -> None:
    """Check that a module was imported from a side's folder.

    Raises:
        ProvenanceError: it was imported from elsewhere.
    """
    spec = module.__spec__
    home = side.resolve()
    located = Path(spec.origin).resolve() if spec and spec.has_location and spec.origin else None
    if located and home not in located.parents:
        raise provenance.ProvenanceError(f"{name} was imported from {located}, not {home}")
