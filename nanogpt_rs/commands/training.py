"""The commands ``train`` and ``sample``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    INTERRUPTED,
    NOTHING,
    USAGE,
    AsJson,
    err,
    out,
    print_json,
    refusals,
    stop,
)
from nanogpt_rs.words import duration

SEED = 1337
LEAST_SEED, MOST_SEED = -(2**63), 2**63 - 1


def train(
    config: Annotated[str | None, typer.Option(help="quick (unasked), full or baby.")] = None,
    corpus: Annotated[
        str | None,
        typer.Option(help="A corpus id (synthetic unasked) or the path of a UTF-8 file."),
    ] = None,
    shards: Annotated[
        str | None,
        typer.Option(help="Instead of a corpus, a folder that `nanogpt-rs prepare` made."),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read the shards first and compare their hashes.")
    ] = False,
    prepare: Annotated[
        str | None, typer.Option(help="What prepares the text: an id, such as python/numpy_table.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Instead of the config's.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu (unasked), cuda or mps.")] = None,
    dtype: Annotated[
        str | None, typer.Option(help="float32 (unasked), bfloat16 or float64.")
    ] = None,
    attention: Annotated[str | None, typer.Option(help="own (unasked), sdpa or heads.")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="fused (unasked), plain or compiled; all are AdamW.")
    ] = None,
    compile: Annotated[
        bool | None, typer.Option("--compile/--no-compile", help="Compile the model first, or not.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the processor; 1 unasked.")] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=LEAST_SEED,
            max=MOST_SEED,
            help="Of the initial weights and the order of the data; 1337.",
        ),
    ] = None,
    evaluate_every: Annotated[
        int | None, typer.Option(min=1, help="Steps between evaluations; one at the end anyway.")
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(help="A file to save the run to, every 500 steps and at the end.")
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(help="A checkpoint to go on from, by its own config, steps and seed."),
    ] = None,
    log: Annotated[str | None, typer.Option(help="A file for each step, as JSON Lines.")] = None,
    curve: Annotated[str | None, typer.Option(help="A file for the loss curve, as SVG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train the reference GPT on a corpus, from files to validation loss.

    None of device, dtype, attention, optimizer, compile and threads changes the model; each may
    change rounding. Ctrl-C ends the run after the step that it is at, and keeps the checkpoint.
    """
    from nanogpt_rs.measuring import machine
    from nanogpt_rs.training.corpus import from_corpus, from_shards, log_to, outcome, writable

    with training_refusals() as room:
        from nanogpt_rs.measuring.selection import SelectionError
        from nanogpt_rs.ruler.corpora import DEFAULT
        from nanogpt_rs.ruler.provenance import check

        if resume is not None and (config, steps, seed) != (None, None, None):
            raise SelectionError("--resume takes config, steps and seed from the checkpoint")
        if shards is not None and (corpus, prepare) != (None, None):
            raise SelectionError("--shards takes neither --corpus nor --prepare: both are done")
        if verify and shards is None:
            raise SelectionError("--verify compares the hashes of --shards")
        for path in (checkpoint, log, curve):
            writable(path)
        check()
        asked = {
            "device": device,
            "dtype": dtype,
            "attention": attention,
            "optimizer": optimizer,
            "compile": compile,
            "threads": threads,
        }
        options = replace(
            room.read_checkpoint(resume).options if resume else room.Options(),
            **{name: value for name, value in asked.items() if value is not None},
        )
        watch = machine.MachineWatch()
        with (
            (
                from_shards(shards, verify)
                if shards is not None
                else from_corpus(corpus or DEFAULT, prepare)
            ) as on,
            log_to(log, resume is not None) as write,
            training_progress() as show,
            interruption() as interrupted,
        ):

            def progress(now: Any) -> None:
                interrupted.from_now_on()
                write(asdict(now))
                show(now)

            summary = room.train(
                on.prepare,
                on.paths,
                config or "quick",
                options=options,
                steps=steps,
                seed=SEED if seed is None else seed,
                evaluate_every=evaluate_every,
                checkpoint=checkpoint or resume,
                resume=resume,
                progress=progress,
                stop=interrupted,
            )
            document = outcome(summary, on)
            document["meanwhile"] = asdict(watch.so_far())
            write({"summary": document})
        if curve is not None:
            from nanogpt_rs.reporting.curve import loss_curve

            title = f"{on.id}, {summary.steps:,} steps"
            drawing = loss_curve(summary.losses, summary.val_losses, title)
            Path(curve).write_text(drawing, encoding="utf-8")
    if as_json:
        print_json(document)
    else:
        print_outcome(document)
    if summary.interrupted:
        kept = checkpoint or resume
        where = f"kept in {kept}; --resume {kept} goes on" if kept else "nothing is kept"
        stop(INTERRUPTED, f"interrupted after step {summary.steps}: {where}")


