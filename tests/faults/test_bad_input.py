"""Each command with each kind of bad input: one message, a status, nothing lost, no traceback.

``python tests/bad_inputs.py`` prints the table of commands and kinds.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import bad_inputs
import pytest
from bad_inputs import COMMANDS, KINDS, SURROUNDINGS
from command_lines import commands
from filelock import FileLock
from installations import BRIEF, ROOT, mount_disk
from messages import only_message
from warm import Done, Server

COMMAND = Path(sys.executable).with_name("nanogpt-rs")
WITHOUT_RIGHTS = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"]
"""Makes permissions hold for the superuser too."""
RECORDS = {"run.jsonl": "bench/*-407f1809.jsonl", "cost.jsonl": "cost/*-2a30a3aa.jsonl"}
"""Records that commands are given, by their name in the folder that a command runs in."""


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a command that measures little, and downloads nothing."""
    return {
        **os.environ,
        "PYTHONPATH": BRIEF,
        "NANOGPT_RS_BUILDS": "1",
        "NANOGPT_RS_TINYSHAKESPEARE": "/nowhere/tinyshakespeare.txt",
        **more,
    }


def prefix() -> list[str]:
    """Return what takes the superuser's rights from a command, for whom nothing is unreadable."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("system: setpriv is missing, and nothing is unreadable for the superuser")
    return WITHOUT_RIGHTS


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server(prefix(), environment())
    yield running
    running.close()


@pytest.fixture(scope="module")
def server_of_other_user() -> Iterator[Server]:
    running = Server(["sh", "-c", f'exec {bad_inputs.OTHER_USER} "$@"', "sh"], environment())
    yield running
    running.close()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what whole command lines name."""
    folder = tmp_path_factory.mktemp("prepared")
    for name, pattern in RECORDS.items():
        (source,) = (ROOT / "results").glob(pattern)
        shutil.copy(source, folder / name)
    (folder / "text.txt").write_text("a text of mine\n" * 20)
    done = subprocess.run(
        [COMMAND, "data", "prepare", "text.txt", "--out", "prepared"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def here(prepared: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder to run a command in."""
    folder = tmp_path / "here"
    shutil.copytree(prepared, folder)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)


@pytest.fixture(scope="module")
def full_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on a disk without space."""
    folder = tmp_path_factory.mktemp("full")
    mount_disk(folder, "64k")
    (folder / "filled").write_bytes(bytes(64 << 10))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def contents(folder: Path) -> dict[str, object]:
    """Return what is in a folder: bytes of files, where links lead, modes of all else."""
    found: dict[str, object] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = path.readlink()
        elif path.is_file():
            large = path.stat().st_size > 1 << 30 or not os.access(path, os.R_OK)
            found[name] = path.stat().st_size if large else path.read_bytes()
        else:
            found[name] = path.stat().st_mode
    return found


def check_kept(before: Mapping[str, object], folder: Path) -> None:
    """Check that all is as it was, and that what is new lies in folders for results or shards."""
    after = contents(folder)
    assert {name: after.get(name) for name in before} == before
    ours = ("results", "shards", "site")
    assert [name for name in after if name not in before and not name.startswith(ours)] == []
    assert [name for name in after if ".room" in name] == []


def check_refused(done: Done, statuses: tuple[int, ...] = (1, 2, 3)) -> None:
    """Check that a command ended with one message, and printed nothing else."""
    assert "Traceback" not in done.stderr, done.stderr
    assert done.status in statuses, done
    assert only_message(re.sub(bad_inputs.NOTES, "", done.stderr)), done.stderr
    assert done.stdout == "", done


def test_every_command_is_here() -> None:
    """A new command needs lines of its own here."""
    assert [name for name, _ in commands()] == list(COMMANDS)
    assert bad_inputs.combinations() >= 500


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", [name for name, lines in COMMANDS.items() if lines.reads])
def test_bad_files(command: str, kind: str, server: Server, here: Path) -> None:
    for line in bad_inputs.reading(command, kind):
        KINDS[kind](here / bad_inputs.INPUT)
        before = contents(here)
        words = line.format(input=bad_inputs.name_of_input(kind))
        check_refused(server.run(shlex.split(words), here))
        check_kept(before, here)
        path = here / bad_inputs.INPUT
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


@pytest.mark.parametrize("kind", ["read-only", "below a file", "full disk"])
@pytest.mark.parametrize("command", [name for name, lines in COMMANDS.items() if lines.writes])
def test_where_nothing_can_be_written(
    command: str, kind: str, server: Server, here: Path, request: pytest.FixtureRequest
) -> None:
    output = here / "output"
    if kind == "read-only":
        output.mkdir(mode=0o555)
    elif kind == "below a file":
        output.write_text("a file of mine")
    else:
        output.symlink_to(request.getfixturevalue("full_disk"))
    for line in COMMANDS[command].writes:
        before = contents(here)
        check_refused(server.run(shlex.split(line.format(output="output")), here))
        check_kept(before, here)


@pytest.mark.parametrize("command", [name for name, lines in COMMANDS.items() if lines.lock])
def test_two_runs_at_once(command: str, server: Server, here: Path) -> None:
    lines = COMMANDS[command]
    folder = here / str(lines.lock)
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"):
        before = contents(here)
        done = server.run(shlex.split(lines.whole), here)
    check_refused(done, (1,))
    assert "under way" in done.stderr
    check_kept(before, here)


def real(words: str, here: Path, *, kind: str = "", shell: str = 'exec "$@"') -> Done:
    """Run a command as its users do, started by a line of shell.

    Args:
        words: Words after ``nanogpt-rs``.
        here: Folder to run in.
        kind: Kind of surroundings to run in.
        shell: Line of shell, which begins the command as ``"$@"``, where no kind is given.
    """
    surroundings = SURROUNDINGS.get(kind, bad_inputs.Surroundings(shell))
    rights = [] if surroundings.other_user else prefix()
    done = subprocess.run(
        ["sh", "-c", surroundings.shell, "sh", *rights, str(COMMAND), *shlex.split(words)],
        cwd=here,
        env=environment(),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def check_in_surroundings(command: str, kind: str, here: Path, run: Callable[[str], Done]) -> None:
    """Check how a command ends in surroundings of a kind.

    Args:
        command: The command.
        kind: The kind.
        here: Folder that it runs in.
        run: Runs a command line there, in these surroundings.
    """
    surroundings = SURROUNDINGS[kind]
    before = contents(here)
    done = run(bad_inputs.line_in(kind, command))
    assert "Traceback" not in done.stderr, done.stderr
    if surroundings.says is None or (command == "dev watch" and done.status == 2):
        assert done.status in (0, 1, 2, 3), done
    else:
        assert done.status == 1, done
        assert surroundings.says in only_message(done.stderr).text
        assert done.stdout == ""
    if done.status and "2>&-" not in surroundings.shell:
        told = re.sub(bad_inputs.NOTES, "", done.stderr)
        assert only_message(told), done.stderr
    if kind != "deleted working folder":
        check_kept(before, here)


def skip_without(kind: str) -> None:
    """Skip a test whose surroundings cannot be made here."""
    surroundings = SURROUNDINGS[kind]
    if surroundings.needs and not shutil.which(surroundings.needs):
        pytest.skip(f"system: {surroundings.needs} is missing")
    if surroundings.superuser and (not hasattr(os, "geteuid") or os.geteuid() != 0):
        pytest.skip("system: only the superuser can make these surroundings")


@pytest.mark.parametrize("kind", SURROUNDINGS)
@pytest.mark.parametrize("command", bad_inputs.STARTED)
def test_a_start_in_bad_surroundings(command: str, kind: str, here: Path) -> None:
    skip_without(kind)
    check_in_surroundings(command, kind, here, lambda words: real(words, here, kind=kind))


@pytest.mark.parametrize("kind", SURROUNDINGS)
@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in bad_inputs.STARTED])
def test_bad_surroundings(
    command: str, kind: str, here: Path, request: pytest.FixtureRequest
) -> None:
    skip_without(kind)
    name = "server_of_other_user" if SURROUNDINGS[kind].other_user else "server"
    server = request.getfixturevalue(name)
    check_in_surroundings(
        command, kind, here, lambda words: server.run(shlex.split(words), here, kind)
    )


@pytest.mark.parametrize(
    "command",
    [name for name, lines in COMMANDS.items() if lines.quick and name not in bad_inputs.STARTED],
)
def test_standard_output_that_takes_nothing(command: str, server: Server, here: Path) -> None:
    """A full device is told of. A reader that has enough, such as head, is no failure."""
    words = shlex.split(str(COMMANDS[command].quick))
    check_full_device(server.run(words, here, "/dev/full"))
    check_ended_reader(server.run(words, here, "| head"))


@pytest.mark.parametrize("command", [name for name in bad_inputs.STARTED if COMMANDS[name].quick])
def test_a_start_with_a_standard_output_that_takes_nothing(command: str, here: Path) -> None:
    words = str(COMMANDS[command].quick)
    check_full_device(real(words, here, shell='exec "$@" > /dev/full'))
    check_ended_reader(real(words, here, shell='"$@" | true'))


def check_full_device(done: Done) -> None:
    assert done.status == 1, done
    assert "standard output cannot be written" in only_message(done.stderr).text


def check_ended_reader(done: Done) -> None:
    assert re.sub(bad_inputs.NOTES, "", done.stderr) == ""


@pytest.mark.slow("starts measurements, to end them")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("command", bad_inputs.LONG)
def test_a_signal_ends_a_command_and_all_that_it_started(
    command: str, number: signal.Signals, here: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = contents(here)
    with subprocess.Popen(
        [COMMAND, *shlex.split(COMMANDS[command].whole)],
        cwd=here,
        env=environment(TMPDIR=str(temporary)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 60
        started = here / str(COMMANDS[command].lock)
        while not started.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    assert process.returncode in ((143,) if number == signal.SIGTERM else (130,)), (out, err)
    check_kept(before, here)
    assert [path for path in temporary.rglob("*") if path.is_file()] == []
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
