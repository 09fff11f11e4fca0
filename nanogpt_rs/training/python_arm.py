"""Trains the GPT in Python as an arm of a race: a process that takes steps when it is told to.

Arms in Rust speak the same line protocol, which model_rs/README.md describes. A line that comes in
is a command (``steps 10``, ``evaluate``, ``weights FILE``); a line of JSON goes out for each, after
one that greets. What libraries print goes to standard error. To run it by hand:

    python -m nanogpt_rs.training.python_arm --variant nanogpt --config quick --dtype float32 \
        --threads 1 --steps 250 --text FILE --seed 1
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from nanogpt_rs.training.tensor_files import TensorFileError, read_starts, read_tensors

NAME = "python-arm"
VARIANTS = (
    "lecture",
    "nanogpt",
    "own",
    "nanogpt-compiled",
    "fastest-float32",
    "fastest",
    "rust-block",
)
"""Ways to compute the model in Python: three eager ones, three that torch compiles, and one whose
attention is the module in Rust of ``model_rs/block``."""
BLOCK = "nanogpt_block"
"""The package of that module."""
PREPARATION = "py_impls.prepare.bytes_translate"
"""Module of the strongest Python that prepares a text, imported without the registry: a program
that only trains has none."""


class ArmUsageError(Exception):
    """The arm was started in a way that it cannot work in; the message says why."""


class GivenStarts:
    """The starts of all batches, in place of a generator that draws them.

    Args:
        starts: Tensor of int64, of shape (steps, batch).
    """

    def __init__(self, starts: Any) -> None:
        self.starts, self.taken = starts, 0

    def draw(self, batches: int) -> Any:
        """Return the starts of the next batches, fewer where the end is near."""
        rows = self.starts[self.taken : self.taken + batches]
        self.taken += len(rows)
        return rows


class Stages:
    """The wall-clock and processor seconds of the stages before the first step."""

    def __init__(self) -> None:
        self.seconds: dict[str, dict[str, float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge the time of the ``with`` block to this stage."""
        wall, cpu = time.perf_counter(), processor_seconds()
        yield
        self.seconds[name] = {
            "wall": time.perf_counter() - wall,
            "cpu": processor_seconds() - cpu,
        }


