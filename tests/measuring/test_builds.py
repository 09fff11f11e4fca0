"""Builds that differ in their layout: made once, kept, told apart, and measured in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from installations import ROOT, Installation, places_in_a_line

from nanogpt_rs.measuring import builds, no_op, rebuilds
from nanogpt_rs.measuring.builds import BuildsError, LinkedBuild
from nanogpt_rs.records import lines
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.errors import WorkerError
from nanogpt_rs.ruler.worker import run_worker

Run = Callable[..., subprocess.CompletedProcess[str]]
SHORT = "english-1k-ascii"
COUNT = 3

linux = pytest.mark.skipif(sys.platform != "linux", reason="system: layouts are changed on Linux")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[LinkedBuild], list[str]]:
    """A cache with builds of this checkout, the builds, and the steps of making them."""
    cache, steps = tmp_path_factory.mktemp("cache"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NANOGPT_RS_CACHE", str(cache))
        made = builds.builds_of_checkout(COUNT, steps.append)
    return cache, made, steps


def order(build: Path | str, **changes: Any) -> dict[str, Any]:
    """An order to call two implementations in a build."""
    return {
        "task": "charset",
        "corpus": SHORT,
        "state": "warm",
        "packages": provenance.package_files(),
        "arms": [{"id": "python/set", "calls": 1}] * 2 + [{"id": "rust/ahash", "calls": 1}],
        "builds": {"": str(build)},
        "rounds": 2,
        "warm_up_rounds": 0,
        "seed": 1,
    } | changes


@linux
@pytest.mark.slow("compiles the Rust module, to link it several times")
def test_builds_differ_in_their_layout_alone(
    kept: tuple[Path, list[LinkedBuild], list[str]],
) -> None:
    _, made, steps = kept
    assert [build.seed for build in made] == [1, 2, 3]
    assert sum("compiling" in step for step in steps) == 1
    modules = [next(build.folder.glob("rust_impls/*.so")).read_bytes() for build in made]
    assert len(set(modules)) == COUNT
    code = "import json, rust_impls; print(json.dumps(rust_impls.build_info()))"
    infos = []
    for build in made:
        command = [sys.executable, "-P", "-c", code]
        environment = {**os.environ, "PYTHONPATH": str(build.folder)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        infos.append(json.loads(done.stdout))
    assert [info.pop("layout_seed") for info in infos] == ["1", "2", "3"]
    assert infos == [infos[0]] * COUNT
    assert infos[0]["source_hash"] == provenance.source_hash(ROOT)
    assert infos[0]["profile"] == "release"


@linux
@pytest.mark.slow("compiles the Rust module, to link it several times")
def test_functions_begin_with_a_cache_line_in_each_build(
    kept: tuple[Path, list[LinkedBuild], list[str]],
) -> None:
    _, made, _ = kept
    modules = [next(build.folder.glob("rust_impls/*.so")) for build in made]
    assert [places_in_a_line(module) for module in modules] == [{0}] * COUNT


@linux
@pytest.mark.slow("compiles the Rust module, to link it several times")
def test_builds_that_are_kept_are_not_made_again(
    kept: tuple[Path, list[LinkedBuild], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, made, _ = kept
    monkeypatch.setenv("NANOGPT_RS_CACHE", str(cache))
    steps: list[str] = []
    assert builds.builds_of_checkout(COUNT, steps.append) == made
    assert steps == []
    more = builds.builds_of_checkout(COUNT + 1, steps.append)
    assert more[:COUNT] == made
    assert len(steps) == 1  # one link, and nothing is compiled


@linux
@pytest.mark.slow("compiles the Rust module, to link it several times")
def test_a_worker_loads_the_build_that_its_order_names_and_no_other(
    kept: tuple[Path, list[LinkedBuild], list[str]], tmp_path: Path
) -> None:
    _, made, _ = kept
    for build in made:
        answer = run_worker("rounds", order(build.folder), 60)
        assert answer["wrong"] == {}
    with pytest.raises(WorkerError, match="rust_impls would be imported from"):
        run_worker("rounds", order(tmp_path / "nowhere"), 60)


@linux
@pytest.mark.slow("compiles the Rust module, to link it several times")
@pytest.mark.parametrize(
    ("name", "value"), [("layout_seed", "2"), ("source_hash", "0" * 64), ("commit", "0" * 40)]
)
def test_a_build_that_is_not_what_it_should_be_is_refused(
    kept: tuple[Path, list[LinkedBuild], list[str]], tmp_path: Path, name: str, value: str
) -> None:
    _, made, _ = kept
    build = tmp_path / "build"
    shutil.copytree(made[0].folder, build)
    layout = json.loads((build / "layout.json").read_bytes())
    assert layout["layout_seed"] == "1"
    (build / "layout.json").write_text(json.dumps(layout | {name: value}))
    with pytest.raises(WorkerError, match=f"wrong {name}.*builds --clear"):
        run_worker("rounds", order(build), 60)
    # A commit from before layouts had seeds does not state one.
    run_worker("rounds", order(made[0].folder), 60)


@linux
@pytest.mark.slow("compiles the Rust module, to link it several times")
def test_another_linker_gives_several_builds_all_the_same(
    kept: tuple[Path, list[LinkedBuild], list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the compiler hands to GNU ld is linked by lld, which comes with the compiler."""
    _, made, _ = kept
    folder = tmp_path / "kept"
    shutil.copytree(made[0].folder.parent, folder)
    arguments = (folder / "arguments").read_text()
    (folder / "arguments").write_text(arguments + "-fuse-ld=bfd\n")
    builds.link(folder, LinkedBuild(9, folder / "seed-0009"), {})
    assert run_worker("rounds", order(folder / "seed-0009"), 60)["wrong"] == {}
    monkeypatch.setattr(builds, "lld_options", tuple)
    with pytest.raises(BuildsError, match="cannot put sections in a random order"):
        builds.link(folder, LinkedBuild(10, folder / "seed-0010"), {})


