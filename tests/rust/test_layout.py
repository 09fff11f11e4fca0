"""Where the compiled functions lie: a rebuild must not move a loop to another place in its line."""

from __future__ import annotations

import sys
from pathlib import Path
from pkgutil import resolve_name

import pytest
from installations import places_in_a_line


@pytest.mark.skipif(sys.platform != "linux", reason="system: nm reads ELF files")
def test_each_function_begins_with_a_cache_line() -> None:
    module = Path(resolve_name("rust_impls.rust_impls").__file__)
    assert places_in_a_line(module) == {0}
