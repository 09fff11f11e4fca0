"""One commit against another: real commits, both built, in a clone of this repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import made_up
import pytest
from installations import BRIEF, ROOT, with_dependencies

from nanogpt_rs.measuring.diff import Side, files_of, is_same
from nanogpt_rs.records import files as records
from nanogpt_rs.records.schema import BEFORE, CONTROL
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.statistics.adjusted import adjusted

pytestmark = [
    pytest.mark.slow("builds two commits in release"),
    pytest.mark.timed("one commit must read slower than another, and equal ones must not"),
]
REQUEST = ("--corpus", "english-1k-ascii", "--task", "charset", "--seconds=4")
CACHE = ROOT / "target/cache"
TWICE = "    std::hint::black_box::<FxHashSet<char>>(distinct(text));\n"
LOOP = "    for _ in text:\n        pass\n"


@dataclass
class Clone:
    """A clone of this repository with commits of its own."""

    folder: Path

    def run(self, *arguments: str, brief: bool = True) -> subprocess.CompletedProcess[str]:
        path = [str(self.folder), *([BRIEF] if brief else [])]
        environment = {
            "NANOGPT_RS_CACHE": str(CACHE),  # not the user's: it keeps builds
            "PYTHONPATH": os.pathsep.join(path),
        }
        return subprocess.run(
            [sys.executable, "-P", "-m", "nanogpt_rs", *arguments],
            cwd=self.folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
        )

    def diff(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Compare two commits, again where the machine was too busy for an answer to be valid."""
        for _ in range(3):
            done = self.run("diff", *arguments, *REQUEST, "--json", brief=False)
            assert done.returncode in {0, 4}, done.stderr
            document = json.loads(done.stdout)
            comparisons = [
                against["comparison"] for cell in document["cells"] for against in cell["against"]
            ]
            if all(comparison["verdict"] != "invalid" for comparison in comparisons):
                break
        assert isinstance(document, dict)
        return done.returncode, document

    def commit(self, message: str) -> None:
        who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
        for command in (["add", "-A"], [*who, "commit", "-qm", message]):
            subprocess.run(["git", *command], cwd=self.folder, check=True)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """HEAD as it lies here, then a commit that makes one row slower and brings another."""
    if not (ROOT / ".git").exists():
        pytest.skip("system: a diff needs a checkout with its history")
    with_dependencies(CACHE / "sides/target")
    folder = tmp_path_factory.mktemp("diff") / "clone"
    subprocess.run(["git", "clone", "-q", "--shared", str(ROOT), str(folder)], check=True)
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, tracked.stdout.split("\0")):  # also files that are not committed yet
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            target.write_bytes((ROOT / name).read_bytes())
    new = folder / "py_impls/charset/dict_fromkeys.py"
    kept = new.read_text()
    new.unlink()
    (folder / ".gitattributes").write_text("# a difference, whatever else there is\n")
    clone = Clone(folder)
    clone.commit("As it is here")
    new.write_text(kept)
    slower = folder / "py_impls/charset/counter.py"
    last = "    return set(Counter(text))\n"
    assert last in slower.read_text()
    slower.write_text(slower.read_text().replace(last, LOOP + last))
    twice = folder / "rust_impls/charset/rustc_hash.rs"
    last = "    distinct(text)\n"
    assert last in twice.read_text()
    twice.write_text(twice.read_text().replace(last, TWICE + last))
    clone.commit("Slower")
    return clone


def test_a_slower_row_a_control_and_a_new_row(clone: Clone) -> None:
    ids = [f"--id=python/{name}" for name in ("counter", "dict_fromkeys", "set", "bytes_translate")]
    status, document = clone.diff("HEAD~1", "HEAD", *ids)
    assert status == 4
    cells = {cell["id"]: cell for cell in document["cells"]}
    # Of Python that is the same in both, one row stays: the control.
    assert cells.keys() == {"python/counter", "python/dict_fromkeys", "python/bytes_translate"}
    (against,) = cells["python/counter"]["against"]
    assert (against["role"], against["comparison"]["verdict"]) == ("before", "slower")
    assert against["id"] == document["run"]["before"][:8]
    (against,) = cells["python/bytes_translate"]["against"]
    assert against["comparison"]["verdict"] in {"equivalent", "inconclusive"}
    assert cells["python/dict_fromkeys"]["status"] == "n/a"
    assert "needs py_impls.charset.dict_fromkeys" in cells["python/dict_fromkeys"]["details"][0]
    run = records.read(records.newest(clone.folder / "results/local/diff"))[-1]
    assert run.complete
    assert run.run.before == document["run"]["before"]


