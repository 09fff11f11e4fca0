"""A third party's task that is not about characters, ``tests/words``. It needs no edit here."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from installations import OUR_PROFILE, ROOT, build_wheel, install, with_dependencies

from nanogpt_rs.records.schema import Verdict

pytestmark = pytest.mark.slow("builds a project of its own and runs asv on it")

PROJECT = ROOT / "tests/words"
TASK = PROJECT / "suite/task.py"
TARGET = ROOT / "target/words"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with that project's package, built and installed as its owner would do it."""
    folder = tmp_path_factory.mktemp("words")
    build_wheel(PROJECT, folder, CARGO_TARGET_DIR=with_dependencies(TARGET), **OUR_PROFILE)
    (path,) = folder.glob("*.whl")
    install(path, folder / "site")
    return str(folder / "site")


def test_it_is_listed_and_verified(nanogpt_rs: Run, site: str) -> None:
    chosen = ("words", "--from", str(TASK), "--json")
    listed = json.loads(nanogpt_rs("list", *chosen, PYTHONPATH=site).stdout)
    rows = listed["implementations"]
    assert [row["id"] for row in rows] == ["python/counter", "rust/hash_map"]
    assert rows[0]["idea"].startswith("A Counter over the pieces of str.split")
    assert rows[1]["idea"].startswith("A hash map from words, as slices of the text")
    assert all("foreign" in row["marks"] for row in rows)
    assert all(row["origin"].startswith("words, SHA-256 ") for row in rows)
    done = nanogpt_rs("verify", *chosen, PYTHONPATH=site)
    assert [proof["status"] for proof in json.loads(done.stdout)["proofs"]] == ["right", "right"], (
        done.stdout
    )


def test_without_its_package_it_is_not_applicable(nanogpt_rs: Run) -> None:
    done = nanogpt_rs("verify", "words", "--from", str(TASK), "--json")
    assert done.returncode == 3
    details = {proof["details"][0] for proof in json.loads(done.stdout)["proofs"]}
    assert details == {
        "needs words.counter, which is not installed",
        "needs words.rust, which is not installed",
    }


def test_a_wrong_answer_to_it_is_found(nanogpt_rs: Run, site: str, tmp_path: Path) -> None:
    """Here the implementation is another third party's, of a task that is not ours either."""
    (tmp_path / "split_at_spaces.py").write_text(
        "from collections import Counter\n\n\ndef words(text):\n"
        "    return dict(Counter(text.split(' ')))\n"
    )
    both = ("--from", str(TASK), "--from", "split_at_spaces.py", "--id=foreign/split_at_spaces")
    done = nanogpt_rs("verify", "words", *both, "--json", PYTHONPATH=site)
    assert done.returncode == 1
    (verdict,) = json.loads(done.stdout)["proofs"]
    assert any("counts '' 1 times, not 0" in detail for detail in verdict["details"])


def test_compare_bench_and_the_page_say_what_is_faster(
    nanogpt_rs: Run, site: str, tmp_path: Path
) -> None:
    chosen = ("--from", str(TASK), "--corpus=english-64k-ascii", "--json")
    command = ("compare", "words", "python/counter", "rust/hash_map")
    done = nanogpt_rs(*command, *chosen, PYTHONPATH=site)
    assert done.returncode == 0, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    (against,) = cells["rust/hash_map"]["against"]
    assert against["id"] == "python/counter"
    assert against["comparison"]["verdict"] in get_args(Verdict)
    done = nanogpt_rs("bench", "words", "--state=warm", "--seconds=1", *chosen, PYTHONPATH=site)
    assert done.returncode == 0, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert [reference["role"] for reference in cells["rust/hash_map"]["against"]] == ["lecture"]
    page = (tmp_path / "results/local/report.html").read_text(encoding="utf-8")
    packed = re.search(r'id="records-data">([^<]+)<', page)
    assert packed
    records = gzip.decompress(base64.b64decode(packed[1])).decode()
    assert cells["rust/hash_map"]["origin"] in records


def test_pytest_times_it(site: str, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "pytest", "benchmarks/pytest_benchmark", "-q"]
    options = ["--from", str(TASK), "--corpus=english-1k-ascii", "-k", "words", "--benchmark-only"]
    done = subprocess.run(
        [*command, *options, "--benchmark-max-time=0.01", f"--benchmark-storage={tmp_path}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": site},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = tmp_path.rglob("*.json")
    cases = [case["extra_info"] for case in json.loads(path.read_text())["benchmarks"]]
    assert [(case["task"], case["id"]) for case in cases] == [
        ("words", "python/counter"),
        ("words", "rust/hash_map"),
    ]


@pytest.fixture(scope="module")
def measured(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That project as a repository of one commit, measured by the real asv with its own conf."""
    folder, home = tmp_path_factory.mktemp("repository") / "words", tmp_path_factory.mktemp("home")
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__", "target"))
    conf = (folder / "asv.conf.json").read_text()
    for written, here in (
        ("pip install nanogpt-rs", f"pip install --no-deps {wheel}"),
        ("{conf_dir}/.asv/target", with_dependencies(TARGET)),
        ('"3.11"', '"3"'),
        ('"launch_method"', '"matrix": {"req": {"numpy": [""]}}, "launch_method"'),
    ):
        assert conf.count(written) == 1
        conf = conf.replace(written, here)
    (folder / "asv.conf.json").write_text(conf)
    real = Path.home()
    environment = {
        **os.environ,
        **OUR_PROFILE,
        "HOME": str(home),
        "NANOGPT_RS_CACHE": str(home / "cache"),
        "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"],
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(real / ".rustup")),
        "CARGO_HOME": os.environ.get("CARGO_HOME", str(real / ".cargo")),
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(real / ".cache/pip")),
    }
    version = "{}.{}".format(*sys.version_info)
    who = ("-c", "user.name=n", "-c", "user.email=e")
    for command in (
        ("git", "init", "--quiet", "--initial-branch=main"),
        ("git", "add", "--all"),
        ("git", *who, "commit", "--quiet", "--message=words"),
        ("asv", "machine", "--yes", "--machine=test"),
        ("asv", "run", "--machine=test", "--python", version, "--show-stderr", "HEAD^!"),
    ):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_asv_measures_it_by_a_conf_of_its_own(measured: Path) -> None:
    (path,) = [file for file in (measured / "results/test").glob("*.json") if "-" in file.name]
    document: Any = json.loads(path.read_text())
    row = dict(
        zip(
            document["result_columns"],
            document["results"]["bench_words.Words.time_call"],
            strict=False,
        )
    )
    assert row["params"] == [
        ["'python/counter'", "'rust/hash_map'"],
        ["'english-1k-ascii'", "'synthetic'"],
    ]
    assert all(value > 0 for value in row["result"])
