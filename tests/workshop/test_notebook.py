"""Notebooks in real kernels: ours, and one that reloads the Rust module after edits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import jupytext
import nbformat
import pytest
from installations import BRIEF, PACKAGES, QUICK_BUILD, ROOT
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

pytestmark = pytest.mark.slow("runs notebooks in real kernels")

ENVIRONMENT = {
    "PYTHONPATH": "",
    "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"],
    "CARGO_TARGET_DIR": str(ROOT / "target/notebook"),
    **QUICK_BUILD,
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",  # nothing is measured with it
}
EDITED = "rust_impls/charset/std_hashset.rs"
CELLS = (
    """
import sys
from pathlib import Path
from nanogpt_rs.workshop.notebook import fresh
rust = fresh()
print(rust.build_info()["profile"], sorted(rust.charset.std_hashset("to be")))
print(rust.charset.std_hashset.__doc__)
before = rust.charset.std_hashset
""",
    f"""
path = Path("{EDITED}")
text = path.read_text()
path.write_text("//! Edited in a notebook.\\n" + text.partition("\\n")[2].replace(
    "distinct(text)", "distinct(&text.replace('o', \\"\\"))"))
rust = fresh()
print(rust.build_info()["profile"], sorted(rust.charset.std_hashset("to be")))
print(rust.charset.std_hashset.__doc__)
from rust_impls.charset import std_hashset
print(std_hashset is rust.charset.std_hashset, sorted(before("to be")))
""",
    """
print(fresh() is rust, sorted(rust.charset.std_hashset("to be")))
""",
    """
path.write_text(path.read_text() + "this does not compile")
try:
    fresh()
except ImportError as error:
    print("refused:", error)
""",
)

PATIENCE = {"timeout": 3600, "startup_timeout": 600, "iopub_timeout": 120}
"""Seconds for a cell, which may compile, for a kernel to start, and for a cell's output."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with its own environment, which finds other packages in ours."""
    folder = tmp_path / "checkout"
    for package in (*PACKAGES, "rust_impls"):
        copied = folder / package
        shutil.copytree(ROOT / package, copied, ignore=shutil.ignore_patterns("__pycache__"))
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
    (site / "others.pth").write_text(sysconfig.get_path("purelib"))
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--editable"]
    subprocess.run(
        [python_of(tmp_path), "-P", "-m", "pip", "install", *options, folder],
        env={**os.environ, **ENVIRONMENT},
        check=True,
    )
    return folder


def python_of(folder: Path) -> str:
    return str(folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python")


@pytest.fixture
def by_files() -> Iterator[Config]:
    """Yield a configuration to reach kernels by socket files, in a folder with a short name.

    Ports are chosen before the kernel binds them. On a busy machine another process may have taken
    one by then, and the kernel ends.
    """
    with TemporaryDirectory() as folder:
        yield Config(KernelManager={"transport": "ipc", "ip": f"{folder}/kernel"})


def test_an_edit_of_rust_reaches_a_running_kernel(
    checkout: Path, tmp_path: Path, by_files: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = tmp_path / "kernels/of_the_checkout/kernel.json"
    kernel.parent.mkdir(parents=True)
    command = [python_of(tmp_path), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": command, "display_name": "", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in CELLS])
    environment = {**os.environ, **ENVIRONMENT}
    client = NotebookClient(
        notebook,
        kernel_name="of_the_checkout",
        **PATIENCE,
        resources={"metadata": {"path": str(checkout)}},
        config=by_files,
    )
    client.execute(env=environment)
    printed = [
        "".join(output.get("text", "") for output in cell.outputs if output.get("name") == "stdout")
        for cell in notebook.cells
    ]
    original = (ROOT / EDITED).read_text(encoding="utf-8").partition("\n")[0]
    everything = "[' ', 'b', 'e', 'o', 't']"
    assert printed[0] == f"release {everything}\n{original.removeprefix('//! ')}\n"
    edited = "[' ', 'b', 'e', 't']"
    assert printed[1] == f"release {edited}\nEdited in a notebook.\nTrue {everything}\n"
    assert printed[2] == f"True {edited}\n"
    refused = "refused: rust_impls does not compile: the build from before stays loaded\n"
    assert printed[3] == refused
    errors = [
        "".join(output.get("text", "") for output in cell.outputs if output.get("name") == "stderr")
        for cell in notebook.cells
    ]
    building = "building the Rust module in release ...\n"
    assert errors[:3] == ["", building, ""]
    assert errors[3].startswith(f"{building}error: ")
    assert "this does not compile" in errors[3]
    assert "pip" not in errors[3]


def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path, by_files: Config) -> None:
    notebook = nbformat.read(ROOT / "nanogpt.ipynb", as_version=4)
    environment = {
        **os.environ,
        "NANOGPT_RS_NOTEBOOK_STEPS": "20",
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": BRIEF,
        "CARGO_PROFILE_DEV_DEBUG": "false",  # smaller, and as slow
    }
    resources = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(notebook, **PATIENCE, resources=resources, config=by_files)
    client.execute(env=environment)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    pictures = [
        index
        for index, cell in enumerate(cells)
        if any("image/png" in output.get("data", {}) for output in cell.outputs)
    ]
    assert pictures == [0, 5]  # each character's count, and the losses
    text = ["".join(output.get("text", "") for output in cell.outputs) for cell in cells]
    # Neither a progress bar nor the builder fills a cell.
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" * 40 not in text[3]
    assert [output.name for output in cells[4].outputs] == ["stdout"]
    assert "python/set against itself" in text[3]
    assert "the debug build takes" in text[4]
    assert "prepare" in text[6]
    assert len(text[7]) > 300  # it writes
    assert "of a step" in text[8]


def test_the_notebook_and_its_script_are_the_same_and_hold_no_output() -> None:
    notebook = nbformat.read(ROOT / "nanogpt.ipynb", as_version=4)
    twin = jupytext.read(ROOT / "nanogpt.py")
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell.cell_type, cell.source) for cell in twin.cells
    ], "out of step: run `jupytext --sync nanogpt.py`"
    assert not any(cell.get("outputs") for cell in notebook.cells)