def test_without_lld_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds, "target_libdir", lambda: Path("nowhere/lib"))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(BuildsError, match="apt-get install lld"):
        builds.lld_options.__wrapped__()


@linux
@pytest.mark.slow("compiles the Rust module, to link it several times")
def test_compare_measures_in_several_builds_and_says_so(
    kept: tuple[Path, list[LinkedBuild], list[str]], nanogpt_rs: Run
) -> None:
    cache, _, _ = kept
    arguments = ("compare", "charset", "python/set", "rust/ahash", f"--corpus={SHORT}")
    done = nanogpt_rs(*arguments, f"--builds={COUNT}", "--json", NANOGPT_RS_CACHE=str(cache))
    assert done.returncode == 0, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["python/set"]["builds"] is None
    assert cells["rust/ahash"]["builds"] == COUNT
    seconds = cells["rust/ahash"]["seconds_by_build"]
    assert len(seconds) == COUNT
    assert min(seconds) > 0
    listed = nanogpt_rs("dev", "builds", "--json", NANOGPT_RS_CACHE=str(cache))
    (row,) = json.loads(listed.stdout)["builds"]
    assert len(row["seeds"]) >= COUNT
    assert row["sources"].startswith("checkout ")


def test_an_installation_without_sources_has_one_build_and_says_so(
    installation: Installation,
) -> None:
    done = installation.run(
        *("-m", "nanogpt_rs", "compare", "charset", "python/set", "rust/ahash"),
        *(f"--corpus={SHORT}", "--builds=4", "--json"),
        cwd=installation.folder,
    )
    assert done.returncode == 0, done.stderr
    message = " ".join(done.stderr.split())
    assert "one build is measured: this is an installation without sources" in message
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert (cells["rust/ahash"]["builds"], cells["rust/ahash"]["seconds_by_build"]) == (1, [])
    done = installation.run("-m", "nanogpt_rs", "show", cwd=installation.folder)
    assert "one build" in done.stdout


