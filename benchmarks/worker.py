"""A worker process: run by its path, it uses the ruler it lies in and no other.

An environment that asv made holds an old ruler in the wheel it measures; importing `benchmarks`
by name would find that one.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def bind_ruler() -> None:
    """Make the name ``benchmarks`` mean the folder of this file."""
    folder = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        "benchmarks", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["benchmarks"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    bind_ruler()
    from benchmarks.verification import main

    main(sys.argv[1:])
