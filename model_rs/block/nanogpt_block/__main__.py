"""Compare the Rust attention with PyTorch's: equal losses first, then times.

The arms take turns in one process, some calls each in random order. Times are processor times of
one thread. A ratio is the median over rounds of PyTorch's time by Rust's in the same round, with
the interval that holds 95 % of its bootstrap over rounds.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import torch

import nanogpt_block
from model.gpt import CONFIGS, Attention
from model.options import RECIPES, Options
from model.run import TrainingRun

VOCABULARY = "".join(chr(code) for code in range(32, 97))
"""65 characters, as many as TinyShakespeare has."""
COMPARED_STEPS, TOLERANCE = 100, 1e-9
"""Steps in float64 whose losses must agree, and how closely, before anything is timed."""


def training(config: str, options: Options, *, rust: bool = False) -> TrainingRun:
    """Return a training run of a config, with the Rust attention or PyTorch's."""
    # Each character is one of four that may follow the one before, so that there is much to learn.
    jumps = torch.randint(4, (100_000,), generator=torch.Generator().manual_seed(1))
    ids = jumps.cumsum(0) % len(VOCABULARY)
    recipe = replace(RECIPES[config], steps=10_000)
    factory = nanogpt_block.module if rust else None
    return TrainingRun(config, recipe, options, VOCABULARY, ids, 1337, attention=factory)


def largest_difference(config: str) -> float:
    """Return the largest difference of two losses over the compared steps in float64."""
    ours, theirs = (training(config, Options(dtype="float64"), rust=rust) for rust in (True, False))
    return max(abs(ours.step() - theirs.step()) for _ in range(COMPARED_STEPS))


def blocks(config: str) -> dict[str, Callable[[], object]]:
    """Return forward and backward of one attention alone, by arm."""
    shape = CONFIGS[config]
    x = torch.randn(RECIPES[config].batch, shape.context, shape.width, requires_grad=True)
    out_gradient = torch.randn(x.shape)
    modules = {
        "Rust": nanogpt_block.module(shape),
        "PyTorch, own": Attention(shape, "own"),
        "PyTorch, sdpa": Attention(shape, "sdpa"),
    }
    for name in ("own", "sdpa"):
        modules[f"PyTorch, {name}, compiled"] = torch.compile(Attention(shape, name))

    def call(module: torch.nn.Module) -> Callable[[], object]:
        wanted = [x, *module.parameters()]
        return lambda: torch.autograd.grad(module(x), wanted, out_gradient)

    return {name: call(module) for name, module in modules.items()}


def steps(config: str) -> dict[str, Callable[[], object]]:
    """Return a whole step of training in float32, by arm."""
    return {
        "Rust": training(config, Options(), rust=True).step,
        "Rust, the rest compiled": training(config, Options(compile=True), rust=True).step,
        "PyTorch, own": training(config, Options()).step,
        "PyTorch, sdpa": training(config, Options(attention="sdpa")).step,
        "PyTorch, own, compiled": training(config, Options(compile=True)).step,
        "PyTorch, sdpa, compiled": training(config, Options(compile=True, attention="sdpa")).step,
    }


def measure(
    arms: Mapping[str, Callable[[], object]], rounds: int, calls: int
) -> dict[str, list[float]]:
    """Return for each arm the processor seconds of a call in each round."""
    order = random.Random(0)  # noqa: S311  (no secret)
    for call in arms.values():
        call()
        call()
    times: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(rounds):
        names = list(arms)
        order.shuffle(names)
        for name in names:
            start = time.process_time()
            for _ in range(calls):
                arms[name]()
            times[name].append((time.process_time() - start) / calls)
    return times


def interval(ratios: list[float]) -> tuple[float, float]:
    """Return the interval that holds 95 % of the bootstrap of the median."""
    draw = random.Random(0)  # noqa: S311  (no secret)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(2000))
    return medians[50], medians[1949]


def show(title: str, times: Mapping[str, list[float]]) -> None:
    """Print a table: the time of each arm, and its ratio to Rust's."""
    print(f"\n{title}\n{'':26}{'ms':>8}   times Rust's")
    for name, seconds in times.items():
        line = f"{name:26}{statistics.median(seconds) * 1e3:8.3f}"
        if name != "Rust":
            ratios = [a / b for a, b in zip(seconds, times["Rust"], strict=True)]
            low, high = interval(ratios)
            line += f"   {statistics.median(ratios):.3f} [{low:.3f}, {high:.3f}]"
        print(line)


def positive(text: str) -> int:
    """Return a whole number of at least 1.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def main() -> int:
    """Run the comparison; the exit status is 1 if losses differ."""
    parser = argparse.ArgumentParser("python -m nanogpt_block", description=__doc__)
    parser.add_argument("--config", choices=("quick", "full"), help="default: both")
    parser.add_argument("--rounds", type=positive, default=20, help="default: 20")
    parser.add_argument("--calls", type=positive, default=10, help="calls in a turn; default: 10")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"code path {nanogpt_block.module(CONFIGS['quick']).path}, torch {torch.__version__}")
    for config in (arguments.config,) if arguments.config else ("quick", "full"):
        difference = largest_difference(config)
        print(f"\n{config}: losses of {COMPARED_STEPS} steps in float64 agree to {difference:.1e}")
        if not difference <= TOLERANCE:
            print(f"that is more than {TOLERANCE:.0e}, so nothing is timed")
            return 1
        for title, arms in (
            (f"{config}: attention alone, forward and backward", blocks(config)),
            (f"{config}: a whole step of training", steps(config)),
        ):
            show(title, measure(arms, arguments.rounds, arguments.calls))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
