"""Two commits compared: both are built in release, and every worker process calls both of them.

The old commit's implementation is the baseline of the new commit's: the arms *old*, *old a second
time* and *new* share rounds. In the same run, a Python implementation that is the same in both
commits is measured in the same way. If that control is called different, no verdict about its task
is believed.
"""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from statistics import median_high

from nanogpt_rs.measuring import bench, changes, count, paired
from nanogpt_rs.measuring.bench import (
    Advance,
    CellStore,
    Contest,
    build_fields,
    is_limit,
    references_of,
    worker_end,
)
from nanogpt_rs.measuring.builds import (
    BuildsError,
    LinkedBuild,
    linked_builds,
    wheel_with_kept_link,
)
from nanogpt_rs.measuring.machine import MachineWatch
from nanogpt_rs.measuring.measured import Measured
from nanogpt_rs.measuring.paired import Arm, Setting
from nanogpt_rs.records.durable import locked
from nanogpt_rs.records.schema import BEFORE, CONTROL, STRONGEST, Against, Cell
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.corpora import Corpus, cache_folder
from nanogpt_rs.ruler.errors import NOTHING, USAGE, UserError, WorkerError
from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.regular import write_whole
from nanogpt_rs.ruler.rounds import applies
from nanogpt_rs.ruler.sides import Answer, Order
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.verification import verify_apart
from nanogpt_rs.ruler.worker import run_worker
from nanogpt_rs.statistics.adjusted import adjusted

CELL_SECONDS = 8.0
"""Roughly the seconds that comparing one implementation takes, verification included."""


class DiffError(UserError):
    """Commits cannot be compared; the message says why."""

    exit_status = NOTHING


class UnknownCommitError(DiffError):
    """A revision stands for no commit."""

    exit_status = USAGE


@dataclass(frozen=True)
class Side:
    """One of the two commits, built and installed.

    Attributes:
        commit: The commit's full hash, in hexadecimal.
        folder: The folder that its wheel is installed in.
        build: How its Rust module was built.
        builds: Builds of the same sources that differ in their layout; none: the wheel's alone.
    """

    commit: str
    folder: Path
    build: provenance.Build
    builds: tuple[LinkedBuild, ...] = ()

    @property
    def name(self) -> str:
        """The first eight digits of the commit's hash, as tables and messages show it."""
        return self.commit[:8]


def git(*arguments: str) -> bytes:
    """Run git in the checkout that the ruler lies in, and return its output.

    Raises:
        DiffError: There is no checkout, git is not installed, or git fails.
    """
    root = provenance.ROOT
    if not provenance.is_checkout(root):
        raise DiffError(
            "older commits are in a checkout with its history, and this is an installation",
            hint="cd to a clone of nanogpt-rs",
        )
    if reason := provenance.no_git(root):
        raise DiffError(f"the commits are unknown: {reason[0]}", hint=reason[1])
    try:
        return provenance.git(root, *arguments)
    except subprocess.CalledProcessError as error:
        complaint = error.stderr.decode(errors="replace").strip()
        raise DiffError(f"git {arguments[0]}: {complaint}") from None


