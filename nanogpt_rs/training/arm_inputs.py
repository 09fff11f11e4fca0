"""What all arms of a race are given: the same text, the same initial weights, the same batches."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.training.arm_builds import Executable
from nanogpt_rs.training.arms import Arm, Dtype, python_command
from nanogpt_rs.training.tensor_files import write_starts, write_tensors

LARGEST_VOCABULARY = 1 << 16


@dataclass(frozen=True)
class ArmInputs:
    """The files that arms read, and what they compute.

    Attributes:
        folder: Folder of the files: both splits, weights and starts.
        config: Shape of the model, ``quick`` or ``full``.
        steps: Number of steps of a whole run, which the schedule ends with.
        vocabulary: Number of distinct characters.
        compiled: Folder for code that torch compiles.
    """

    folder: Path
    config: str
    steps: int
    vocabulary: int
    compiled: Path

    def options(self, dtype: Dtype, threads: int) -> list[str]:
        """Return the options that every arm is started with.

        Args:
            dtype: Number format.
            threads: Number of threads.
        """
        return [
            *common_options(self.config, dtype, threads, self.steps),
            *("--vocabulary", str(self.vocabulary), "--data", str(self.folder)),
            *("--weights", str(self.weights), "--starts", str(self.folder / "starts")),
        ]

    @property
    def weights(self) -> Path:
        """File of the initial weights."""
        return self.folder / "weights.safetensors"


def common_options(config: str, dtype: Dtype, threads: int, steps: int) -> list[str]:
    """Return the options of an arm that do not name a file."""
    given = {"config": config, "dtype": dtype, "threads": threads, "steps": steps}
    return [word for name, value in given.items() for word in (f"--{name}", str(value))]


def command_of(arm: Arm, executables: Mapping[str, Executable]) -> list[str]:
    """Return the command that starts an arm, without its options.

    Args:
        arm: The arm.
        executables: Built executables of the arms in Rust, by id.
    """
    return python_command(arm) if arm.crate is None else [str(executables[arm.id].path)]


def variables_of(threads: int, compiled: Path) -> dict[str, str]:
    """Return the environment variables that give every library the same number of threads.

    Args:
        threads: Number of threads.
        compiled: Folder for code that torch compiles.
    """
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
    return {name: str(threads) for name in names} | {
        "TORCHINDUCTOR_CACHE_DIR": str(compiled),
        # In processes of its own, the time that compiling takes could not be read.
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
    }


def write_inputs(
    folder: Path, prepared: tuple[str, Any], config: str, seed: int, compiled: Path
) -> ArmInputs:
    """Write what the arms read: both splits, and the weights and starts that ``model train`` draws.

    Args:
        folder: Folder for the files; it is made.
        prepared: Vocabulary of the text, and its ids, a tensor.
        config: Shape of the model, ``quick`` or ``full``.
        seed: Seed of the weights and of the order of the data.
        compiled: Folder for code that torch compiles.

    Raises:
        UserError: The vocabulary has too many characters for the files of ids.
    """
    training, gpt = importlib.import_module("model.train"), importlib.import_module("model.gpt")
    torch, numpy = importlib.import_module("torch"), importlib.import_module("numpy")
    vocabulary, ids = prepared
    if len(vocabulary) > LARGEST_VOCABULARY:
        raise UserError(f"{len(vocabulary):,} characters are too many for ids of 16 bits")
    folder.mkdir(parents=True)
    shape, recipe = training.config_of(config), training.recipe_of(config)
    splits = training.split(ids, shape.context)
    for name, part in zip(("train", "val"), splits, strict=True):
        (folder / f"{name}.bin").write_bytes(part.numpy().astype("<u2").tobytes())
    generator = torch.Generator().manual_seed(seed)  # weights, then batches: as a TrainingRun
    model = gpt.GPT(shape, len(vocabulary), "own", generator)
    inputs = ArmInputs(folder, config, recipe.steps, len(vocabulary), compiled)
    weights = {name: tensor.detach().numpy() for name, tensor in model.named_parameters()}
    write_tensors(inputs.weights, weights)
    starts = torch.randint(
        len(splits[0]) - shape.context, (recipe.steps, recipe.batch), generator=generator
    )
    write_starts(folder / "starts", numpy.asarray(starts))
    return inputs
