"""Code that was imported from elsewhere, built in debug or from other sources is not timed."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from installations import PACKAGES, ROOT, Installation, building

from nanogpt_rs.ruler import provenance

POISON = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\nraise SystemExit(99)\n"


def poison(folder: Path) -> Path:
    """Make a folder a package that leaves a file, the mark, if it is imported."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__init__.py").write_text(POISON)
    return folder / "ran"


def test_an_installed_wheel_passes_and_says_that_it_has_no_sources(
    installation: Installation,
) -> None:
    done = installation.run(
        "-c", "from nanogpt_rs.ruler import provenance; print(provenance.check().sources)"
    )
    assert done.stdout.strip() == "not held against any: installed without its sources", done.stderr


@pytest.mark.parametrize("package", ["model", "nanogpt_rs", "py_impls", "rust_impls"])
def test_a_poisoned_package_on_the_import_path_is_refused_unread(
    package: str, installation: Installation, tmp_path: Path
) -> None:
    """The command itself runs from the installation, to which PYTHONPATH adds another folder."""
    work = tmp_path / "work"
    mark = poison(work / package)
    path = f"{work}{os.pathsep}{installation.folder}"
    done = installation.run("-c", command_of(installation), "bench", PYTHONPATH=path)
    assert done.returncode == 3, done.stdout + done.stderr
    message = done.stderr.replace("\n", "")
    assert str(work) in message
    if package != "nanogpt_rs":
        assert f"{package} would be imported from" in done.stderr.replace("\n", " ")
    assert not mark.exists()


def command_of(installation: Installation) -> str:
    """Return a program that runs the command of this installation, whatever PYTHONPATH names."""
    return (
        "import importlib.util as u, sys\n"
        f"folder = {str(installation.folder / 'nanogpt_rs')!r}\n"
        "spec = u.spec_from_file_location('nanogpt_rs', folder + '/__init__.py',\n"
        "    submodule_search_locations=[folder])\n"
        "sys.modules['nanogpt_rs'] = module = u.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "from nanogpt_rs.cli import main; main()"
    )


def test_another_copy_of_the_package_on_the_import_path_is_refused(
    installation: Installation, tmp_path: Path
) -> None:
    """As with PYTHONPATH of another checkout; this one has no measured packages."""
    shutil.copytree(ROOT / "nanogpt_rs", tmp_path / "other/nanogpt_rs")
    path = f"{tmp_path / 'other'}{os.pathsep}{installation.folder}"
    for command in (("bench",), ("verify", "charset"), ("list",)):
        done = installation.run("-m", "nanogpt_rs", *command, PYTHONPATH=path)
        assert (done.returncode, done.stdout) == (3, ""), command
        message = done.stderr.replace("\n", " ")
        assert "nanogpt_rs would be imported from" in message
        assert "where nanogpt-rs is installed hint: remove the other one" in message


