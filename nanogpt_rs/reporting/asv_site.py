"""A plug-in of asv that makes the site of ``asv publish`` work without a network.

As asv makes it, the site loads ten files from other hosts, and shows nothing without a network.
Packages of npm hold the same files. They are fetched once, checked against their hashes and kept in
``.asv/npm``. If a file is not available, asv's log says so, and the site stays as asv made it. The
comparison page is added, and the two link to each other.

``asv.conf.json`` names this module, so asv imports it at every start. Therefore it imports nothing
but asv and the standard library. Only asv uses it.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from html import escape
from pathlib import Path
from typing import Any

from asv.console import log
from asv.publishing import OutputPublisher

from nanogpt_rs.ruler.errors import UserError

COMPARISON_VARIABLE = "NANOGPT_RS_COMPARISON"
"""Environment variable with the address of a comparison page that exists already."""
COMPARISON = "comparison.html"
CACHE = Path(".asv/npm")
"""Folder in which files of npm's packages are kept."""
FOLDER = "vendor"
"""Folder within the site for the files that it would load from other hosts."""
TIMEOUT = 120.0
"""Seconds that npm may take to fetch one package."""

ASSETS = {
    "jquery-3.3.1.min.js": (
        "jquery@3.3.1",
        "dist/jquery.min.js",
        "160a426ff2894252cd7cebbdd6d6b7da8fcd319c65b70468f10b6690c45d02ef",
    ),
    "jquery.flot.min.js": (
        "flot@0.8.3",
        "jquery.flot.js",
        "b7b931f273c38b1277b9c6c1f4e05c4ec09885a487bddaf3279e2d7e49a38e12",
    ),
    "jquery.flot.time.min.js": (
        "flot@0.8.3",
        "jquery.flot.time.js",
        "a582c832adc7138a6b05aaf61f16ebac274701f1be4afea77e739a1c34b9c41a",
    ),
    "jquery.flot.selection.min.js": (
        "flot@0.8.3",
        "jquery.flot.selection.js",
        "e6c85f6c1ebe4b4da29d8ae238c7c5060283f05f7ef054f6b91817d02c092918",
    ),
    "jquery.flot.categories.min.js": (
        "flot@0.8.3",
        "jquery.flot.categories.js",
        "6e81664b28ea795c734906f4aa15614640a75ac7fbd399a7fb9084040698351a",
    ),
    "jquery.flot.orderBars.js": (
        "flot-orderbars@1.0.0",
        "js/jquery.flot.orderBars.js",
        "39735b4f46f96ff4e082572401f47c55a2767b366fd1d1e821e44a8d830a12bf",
    ),
    "stupidtable.min.js": (
        "stupid-table-plugin@1.1.3",
        "stupidtable.min.js",
        "4642380f28ebe9ed7cac251793b281ef8620c4386205d92788f9b12f5cceb4e0",
    ),
    "md5.min.js": (
        "blueimp-md5@2.19.0",
        "js/md5.min.js",
        "64d7ded388c562e4bde9e58ce205e5fa01b9734fcd434d496eb7b4fbfe9b927d",
    ),
    "bootstrap.min.js": (
        "bootstrap@3.1.1",
        "dist/js/bootstrap.min.js",
        "898d05a17f2cfc5120ddcdba47a885c378c0b466f30f0700e502757e24b403a1",
    ),
    "bootstrap.min.css": (
        "bootstrap@3.1.1",
        "dist/css/bootstrap.min.css",
        "e9503448692b738dd260fbd7f7cabf2e11f09b600fa97e6eb3a56eba5b1a7e9b",
    ),
}
"""The files by the names that asv's page uses: package, path in the package, and SHA-256.

Five of them have the very bytes that asv's page expects, by its own hashes. For flot and for the
sorting of tables, npm has the same code unminified or in a later version."""

REMOTE = re.compile(
    r'(src|href)="https?://[^"]*/([^"/]+)"'
    r'(?: (?:integrity|crossorigin|referrerpolicy)="[^"]*")+'
)
"""What asv's page loads from other hosts. Unlike a link, such an address comes with a hash."""
ONE_BUILD = (
    "Each commit is measured in one build of the Rust module. Another build of the same sources "
    "can be faster or slower by tens of per cent: nanogpt-rs diff compares several of each commit."
)
NAVIGATION = '<li id="nav-li-graphdisplay">'


class AssetError(UserError):
    """A file of the site is not available; the message says which one and why."""


