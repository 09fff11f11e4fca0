"""The race of arms: real processes, equal losses before times, and what is said of bad arms."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import made_up
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from installations import ROOT

from nanogpt_rs.records.races import Seconds
from nanogpt_rs.ruler import corpora
from nanogpt_rs.training import arm_builds, arm_process, arms, equal_losses, tensor_files
from nanogpt_rs.training.arm_builds import Executable
from nanogpt_rs.training.arm_inputs import ArmInputs, command_of, variables_of, write_inputs
from nanogpt_rs.training.arm_process import ArmError, ArmProcess
from nanogpt_rs.training.arm_race import Race, RacePlan, break_even

pytestmark = pytest.mark.slow("starts processes that train models")

torch = pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[torch]'")
training = importlib.import_module("model.train")

Run = Callable[..., subprocess.CompletedProcess[str]]
TEXT = "to be, or not to be: that is the question. " * 40
GREETING = dict.fromkeys(("hello", *arm_process.GREETING), 1)
TYPES = st.sampled_from([np.float32, np.float64])
TIMES = '"wall": 1.0, "cpu": 1.0'
GELU_BY_TANH = """\
import sys
from functools import partial
import torch
from nanogpt_rs.training import python_arm
torch.nn.functional.gelu = partial(torch.nn.functional.gelu, approximate="tanh")
sys.argv[1:1] = ["--variant", "own"]
python_arm.main()
"""
"""An arm with the fault that a library of Rust had: another GELU, which trains another model."""


def prepared() -> tuple[str, Any]:
    vocabulary = "".join(sorted(set(TEXT)))
    return vocabulary, torch.tensor([vocabulary.index(character) for character in TEXT])


@pytest.fixture
def inputs(tmp_path: Path) -> ArmInputs:
    return write_inputs(tmp_path / "inputs", prepared(), "quick", 7, tmp_path / "compiled")


def started(id: str, inputs: ArmInputs) -> ArmProcess:
    command = [*command_of(arms.arm_named(id), {}), *inputs.options("float32", 1)]
    return ArmProcess(id, command, variables_of(1, inputs.compiled))


def by_script(script: str, patience: float = 60.0) -> ArmProcess:
    return ArmProcess("an/arm", [sys.executable, "-c", script], {}, patience)


@given(
    st.dictionaries(
        st.text(min_size=1),
        arrays(
            st.sampled_from([np.float32, np.float64]), array_shapes(min_dims=0), fill=st.just(1)
        ),
        max_size=4,
    )
)
def test_tensors_come_back_as_they_were(tensors: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tensors"
        tensor_files.write_tensors(path, tensors)
        read = tensor_files.read_tensors(path)
    assert list(read) == list(tensors)
    for name, tensor in tensors.items():
        assert read[name].dtype == tensor.dtype
        assert np.array_equal(read[name], tensor, equal_nan=True)


@pytest.mark.parametrize("cut", [0, 7, 9, -1])
def test_a_damaged_file_of_tensors_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "weights"
    tensor_files.write_tensors(path, {"a": np.ones((2, 3), np.float32)})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(tensor_files.TensorFileError, match="is no file of safetensors"):
        tensor_files.read_tensors(path)


def test_starts_are_counted_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "starts"
    tensor_files.write_starts(path, np.array([[1, 2], [3, 40]]))
    assert tensor_files.read_starts(path, 2, 2, 40).tolist() == [[1, 2], [3, 40]]
    with pytest.raises(tensor_files.TensorFileError, match="4 starts, and 3 steps of 2 take 6"):
        tensor_files.read_starts(path, 3, 2, 40)
    with pytest.raises(tensor_files.TensorFileError, match="a start of 40; the last is 39"):
        tensor_files.read_starts(path, 2, 2, 39)


@pytest.mark.parametrize("id", ["python/lecture", "python/own"])
def test_an_arm_trains_as_model_train_does(id: str, inputs: ArmInputs, tmp_path: Path) -> None:
    vocabulary, ids = prepared()
    options = {"python/lecture": training.VARIANTS["lecture"], "python/own": training.Options()}
    recipe = training.RECIPES["quick"]
    run = training.TrainingRun("quick", recipe, options[id], vocabulary, ids, 7)
    with training.threads(1):
        losses = [run.step() for _ in range(4)]
        val_loss = run.evaluate()
    with started(id, inputs) as arm:
        assert arm.hello["parameters"] == sum(p.numel() for p in run.parameters)
        assert 0 < arm.hello["stages"]["imports"]["cpu"] < arm.hello["start"]["cpu"]
        first, second = arm.steps(1), arm.steps(3)
        assert [*first.values["losses"], *second.values["losses"]] == losses
        assert (second.values["steps"], second.cpu > 0, second.wall > 0) == (4, True, True)
        evaluated = arm.evaluate().values
        assert (evaluated["val_loss"], evaluated["characters"]) == (val_loss, len(run.val_ids) - 1)
        arm.send(f"weights {tmp_path / 'trained'}")
        assert arm.answer("'weights'") == {"weights": str(tmp_path / "trained")}
        assert (arm.peak_memory() or 1 << 30) > 1 << 26
    trained = tensor_files.read_tensors(tmp_path / "trained")
    if id == "python/own":
        for name, parameter in run.model.named_parameters():
            assert np.array_equal(trained[name], parameter.detach().numpy())
    else:  # the heads apart are joined again: the same names and shapes as the given weights
        given_weights = tensor_files.read_tensors(inputs.weights)
        assert {name: tensor.shape for name, tensor in trained.items()} == {
            name: tensor.shape for name, tensor in given_weights.items()
        }


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--config=huge"], "argument --config: invalid choice: 'huge'"),
        (["--config=quick", "--text=a", "--data=b"], "give either --text or --data"),
        (["--config=quick", "--text=missing.txt", "--seed=1"], "missing.txt"),
        (["--config=quick", "--text=a"], "give either --seed, or --weights and --starts"),
    ],
)
def test_an_arm_refuses_in_one_line(options: list[str], says: str) -> None:
    command = [*arms.python_command(arms.arm_named(arms.OWN)), *options]
    needed = ["--dtype=float32", "--threads=1", "--steps=2"]
    done = subprocess.run([*command, *needed], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert says in done.stderr


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("print('Compiling...')", "none of the protocol: 'Compiling...'"),
        ("print('{\"hello\": 1}')", "greets without arm, library"),
        ("raise SystemExit('no such device')", "ended with status 1, in answer to its start: no"),
        ("import os; os.abort()", "was ended by SIGABRT"),
        ("import time; time.sleep(60)", "hung: no answer to its start within 2 s"),
    ],
)
def test_a_bad_start_is_told(script: str, says: str) -> None:
    with pytest.raises(ArmError, match=r"^an/arm ") as error:
        by_script(script, patience=2.0)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("print('{}')", "does not say how long 'steps 2' took"),
        ('print(\'{"wall": 1.0, "cpu": 1.0, "losses": [2.0]}\')', "with 2 losses"),
        ('print(\'{"wall": 1.0, "cpu": 1.0, "losses": [2.0, NaN]}\')', "a loss that is no number"),
        ("sys.exit('out of memory')", "in answer to 'steps 2': out of memory"),
        ("pass", "ended with status 0"),
    ],
)
def test_a_bad_answer_is_told(answer: str, says: str) -> None:
    script = f"import sys; print({json.dumps(GREETING)!r}, flush=True); input(); {answer}"
    with by_script(script) as arm, pytest.raises(ArmError) as error:
        arm.steps(2)
    assert says in str(error.value)


def test_an_executable_that_is_missing_is_told() -> None:
    with pytest.raises(ArmError, match="an/arm cannot be started: No such file"):
        ArmProcess("an/arm", ["./no-such-arm"])


def test_the_step_at_which_losses_part_is_named() -> None:
    reference = [4.0, 3.0, 2.0]
    same = equal_losses.agreement("float64", 1e-9, [4.0, 3.0 + 5e-10, 2.0], reference)
    assert (same.left_at, same.steps, same.largest) == (None, 3, pytest.approx(5e-10))
    left = equal_losses.agreement("float64", 1e-9, [4.0, 3.0, 2.5], reference)
    assert (left.left_at, left.by) == (3, 0.5)
    assert equal_losses.fault_in([same]) is None
    fault = equal_losses.fault_in([same, left])
    assert fault is not None
    assert "in float64 left the reference's at step 3 by 0.5, and 1e-09 is allowed" in fault


@pytest.mark.parametrize(
    ("config", "loss", "beside", "says"),
    [
        ("quick", 2.45, 2.4501, None),
        ("quick", 2.2, None, "2.2000, not within 2.44 +- 0.07"),
        ("full", 1.93, None, None),
        ("full", 1.93, 1.90, "1.9300, and the reference's is 1.9000"),
    ],
)
def test_a_whole_run_ends_in_the_band(
    config: str, loss: float, beside: float | None, says: str | None
) -> None:
    fault = equal_losses.fault_at_end(config, "float32", loss, beside)
    assert fault is None if says is None else says in str(fault)


def test_when_a_longer_start_has_paid() -> None:
    eager, step = Seconds(9.0, 2.0), Seconds(1.0, 0.010)
    compiled, faster = Seconds(9.0, 7.0), Seconds(1.0, 0.005)
    assert break_even(eager, step, compiled, faster, "cpu") == 1000
    assert break_even(compiled, faster, eager, step, "cpu") == 1000
    assert break_even(eager, step, eager, faster, "cpu") is None
    assert break_even(eager, faster, compiled, step, "cpu") is None


def test_another_model_gets_no_time_and_the_same_one_does(tmp_path: Path) -> None:
    """Its GELU is the approximation by tanh, which float32 and five steps hardly show."""
    script = tmp_path / "arm-candle"
    script.write_text(f"#!{sys.executable}\n{GELU_BY_TANH}")
    script.chmod(0o755)
    chosen = arms.select_arms(["candle", "python/own"])
    assert [arm.id for arm in chosen] == ["python/nanogpt", "python/own", "rust/candle"]
    plan = RacePlan("quick", processes=2, rounds=2, whole=False)
    built = {"rust/candle": Executable(script)}
    race = Race(plan, chosen, prepared(), built, tmp_path)
    race.run()
    reference, own, other = race.results()
    assert other.fault is not None
    assert re.search("another model: its loss in float64 left .* at step [12] by", other.fault)
    assert (other.step, other.comparison, other.val_losses) == (None, None, ())
    for arm in (reference, own):
        assert arm.fault is None
        assert [(agreed.dtype, agreed.steps) for agreed in arm.agreements] == [
            ("float64", 100),
            ("float32", 5),
        ]
        assert arm.step is not None
        assert 0 < arm.step.cpu < 1
        assert arm.code_lines is not None
    assert own.comparison is not None
    assert len(own.comparison.ratios) == 2
    assert own.comparison.verdict == "inconclusive"  # two processes are too few
    if sys.platform == "linux":
        assert reference.python is not None
        assert 0 < reference.python.share < 1


def built_arms() -> dict[str, Executable]:
    """The arms in Rust whose executables are built, by the command or by cargo."""
    folders = (corpora.cache_folder() / "model_rs", ROOT / "model_rs/target")
    return {
        arm.id: Executable(path)
        for folder in folders
        for arm in arms.ARMS
        if arm.crate is not None and not arm.torch
        if (path := folder / "release" / arm.executable).is_file()
    }


BUILT = built_arms()
if BUILT:  # nothing is built for this test, which takes minutes, and so it is not there in CI

    @pytest.mark.parametrize("id", sorted(BUILT))
    def test_an_arm_in_rust_has_equal_losses(id: str, tmp_path: Path) -> None:
        chosen = [arms.arm_named(id)]
        race = Race(RacePlan("quick"), chosen, prepared(), BUILT, tmp_path)
        race.check_losses()
        (measured,) = race.measured
        assert measured.fault is None
        assert [agreed.left_at for agreed in measured.agreements] == [None, None]


def test_show_prints_recorded_races(nanogpt_rs: Run, tmp_path: Path) -> None:
    paths = [
        made_up.write_race(tmp_path / "a", made_up.arm_race(), "20260103T030405Z-123456"),
        made_up.write_race(tmp_path / "b", made_up.whole_programs(), "20260104T030405Z-123456"),
    ]
    done = nanogpt_rs("show", *map(str, paths))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    candle = next(line.split() for line in lines if line.startswith("rust/candle (float32)"))
    assert candle[2:5] == ["4.00", "ms", "2.00"]
    assert "faster" in candle
    assert candle[candle.index("10.0") + 2 :][:2] == ["always", "ahead"]
    assert any("rust/burn has no time: another model" in line for line in lines)
    assert any("saves at most 17 %" in line for line in lines)
    assert any(line.startswith("rust/candle ") and "2.00 [1.90, 2.10]" in line for line in lines)


def test_lines_of_code_hold_code() -> None:
    words = '"""Words.\n    And more."""\n'
    python = f"{words}\n# a comment\nx = 1  # more\ndef f():\n    {words}    return [\n1,\n]\n"
    assert arms.python_lines(python) == 5
    rust = "//! Words.\nuse a;\n\n/// Words.\nfn f() {\n}\n#[cfg(test)]\nmod tests {}\n"
    assert arms.rust_lines(rust) == 3


def test_what_a_package_takes_counts_what_it_requires() -> None:
    alone = arms.installed_bytes("numpy")
    assert arms.installed_bytes("torch") > alone > 1 << 20
    assert arms.installed_bytes("no-such-package") == 0


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["sideways"], 2, "no race 'sideways'; there are: closed, open, arms, whole"),
        (["arms", "--arm=rust/candel"], 2, "did you mean rust/candle"),
        (["arms", "--config=baby"], 2, "no config 'baby' of arms; there are: quick, full"),
        (["arms", "--seeds=2"], 2, "--seeds: no effect beside arms"),
        (["arms", "--text=a.txt"], 2, "--text: no effect beside arms"),
        (["arms", "--rounds=4"], 2, "--rounds: no effect without --config full"),
        (["whole", "--rounds=4", "--config=full"], 2, "--rounds: no effect beside whole"),
        (["whole", "--arm=rust/candle"], 2, "with the best Python arm, and none was named"),
        (["open", "--arm=python/own"], 2, "--arm: no effect beside model race open"),
    ],
)
def test_what_cannot_be_raced(
    nanogpt_rs: Run, arguments: list[str], status: int, says: str
) -> None:
    done = nanogpt_rs("model", "race", *arguments)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert says in done.stderr


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)


def test_without_cargo_or_sources_an_arm_in_rust_is_refused(
    no_tools: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(arm_builds.provenance, "ROOT", tmp_path)
    candle, tch = arms.arm_named("candle"), arms.arm_named("tch")
    with pytest.raises(arm_builds.ArmBuildError, match="has no model_rs/candle"):
        arm_builds.check_tools([candle])
    for crate in ("candle", "tch"):
        (tmp_path / "model_rs" / crate).mkdir(parents=True)
        (tmp_path / "model_rs" / crate / "Cargo.toml").touch()
    with pytest.raises(arm_builds.ArmBuildError, match="cargo is missing"):
        arm_builds.check_tools([candle])
    (tmp_path / "cargo").write_text("#!/bin/sh\n")
    (tmp_path / "cargo").chmod(0o755)
    arm_builds.check_tools([candle])
    with pytest.raises(arm_builds.ArmBuildError, match=r"a C\+\+ compiler is missing"):
        arm_builds.check_tools([candle, tch])
