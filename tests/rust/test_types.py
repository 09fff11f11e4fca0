"""The Rust module's stubs: they match its sources, the built module and the installed wheel."""

from __future__ import annotations

import ast
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from pkgutil import resolve_name

import pytest
from installations import ROOT, building, install

from nanogpt_rs.ruler.registry import REGISTRY

STUBS = ROOT / "rust_impls"


def stubs(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.pyi")
    }


@pytest.mark.slow("compiles the Rust module to ask for its types")
def test_the_committed_stubs_are_those_of_the_sources(tmp_path: Path) -> None:
    if sys.version_info[:2] != (3, 11):
        pytest.skip("system: stubs are made with the oldest Python, 3.11")
    command = [sys.executable, "-P", "-m", "maturin", "generate-stubs", "--quiet", "--locked"]
    options = ["--profile=dev", "--features=inspect", f"--interpreter={sys.executable}"]
    with building():
        done = subprocess.run(
            [*command, *options, f"--out={tmp_path}"], cwd=ROOT, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr
    assert stubs(STUBS) == stubs(tmp_path / "rust_impls"), "stale: run `make stubs`"


def documented(text: str) -> dict[str, str | None]:
    """Return the docstrings of all functions, classes and methods in a stub, by their names."""
    docs: dict[str, str | None] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            docs[node.name] = ast.get_docstring(node)
        if isinstance(node, ast.ClassDef):
            methods = [child for child in node.body if isinstance(child, ast.FunctionDef)]
            docs |= {f"{node.name}.{method.name}": ast.get_docstring(method) for method in methods}
    return docs


@pytest.mark.parametrize("stub", sorted(stubs(STUBS)))
def test_help_and_stubs_have_the_same_docs(stub: str) -> None:
    path = stub.removesuffix(".pyi").removesuffix("/__init__").replace("/", ".")
    module = resolve_name("rust_impls" if path == "__init__" else f"rust_impls:{path}")
    text = stubs(STUBS)[stub]
    assert ast.get_docstring(ast.parse(text)) == module.__doc__
    for name, doc in documented(text).items():
        if not name.endswith(".__call__"):  # its doc is filled in by Python
            assert resolve_name(f"{module.__name__}:{name}").__doc__ == doc, name


def test_every_row_has_a_stub() -> None:
    names = {
        f"rust_impls:{stub.removesuffix('.pyi')}.{name}"
        for stub, text in stubs(STUBS).items()
        for name in documented(text)
    }
    assert {row.target for row in REGISTRY if row.target.startswith("rust_impls:")} <= names


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a virtual environment: the wheel, and the other packages of our own."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    done = subprocess.run(
        [python_of(folder), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    home = Path(done.stdout.strip())
    install(wheel, home)
    (home / "others.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def python_of(folder: Path) -> Path:
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    return folder / "venv" / scripts / "python"


def mypy(environment: Path, module: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [python_of(environment), "-P", "-m", module, *arguments],
        cwd=environment,  # not the checkout, where mypy would find the stubs beside their sources
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow("builds a wheel")
def test_the_stubs_of_the_wheel_match_its_module(environment: Path) -> None:
    """Mypy compares the stubs with the module. The library inside the package needs no stub."""
    (environment / "allowed").write_text(r"rust_impls\.rust_impls")
    status, output = mypy(environment, "mypy.stubtest", "rust_impls", "--allowlist", "allowed")
    assert status == 0, output
    assert f"no issues found in {len(stubs(STUBS)) + 1} modules" in output


@pytest.mark.slow("runs stubtest a second time")
def test_a_stub_of_a_missing_function_is_noticed(environment: Path) -> None:
    (stub,) = environment.rglob("rust_impls/count.pyi")
    text = stub.read_text()
    stub.write_text(text + "\ndef no_such_idea(text: str) -> dict[str, int]: ...\n")
    try:
        status, output = mypy(environment, "mypy.stubtest", "rust_impls")
    finally:
        stub.write_text(text)
    assert status == 1
    assert "rust_impls.count.no_such_idea is not present at runtime" in output


USE = """\
import numpy
from rust_impls.charset import ahash
from rust_impls import encode_array

characters: set[str] = ahash("to be")
encode = encode_array.id_table(sorted(characters))
ids: numpy.typing.NDArray[numpy.uint16] = encode("to be")
"""


def test_mypy_accepts_right_arguments_and_refuses_wrong_ones(environment: Path) -> None:
    (environment / "right.py").write_text(USE)
    status, output = mypy(environment, "mypy", "--strict", "right.py")
    assert status == 0, output
    (environment / "wrong.py").write_text(
        USE + 'ahash(b"to be")\nencode(None)\nencode_array.ahash({"a"})\n'
    )
    status, output = mypy(environment, "mypy", "--strict", "wrong.py")
    assert status == 1, output
    assert (
        'wrong.py:8: error: Argument 1 to "ahash" has incompatible type "bytes"; expected "str"'
        in output
    )
    assert 'wrong.py:9: error: Argument 1 to "__call__" of "Uint16Encoder"' in output
    assert 'wrong.py:10: error: Argument 1 to "ahash" has incompatible type "set[str]"' in output


def test_arguments_that_mypy_refuses_raise_type_errors(environment: Path) -> None:
    for expression in ('ahash(b"to be")', "encode(None)", 'encode_array.ahash({"a"})'):
        code = f"{USE}\ntry:\n    {expression}\nexcept TypeError:\n    print('refused')\n"
        done = subprocess.run(
            [python_of(environment), "-P", "-c", code],
            cwd=environment,
            capture_output=True,
            text=True,
        )
        assert done.stdout == "refused\n", done.stderr