class Offline(OutputPublisher):  # type: ignore[misc]
    """Runs after all other publishers, on the site that they and asv's template made."""

    name = None
    button_label = None
    description = None
    order = 1000

    @classmethod
    def publish(cls, conf: Any, _repo: Any, benchmarks: dict[str, Any], *_: Any) -> None:
        """Rewrite the site's page. asv calls this with more arguments than are needed here."""
        site = Path(conf.html_dir)
        # The site requests a graph of every benchmark that it knows, measured or not.
        for name in list(benchmarks):
            if not (site / "graphs/summary" / f"{name}.json").exists():
                del benchmarks[name]
        index = site / "index.html"
        text = index.read_text(encoding="utf-8")
        try:
            text = vendored(text, site)
        except AssetError as error:
            log.error(f"the site needs a network: {error}")
        text = with_note(text)
        if (link := comparison(site, Path(conf.results_dir).parent)) is not None:
            text = linked(text, link)
        index.write_text(text, encoding="utf-8")


def vendored(text: str, site: Path) -> str:
    """Copy the files that asv's page loads from other hosts into its site.

    Returns:
        The page, loading these files from the site.

    Raises:
        AssetError: A file is not available; then nothing is copied.
    """
    names = [match[2] for match in REMOTE.finditer(text)]
    if unknown := [name for name in names if name not in ASSETS]:
        raise AssetError(
            f"this version of asv needs {', '.join(unknown)}, which ASSETS in "
            "nanogpt_rs/reporting/asv_site.py does not list"
        )
    files = {name: asset(*ASSETS[name]) for name in names}
    (site / FOLDER).mkdir(exist_ok=True)
    for name, data in files.items():
        (site / FOLDER / name).write_bytes(data)
    return REMOTE.sub(lambda match: f'{match[1]}="{FOLDER}/{match[2]}"', text)


def asset(package: str, path: str, sha256: str) -> bytes:
    """Return a file of an npm package, from ``CACHE`` or else from the package.

    Raises:
        AssetError: The file is not available, or has another hash.
    """
    kept = CACHE / sha256
    if kept.exists() and hashlib.sha256(data := kept.read_bytes()).hexdigest() == sha256:
        return data
    try:
        with tarfile.open(fileobj=io.BytesIO(packed(package))) as archive:
            member = archive.extractfile(f"package/{path}")
            data = member.read() if member else b""
    except (KeyError, tarfile.TarError) as error:
        raise AssetError(f"npm's {package} does not hold {path}: {error}") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise AssetError(f"{path} of npm's {package} does not have the hash that it should have")
    CACHE.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(data)
    return data


def packed(package: str) -> bytes:
    """Return the archive of an npm package, from the registry that npm is configured to use.

    Raises:
        AssetError: npm is missing, or cannot fetch the package.
    """
    if shutil.which("npm") is None:
        raise AssetError(
            f"npm is missing, which fetches {package}", hint="install Node.js with npm"
        )
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--ignore-scripts", package]
        try:
            done = subprocess.run(
                command, cwd=folder, check=False, capture_output=True, text=True, timeout=TIMEOUT
            )
        except subprocess.TimeoutExpired:
            raise AssetError(f"npm did not fetch {package} within {TIMEOUT:.0f} s") from None
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(archives) != 1:
            output = (done.stderr or done.stdout).strip().splitlines()
            reason = output[-1] if output else f"exit status {done.returncode}"
            raise AssetError(f"npm could not fetch {package}: {reason}")
        return archives[0].read_bytes()


def comparison(site: Path, results: Path) -> str | None:
    """Return the address of the comparison page, relative to the site; make the page if needed.

    ``None`` where no run is recorded, or the page cannot be made here.
    """
    if address := os.environ.get(COMPARISON_VARIABLE):
        return address
    try:
        from nanogpt_rs.records.schema import RecordError
        from nanogpt_rs.reporting.publish import record_files
        from nanogpt_rs.reporting.report import page
    except ImportError as error:
        log.warning(f"no comparison page: {error}; install nanogpt-rs in asv's environment")
        return None
    if not (files := record_files(results)):
        log.warning(f"no comparison page: no run is recorded in {results}")
        return None
    try:
        read = [(str(path), path.read_bytes()) for path in files]
        (site / COMPARISON).write_bytes(page(read, history="index.html"))
    except (OSError, RecordError) as error:
        log.error(f"no comparison page: {error}")
        return None
    return COMPARISON


def with_note(text: str) -> str:
    """Return asv's page with a note of how many builds stand behind each number."""
    note = f'<li class="navbar-text" title="{escape(ONE_BUILD)}">one build for each commit</li>'
    return text.replace(NAVIGATION, f"{note}\n        {NAVIGATION}", 1)


def linked(text: str, address: str) -> str:
    """Return asv's page with a link to the comparison page in its navigation."""
    entry = f'<li><a href="{escape(address)}">Who beats whom</a></li>\n        '
    return text.replace(NAVIGATION, entry + NAVIGATION, 1)