def sample(
    checkpoint: Annotated[str, typer.Argument(help="What `train --checkpoint` saved.")],
    length: Annotated[int, typer.Option(min=0, help="Characters to write.")] = 500,
    prompt: Annotated[str, typer.Option(help="What to go on from.")] = "\n",
    temperature: Annotated[float, typer.Option(min=0.01, help="Above 1 is bolder.")] = 1.0,
    top: Annotated[
        int | None, typer.Option(min=1, help="Draw from this many likeliest characters only.")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=LEAST_SEED, max=MOST_SEED, help="Of what is drawn.")
    ] = SEED,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
    as_json: AsJson = False,
) -> None:
    """Have a trained model write."""
    with training_refusals() as room:
        written = room.sample(
            checkpoint,
            length,
            prompt=prompt,
            seed=seed,
            temperature=temperature,
            top=top,
            device=device,
        )
        if as_json:
            print_json({"prompt": prompt, "text": "".join(written)})
            return
        sys.stdout.write(prompt.lstrip("\n"))
        for character in written:
            sys.stdout.write(character)
            sys.stdout.flush()
        sys.stdout.write("\n")


@contextmanager
def training_refusals() -> Iterator[Any]:
    """Yield ``model.train``, and turn errors that are not ours into one line and an exit status."""
    from nanogpt_rs.preparing.shards import ShardError
    from nanogpt_rs.training.corpus import NoTorchError, room

    with refusals():
        try:
            training = room()
        except NoTorchError as error:
            stop(NOTHING, str(error))
        try:
            yield training
        except ShardError as error:
            stop(FAILED, str(error))
        except training.UsageError as error:
            stop(USAGE, str(error))
        except training.TrainingError as error:
            stop(FAILED, str(error))
        except OSError as error:
            stop(
                FAILED, f"{error.filename or 'a file'} cannot be read or written: {error.strerror}"
            )


class Interruption:
    """Whether Ctrl-C was pressed. Before the first step, and the second time, it acts at once."""

    def __init__(self) -> None:
        self.asked = self.between_steps = False

    def __call__(self) -> bool:
        """Return whether to stop after this step."""
        return self.asked

    def from_now_on(self) -> None:
        """Have the first Ctrl-C wait for the end of a step."""
        self.between_steps = True

    def handle(self, *_: Any) -> None:
        """Take note of the signal."""
        if self.asked or not self.between_steps:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Yield what remembers Ctrl-C until a step is done."""
    found = Interruption()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job
        yield found
        return
    before = signal.signal(signal.SIGINT, found.handle)
    try:
        yield found
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def training_progress() -> Iterator[Callable[[Any], None]]:
    """Show steps, loss, tokens per second and time left on standard error, if it is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from nanogpt_rs.commands.console import minutes, seen_live

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
    )
    with Progress(*columns, console=err, transient=True, disable=not seen_live()) as bar:
        item = bar.add_task("prepare", total=None, pace="")
        validation = ""

        def show(now: Any) -> None:
            nonlocal validation
            if now.val_loss is not None:
                validation = f", validation {now.val_loss:.3f}"
            bar.update(
                item,
                completed=now.step,
                total=now.steps,
                description=f"loss {now.loss:.3f}{validation}",
                pace=f"{now.tokens_per_second:,.0f} tokens/s, {minutes(now.seconds_left)} left",
            )

        yield show


def print_outcome(document: dict[str, Any]) -> None:
    """Print what came of a run."""
    table = Table("stage", title_justify="left")
    table.add_column("wall clock", justify="right")
    table.add_column("processor", justify="right")
    for stage, seconds in document["seconds"].items():
        table.add_row(stage, duration(seconds), duration(document["cpu_seconds"][stage]))
    out.print(table)
    loss = document["val_loss"]
    out.print(
        escape(
            f"{document['corpus']['id']}, {document['characters']:,} characters, prepared by "
            f"{document['prepare']['id']}: "
            f"{document['parameters']:,} parameters, {document['steps']:,} steps, "
            f"{document['tokens_per_second']:,.0f} tokens/s; loss {document['train_loss']:.4f}, "
            f"validation {'not evaluated' if loss is None else f'{loss:.4f}'}; "
            f"parameters {document['parameters_sha256'][:12]}"
        ),
        soft_wrap=True,
    )