def test_what_is_linked_by_a_linker_that_cannot_shuffle_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GNU ld without lld, for one: the message says which linker, and nothing is left behind."""
    (tmp_path / "arguments").write_text("-shared\nmodule.rcgu.o\n-o\nplace\n")
    (tmp_path / "module.rcgu.o").write_bytes(b"no object")
    monkeypatch.setattr(builds, "linker_name", lambda: "false")
    with pytest.raises(BuildsError, match="cannot put sections in a random order"):
        builds.link(tmp_path, LinkedBuild(1, tmp_path / "seed-0001"), {})
    assert not (tmp_path / "seed-0001").exists()


def fill(home: Path, name: str, size: int, used: float) -> Path:
    """Make what looks like kept builds of a size, used last at a time."""
    folder = home / name
    for seed in (1, 2):
        (folder / f"seed-{seed:04}").mkdir(parents=True)
        (folder / f"seed-{seed:04}/layout.json").write_bytes(b"x" * (size // 2))
    (folder / "arguments").write_text("")
    (folder / "sources").write_text(f"commit {name}")
    os.utime(folder, (used, used))
    return folder


def test_the_cache_is_limited_listed_and_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NANOGPT_RS_CACHE", str(tmp_path))
    home = builds.builds_home()
    old, middle, new = (fill(home, name, 1000, used) for used, name in enumerate("abc", 1000))
    assert [kept.sources for kept in builds.kept_builds()] == ["commit c", "commit b", "commit a"]
    assert [kept.seeds for kept in builds.kept_builds()] == [(1, 2)] * 3
    builds.prune(home, old, 2500)
    assert old.exists()  # in use, although it is the oldest
    assert not middle.exists()
    assert new.exists()
    assert builds.clear() >= 2000
    assert list(builds.kept_builds()) == []


def test_the_command_lists_and_clears(nanogpt_rs: Run, tmp_path: Path) -> None:
    fill(tmp_path / "cache/builds", "abc", 1000, 1_700_000_000)
    cache = str(tmp_path / "cache")
    listed = nanogpt_rs("dev", "builds", NANOGPT_RS_CACHE=cache)
    assert "commit abc" in listed.stdout
    cleared = nanogpt_rs("dev", "builds", "--clear", NANOGPT_RS_CACHE=cache)
    assert cleared.returncode == 0, cleared.stderr
    assert "no builds are kept" in nanogpt_rs("dev", "builds", NANOGPT_RS_CACHE=cache).stdout


@linux
@pytest.mark.slow("compiles the Rust module, to link it several times")
def test_the_self_test_compares_a_rebuild_with_the_sources_as_they_are(
    kept: tuple[Path, list[LinkedBuild], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both states have the same sources, which are compiled already, and builds of their own."""
    cache, made, _ = kept
    monkeypatch.setenv("NANOGPT_RS_CACHE", str(cache))
    monkeypatch.setattr(rebuilds, "BUILDS", COUNT)
    monkeypatch.setattr(rebuilds, "SECONDS", {COUNT: 1.0, 1: 1.0})
    monkeypatch.setattr(rebuilds, "IDS", {"charset": ("rust/fixed_array", "rust/bit_table")})
    as_it_is, rebuild = (
        next(variant for variant in no_op.VARIANTS if variant.kind == kind)
        for kind in ("as it is", "rebuild")
    )
    pair = rebuilds.Pair(0, as_it_is, rebuild)
    steps: list[str] = []
    states = rebuilds.States(steps.append)
    seeds = [[build.seed for build in states.builds(state)] for state in (as_it_is, rebuild)]
    assert seeds == [[0, 1, 2, 3], [seeds[1][0], 4, 5, 6]]
    assert not any("compiling" in step for step in steps)
    assert states.builds(as_it_is)[1:] == made
    records = []
    for step in rebuilds.steps_of(pair):
        records += rebuilds.compare(step, "as-is", states)
    assert [(record.slower, record.builds) for record in records] == [
        *[(0.0, COUNT), (0.0, 1)],
        *[(share, builds) for builds in (COUNT, 1) for share in rebuilds.SLOWER],
    ]
    assert all(len(record.comparisons) == 2 for record in records)
    assert rebuilds.missing(records, [pair]) == []
    assert len(rebuilds.missing(records[:1], [pair])) == 3
    assert rebuilds.states_to_count(records, [pair]) == [as_it_is]
    # A self-test that was interrupted while it counted goes on to count, where that is possible.
    assert rebuilds.lacks(records, [pair]) == rebuilds.can_count() == bool(shutil.which("valgrind"))
    for record in records:
        lines.parsed(lines.line_of_other("run", record))