def commit_of(revision: str) -> str:
    """Return the hash of the commit that a revision, such as ``HEAD~1``, stands for.

    Raises:
        UnknownCommitError: It stands for no commit.
    """
    wanted = ("--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    shallow = git("rev-parse", "--is-shallow-repository").strip() == b"true"
    try:
        return git("rev-parse", *wanted).decode().strip()
    except DiffError:
        raise UnknownCommitError(
            f"{revision!r} is no commit of this repository"
            + (", whose history was cut off when it was cloned" if shallow else ""),
            hint="git fetch --unshallow" if shallow else "`git log --oneline` shows its commits",
        ) from None


def side_of(commit: str) -> Side:
    """Return a commit's side. Its wheel is built in release the first time, and then kept.

    Raises:
        DiffError: The commit cannot be built, or the wheel is not that of this commit.
    """
    home = cache_folder() / "sides"
    try:
        compiler = subprocess.run(
            ["rustc", "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise DiffError(f"commits cannot be built: rustc does not run here: {error}") from None
    name = f"{commit[:12]}-{sys.implementation.cache_tag}-{compiler.stdout.split(' ')[1]}"
    folder = home / name
    with locked(home, DiffError):
        if not (folder / "whole").exists():
            rmtree(folder, ignore_errors=True)
            unpack(build_wheel(commit, home), folder)
            write_whole(folder / "whole", b"")
    try:
        order: Order = {"side": str(folder)}
        answer: Answer = run_worker("sides", order, 60.0)
    except WorkerError as error:
        raise DiffError(f"commit {commit[:8]}: {worker_end(error)}") from None
    if "refused" in answer:
        raise DiffError(f"commit {commit[:8]}: {answer['refused']}")
    if answer["info"]["commit"] != commit:
        raise DiffError(
            f"commit {commit[:8]}: its wheel says that it is {answer['info']['commit']}"
        )
    return Side(commit, folder, provenance.Build(answer["info"], answer["sources"]))


def build_wheel(commit: str, home: Path) -> Path:
    """Build a commit's wheel. All are built in the same folder: equal sources make equal code.

    Raises:
        DiffError: The commit cannot be built.
    """
    source, wheels = home / "source", home / "wheels"
    check_out(commit, source)
    rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    if sys.platform == "linux" and find_spec("maturin"):
        source_hash, sources = provenance.source_hash(source), f"commit {commit[:8]}"
        try:
            wheel_with_kept_link(
                source, source_hash, sources, wheels, target=home / "target", commit=commit
            )
        except BuildsError as error:
            raise DiffError(f"commit {commit[:8]} cannot be built: {error}") from None
        return next(wheels.glob("*.whl"))
    if find_spec("maturin"):
        command = ["maturin", "build", "--release", "--locked", "--interpreter", sys.executable]
        command += ["--out", str(wheels)]
    else:  # pip fetches maturin
        command = ["pip", "wheel", "--no-deps", "--wheel-dir", str(wheels), "."]
    environment = os.environ | {"ASV_COMMIT": commit, "CARGO_TARGET_DIR": str(home / "target")}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    built = list(wheels.glob("*.whl"))
    if done.returncode or len(built) != 1:
        complaint = "\n".join(done.stderr.strip().splitlines()[-20:])
        raise DiffError(f"commit {commit[:8]} cannot be built:\n{complaint}")
    return built[0]


def check_out(commit: str, folder: Path) -> None:
    """Put the files of a commit into a folder, and nothing else.

    Raises:
        DiffError: Git cannot show them.
    """
    rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", commit))) as archive:
        archive.extractall(folder, filter="data")


def with_builds(side: Side, count: int, advance: Callable[[str], None]) -> Side:
    """Return a side with several builds that differ in their layout.

    Raises:
        BuildsError: They cannot be made here.
    """
    home = cache_folder() / "sides"
    source = home / "source"
    with locked(home, BuildsError):
        check_out(side.commit, source)
        builds = linked_builds(
            source,
            side.build.info["source_hash"],
            f"commit {side.name}",
            range(1, count + 1),
            advance,
            target=home / "target",
            commit=side.commit,
        )
    return replace(side, builds=tuple(builds))


def unpack(wheel: Path, folder: Path) -> None:
    """Install a wheel into a folder of its own."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)  # noqa: S202


def name_of(row: Implementation | Cell) -> str:
    """Return the task and the id of a row or of its cell, as one string."""
    return f"{row.task} {row.id}"


def is_same(row: Implementation, old: Side, new: Side) -> bool:
    """Return whether a row is Python that is equal in both commits, with all that it may call."""
    module = row.target.partition(":")[0]
    if not row.id.startswith("python/"):
        return False
    files = {path for side in (old, new) for path in files_of(side, module)}
    return bool(files) and all(content(old, path) == content(new, path) for path in files)


def files_of(side: Side, module: str) -> set[Path]:
    """Return the files of a module's package that it may call: its imports, and theirs, and so on.

    Args:
        side: The commit.
        module: The module's dotted name. Where the commit has no such module, the set is empty.
    """
    package = module.partition(".")[0]
    files: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        for path in (
            Path(*name.split(".")).with_suffix(".py"),
            Path(*name.split("."), "__init__.py"),
        ):
            if path in files or not (data := content(side, path)):
                continue
            files.add(path)
            try:
                nodes = list(ast.walk(ast.parse(data)))
            except SyntaxError:
                continue  # verification will call it wrong when it imports it
            for node in nodes:
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                else:
                    continue
                waiting += [name for name in names if name.partition(".")[0] == package]
    return files


def content(side: Side, path: Path) -> bytes:
    """Return the bytes of a file of a commit, which are empty where there is no such file."""
    try:
        return (side.folder / path).read_bytes()
    except OSError:
        return b""


def diff(
    contests: Sequence[Contest],
    sides: tuple[Side, Side],
    advance: Advance,
    store: CellStore,
) -> list[Cell]:
    """Compare each implementation of the newer commit with the same one of the older commit.

    Args:
        contests: One for each task, corpus and state, with the rows to compare.
        sides: The older commit and the newer one.
        advance: Called with the progress made.
        store: Saves each cell as soon as it is finished; the cells that it has are left out.

    Returns:
        The cells in the order of the contests, with the newer commit's seconds and its comparison
        with the older. Tests are adjusted by Holm, and invalid where a control was called
        different.
    """
    tests = sum(len(contest.contenders) for contest in contests)
    for contest in (replace(contest, tests=tests) for contest in contests):
        finished = {cell.key for cell in store.cells}
        for row in contest.contenders:
            step = f"{row.task} {row.id} on {contest.corpus.id}, {contest.state}"
            advance(step, 0.0)
            if contest.cell(row).key not in finished:
                store.keep([compare_row(contest, row, sides, lambda: advance(step, 0.0), store)])  # noqa: B023
            advance(step, CELL_SECONDS)
    return adjusted(list(store.cells))


def compare_row(
    contest: Contest,
    row: Implementation,
    sides: tuple[Side, Side],
    tick: Callable[[], None],
    store: CellStore,
) -> Cell:
    """Return the cell of one implementation, compared with the older commit's."""
    cell = contest.cell(row)
    for side in sides:
        proof = verify_apart(row, contest.corpus_name, side=str(side.folder))
        if proof.status != "right":
            details = tuple(f"{side.name}: {detail}" for detail in proof.details)
            return replace(cell, status=proof.status, details=details)
    old, new = sides
    arms = [arm_of(row, side) for side in (old, old, new)]
    watch = MachineWatch()

    def is_done(measured: Measured) -> bool:
        tick()
        return measured.enough([(2, 0)], contest.tests)

    try:
        measured = paired.measure(
            setting_of(contest, row, sides),
            arms,
            is_done,
            lambda _: tick(),
            budget=contest.budget,
            early=() if contest.precise else [(2, 0)],
        )
    except WorkerError as error:
        side = new if error.arm == 2 else old
        return replace(cell, status="wrong", details=(f"{side.name}: {worker_end(error)}",))
    if measured.wrong:
        return replace(cell, status="wrong", details=tuple(map(": ".join, measured.wrong.items())))
    store.keep_blocks(f"{contest.task}-{contest.state}", measured.block_arrays)
    cores = measured.cores.get(new.name)
    role = CONTROL if row == contest.references.get(CONTROL) else BEFORE
    comparison = measured.compare(2)
    if row.is_compiled() and comparison.verdict in {"faster", "slower"}:
        tick()
        cell = counted_in_both(cell, contest, row, sides)
    return replace(
        cell,
        seconds=measured.seconds_of(2),
        quantiles=measured.quantiles_of(2),
        cores=median_high(cores) if cores else None,
        processes=len(measured.processes),
        **build_fields(row, measured, 2, several=measured.build_count > 1),
        meanwhile=watch.so_far(),
        against=(Against(role, old.name, comparison),),
    )


def counted_in_both(
    cell: Cell, contest: Contest, row: Implementation, sides: tuple[Side, Side]
) -> Cell:
    """Return a cell with the instructions of both commits, and what kind of change they show.

    It is returned as it is where nothing can be counted here.
    """
    old, new = sides

    def count_in(side: Side) -> tuple[int | None, str | None]:
        folder = str(side.folder)
        number, path, _ = count.count_call(contest.corpus_name, row, shim, side=folder)
        return number, path

    try:
        shim = count.library()
        (before, old_path), (after, new_path) = count_in(old), count_in(new)
        if old_path != new_path:  # different code was counted
            return cell
        cell = replace(cell, instructions=after, instructions_before=before, path=new_path)
        return changes.explained(
            cell, row, old.commit, new.commit, lambda: (count_in(old)[0], count_in(new)[0])
        )
    except (count.CountError, WorkerError):
        return cell


def setting_of(contest: Contest, row: Implementation, sides: tuple[Side, Side]) -> Setting:
    """Return what the arms of a row share. Only what is compiled needs several builds."""
    several = row.is_compiled() and all(side.builds for side in sides)
    builds = {str(side.folder): side.builds for side in sides} if several else {}
    return Setting(contest.task, contest.corpus_name, contest.state, builds=builds)


def arm_of(row: Implementation, side: Side) -> Arm:
    """Return the arm that calls one commit's implementation."""
    return replace(paired.arm_of(row), side=str(side.folder), name=side.name)


def contests_of(
    rows: Sequence[Implementation],
    corpora: Sequence[tuple[str, Corpus]],
    states: Sequence[str],
    sides: tuple[Side, Side],
    budget: float | None,
) -> list[Contest]:
    """Return the contests to measure, without limits and without Python that did not change.

    One unchanged Python row of each task stays, as a control: the strongest for texts of this width
    if it did not change, else the first in the registry.
    """
    contests = []
    for corpus_name, corpus in corpora:
        for task in dict.fromkeys(row.task for row in rows):
            of_task = [row for row in rows if row.task == task and not is_limit(row)]
            same = [row for row in of_task if is_same(row, *sides)]
            strongest = references_of(task, corpus.width).get(STRONGEST)
            control = strongest if strongest in same else next(iter(same), None)
            contenders = tuple(row for row in of_task if row == control or row not in same)
            references = {} if control is None else {CONTROL: control}
            if contenders:
                contests += [
                    Contest(corpus_name, corpus, state, references, contenders, budget)
                    for state in states
                    if applies(TASKS[task], state)
                ]
    return contests


def request_hash(contests: Sequence[Contest], sides: tuple[Side, Side]) -> str:
    """Return a hash of these contests and commits, by which ``--resume`` knows a run."""
    commits = [side.commit for side in sides] + [str(len(side.builds)) for side in sides]
    return sha256(" ".join([*commits, bench.request_hash(contests)]).encode())
