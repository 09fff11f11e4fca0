"""The attention in Rust of ``model_rs/block``, built once, beside PyTorch's own."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from installations import ROOT, build_wheel, building, install

torch = pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[torch]'")
gpt = importlib.import_module("model.gpt")
training = importlib.import_module("model.train")

PROJECT = ROOT / "model_rs/block"
TARGET = {"CARGO_TARGET_DIR": str(ROOT / "target/block")}
PATHS = ("scalar", "avx2", "avx512")
TEXT = "the cat sat on the mat, and the rat ran; "

pytestmark = [
    pytest.mark.torch,
    pytest.mark.slow("compiles a small Rust package, once for Python and once for its own tests"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, installed."""
    folder = tmp_path_factory.mktemp("block")
    build_wheel(PROJECT, folder / "wheel", **TARGET)
    (wheel,) = (folder / "wheel").glob("*.whl")
    install(wheel, folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def block(folder: Path) -> Iterator[Any]:
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("nanogpt_block")
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """PyTorch's threads would wait for each other on a machine that does other work too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def config(heads: int = 2, width: int = 8, context: int = 16, dropout: float = 0.0) -> Any:
    return gpt.Config(1, heads, width, context, dropout)


def pair(block: Any, shape: Any, dtype: Any, path: str | None = None) -> tuple[Any, Any]:
    """PyTorch's attention and Rust's, with the same weights."""
    theirs = gpt.Attention(shape, "own").to(dtype)
    ours = block.module(shape, path).to(dtype)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def results(module: Any, x: Any, out_gradient: Any) -> list[Any]:
    """The result and the gradients of input and weights."""
    x = x.detach().requires_grad_()
    out = module(x)
    return [out.detach(), *torch.autograd.grad(out, [x, *module.parameters()], out_gradient)]


def paths_here(block: Any) -> list[str]:
    return [path for path in PATHS if path in block.paths()]


def test_kernels_agree_with_plain_loops() -> None:
    with building():
        done = subprocess.run(
            ["cargo", "test", "--quiet", "--locked"],
            cwd=PROJECT,
            env={**os.environ, **TARGET},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


@pytest.mark.parametrize("length", [1, 5, 70])
def test_gradients_agree_with_finite_differences(block: Any, length: int) -> None:
    for path in paths_here(block):
        module = block.module(config(), path).double()
        names = [name for name, _ in module.named_parameters()]

        def out(x: Any, *weights: Any, module: Any = module, names: Any = names) -> Any:
            values = dict(zip(names, weights, strict=True))
            return torch.func.functional_call(module, values, (x,))

        x = torch.randn(2, length, 8, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(out, [x, *module.parameters()], fast_mode=length > 5)


@settings(max_examples=60)
@given(
    batch=some.integers(1, 4),
    length=some.integers(1, 150),
    heads=some.integers(1, 4),
    size=some.integers(1, 40),
    path=some.sampled_from(PATHS),
    double=some.booleans(),
    seed=some.integers(0, 1000),
)
def test_results_and_gradients_are_those_of_pytorch(
    block: Any, batch: int, length: int, heads: int, size: int, path: str, double: bool, seed: int
) -> None:
    if path not in block.paths():
        path = "scalar"
    dtype, tolerance = (torch.float64, 1e-12) if double else (torch.float32, 1e-5)
    torch.manual_seed(seed)
    shape = config(heads, heads * size, length)
    x = torch.randn(batch, length, heads * size, dtype=dtype)
    out_gradient = torch.randn(x.shape, dtype=dtype)
    theirs, ours = pair(block, shape, dtype, path)
    for a, b in zip(results(theirs, x, out_gradient), results(ours, x, out_gradient), strict=True):
        assert (a - b).abs().max() <= tolerance * max(1.0, float(a.abs().max()))


@pytest.mark.parametrize("name", ["quick", "full"])
def test_the_configs_agree_to_six_digits_in_float32(block: Any, name: str) -> None:
    shape = gpt.CONFIGS[name]
    x = torch.randn(12, shape.context, shape.width)
    out_gradient = torch.randn(x.shape)
    exact, _ = pair(block, shape, torch.float32)
    _, ours = exact, block.module(shape)
    ours.load_state_dict(exact.state_dict())
    rights = results(exact.double(), x.double(), out_gradient.double())
    for right, b in zip(rights, results(ours, x, out_gradient), strict=True):
        assert (right - b).abs().max() <= 1e-6 * max(1.0, float(right.abs().max()))


def run_of(options: Any, **arguments: Any) -> Any:
    text = TEXT * 200
    vocabulary = "".join(sorted(set(text)))
    ids = torch.tensor([vocabulary.index(character) for character in text])
    return training.TrainingRun(
        "quick", training.RECIPES["quick"], options, vocabulary, ids, 1337, **arguments
    )


def test_a_hundred_steps_of_training_have_the_same_losses(block: Any) -> None:
    options = training.Options(dtype="float64")
    theirs, ours = run_of(options), run_of(options, attention=block.module)
    differences = [abs(theirs.step() - ours.step()) for _ in range(100)]
    assert ours.losses[-1] < 0.5 * ours.losses[0]
    assert max(differences) < 1e-9


def test_a_checkpoint_goes_on_with_either_attention(block: Any, tmp_path: Path) -> None:
    options = training.Options(dtype="float64")
    ours = run_of(options, attention=block.module)
    for _ in range(3):
        ours.step()
    ours.save(tmp_path / "run.pt")
    theirs = run_of(options)
    theirs.restore(training.read_checkpoint(tmp_path / "run.pt"))
    assert theirs.step() == pytest.approx(ours.step(), abs=1e-12)


def test_numbers_that_lie_apart_give_right_answers(block: Any) -> None:
    theirs, ours = pair(block, config(), torch.float64)
    apart = torch.randn(8, 16, 3, dtype=torch.float64).permute(2, 1, 0)
    repeated = torch.ones(1, 1, 1, dtype=torch.float64).expand(3, 16, 8)
    assert not apart.is_contiguous()
    assert not repeated.is_contiguous()
    for a, b in zip(results(theirs, apart, repeated), results(ours, apart, repeated), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_a_graph_that_is_kept_gives_the_same_bits_twice(block: Any) -> None:
    x = torch.randn(2, 16, 8, requires_grad=True)
    out = block.module(config())(x).sum()
    once, twice = (torch.autograd.grad(out, x, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(once, twice)


def test_an_empty_batch_has_gradients_of_zero(block: Any) -> None:
    module = block.module(config())
    x = torch.empty(0, 16, 8, requires_grad=True)
    out = module(x)
    assert out.shape == x.shape
    gradients = torch.autograd.grad(out.sum(), list(module.parameters()))
    assert all(float(gradient.abs().max()) == 0 for gradient in gradients)


def test_a_number_that_is_none_stays_visible(block: Any) -> None:
    x = torch.randn(1, 4, 8)
    x[0, 1, 0] = float("nan")
    assert block.module(config())(x)[0, 1:].isnan().all()


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_torch_compile_leaves_the_module_as_it_is(block: Any) -> None:
    plain = gpt.GPT(config(), 5, block.module, torch.Generator().manual_seed(1)).double()
    ids = torch.randint(5, (2, 17))
    loss = torch.compile(plain, backend="eager")(ids[:, :-1], ids[:, 1:])
    assert torch.equal(loss, plain(ids[:, :-1], ids[:, 1:]))


def wrong_inputs() -> list[Any]:
    return [
        (
            lambda m: m(torch.randn(1, 4, 8).bfloat16()),
            TypeError,
            "computes in float32 and float64",
        ),
        (lambda m: m.bfloat16()(torch.randn(1, 4, 8)), TypeError, "the weights: the Rust"),
        (lambda m: m(torch.randn(1, 4, 8).double()), TypeError, "is float32, and x is float64"),
        (
            lambda m: m(torch.randn(1, 4, 8, device="meta")),
            ValueError,
            "not on meta; move by .cpu()",
        ),
        (lambda m: m(torch.randn(4, 8)), ValueError, r"shape \(4, 8\); it must be \(B, T, C\)"),
        (lambda m: m(torch.randn(1, 4, 6)), ValueError, "query_key_value.weight has the shape"),
    ]


@pytest.mark.parametrize(("call", "error", "message"), wrong_inputs())
def test_wrong_inputs_get_clear_errors(block: Any, call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call(block.module(config()))


def test_wrong_configs_get_clear_errors(block: Any) -> None:
    with pytest.raises(ValueError, match=r"has no dropout, and the config's is 0\.2"):
        block.module(config(dropout=0.2))
    with pytest.raises(ValueError, match="3 heads do not divide a width of 8"):
        block.module(config(heads=3))
    with pytest.raises(
        ValueError, match="no code path 'sse9' on this processor; there are: scalar"
    ):
        block.module(config(), "sse9")


def test_gradients_of_gradients_are_refused(block: Any) -> None:
    x = torch.randn(1, 4, 8, requires_grad=True)
    out = block.module(config())(x).square().sum()
    (gradient,) = torch.autograd.grad(out, x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_rust_checks_what_it_borrows(block: Any) -> None:
    kernels, capsule = block._kernels, block.to_dlpack
    inputs = [torch.randn(1, 4, 8), torch.randn(24, 8), torch.randn(8, 8)]
    kept = [torch.empty(1, 4, 24), torch.empty(1, 4, 8), torch.empty(1, 2, 4)]
    out = torch.empty(1, 4, 8)

    def call(inputs: list[Any], kept: list[Any], out: Any) -> None:
        kernels.forward("scalar", 2, block.capsules(inputs), block.capsules(kept), capsule(out))

    call(inputs, kept, out)
    with pytest.raises(ValueError, match="out and x share memory"):
        call(inputs, kept, inputs[0])
    with pytest.raises(ValueError, match="mixed and out share memory"):
        call(inputs, kept, kept[1])
    with pytest.raises(ValueError, match="x do not lie one after another"):
        call([torch.randn(1, 8, 4).transpose(1, 2), *inputs[1:]], kept, out)
    with pytest.raises(ValueError, match="log_sums has the shape"):
        call(inputs, [*kept[:2], torch.empty(1, 2, 5)], out)


def test_the_readme_s_command_compares_and_refuses_nonsense(folder: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nanogpt_block", *arguments],
            env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
        )

    wrong = run("--rounds", "0")
    assert wrong.returncode == 2
    assert "'0' is no whole number of at least 1" in wrong.stderr
    assert "python -m nanogpt_block\n" in (PROJECT / "README.md").read_text()


def test_the_arm_of_a_race_has_the_losses_of_pytorch_s_own(folder: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text(TEXT * 200)
    words = f"--config quick --dtype float64 --threads 1 --steps 5 --seed 1 --text {text}".split()

    def losses(variant: str, **environment: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "nanogpt_rs.training.python_arm", "--variant", variant, *words],
            input="steps 5\n",
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            return done.stderr
        return json.loads(done.stdout.splitlines()[1])["losses"]

    ours = losses("rust-block", PYTHONPATH=str(folder))
    assert ours == pytest.approx(losses("own"), abs=1e-12)
    missing = losses("rust-block")
    assert missing == (
        "python-arm: the package nanogpt_block is not installed: "
        "in a clone, pip install ./model_rs/block\n"
    )