def processor_seconds() -> float:
    """Return the processor seconds of this process, its threads and the compilers that it ran."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def seconds_since_start() -> float:
    """Return the wall-clock seconds since the system started this process.

    Linux tells it to a hundredth of a second. Elsewhere, the time of the interpreter's own start is
    missing.
    """
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began
    except (OSError, AttributeError):
        return time.process_time()


def options_of(variant: str, dtype: str, threads: int) -> Any:
    """Return the ``model.train.Options`` of a variant."""
    training = importlib.import_module("model.train")
    known = training.VARIANTS
    chosen = {
        "lecture": known["lecture"],
        "nanogpt": known["nanogpt"],
        "own": training.Options(),
        "rust-block": training.Options(),
        "nanogpt-compiled": replace(known["nanogpt"], compile=True),
        "fastest-float32": replace(known["fastest"], dtype="float32"),
        "fastest": known["fastest"],
    }[variant]
    return replace(chosen, dtype=dtype, threads=threads)


def attention_of(variant: str) -> Any:
    """Return what makes the attention of a variant, or ``None`` for the one of its options.

    Raises:
        ArmUsageError: Its package is not installed.
    """
    if variant != "rust-block":
        return None
    try:
        return importlib.import_module(BLOCK).module
    except ModuleNotFoundError:
        raise ArmUsageError(
            f"the package {BLOCK} is not installed: in a clone, pip install ./model_rs/block"
        ) from None


def load_weights(model: Any, tensors: dict[str, Any]) -> None:
    """Give a model its initial weights, whichever way it computes attention.

    Args:
        model: A ``model.gpt.GPT``.
        tensors: Arrays by the names of the parameters of a model whose attention is ``own``.

    Raises:
        ArmUsageError: The weights are not those of a model of this shape.
    """
    gpt, torch = importlib.import_module("model.gpt"), importlib.import_module("torch")
    vocabulary = model.token_embedding.num_embeddings
    whole = gpt.GPT(model.config, vocabulary, "own", torch.Generator())
    weights = {name: torch.tensor(tensor) for name, tensor in tensors.items()}
    try:
        whole.load_state_dict(weights)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ArmUsageError(f"the weights do not fit the model: {lines[-1]}") from None
    for block in whole.blocks:
        if hasattr(model.blocks[0].attention, "query_key_value"):
            break
        block.attention = gpt.HeadByHead(model.config, block.attention)
    model.load_state_dict(whole.state_dict())


def joined_weights(model: Any) -> dict[str, Any]:
    """Return the weights of a model as arrays, by the names that ``load_weights`` takes."""
    torch = importlib.import_module("torch")
    weights = {name: tensor.detach() for name, tensor in model.named_parameters()}
    for number, block in enumerate(model.blocks):
        if not hasattr(block.attention, "heads") or isinstance(block.attention.heads, int):
            continue
        prefix = f"blocks.{number}.attention."
        parts = [
            getattr(head, part).weight.detach()
            for part in ("query", "key", "value")
            for head in block.attention.heads
        ]
        weights = {name: weights[name] for name in weights if f"{prefix}heads." not in name}
        weights[f"{prefix}query_key_value.weight"] = torch.cat(parts)
    return {name: tensor.numpy() for name, tensor in weights.items()}


def matrix_library() -> str:
    """Return what multiplies matrices in this torch, such as ``MKL 2024.2, oneDNN 3.13.3``."""
    shown = importlib.import_module("torch").__config__.show()
    names = {
        "MKL": r"Math Kernel Library Version (\d[\d.]*)",
        "oneDNN": r"MKL-DNN v(\d[\d.]*)",
        "OpenBLAS": r"BLAS_INFO=(open)",
        "Accelerate": r"BLAS_INFO=(accelerate)",
    }
    matches = {name: re.search(pattern, shown) for name, pattern in names.items()}
    words = [
        f"{name} {hit[1]}" if hit[1][0].isdigit() else name for name, hit in matches.items() if hit
    ]
    return ", ".join(words) or "torch's own"


class PythonArm:
    """A training run that answers the commands of a race.

    Args:
        arguments: Command-line arguments, as ``parse`` returns them.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments, self.stages = arguments, Stages()
        with self.stages.stage("imports"):
            self.torch = importlib.import_module("torch")
            self.training = importlib.import_module("model.train")
            self.numpy = importlib.import_module("numpy")
            prepare = importlib.import_module(PREPARATION).prepare if arguments.text else None
            attention = attention_of(arguments.variant)
        self.torch.set_num_threads(arguments.threads)
        recipe = replace(self.training.recipe_of(arguments.config), steps=arguments.steps)
        options = options_of(arguments.variant, arguments.dtype, arguments.threads)
        with self.stages.stage("prepare"):
            if prepare is not None:
                vocabulary, ids = prepare([arguments.text])
            else:
                vocabulary, ids = "".join(map(chr, range(arguments.vocabulary))), self.shards()
        with self.stages.stage("model"):
            self.run = self.training.TrainingRun(
                arguments.config,
                recipe,
                options,
                vocabulary,
                ids,
                arguments.seed or 0,
                attention=attention,
            )
            if arguments.weights:
                load_weights(self.run.model, read_tensors(Path(arguments.weights)))
        if options.compile or options.optimizer == "compiled":
            with self.stages.stage("compile"):
                self.run.warm_up()
        if arguments.starts:  # after what is compiled, which takes a batch and gives it back
            last = len(self.run.train_ids) - self.run.config.context - 1
            starts = read_starts(Path(arguments.starts), arguments.steps, recipe.batch, last)
            self.run.batches.draw = GivenStarts(self.torch.from_numpy(starts)).draw

    def shards(self) -> tuple[Any, Any]:
        """Return the ids of both splits, as int64."""
        folder, numpy = Path(self.arguments.data), self.numpy
        return tuple(
            self.torch.from_numpy(numpy.fromfile(folder / name, "<u2").astype(numpy.int64))
            for name in ("train.bin", "val.bin")
        )

    def hello(self) -> dict[str, Any]:
        """Return the line that greets: what this arm is, and what its start took."""
        torch = self.torch
        return {
            "hello": 1,
            "arm": f"python/{self.arguments.variant}",
            "library": f"torch {torch.__version__}".partition("+")[0],
            "allocator": "system",
            "matmul": matrix_library(),
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "dtype": self.arguments.dtype,
            "threads": torch.get_num_threads(),
            "parameters": sum(parameter.numel() for parameter in self.run.parameters),
            "start": {"wall": seconds_since_start(), "cpu": processor_seconds()},
            "stages": self.stages.seconds,
        }

    def answer(self, command: str, argument: str) -> dict[str, Any]:
        """Carry a command out and return its answer.

        Raises:
            ArmUsageError: There is no such command.
        """
        wall, cpu = time.perf_counter(), time.process_time()
        if command == "steps" and argument.isdecimal():
            batches = self.run.clock.cpu_seconds["batches"]
            losses = [self.run.step() for _ in range(int(argument))]
            batches = self.run.clock.cpu_seconds["batches"] - batches
            answer: dict[str, Any] = {"steps": self.run.steps, "losses": losses, "batches": batches}
        elif command == "evaluate" and not argument:
            loss = self.run.evaluate()
            answer = {"val_loss": loss, "characters": len(self.run.val_ids) - 1}
        elif command == "weights" and argument:
            from nanogpt_rs.training.tensor_files import write_tensors

            write_tensors(Path(argument), joined_weights(self.run.model))
            return {"weights": argument}
        else:
            raise ArmUsageError(
                f"no command {command!r}; there are: steps N, evaluate, weights FILE"
            )
        times = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        return {**answer, **times}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> Any:
        """Refuse the arguments.

        Raises:
            ArmUsageError: Always.
        """
        raise ArmUsageError(message)


