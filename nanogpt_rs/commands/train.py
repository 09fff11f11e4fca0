"""The command ``model train``."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    INTERRUPTED,
    err,
    minutes,
    out,
    print_json,
    seen_live,
    stop,
    tell_step,
)
from nanogpt_rs.commands.options import (
    CORPUS_HELP,
    LEAST_SEED,
    MOST_SEED,
    AsJson,
    Attention,
    Compile,
    Device,
    Dtype,
    Steps,
    complete_corpus,
)
from nanogpt_rs.ruler.corpora import DEFAULT
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.provenance import check
from nanogpt_rs.words import duration

SEED = 1337

ConfigName = Annotated[
    str | None,
    typer.Option("--config", help="Model and schedule: quick, full or baby.", show_default="quick"),
]
CorpusName = Annotated[
    str | None,
    typer.Option(
        "--corpus",
        "-c",
        help=f"{CORPUS_HELP}.",
        show_default=DEFAULT,
        autocompletion=complete_corpus,
    ),
]
Shards = Annotated[
    str | None,
    typer.Option(
        help="Folder that `nanogpt-rs data prepare` wrote, to train on instead of a corpus."
    ),
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify", help="With --shards: first check them against the hashes in their manifest."
    ),
]
Preparation = Annotated[
    str | None,
    typer.Option(
        "--prepare",
        help="Id of the implementation that prepares the corpus, such as python/numpy_table.",
        show_default="the strongest Python for ASCII texts",
    ),
]
Optimizer = Annotated[
    str | None,
    typer.Option(help="How AdamW is computed: fused, plain or compiled.", show_default="fused"),
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads of the processor.", show_default="1")
]
Seed = Annotated[
    int | None,
    typer.Option(
        min=LEAST_SEED,
        max=MOST_SEED,
        help="Seed of the initial weights and of the order of the data.",
        show_default=str(SEED),
    ),
]
EvaluateEvery = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Steps between two evaluations; the last step is always evaluated.",
        show_default="only the last step is evaluated",
    ),
]
Checkpoint = Annotated[
    str | None, typer.Option(help="File to save the run to, every 500 steps and at the end.")
]
ResumeFrom = Annotated[
    str | None,
    typer.Option(
        "--resume",
        help="Checkpoint to go on from, which the run is saved to unless --checkpoint names "
        "another file. Config, steps and seed are those of the checkpoint.",
    ),
]
Log = Annotated[str | None, typer.Option(help="File for a line of JSON about each step.")]
Curve = Annotated[str | None, typer.Option(help="File for a picture of the loss, as SVG.")]


def train(
    config: ConfigName = None,
    corpus: CorpusName = None,
    shards: Shards = None,
    verify: Verify = False,
    prepare: Preparation = None,
    steps: Steps = None,
    device: Device = None,
    dtype: Dtype = None,
    attention: Attention = None,
    optimizer: Optimizer = None,
    compile: Compile = None,
    threads: Threads = None,
    seed: Seed = None,
    evaluate_every: EvaluateEvery = None,
    checkpoint: Checkpoint = None,
    resume: ResumeFrom = None,
    log: Log = None,
    curve: Curve = None,
    as_json: AsJson = False,
) -> None:
    """Train the reference GPT on a corpus, from files to a validation loss.

    Device, dtype, attention, optimizer, compile and threads do not change the model; each may
    change rounding. Ctrl-C ends the run after the current step, and saves the checkpoint.

    For example: nanogpt-rs model train --config quick --checkpoint run.pt
    """
    from nanogpt_rs.training.corpus import import_training

    refuse_contradictions(config, corpus, shards, verify, prepare, steps, seed, resume)
    training = import_training()
    check_outputs((checkpoint, log, curve), corpus, shards, resume)
    check()
    choices = {
        "device": device,
        "dtype": dtype,
        "attention": attention,
        "optimizer": optimizer,
        "compile": compile,
        "threads": threads,
    }
    options = replace(
        training.read_checkpoint(resume).options if resume else training.Options(),
        **{name: value for name, value in choices.items() if value is not None},
    )
    recipe = {
        "config": config or "quick",
        "options": options,
        "steps": steps,
        "seed": SEED if seed is None else seed,
        "evaluate_every": evaluate_every,
        "checkpoint": checkpoint or resume,
        "resume": resume,
    }
    document, summary = run(training, recipe, corpus, shards, verify, prepare, log)
    if curve is not None:
        from nanogpt_rs.reporting.curve import loss_curve

        title = f"{document['corpus']['id']}, {counted(summary.steps, 'step')}"
        picture = loss_curve(summary.losses, summary.val_losses, title)
        Path(curve).write_text(picture, encoding="utf-8")
    if as_json:
        from nanogpt_rs.commands import job_documents
        from nanogpt_rs.records.schema import Meanwhile

        parts = {
            "corpus": job_documents.TrainedCorpus(**document["corpus"]),
            "prepare": job_documents.UsedPreparation(**document["prepare"]),
            "meanwhile": Meanwhile(**document["meanwhile"]),
        }
        print_json("model train", job_documents.TrainedModel(**{**document, **parts}))
    else:
        print_outcome(document)
    if summary.interrupted:
        kept = checkpoint or resume
        where = f"kept in {kept}; --resume {kept} goes on" if kept else "nothing is kept"
        stop(INTERRUPTED, f"interrupted after step {summary.steps}: {where}")


def check_outputs(
    paths: Sequence[str | None], corpus: str | None, shards: str | None, resume: str | None
) -> None:
    """Check that files can be written, and that none of them is read by the same run.

    Raises:
        nanogpt_rs.measuring.selection.SelectionError: One cannot be written.
        nanogpt_rs.ruler.regular.OverwriteError: One is read, other than the resumed checkpoint.
    """
    from nanogpt_rs.ruler.regular import check_apart
    from nanogpt_rs.training.corpus import check_writable

    for path in paths:
        check_writable(path)
    check_apart(
        [Path(path) for path in paths if path and path != resume],
        [Path(path) for path in (corpus, resume) if path] + shard_files(shards),
    )


def shard_files(folder: str | None) -> list[Path]:
    """Return the files in a folder of shards, if there is one."""
    return [] if folder is None else [path for path in Path(folder).glob("*") if path.is_file()]


def refuse_contradictions(
    config: str | None,
    corpus: str | None,
    shards: str | None,
    verify: bool,
    prepare: str | None,
    steps: int | None,
    seed: int | None,
    resume: str | None,
) -> None:
    """Check that no option of ``model train`` contradicts another.

    Raises:
        nanogpt_rs.measuring.selection.SelectionError: Two options contradict each other.
    """
    from nanogpt_rs.measuring.selection import SelectionError

    if resume is not None and (config, steps, seed) != (None, None, None):
        raise SelectionError("--resume takes config, steps and seed from the checkpoint")
    if shards is not None and (corpus, prepare) != (None, None):
        raise SelectionError("--shards takes neither --corpus nor --prepare: both are done")
    if verify and shards is None:
        raise SelectionError("--verify compares the hashes of --shards")


def run(
    training: Any,
    recipe: dict[str, Any],
    corpus: str | None,
    shards: str | None,
    verify: bool,
    prepare: str | None,
    log: str | None,
) -> tuple[dict[str, Any], Any]:
    """Train, with progress, log and Ctrl-C in hand.

    Args:
        training: The module ``model.train``.
        recipe: Keyword arguments of its function ``train``, and its config.
        corpus: Id or path of the corpus.
        shards: Folder of shards to train on instead.
        verify: Whether to compare the hashes of the shards first.
        prepare: Id of the implementation that prepares the corpus.
        log: File for a line of JSON about each step.

    Returns:
        The JSON document of the run, and the summary that ``model.train`` returned.
    """
    from nanogpt_rs.measuring.machine import MachineWatch
    from nanogpt_rs.training.corpus import document_of, from_corpus, from_shards, log_to

    watch = MachineWatch()
    with (
        (
            from_shards(shards, verify)
            if shards is not None
            else from_corpus(corpus or DEFAULT, prepare)
        ) as text,
        log_to(log, recipe["resume"] is not None) as write,
        training_progress() as show,
        interruption() as interrupted,
    ):

        def progress(now: Any) -> None:
            interrupted.wait_for_steps()
            write(asdict(now))
            show(now)

        summary = training.train(
            text.prepare, text.paths, **recipe, progress=progress, stop=interrupted
        )
        document = document_of(summary, text)
        document["meanwhile"] = asdict(watch.so_far())
        write({"summary": document})
    return document, summary


class Interruption:
    """Remembers Ctrl-C until a step is done.

    Before the first step, and when it is pressed a second time, Ctrl-C acts at once.
    """

    def __init__(self) -> None:
        self.pressed = self.between_steps = False

    def __call__(self) -> bool:
        """Return whether to stop after this step."""
        return self.pressed

    def wait_for_steps(self) -> None:
        """Let the first Ctrl-C from now on wait for the end of a step."""
        self.between_steps = True

    def handle(self, *_: Any) -> None:
        """Handle the signal of Ctrl-C."""
        if self.pressed or not self.between_steps:
            raise KeyboardInterrupt
        self.pressed = True


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Yield an object that handles Ctrl-C, unless this process ignores it."""
    handler = Interruption()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job
        yield handler
        return
    before = signal.signal(signal.SIGINT, handler.handle)
    try:
        yield handler
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def training_progress() -> Iterator[Callable[[Any], None]]:
    """Show steps, loss, tokens per second and time left on standard error, if it is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
    )
    with Progress(*columns, console=err.console, transient=True, disable=not seen_live()) as bar:
        item = bar.add_task("prepare", total=None, pace="")
        validation = ""

        def show(now: Any) -> None:
            nonlocal validation
            if now.val_loss is not None:
                tell_step(f"step {now.step:,}: validation {now.val_loss:.4f}")
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
    """Print the stages and the losses of a run."""
    heads = ("wall clock", "processor")
    table = layout.Table([layout.prose("stage"), *map(layout.figures, heads)])
    for stage, seconds in document["seconds"].items():
        table.add(stage, duration(seconds), duration(document["cpu_seconds"][stage]))
    out.show(table)
    loss = document["val_loss"]
    tokens = document["tokens"]
    in_tokens = f" in {counted(tokens, 'token')}" if tokens else ""
    per_character = document["val_loss_per_character"]
    in_nats = f" per token, {per_character:.4f} per character" if per_character else ""
    out.say(
        f"{document['corpus']['id']}, {counted(document['characters'], 'character')}{in_tokens}, "
        "prepared by "
        f"{document['prepare']['id']}: "
        f"{counted(document['parameters'], 'parameter')}, {counted(document['steps'], 'step')}, "
        f"{document['tokens_per_second']:,.0f} tokens/s; loss {document['train_loss']:.4f}, "
        f"validation {'not evaluated' if loss is None else f'{loss:.4f}{in_nats}'}; "
        f"parameters {document['parameters_sha256'][:12]}"
    )
