"""``data prepare --engine dask``: real schedulers and workers, of which some are lost."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from preparations import kept_lines, made, naive, noted, write

pytest.importorskip("distributed", reason="install the extra: pip install 'nanogpt-rs[dask]'")

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = Path(sys.executable).with_name("nanogpt-rs")
TEXT = "".join(random.Random(3).choices("ab\nй世🙂", k=80_000))
ASKED = ("--engine=dask", "--part-bytes=200", "--json")
WAIT = 600
"""Seconds to wait at most, as the machine may be busy."""


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Yield a process of dask's command line, which is ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@contextmanager
def scheduler(file: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield a scheduler and its address."""
    file.unlink(missing_ok=True)
    arguments = ("--host=127.0.0.1", "--port=0", "--no-dashboard", "--scheduler-file")
    with started("scheduler", *arguments, file) as process:
        until(lambda: file.exists() and file.read_text().endswith("}"))
        yield process, json.loads(file.read_text())["address"]


def worker(address: str) -> Any:
    """Return a worker of one thread, which is not restarted when it ends."""
    return started("worker", address, "--nthreads=1", "--no-nanny", "--no-dashboard")


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def begin(folder: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start the command, and return it once it has finished some parts."""
    process = subprocess.Popen(
        [
            *(COMMAND, "data", "prepare", *write(folder, TEXT)),
            *("--out", folder / "out", *ASKED, *arguments),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: process.poll() is not None or len(noted(kept_lines(folder / "out"))) > 20)
    return process


def end(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, errors = process.communicate(timeout=WAIT)
    assert process.returncode == 0, errors
    document = json.loads(output)
    assert isinstance(document, dict)
    return document


def test_processes_on_this_machine_write_the_same_bytes(nanogpt_rs: Run, tmp_path: Path) -> None:
    write(tmp_path, TEXT[:5000])
    manifests = []
    for out, arguments in (("dask", (*ASKED, "--workers=2")), ("threads", ("--json",))):
        done = nanogpt_rs("data", "prepare", "0.txt", f"--out={out}", *arguments)
        assert done.returncode == 0, done.stderr
        manifests.append((tmp_path / out / "manifest.json").read_bytes())
        assert made(tmp_path / out) == naive(TEXT[:5000])
        if out == "dask":
            assert json.loads(done.stdout)["engine"] == {"name": "dask", "workers": 2}
    assert manifests[0] == manifests[1]


def test_options_that_do_not_go_together_are_refused(nanogpt_rs: Run, tmp_path: Path) -> None:
    write(tmp_path, b"abc" * 100 + b"\xff")
    for arguments, status, says in (
        (["--engine=spark"], 2, "no engine 'spark'; there are: threads, dask"),
        (["--engine=dask", "--threads=2"], 2, "--threads is an option of the engine threads"),
        (["--scheduler=tcp://127.0.0.1:1"], 2, "--scheduler and --workers need --engine dask"),
        (["--engine=dask", "--scheduler=x", "--workers=1"], 2, "a --scheduler has its own"),
        ([*ASKED, "--workers=1"], 1, f"{tmp_path}/0.txt: not UTF-8 at byte 300"),
        ([*ASKED, "--scheduler=nonsense://1"], 1, "no scheduler answers at nonsense://1: "),
    ):
        done = nanogpt_rs("data", "prepare", "0.txt", "--out=out", *arguments)
        assert (done.returncode, done.stdout) == (status, "")
        assert says in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow("starts a scheduler and two workers")
def test_a_killed_worker_costs_no_part(tmp_path: Path) -> None:
    with (
        scheduler(tmp_path / "scheduler.json") as (_, address),
        worker(address) as first,
        worker(address),
    ):
        process = begin(tmp_path, "--scheduler", address)
        first.send_signal(signal.SIGKILL)
        assert process.poll() is None
        end(process)
    assert made(tmp_path / "out") == naive(TEXT)


@pytest.mark.slow("stops a worker for most of its time")
def test_a_slow_worker_costs_only_time(tmp_path: Path) -> None:
    with (
        scheduler(tmp_path / "scheduler.json") as (_, address),
        worker(address) as slow,
        worker(address),
    ):
        process = begin(tmp_path, "--scheduler", address)
        done = threading.Event()

        def hold() -> None:
            while not done.wait(0.02):
                slow.send_signal(signal.SIGSTOP)
                done.wait(0.2)
                slow.send_signal(signal.SIGCONT)

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            end(process)
        finally:
            done.set()
            holder.join()
    assert made(tmp_path / "out") == naive(TEXT)


@pytest.mark.slow("starts two schedulers and prepares twice")
def test_a_lost_scheduler_is_named_and_finished_parts_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    with scheduler(file) as (lost, address), worker(address):
        process = begin(tmp_path, "--scheduler", address)
        lost.send_signal(signal.SIGKILL)
        _, errors = process.communicate(timeout=WAIT)
    assert process.returncode == 1
    assert f"the scheduler {address} was lost" in errors
    assert "what is finished is kept, and the same command goes on from it" in errors
    assert "Traceback" not in errors
    before = noted(kept_lines(tmp_path / "out"))
    state = (tmp_path / "0.txt").stat()
    with scheduler(file) as (_, address), worker(address):
        there = ("--scheduler", address)
        process = subprocess.Popen(
            [
                *(COMMAND, "data", "prepare", tmp_path / "0.txt"),
                *("--out", tmp_path / "out", *ASKED, *there),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        resumed = end(process)["resumed"]
    kinds = [kind for kind, _ in before]
    assert resumed == {"vocabulary": kinds.count("scanned"), "encoding": kinds.count("encoded")}
    assert (tmp_path / "0.txt").stat().st_mtime_ns == state.st_mtime_ns
    assert made(tmp_path / "out") == naive(TEXT)


@pytest.mark.slow("starts a scheduler and two workers, one after the other")
def test_a_scheduler_that_lost_all_workers_is_said_to_wait(tmp_path: Path) -> None:
    with scheduler(tmp_path / "scheduler.json") as (_, address):
        with worker(address):
            process = begin(tmp_path, "--scheduler", address)
        assert process.stderr is not None
        said = ""
        while not said.endswith(f"hint: start one: dask worker {address} "):
            said += " ".join(process.stderr.readline().split()) + " "
        assert said.startswith(f"nanogpt-rs: the scheduler {address} has no worker any more; waiti")
        with worker(address):
            end(process)
    assert made(tmp_path / "out") == naive(TEXT)


def test_waiting_for_a_worker_has_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nanogpt_rs.preparing import dask_engine

    with scheduler(tmp_path / "scheduler.json") as (_, address):
        with worker(address), dask_engine.dask(address, 1) as engine:
            assert engine.lost() is None
        with worker(address) as only, dask_engine.dask(address, 1) as engine:
            monkeypatch.setattr(dask_engine, "TOLD_AFTER", 0.2)
            monkeypatch.setattr(dask_engine, "WORKER_SECONDS", 1)
            only.kill()
            until(engine.lost)
            assert engine.lost() == (
                f"the scheduler {address} has no worker any more, and none joined within 1 s"
            )
    assert capsys.readouterr().err.count("waiting for one, at most 1 s") == 1


def test_a_worker_of_another_build_is_refused(tmp_path: Path) -> None:
    import distributed

    from nanogpt_rs.preparing import dask_engine
    from nanogpt_rs.preparing.engines import EngineError

    with dask_engine.dask(None, 1) as engine:
        engine.expected = ("0.0.0", "0" * 64)
        answers: list[Any] = []
        engine.submit("scan", ([(str(*write(tmp_path, "abc")), 0, 3)],), answers.append)
        until(lambda: answers)
        with pytest.raises(
            EngineError, match=r"worker tcp://\S+ has nanogpt-rs .*\nhint: install the sa"
        ):
            answers[0].result()
        assert isinstance(engine.client, distributed.Client)
