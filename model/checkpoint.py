"""Checkpoints: files that a run is resumed from and a model is read from."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.gpt import GPT, Config
from model.options import Options, Recipe, TrainingError
from model.vocabulary import Vocabulary, from_document

CHECKPOINT_FORMAT = "nanogpt-rs checkpoint 1"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read, and that has every field of its format.

    Attributes:
        path: File that it was read from.
        config: Shape of its model.
        recipe: What it was trained by.
        options: How that was computed.
        seed: Seed of the run.
        vocabulary: The model's characters or tokens.
        document: Everything that was saved.
    """

    path: str
    config: Config
    recipe: Recipe
    options: Options
    seed: int
    vocabulary: Vocabulary
    document: dict[str, Any]

    def model(self, device: torch.device) -> GPT:
        """Return the trained model, ready to predict.

        Raises:
            TrainingError: The weights do not fit the shape.
        """
        model = GPT(self.config, len(self.vocabulary), self.options.attention)
        try:
            model.load_state_dict(self.document["model"])
        except (KeyError, TypeError, RuntimeError) as error:
            line = str(error).partition("\n")[0]
            raise TrainingError(f"checkpoint {self.path} does not fit: {line}") from None
        model.to(device).eval()
        return model


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint, as data and never as code.

    Raises:
        TrainingError: The file cannot be read, is damaged, or was not written by nanogpt-rs.
    """
    name = os.fspath(path)
    try:
        if Path(name).exists() and not Path(name).is_file():
            raise ValueError("a folder, a pipe or a device, where a file is needed")
        data = io.BytesIO(Path(name).read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise TrainingError(f"checkpoint {name} cannot be read: {reason}") from None
    try:
        document = torch.load(data, map_location="cpu", weights_only=True)
    except Exception:  # zip, pickle and torch raise their own, and tell users to trust the file
        document = None
    if not isinstance(document, dict) or document.get("format") != CHECKPOINT_FORMAT:
        raise TrainingError(f"checkpoint {name} is damaged, or was not written by nanogpt-rs")
    try:
        checkpoint = Checkpoint(
            path=name,
            config=Config(**document["config"]),
            recipe=Recipe(**document["recipe"]),
            options=Options(**document["options"]),
            seed=document["seed"],
            vocabulary=from_document(document["vocabulary"]),
            document=document,
        )
        intact = hash_tensors(document["model"]) == document["parameters_sha256"]
    except (AttributeError, KeyError, TypeError) as error:
        raise TrainingError(f"checkpoint {name} lacks something: {error}") from None
    if not intact:
        raise TrainingError(f"checkpoint {name} is damaged: its parameters have another hash")
    return checkpoint


def write_checkpoint(path: str | os.PathLike[str], document: dict[str, Any]) -> None:
    """Write a checkpoint, which replaces the file at ``path`` only when it is whole.

    Raises:
        TrainingError: It cannot be written; what was there before is still there.
    """
    whole = io.BytesIO()  # writing it is left to Python, whose errors say what is the matter
    torch.save({"format": CHECKPOINT_FORMAT, **document}, whole)
    try:
        write_whole(Path(path), whole.getvalue())
    except OSError as error:
        raise TrainingError(
            f"checkpoint {path} cannot be written: {error.strerror or error}"
        ) from None


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that no crash, power cut or full disk ever leaves half of it at ``path``.

    Raises:
        OSError: It cannot be written; what was there before is still there.
    """
    if path.exists() and not path.is_file():  # a pipe or a device is written into
        path.write_bytes(data)
        return
    path = Path(os.path.realpath(path))  # a link goes on leading where it leads
    # Not by tempfile, whose files only their owner may read, whatever the umask says.
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            if path.exists():
                temporary.chmod(stat.S_IMODE(path.stat().st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def hash_parameters(model: GPT) -> str:
    """Return the SHA-256 over the parameters' names, shapes and bits."""
    return hash_tensors(model.state_dict())


def hash_tensors(tensors: dict[str, Tensor]) -> str:
    """Return the SHA-256 over names, shapes and bits, in their order."""
    digest = hashlib.sha256()
    for name, tensor in tensors.items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\0".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