def parse(words: list[str]) -> argparse.Namespace:
    """Return the arguments of a command line.

    Raises:
        ArmUsageError: One is missing, unknown or of no effect.
    """
    parser = Parser(prog=NAME, description=__doc__, allow_abbrev=False)
    parser.add_argument("--variant", choices=VARIANTS, required=True)
    parser.add_argument("--config", choices=("quick", "full"), required=True)
    parser.add_argument("--dtype", choices=("float32", "float64", "bfloat16"), required=True)
    for name in ("--threads", "--steps"):
        parser.add_argument(name, type=int, required=True)
    for name in ("--data", "--weights", "--starts", "--text"):
        parser.add_argument(name)
    for name in ("--vocabulary", "--seed"):
        parser.add_argument(name, type=int)
    arguments = parser.parse_args(words)
    if min(arguments.threads, arguments.steps) < 1:
        raise ArmUsageError("--threads and --steps must be at least 1")
    if bool(arguments.text) == bool(arguments.data):
        raise ArmUsageError("give either --text or --data")
    if arguments.data and not arguments.vocabulary:
        raise ArmUsageError("--data takes --vocabulary, the number of distinct characters")
    if (arguments.seed is None) == (arguments.weights is None) or (
        bool(arguments.weights) != bool(arguments.starts)
    ):
        raise ArmUsageError("give either --seed, or --weights and --starts")
    return arguments


def serve() -> None:
    """Greet, then answer the commands on standard input until it ends."""
    # Libraries print to standard output too; the protocol keeps it for itself.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as lines:
        os.dup2(2, 1)
        arm = PythonArm(parse(sys.argv[1:]))
        print(json.dumps(arm.hello()), file=lines, flush=True)
        for line in sys.stdin:
            command, _, argument = line.strip().partition(" ")
            if command == "quit":
                break
            print(json.dumps(arm.answer(command, argument)), file=lines, flush=True)


def main() -> None:
    """Run the arm; errors are one line on standard error."""
    try:
        serve()
    except (ArmUsageError, TensorFileError, OSError) as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        fault = str(error).strip().partition("\n")[0]
        print(f"{NAME}: {type(error).__name__}: {fault}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
