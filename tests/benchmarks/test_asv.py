"""The real asv over a small repository: this project with few rows and a history of its own."""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from installations import PACKAGES, QUICK_BUILD, ROOT

pytestmark = pytest.mark.slow("runs asv over a history of commits, which it builds")

SET = "py_impls/charset/set.py"
DICT = '"""A dict."""\n\n\ndef charset(text):\n    return set(dict.fromkeys(text + ""))\n'
ROWS = """\
    row("charset", "python/set", "py_impls.charset.set:charset", "baseline default"),
    row("charset", "rust/ahash", "rust_impls:charset.ahash", "default utf8"),
"""
ADDED = '    row("charset", "python/dict", "py_impls.charset.dict:charset", "default"),\n'


@dataclass
class Repository:
    """A checkout with its own home folder, in which asv runs as a user would run it."""

    folder: Path
    home: Path
    commits: dict[str, str] = field(default_factory=dict)
    asv_runs: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        real_home = Path.home()
        environment = {
            **QUICK_BUILD,
            "HOME": str(self.home),
            "NANOGPT_RS_CACHE": str(self.home / ".cache/nanogpt-rs"),
            "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"],
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(real_home / ".rustup")),
            "CARGO_HOME": os.environ.get("CARGO_HOME", str(real_home / ".cargo")),
            "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(real_home / ".cache/pip")),
        }
        return subprocess.run(
            command, cwd=self.folder, env=os.environ | environment, capture_output=True, text=True
        )

    def git(self, *arguments: str) -> str:
        done = self.run("git", "-c", "user.name=n", "-c", "user.email=e", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, name: str) -> None:
        self.git("add", "--all", "--force", ".", ":!.asv", ":!results")
        self.git("commit", "--quiet", "--message", name)
        self.commits[name] = self.git("rev-parse", "HEAD")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def register(self, rows: str) -> None:
        text = (ROOT / "nanogpt_rs/ruler/registry.py").read_text(encoding="utf-8")
        whole = re.compile(r"(REGISTRY: .*? = \(\n).*?(^\)\n)", re.DOTALL | re.MULTILINE)
        self.write("nanogpt_rs/ruler/registry.py", whole.sub(lambda m: m[1] + rows + m[2], text))

    def asv(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        version = "{}.{}".format(*sys.version_info)
        verb, *rest = arguments
        return self.run("asv", verb, "--machine", "test", "--python", version, *rest)

    def value(self, commit: str, benchmark: str, id: str, corpus: str) -> Any:
        """Return what asv has recorded: a number, None for failed, NaN for n/a."""
        (path,) = (self.folder / "results/asv/test").glob(f"{self.commits[commit][:8]}-*.json")
        document = json.loads(path.read_text())
        columns = document["result_columns"]
        row = dict(zip(columns, document["results"][benchmark], strict=False))
        ids, corpora = row["params"]
        at = ids.index(repr(id)) * len(corpora) + corpora.index(repr(corpus))
        return row["result"][at] if row["result"] is not None else None


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Run asv over a history in which a row gets slower, one crashes and one is added."""
    folder, home = tmp_path_factory.mktemp("repository"), tmp_path_factory.mktemp("home")
    for name in (*PACKAGES, "benchmarks", "rust_impls"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Cargo.toml", "Cargo.lock", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    conf = (ROOT / "asv.conf.json").read_text()
    assert "{conf_dir}/.asv/target" in conf
    conf = conf.replace("{conf_dir}/.asv/target", str(ROOT / "target/asv"))
    conf = re.sub(r', "pandas": \["[^"]*"\]', "", conf)  # which none of these rows needs
    (folder / "asv.conf.json").write_text(conf.replace('"3.11"', '"3"'))
    made = Repository(folder, home)
    made.git("init", "--quiet", "--initial-branch=main")
    set_py = (folder / SET).read_text()
    suite = {path: path.read_text() for path in folder.glob("benchmarks/*.py")}

    # Before there was a model, and with a suite that must not be used.
    pyproject = (folder / "pyproject.toml").read_text()
    assert '"model", ' in pyproject
    made.write("pyproject.toml", pyproject.replace('"model", ', ""))
    shutil.move(folder / "model", home / "model")
    for path in suite:
        path.write_text("raise SystemExit('the old ruler was imported')\n")
    made.commit("old")

    made.write("pyproject.toml", pyproject)
    shutil.move(home / "model", folder / "model")
    for path, text in suite.items():
        path.write_text(text)
    made.register(ROWS)
    made.write(SET, set_py.replace("return set(text)", "set(text)\n    return set(text)"))
    made.commit("slow")
    assert made.run("asv", "machine", "--yes", "--machine", "test").returncode == 0
    # Eight samples are enough for the test with which asv tells commits apart.
    made.asv_runs["continuous"] = made.asv(
        *("continuous", "--interleave-rounds", "--factor", "1.5", "--show-stderr"),
        *("--attribute", "rounds=8"),
        *("--bench", "bench_call", made.commits["old"], made.commits["slow"]),
    )

    made.write(SET, set_py.replace("return set(text)", "import ctypes; ctypes.string_at(0)"))
    made.commit("crash")
    lib = (folder / "rust_impls/lib.rs").read_text()
    made.write("rust_impls/lib.rs", "this does not compile\n")
    made.commit("broken")
    made.write("rust_impls/lib.rs", lib)
    made.write(SET, set_py)
    made.write("py_impls/charset/dict.py", DICT)
    made.register(ADDED + ROWS)  # in front, where it hurts most
    made.commit("added")
    # Two samples of each are enough to see which cells have a number.
    made.asv_runs["range"] = made.asv(
        *("run", "--show-stderr", "--attribute", "rounds=2"),
        *("--bench", "bench_call", "--bench", "bench_memory"),
        f"{made.commits['slow']}..{made.commits['added']}",
    )
    return made


CALL = "bench_call.Charset.time_call"


def test_a_commit_twice_slower_is_found(repository: Repository) -> None:
    done = repository.asv_runs["continuous"]
    assert "python/set" in done.stdout, done.stdout + done.stderr
    assert "SOME BENCHMARKS HAVE CHANGED SIGNIFICANTLY" in done.stdout
    assert done.returncode == 1
    changed = [line for line in done.stdout.splitlines() if re.match(r"\|? *[+-]", line)]
    assert {"python/set" in line for line in changed if "'" in line or "/" in line} == {True}, (
        changed
    )
    slower = repository.value("slow", CALL, "python/set", "synthetic")
    assert slower > 1.3 * repository.value("old", CALL, "python/set", "synthetic")


def test_an_old_wheel_is_measured_by_heads_suite(repository: Repository) -> None:
    """Its own suite raises on import, and it has no model; it was measured all the same."""
    assert repository.value("old", CALL, "rust/ahash", "synthetic") > 0
    assert "the old ruler was imported" not in repository.asv_runs["continuous"].stdout


def test_an_added_implementation_drops_no_history(repository: Repository) -> None:
    assert repository.value("old", CALL, "python/set", "synthetic") > 0
    assert repository.value("added", CALL, "python/set", "synthetic") > 0
    assert repository.value("added", CALL, "python/dict", "synthetic") > 0
    published = repository.run("asv", "publish")
    assert published.returncode == 0, published.stderr
    (graph,) = (repository.folder / ".asv/html/graphs").rglob(f"**/machine-test/**/{CALL}.json")
    history = json.loads(graph.read_text())
    # By commit: old, slow, crash, broken, added. By case: dict, set, ahash, on each of two corpora.
    assert [row[1][3] is not None for row in history] == [True, True, False, False, True]
    assert [row[1][1] is not None for row in history] == [False, False, False, False, True]


def test_an_implementation_that_a_commit_lacks_is_not_applicable(repository: Repository) -> None:
    missing = repository.value("crash", CALL, "python/dict", "synthetic")
    assert math.isnan(missing)  # n/a, where None would be failed
    assert "n/a" in repository.asv_runs["range"].stdout


def test_a_segfault_costs_its_own_row(repository: Repository) -> None:
    assert repository.value("crash", CALL, "python/set", "synthetic") is None
    assert repository.value("crash", CALL, "python/set", "english-1k-ascii") is None
    assert repository.value("crash", CALL, "rust/ahash", "synthetic") > 0
    assert "crashed: killed by SIGSEGV" in repository.asv_runs["range"].stdout


def test_a_commit_that_does_not_build_costs_itself(repository: Repository) -> None:
    assert repository.asv_runs["range"].returncode == 2
    assert repository.value("broken", CALL, "rust/ahash", "synthetic") is None
    assert repository.value("added", CALL, "rust/ahash", "synthetic") > 0


def test_a_short_call_is_not_measured_once(repository: Repository) -> None:
    """If asv's ``number`` is frozen at 1, the time of a call of 10 us is mostly overhead."""
    (path,) = (repository.folder / "results/asv/test").glob(
        f"{repository.commits['added'][:8]}-*.json"
    )
    document = json.loads(path.read_text())
    row = dict(zip(document["result_columns"], document["results"][CALL], strict=False))
    numbers = dict(zip(row["params"][1] * 3, row["stats_number"][:2] * 3, strict=False))
    assert numbers["'english-1k-ascii'"] >= 20
    assert min(number for number in row["stats_number"][::2] if number) >= 20


def test_the_proofs_of_a_wheel_are_made_once(repository: Repository) -> None:
    """One proof for each wheel that built and is right, however many rounds it had.

    Those of "old", "slow" and "added". What crashed, perhaps by accident, is asked again.
    """
    kept = list((repository.home / ".cache/nanogpt-rs/proofs").iterdir())
    assert len(kept) == 3
    proofs = [proof for path in kept for proof in json.loads(path.read_bytes())]
    assert not [proof for proof in proofs if proof["status"] == "wrong"]


def test_memory_and_wall_rows_are_there(repository: Repository) -> None:
    assert (
        repository.value("added", "bench_memory.Charset.peakmem_call", "python/set", "synthetic")
        > 1e6
    )


def test_the_two_confs_differ_by_torch_alone() -> None:
    def settings(name: str) -> Any:
        lines = (ROOT / name).read_text().splitlines()
        return json.loads("\n".join(line for line in lines if not line.lstrip().startswith("//")))

    small, large = settings("asv.conf.json"), settings("asv.torch.conf.json")
    assert large["matrix"]["req"].pop("torch")
    assert large == small


@pytest.mark.parametrize(
    "name", ["bench_call", "bench_build", "bench_wall", "bench_memory", "bench_end_to_end"]
)
def test_a_class_verifies_its_own_cells_whichever_asv_sets_up_first(name: str) -> None:
    """asv sets up one class for all classes with the same code, or the only selected one."""
    module = importlib.import_module(f"benchmarks.{name}")
    classes = [
        cells
        for cells in vars(module).values()
        if isinstance(cells, type) and hasattr(cells, "params")
    ]
    assert classes
    for cells in classes:
        ids = {row.id for row in cells().rows if row.task == cells.task.name}
        assert ids.issuperset(cells.params[0]), cells


def test_no_host_name_is_recorded(repository: Repository) -> None:
    import platform

    for path in (repository.folder / "results").rglob("*.json"):
        assert f'"{platform.node()}"' not in path.read_text()