def test_a_checkout_that_is_not_installed_is_not_run_in_the_place_of_the_one_that_is(
    installation: Installation, tmp_path: Path
) -> None:
    """`python -m nanogpt_rs` finds the package of the working folder before the installed one."""
    shutil.copytree(ROOT / "nanogpt_rs", tmp_path / "other/nanogpt_rs")
    done = installation.run("-m", "nanogpt_rs", "list", cwd=tmp_path / "other", safe_path=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"this is the nanogpt_rs in {tmp_path / 'other/nanogpt_rs'}" in done.stderr


@pytest.mark.parametrize("command", ["nanogpt-rs", "python -m nanogpt_rs"])
def test_the_working_folder_is_not_searched_for_packages(
    command: str, installation: Installation, tmp_path: Path
) -> None:
    names = ("benchmarks", "harness", "model", "py_impls", "rust_impls")
    marks = [poison(tmp_path / "work" / name) for name in names]
    (tmp_path / "work/typer.py").write_text(POISON)
    arguments = ("verify", "charset", "--id", "python/set", "--corpus", "english-60-ascii")
    if command == "nanogpt-rs":
        done = subprocess.run(
            [Path(sys.executable).with_name(command), *arguments],
            cwd=tmp_path / "work",
            capture_output=True,
            text=True,
        )
    else:
        done = installation.run(
            "-m", "nanogpt_rs", *arguments, cwd=tmp_path / "work", safe_path=False
        )
    assert done.returncode == 0, done.stderr
    assert not any(mark.exists() for mark in (*marks, tmp_path / "work/ran"))


def verify_by_heads_ruler(wheel: Installation, answer: Path, *flags: str) -> dict[str, object]:
    """Do what asv does: HEAD's ruler, run by its path, in an environment with another wheel."""
    order = json.dumps({"task": "charset", "id": "python/set", "corpus": "synthetic"})
    worker = str(ROOT / "nanogpt_rs/ruler/worker.py")
    done = wheel.run(*flags, worker, "verification", order, str(answer))
    assert done.returncode == 0, done.stderr
    document = json.loads(answer.read_text())
    assert isinstance(document, dict)
    return document


def test_an_old_wheels_own_ruler_is_never_used(installation: Installation, tmp_path: Path) -> None:
    marks = [poison(installation.folder / name) for name in ("benchmarks", "harness", "nanogpt_rs")]
    verdict = verify_by_heads_ruler(installation, tmp_path / "answer.json")
    assert verdict["status"] == "right"
    assert not any(mark.exists() for mark in marks)


def test_a_wheel_from_before_this_package_is_measured(
    installation: Installation, tmp_path: Path
) -> None:
    """Its ruler and its reader were the packages benchmarks and harness."""
    shutil.rmtree(installation.folder / "nanogpt_rs")
    marks = [poison(installation.folder / name) for name in ("benchmarks", "harness")]
    for flags in ((), ("-S",)):  # with our own installation beside it, and as asv has it
        verdict = verify_by_heads_ruler(installation, tmp_path / "answer.json", *flags)
        assert verdict["status"] == "right"
    assert not any(mark.exists() for mark in marks)


def test_an_old_wheels_implementations_are_what_is_measured(
    installation: Installation, tmp_path: Path
) -> None:
    installation.write("py_impls/charset/set.py", "charset = frozenset\n")
    verdict = verify_by_heads_ruler(installation, tmp_path / "answer.json")
    assert verdict["status"] == "wrong"
    assert "returned frozenset, not set" in str(verdict["details"])


def test_a_wheel_from_before_the_model_is_measured_and_no_other_model_used(
    installation: Installation, tmp_path: Path
) -> None:
    shutil.rmtree(installation.folder / "model")
    # Without site-packages, where the tests' own installation has a model.
    verdict = verify_by_heads_ruler(installation, tmp_path / "answer.json", "-S")
    assert verdict["status"] == "right"
    mark = poison(tmp_path / "work/model")
    path = f"{installation.folder}{os.pathsep}{tmp_path / 'work'}"
    done = installation.run("-m", "nanogpt_rs", "bench", PYTHONPATH=path)
    assert done.returncode == 3
    assert "and the installed nanogpt-rs has none" in done.stderr.replace("\n", " ")
    assert not mark.exists()


def test_a_missing_installation_is_named(installation: Installation) -> None:
    code = (
        "import importlib.metadata as m; from nanogpt_rs.ruler import provenance\n"
        "provenance.DISTRIBUTION = 'no-such-distribution'\n"
        "try: provenance.check()\n"
        "except provenance.ProvenanceError as error: print(error.with_hint())"
    )
    assert "is not installed here; install it: make build" in installation.run("-c", code).stdout


# Builds.


@pytest.fixture
def checkout(installation: Installation, tmp_path: Path) -> Path:
    """A checkout that ``installation`` is an editable installation of."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for package in PACKAGES:
        shutil.move(installation.folder / package, folder / package)
    shutil.copytree(ROOT / "rust_impls", folder / "rust_impls")
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(ROOT / name, folder / name)
    info = next(installation.folder.glob("*.dist-info"))
    link = {"dir_info": {"editable": True}, "url": folder.as_uri()}
    (info / "direct_url.json").write_text(json.dumps(link))
    return folder


def check_in(
    installation: Installation, checkout: Path, command: str = "bench", id: str = "rust/ahash"
) -> subprocess.CompletedProcess[str]:
    path = f"{installation.folder}{os.pathsep}{checkout}"
    return installation.run("-m", "nanogpt_rs", command, "charset", "--id", id, PYTHONPATH=path)


def test_a_build_of_the_checkouts_sources_is_timed(
    installation: Installation, checkout: Path
) -> None:
    done = check_in(installation, checkout)
    assert done.returncode == 0, done.stderr
    assert "sources: those of this checkout" in done.stdout


def append(path: Path) -> None:
    path.write_text(path.read_text() + "\n")


@pytest.mark.parametrize(
    "edit",
    [
        lambda root: append(root / "rust_impls/charset/ahash.rs"),
        lambda root: (root / "rust_impls/charset/added.rs").write_text("//! New.\n"),
        lambda root: (root / "rust_impls/charset/smallvec.rs").unlink(),
        lambda root: append(root / "Cargo.lock"),
        lambda root: append(root / "rust_impls/Cargo.toml"),
    ],
    ids=["edited", "added", "removed", "locked otherwise", "configured otherwise"],
)
def test_a_stale_build_is_refused(installation: Installation, checkout: Path, edit: object) -> None:
    assert callable(edit)
    edit(checkout)
    done = check_in(installation, checkout)
    assert done.returncode == 3
    assert "built from other sources than those of this checkout hint: rebuild it: make build" in (
        done.stderr.replace("\n", " ")
    )


def test_a_stale_build_is_not_proved_right(installation: Installation, checkout: Path) -> None:
    """Otherwise somebody who edits Rust and does not build it would read that the edit is right."""
    append(checkout / "rust_impls/charset/ahash.rs")
    done = check_in(installation, checkout, "verify")
    assert (done.returncode, done.stdout) == (3, "")
    assert "rebuild it: make build" in done.stderr.replace("\n", " ")
    assert check_in(installation, checkout, "verify", "python/set").returncode == 0


def test_an_installation_of_another_checkout_is_refused(checkout: Path) -> None:
    """After `cp -r` of a clone its .venv still imports from the first one."""
    command = Path(sys.executable).with_name("nanogpt-rs")
    done = subprocess.run([command, "bench"], cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 3
    message = done.stderr.replace("\n", "")
    assert f"this is the checkout {checkout}, and what is installed belongs to {ROOT}" in message


def test_a_wheel_in_a_checkout_must_match_its_sources(
    installation: Installation, tmp_path: Path
) -> None:
    code = "from nanogpt_rs.ruler import provenance as p; print(p.check().sources)"
    here = tmp_path / "here"
    shutil.copytree(ROOT / "rust_impls", here / "rust_impls")
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(ROOT / name, here / name)
    assert installation.run("-c", code, cwd=here).stdout == "those of this checkout\n"
    append(here / "Cargo.lock")
    assert "built from other sources" in installation.run("-c", code, cwd=here).stderr


def test_a_fingerprint_changes_with_every_package_and_nothing_else(
    installation: Installation,
) -> None:
    def fingerprint(*also: str) -> str:
        code = f"from nanogpt_rs.ruler import provenance as p; print(p.fingerprint(*{also!r}))"
        return installation.run("-c", code).stdout

    first = fingerprint()
    assert len(first) == 65
    assert fingerprint() == first  # after the first run has left compiled files behind
    seen = {first, fingerprint("a corpus")}
    for name in (
        "py_impls/charset/set.py",
        "nanogpt_rs/ruler/tasks/__init__.py",
        "rust_impls/__init__.py",
    ):
        append(installation.folder / name)
        seen.add(fingerprint())
    assert len(seen) == 5


def test_a_fingerprint_covers_the_names_and_versions_that_metadata_state() -> None:
    for distribution in importlib.metadata.distributions():
        stated = f"{distribution.name}=={distribution.version}"
        assert provenance.name_and_version(distribution) == stated


@pytest.mark.slow("builds the Rust module without optimisation")
def test_a_debug_build_is_refused(tmp_path: Path) -> None:
    """With a real debug build: the post's first figure came from one, and was 30 times too slow."""
    command = [sys.executable, "-P", "-m", "maturin", "build", "--locked", "--profile=dev"]
    # As the stubs are made, so that the module is compiled once for both.
    options = ["--features=inspect", f"--interpreter={sys.executable}"]
    with building():
        subprocess.run(
            [*command, *options, f"--out={tmp_path / 'wheels'}"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            env={
                **os.environ,
                "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"],
            },
        )
    (wheel,) = (tmp_path / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    done = Installation(tmp_path / "site").run("-m", "nanogpt_rs", "bench")
    assert done.returncode == 3
    message = done.stderr.replace("\n", " ")
    assert "rust_impls is a debug build (opt-level 0" in message
    assert "build it in release: make build" in message
    assert done.stdout == ""


def test_the_hash_of_a_commit_is_that_of_its_files(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rust_impls", tmp_path / "rust_impls")
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(ROOT / name, tmp_path / name)

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e"]
        command = ["git", *identity, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    commit = git("rev-parse", "HEAD").strip()
    built = provenance.source_hash(tmp_path)
    assert provenance.source_hash_of_commit(tmp_path, commit) == built
    (tmp_path / "rust_impls/.#lib.rs").symlink_to("nobody@nowhere:1")  # as an editor locks a file
    assert provenance.source_hash(tmp_path) == built
    (tmp_path / "rust_impls/lib.rs").write_text("// another\n")
    assert provenance.source_hash(tmp_path) != built
    assert provenance.source_hash_of_commit(tmp_path, commit) == built
    with pytest.raises(provenance.ProvenanceError, match="git cannot show its sources"):
        provenance.source_hash_of_commit(tmp_path, "0" * 40)


def test_pip_and_maturin_build_release_here() -> None:
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["maturin"]
    assert (settings["profile"], settings["editable-profile"]) == ("release", "release")


def test_folders_beside_the_rust_module_are_none_of_its_sources(tmp_path: Path) -> None:
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "rust_impls", tmp_path / "rust_impls")
    assert provenance.source_hash(tmp_path) == provenance.source_hash(ROOT)
    assert (ROOT / "model_rs" / "Cargo.lock").is_file()  # a workspace of its own, as fuzz/ is
    assert 'members = ["rust_impls"]' in (ROOT / "Cargo.toml").read_text(encoding="utf-8")
