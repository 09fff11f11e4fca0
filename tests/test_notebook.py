"""The loop inside a notebook: an edit of Rust reaches a running kernel, in release."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from installations import PACKAGES, ROOT

EDITED = "rust_impls/charset/std_hashset.rs"
CELLS = (
    """
import sys
from pathlib import Path
from harness.notebook import fresh
rust = fresh()
print(rust.build_info()["profile"], sorted(rust.charset.std_hashset("to be")))
print(rust.charset.std_hashset.__doc__)
before = rust.charset.std_hashset
""",
    f"""
path = Path("{EDITED}")
text = path.read_text()
path.write_text("//! Edited in a notebook.\\n" + text.partition("\\n")[2].replace(
    "text.chars().collect()", "text.chars().filter(|c| *c != 'o').collect()"))
rust = fresh()
print(rust.build_info()["profile"], sorted(rust.charset.std_hashset("to be")))
print(rust.charset.std_hashset.__doc__)
from rust_impls.charset import std_hashset
print(std_hashset is rust.charset.std_hashset, sorted(before("to be")))
""",
    """
again = fresh()
print(sorted(again.charset.std_hashset("to be")))
""",
    """
path.write_text(path.read_text() + "this does not compile")
try:
    fresh()
except ImportError as error:
    print("refused:", type(error).__name__)
path.write_text(text)
print(sorted(fresh().charset.std_hashset("to be")))
""",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in an environment of its own, which finds other packages in ours."""
    folder = tmp_path / "checkout"
    for room in (*PACKAGES, "rust_impls"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Cargo.toml", "Cargo.lock", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    venv.create(tmp_path / "venv", with_pip=False)
    done = subprocess.run(
        [python_of(tmp_path), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    site = Path(done.stdout.strip())
    (site / "checkout.pth").write_text(str(folder))
    (site / "others.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def python_of(folder: Path) -> str:
    return str(folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python")


def test_an_edit_of_rust_reaches_a_running_kernel(checkout: Path, tmp_path: Path) -> None:
    from jupyter_client.manager import KernelManager
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    manager = KernelManager()
    manager.kernel_spec.argv[0] = python_of(tmp_path)
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in CELLS])
    environment = {
        **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
        "PYTHONPATH": "",
        "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"],
        "CARGO_TARGET_DIR": str(ROOT / "target/notebook"),
        # Release in all but what takes long.
        "CARGO_PROFILE_RELEASE_LTO": "off",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    client = NotebookClient(
        notebook, km=manager, timeout=600, resources={"metadata": {"path": str(checkout)}}
    )
    client.execute(env=environment)
    said = [
        "".join(output.get("text", "") for output in cell.outputs if output.get("name") == "stdout")
        for cell in notebook.cells
    ]
    original = (ROOT / EDITED).read_text(encoding="utf-8").partition("\n")[0]
    everything = "[' ', 'b', 'e', 'o', 't']"
    assert said[0] == f"release {everything}\n{original.removeprefix('//! ')}\n"
    edited = "[' ', 'b', 'e', 't']"
    assert said[1] == f"release {edited}\nEdited in a notebook.\nTrue {everything}\n"
    assert said[2] == f"{edited}\n"
    assert said[3] == f"refused: MaturinError\n{everything}\n"
