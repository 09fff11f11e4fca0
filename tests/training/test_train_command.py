"""``nanogpt-rs model train`` and ``sample`` as a user runs them: real processes and files."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from messages import only_message

pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[torch]'")

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = Path(sys.executable).with_name("nanogpt-rs")


@pytest.fixture
def text(tmp_path: Path) -> str:
    (tmp_path / "own.txt").write_text("to be, or not to be: that is the question. " * 50)
    return str(tmp_path / "own.txt")


def test_the_document_of_a_run(nanogpt_rs: Run, text: str, tmp_path: Path) -> None:
    done = nanogpt_rs(
        *("model", "train", "--corpus", text, "--steps=6", "--evaluate-every=3", "--json"),
        *("--prepare=rust/two_passes", "--log", str(tmp_path / "log.jsonl")),
        *("--curve", str(tmp_path / "curve.svg")),
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["corpus"]["id"] == "file:own.txt"
    assert document["prepare"]["id"] == "rust/two_passes"
    assert (document["steps"], document["interrupted"]) == (6, False)
    assert document["val_losses"][-1] == [6, document["val_loss"]]
    assert document["environment"]["torch"]
    assert str(tmp_path) not in done.stdout
    *steps, last = map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())
    assert [line["step"] for line in steps] == [1, 2, 3, 4, 5, 6]
    assert [line["val_loss"] is not None for line in steps] == [False, False, True] * 2
    assert document == {"document": "model train", "document_version": 1, **last["summary"]}
    svg = xml.etree.ElementTree.parse(tmp_path / "curve.svg").getroot()
    assert [line.tag.rpartition("}")[2] for line in svg].count("polyline") == 2


def test_every_preparation_trains_the_same_model(nanogpt_rs: Run, text: str) -> None:
    hashes = set()
    for id in ("python/list_comprehension", "rust/rustc_hash"):
        done = nanogpt_rs(
            "model", "train", "--corpus", text, "--steps=3", "--prepare", id, "--json"
        )
        assert done.returncode == 0, done.stderr
        hashes.add(json.loads(done.stdout)["parameters_sha256"])
    assert len(hashes) == 1


def test_control_c_keeps_the_run_which_resumes_to_the_same_bits(
    nanogpt_rs: Run, text: str, tmp_path: Path
) -> None:
    run, log = str(tmp_path / "run.pt"), tmp_path / "log.jsonl"
    arguments = ["--corpus", text, "--json"]
    process = subprocess.Popen(
        [
            *(COMMAND, "model", "train", *arguments, "--steps=300"),
            *("--checkpoint", run, "--log", str(log)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    while not log.exists() or len(log.read_bytes().splitlines()) < 3:
        time.sleep(0.01)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 130
    assert b"interrupted after step" in stderr
    assert b"--resume" in stderr
    stopped = json.loads(stdout)
    assert stopped["interrupted"]
    assert 3 <= stopped["steps"] < 300
    assert stopped["val_loss"] is None
    resumed = json.loads(nanogpt_rs("model", "train", *arguments, "--resume", run).stdout)
    straight = json.loads(nanogpt_rs("model", "train", *arguments, "--steps=300").stdout)
    assert resumed["steps"] == straight["steps"] == 300
    assert resumed["parameters_sha256"] == straight["parameters_sha256"]
    assert resumed["val_loss"] == straight["val_loss"]
    written = nanogpt_rs("model", "sample", run, "--length=40", "--prompt=to be", "--top=1")
    assert written.returncode == 0, written.stderr
    assert written.stdout.startswith("to be")
    assert len(written.stdout) == len("to be") + 40 + 1


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--config=huge"], 2, "no config 'huge'; there are: quick, full, baby"),
        (["--dtype=int4"], 2, "no dtype 'int4'"),
        (["--device=abacus"], 2, "no device 'abacus'"),
        (["--device=cuda:99"], 1, "device cuda:99 is not there"),
        (["--prepare=python/none"], 2, "no implementation 'python/none'"),
        (["--corpus=none"], 2, "corpus 'none': no such file, and no such id"),
        (["--corpus=english-1-ascii"], 1, "the corpus is too short: 0 of its 1 characters"),
        (["--checkpoint=/no/such/run.pt"], 2, "/no/such/run.pt cannot be written: no such folder"),
        (["--resume=/no/such/run.pt"], 1, "/no/such/run.pt cannot be read: No such file"),
        ([f"--resume={__file__}"], 1, "is damaged, or was not written by nanogpt-rs"),
        (["--resume=run.pt", "--steps=3"], 2, "--resume takes config, steps and seed from the"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_in_one_line(
    forked: Run, arguments: list[str], status: int, says: str
) -> None:
    done = forked("model", "train", *arguments)
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert only_message(done.stderr)
    assert done.stdout == ""


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="system: there is no /dev/full, a disk that is full"
)
def test_a_full_disk_is_named(nanogpt_rs: Run, text: str) -> None:
    done = nanogpt_rs("model", "train", "--corpus", text, "--steps=2", "--log=/dev/full")
    assert done.returncode == 1
    message = "/dev/full: No space left on device"
    assert only_message(done.stderr).text == message


def test_a_refused_run_leaves_the_log_of_the_last_one(
    forked: Run, text: str, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("lines of a long run\n")
    for arguments in (["--config=ful"], ["--dtype=float46"], ["--device=cuda:99"]):
        done = forked("model", "train", "--corpus", text, f"--log={log}", *arguments)
        assert done.returncode in {1, 2}
        assert log.read_text() == "lines of a long run\n"


def test_a_path_may_begin_with_a_tilde(nanogpt_rs: Run, text: str) -> None:
    home, name = Path(text).absolute().parent, Path(text).name
    done = nanogpt_rs("model", "train", f"--corpus=~/{name}", "--steps=1", HOME=str(home))
    assert done.returncode == 0, done.stderr


def test_a_checkpoint_without_room_on_the_disk_leaves_the_last_one(
    nanogpt_rs: Run, text: str, tmp_path: Path
) -> None:
    run = tmp_path / "run.pt"
    done = nanogpt_rs("model", "train", "--corpus", text, "--steps=1", "--checkpoint", run)
    assert done.returncode == 0, done.stderr
    before = run.read_bytes()
    limit = len(before) // 2
    done = subprocess.run(
        [COMMAND, "model", "train", "--corpus", text, "--steps=2", "--checkpoint", run],
        capture_output=True,
        text=True,
        env=os.environ,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert only_message(done.stderr).text == f"checkpoint {run} cannot be written: File too large"
    assert run.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.txt", "run.pt"]
