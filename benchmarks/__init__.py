"""asv's benchmarks and the pytest-benchmark tests, which are run from a checkout.

asv imports this package from HEAD into the environment of each commit, whose wheel has a
``nanogpt_rs`` of its own. The ruler, which decides what is measured, on which texts, and what the
right answer is, must come from HEAD. So the name is bound to this checkout here, before anything
else is imported. It is bound by its module spec and not through ``sys.path``: that would also put
the checkout's ``py_impls`` and ``model`` in the place of the wheel's, which are to be measured.
"""

import importlib.util
import sys
from pathlib import Path

PACKAGE = "nanogpt_rs"


def bind_package() -> None:
    """Make the name ``nanogpt_rs`` mean the package of the checkout that this file lies in.

    Raises:
        ImportError: another ``nanogpt_rs`` has been imported already.
    """
    folder = Path(__file__).resolve().parents[1] / PACKAGE
    if (imported := sys.modules.get(PACKAGE)) is not None:
        if Path(str(imported.__file__)).resolve() != folder / "__init__.py":
            raise ImportError(
                f"{PACKAGE} was imported from {imported.__file__}; these benchmarks need the one "
                f"in {folder}. Install this checkout: make build"
            )
        return
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


bind_package()