def test_a_slower_row_in_rust_names_the_file_that_changed(clone: Clone) -> None:
    status, document = clone.diff("HEAD~1", "HEAD", "--id=rust/rustc_hash")
    assert status == 4
    (cell,) = [cell for cell in document["cells"] if cell["id"] == "rust/rustc_hash"]
    assert cell["against"][0]["comparison"]["verdict"] == "slower"
    if shutil.which("valgrind"):
        assert (cell["change"], cell["changed_files"]) == (
            "sources",
            ["rust_impls/charset/rustc_hash.rs"],
        )
        assert cell["instructions"] > 1.5 * cell["instructions_before"]


def test_markdown_for_a_pull_request(clone: Clone) -> None:
    done = clone.run("diff", "HEAD~1", "HEAD", "--id=rust/ahash", *REQUEST, "--markdown")
    assert done.returncode in {0, 3, 4}, done.stderr
    heads, rule, *rows = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert heads.startswith("| task | implementation | corpus |")
    assert rule.count("---") == 8
    assert [row.split(" | ")[1] for row in rows] == ["rust/ahash"]


def test_equal_commits_show_no_difference(clone: Clone) -> None:
    status, document = clone.diff("HEAD", "HEAD", "--id=rust/bit_table")
    (cell,) = document["cells"]
    verdict = cell["against"][0]["comparison"]["verdict"]
    assert (status, verdict) in {(0, "equivalent"), (0, "inconclusive"), (0, "invalid")}


def test_a_row_that_is_given_a_kernel_is_given_that_of_its_own_commit(clone: Clone) -> None:
    request = ("--corpus", "english-1k-ascii", "--task", "file_charset", "--seconds=4")
    done = clone.run("diff", "HEAD", "HEAD", "--id=rust/bit_table", *request, "--json")
    assert done.returncode in {0, 4}, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    assert (cell["status"], len(cell["against"])) == ("right", 1)


def test_nothing_is_valid_beside_a_control_that_differs() -> None:
    cells = made_up.cells(("charset", "encode"), ("tinyshakespeare",))
    for index, cell in enumerate(cells):
        faster = [against for against in cell.against if against.comparison.verdict == "faster"][:1]
        role = CONTROL if cell.id == "rust/ahash" and cell.task == "charset" else BEFORE
        cells[index] = replace(
            cell, against=tuple(replace(against, role=role) for against in faster)
        )
    verdicts = {
        (cell.task, against.comparison.verdict)
        for cell in adjusted(cells)
        for against in cell.against
    }
    assert ("charset", "invalid") in verdicts
    assert ("charset", "faster") not in verdicts
    assert ("encode", "faster") in verdicts


def test_the_imports_of_a_row_are_part_of_it(tmp_path: Path) -> None:
    row = find("charset_encode", "python/bytes_translate")
    sides = []
    for name in ("old", "new"):
        shutil.copytree(ROOT / "py_impls", tmp_path / name / "py_impls")
        sides.append(Side(name, tmp_path / name, provenance.check()))
    assert is_same(row, *sides)
    (tmp_path / "new/py_impls/charset/counter.py").write_text("# of another row\n")
    assert is_same(row, *sides)
    imported = next(
        path
        for path in files_of(sides[0], row.target.partition(":")[0])
        if "charset_encode" not in path.parts and len(path.parts) == 3
    )
    with (tmp_path / "new" / imported).open("a") as file:
        file.write("# changed\n")
    assert not is_same(row, *sides)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["none", "HEAD"], 2, "'none' is no commit of this repository"),
        (["--", "--help", "HEAD"], 2, "'--help' is no commit of this repository"),
        (["HEAD", "HEAD", "--task", "none"], 2, "no task 'none'"),
        (
            ["HEAD", "HEAD", "--task", "charset", "--state", "uncached_file"],
            2,
            "uncached_file does not apply to charset",
        ),
        (["HEAD", "HEAD", "--id", "python/set", "--id", "none"], 2, "no implementation 'none'"),
    ],
)
def test_wrong_usage(clone: Clone, arguments: list[str], status: int, says: str) -> None:
    done = clone.run("diff", *arguments)
    assert done.returncode == status
    assert says in done.stderr


def test_a_commit_that_cannot_be_built_is_named(clone: Clone) -> None:
    manifest = clone.folder / "rust_impls/Cargo.toml"
    kept = manifest.read_bytes()
    manifest.write_bytes(b"[package\n")
    clone.commit("Broken")
    done = clone.run("diff", "HEAD~1", "HEAD", *REQUEST)
    assert done.returncode == 3
    assert "cannot be built:" in done.stderr
    assert "Traceback" not in done.stderr
    manifest.write_bytes(kept)
    clone.commit("Mended")
