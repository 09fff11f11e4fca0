"""The static folder that is published: from this project's results, and without other hosts."""

from __future__ import annotations

import functools
import http.server
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import made_up
import pytest
from installations import ROOT
from reader import Reader

from nanogpt_rs.reporting import asv_site

pytestmark = pytest.mark.slow("publishes a site with npm and drives a real browser")

Run = Callable[..., subprocess.CompletedProcess[str]]
SCRIPTS = Path(sys.executable).parent


@dataclass
class Published:
    """A published folder, and the server that serves it."""

    folder: Path
    address: str
    output: str


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """This project's results and a run, published by the command and served on this machine."""
    if shutil.which("npm") is None:
        pytest.skip("install npm, which comes with Node.js: apt-get install npm")
    results, folder = tmp_path_factory.mktemp("results"), tmp_path_factory.mktemp("site") / "public"
    shutil.copytree(ROOT / "results/pytest-benchmark", results / "pytest-benchmark")
    shutil.copytree(ROOT / "results/selftest", results / "selftest")
    made_up.write(results / "bench", made_up.RUN, made_up.cells(("charset",)))
    done = subprocess.run(
        [SCRIPTS / "nanogpt-rs", "dev", "publish", folder, "--results", results],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Published(folder, f"http://127.0.0.1:{server.server_port}", done.stderr)
        server.shutdown()
        thread.join()


def test_the_index_links_to_everything(reader: Reader, published: Published) -> None:
    assert published.output == ""
    reader.visit(f"{published.address}/index.html")
    links = reader.run("return [...document.querySelectorAll('a')].map((link) => link.href)")
    paths = [link.removeprefix(published.address + "/") for link in links]
    assert paths[:2] == ["comparison.html", "history/index.html"]
    assert any(path.startswith("pytest-benchmark/") for path in paths)
    assert {f"bench/{made_up.RUN.run}.{ending}" for ending in ("html", "jsonl")} <= set(paths)
    for path in paths:
        assert (published.folder / path).is_file()
    assert "What is missing" not in reader.text()
    reader.check_quiet(published.address)


@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_of_the_folder_fit_every_width(
    reader: Reader, published: Published, width: int
) -> None:
    (second, *_) = (published.folder / "pytest-benchmark").glob("*.html")
    reader.visit(f"{published.address}/pytest-benchmark/{second.name}", width)
    assert "charset on " in reader.text()
    assert reader.run("return document.documentElement.scrollWidth") <= width
    reader.visit(f"{published.address}/index.html", width)
    assert reader.run("return document.documentElement.scrollWidth") <= width
    reader.open(published.folder / "comparison.html", width)
    assert reader.texts(".brand a")[:2] == ["all results", "history by commit"]
    reader.check_quiet()


def test_a_file_of_times_has_a_page_that_links_back(reader: Reader, published: Published) -> None:
    path = published.folder / "bench" / f"{made_up.RUN.run}.html"
    reader.open(path)
    assert "On lab-1" in reader.text("#answer")
    links = reader.run(
        "return [...document.querySelectorAll('.brand a:not([href^=\"#\"])')]"
        ".map((link) => link.getAttribute('href'))"
    )
    assert links == ["../index.html", "../history/index.html"]
    assert all((path.parent / link).is_file() for link in links)
    reader.check_quiet()


def test_asv_shows_its_history_from_no_other_host(reader: Reader, published: Published) -> None:
    index = (published.folder / "history/index.html").read_text(encoding="utf-8")
    assert not re.findall(r"""<(?:script|link)[^>]*(?:src|href)="(?:https?:)?//""", index)
    reader.visit(f"{published.address}/history/index.html")
    reader.wait("return document.querySelectorAll('#summarygrid-display a').length > 3")
    link = "return document.querySelector('nav a[href=\"../comparison.html\"]')?.innerText"
    assert reader.run(link) == "Who beats whom"
    assert "one build for each commit" in reader.text("nav")
    reader.run("location.hash = '#bench_call.Charset.time_call'")
    reader.wait("return document.querySelectorAll('#main-graph canvas').length > 0")
    reader.run("location.hash = '#/summarylist'")
    reader.wait("return document.querySelectorAll('#summarylist-body td').length > 3")
    reader.check_quiet(published.address)


def test_a_folder_that_the_command_did_not_make_is_left_alone(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "public/mine.txt").write_text("mine")
    done = nanogpt_rs("dev", "publish")
    assert done.returncode == 1
    assert "was not made by this command" in done.stderr
    assert [path.name for path in (tmp_path / "public").iterdir()] == ["mine.txt"]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a cache, and no program but what a test puts into ``bin``."""
    (tmp_path / "bin").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


NAME = "md5.min.js"


def make_npm(folder: Path, body: str) -> None:
    path = folder / "bin/npm"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_a_missing_npm_is_named(elsewhere: Path) -> None:
    with pytest.raises(asv_site.AssetError, match="npm is missing, which fetches blueimp-md5"):
        asv_site.asset(*asv_site.ASSETS[NAME])


def test_a_package_that_npm_cannot_fetch_is_named(elsewhere: Path) -> None:
    make_npm(elsewhere, "echo 'no such package' >&2; exit 1")
    with pytest.raises(asv_site.AssetError, match=r"could not fetch .*: no such package"):
        asv_site.asset(*asv_site.ASSETS[NAME])


def test_a_file_with_another_hash_is_refused(elsewhere: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("package/js/md5.min.js")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    (elsewhere / "a.tgz").write_bytes(buffer.getvalue())
    make_npm(elsewhere, f"/bin/cp {elsewhere}/a.tgz .")
    with pytest.raises(asv_site.AssetError, match="does not have the hash"):
        asv_site.asset(*asv_site.ASSETS[NAME])
    with pytest.raises(asv_site.AssetError, match=r"does not hold js/other.js"):
        asv_site.asset("blueimp-md5@2.19.0", "js/other.js", "0" * 64)
    assert not (elsewhere / ".asv").exists()


def test_a_damaged_file_in_the_cache_is_not_used(elsewhere: Path) -> None:
    package, path, sha256 = asv_site.ASSETS[NAME]
    kept = elsewhere / asv_site.CACHE / sha256
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"damaged")
    with pytest.raises(asv_site.AssetError, match="npm is missing"):
        asv_site.asset(package, path, sha256)


def test_a_file_that_only_a_newer_asv_needs_is_named(tmp_path: Path) -> None:
    text = '<script src="https://host/new.js" integrity="sha256-x" crossorigin="anonymous">'
    with pytest.raises(asv_site.AssetError, match=r"this version of asv needs new.js"):
        asv_site.vendored(text, tmp_path)
