"""The tree of commands. The file of a command is imported when it runs or shows its own help."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import wraps
from importlib import import_module
from inspect import Parameter, cleandoc, signature
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from nanogpt_rs.commands.console import (
    USAGE,
    refuse_little_memory,
    refuse_lost_folder,
    set_volume,
    spare_threads,
    stop,
)
from nanogpt_rs.commands.old_commands import renamed
from nanogpt_rs.commands.options import Quiet, Verbose
from nanogpt_rs.ruler.errors import did_you_mean
from nanogpt_rs.ruler.plurals import plural

HELP_OPTIONS = ("-h", "--help")
MAY_BE_EMPTY = ("prompt", "setup")
"""Names of the parameters whose value may have no character."""
EXAMPLE = "For example: "
"""How a paragraph of a command's help begins that is an example."""


class Strict(TyperCommand):
    """A command that refuses what it would have to ignore or to guess.

    These are an option given twice, where only one of the values could count, and a value without
    a character, which a path would take for the folder that it is run in.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words after the command, and exit if an option has two values or an empty one.

        Args:
            ctx: Context of the command.
            args: The words.
        """
        given, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for parameter in self.get_params(ctx):
            value = given.get(str(parameter.name))
            values = value if isinstance(value, list | tuple) else (value,)
            if "" in values and parameter.name not in MAY_BE_EMPTY and not ctx.resilient_parsing:
                is_option = parameter.param_type_name == "option"
                name = max(parameter.opts, key=len) if is_option else str(parameter.name).upper()
                stop(USAGE, f"{name} was given an empty value", "give a value, or leave it out")
        for option in order:
            repeatable = getattr(option, "multiple", True) or option.nargs == -1
            harmless = getattr(option, "is_flag", False) and not option.secondary_opts
            if order.count(option) > 1 and not (repeatable or harmless or ctx.resilient_parsing):
                stop(USAGE, f"{max(option.opts, key=len)} was given twice", "give one value")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, unless its folder was deleted or it has next to no memory."""
        refuse_lost_folder()
        refuse_little_memory()
        spare_threads()
        return super().invoke(ctx)

    def format_help_text(self, _: Any, formatter: Any) -> None:
        """Write the paragraphs of the help that are no examples, wrapped at words."""
        for paragraph in cleandoc(self.help or "").split("\n\n"):
            if not paragraph.startswith(EXAMPLE):
                formatter.write_paragraph()
                with formatter.indentation():
                    formatter.write_text(" ".join(paragraph.split()))

    def format_epilog(self, _: Any, formatter: Any) -> None:
        """Write the examples of the help, each whole on one line, so that it can be copied."""
        paragraphs = [" ".join(words.split()) for words in cleandoc(self.help or "").split("\n\n")]
        examples = [words for words in paragraphs if words.startswith(EXAMPLE)]
        if examples:
            with formatter.section(plural(len(examples), "Example")):
                for example in examples:
                    formatter.write(f"  {example.removeprefix(EXAMPLE)}\n")


class Command(TyperCommand):
    """A command that is not imported yet: its name, its line in the help, and where it is.

    Attributes:
        module: Name of its file in ``nanogpt_rs/commands``.
        function: Name of its function there.
        shows_progress: Whether it takes ``--quiet`` and ``--verbose``.
    """

    def __init__(
        self, name: str, help: str, module: str, function: str, *, shows_progress: bool = False
    ) -> None:
        # A short help is never cut off, unlike one that Typer makes of the help.
        super().__init__(name, help=help, short_help=help, rich_markup_mode=None)
        self.module, self.function = module, function
        self.shows_progress = shows_progress

    def load(self) -> Any:
        """Import the command and return it as Typer makes it."""
        module = import_module(f"nanogpt_rs.commands.{self.module}")
        function = getattr(module, self.function)
        app = typer.Typer(
            add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
        )
        app.command(self.name, cls=Strict)(
            with_volume(function) if self.shows_progress else function
        )
        return typer.main.get_command(app)

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> Any:
        """Return the context of the imported command."""
        return self.load().make_context(info_name, args, *rest, **extra)


def refuse_unknown(group: TyperGroup, context: Any, words: list[str]) -> None:
    """Exit if the first word after a group is none of its commands, and say which are near."""
    word = words[0]
    if context.resilient_parsing or word.startswith("-") or word in group.commands:
        return
    shows_all = f"`{context.command_path} --help` shows all commands"
    stop(USAGE, f"no command {word!r}", did_you_mean(word, group.commands, shows_all))


class Group(TyperGroup):
    """A command with subcommands, one of which may be meant where none is named."""

    def __init__(
        self, name: str, help: str, commands: Iterable[Command], default: str | None = None
    ) -> None:
        super().__init__(
            name=name,
            help=help,
            short_help=help,
            rich_markup_mode=None,
            commands={str(command.name): command for command in commands},
            no_args_is_help=default is None,
        )
        self.default = default

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words after the group. Where they name no subcommand, the default is meant."""
        named = bool(args) and args[0] in {*self.commands, *HELP_OPTIONS}
        completed = ctx.resilient_parsing and not args
        if self.default is not None and not named and not completed:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the subcommand that the words name."""
        refuse_unknown(self, ctx, args)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Return how a word goes on: subcommands, and what the default subcommand takes."""
        completions = super().shell_complete(ctx, incomplete)
        if self.default is not None:
            command = self.commands[self.default]
            inner = command.make_context(self.default, [], parent=ctx, resilient_parsing=True)
            first = next(iter(inner.command.get_params(inner)))
            completions += first.shell_complete(inner, incomplete)
        return completions


class Root(TyperGroup):
    """The command ``nanogpt-rs``. It knows the names that its commands had in earlier releases."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands.update({str(command.name): command for command in COMMANDS})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the words name, by its name of today or an earlier one."""
        if (new := renamed(args)) is not None:
            if not ctx.resilient_parsing:
                print(f"nanogpt-rs: {new.message}", file=sys.stderr)
            args = list(new.words)
        refuse_unknown(self, ctx, args)
        return super().resolve_command(ctx, args)


def with_volume(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command's function with the options ``--quiet`` and ``--verbose`` added."""

    @wraps(function)
    def run(*arguments: Any, quiet: bool, verbose: bool, **options: Any) -> None:
        set_volume(quiet=quiet, verbose=verbose)
        function(*arguments, **options)

    volume = {"quiet": Quiet, "verbose": Verbose}
    added = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in volume.items()
    ]
    of_function = signature(function, eval_str=True)
    parameters = [*of_function.parameters.values(), *added]
    run.__signature__ = of_function.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {**function.__annotations__, **volume}
    return run


COMMANDS: tuple[Command | Group, ...] = (
    Command(
        "bench",
        "Compare implementations with the lecture's Python and the strongest Python.",
        "bench",
        "bench",
        shows_progress=True,
    ),
    Command(
        "compare",
        "Find out whether anything that can be called is faster than something else.",
        "compare",
        "compare",
        shows_progress=True,
    ),
    Command(
        "diff",
        "Find out whether a commit made implementations faster or slower.",
        "diff",
        "diff",
        shows_progress=True,
    ),
    Command(
        "verify",
        "Verify implementations: right answers, edge cases, and refusals.",
        "verify",
        "verify",
        shows_progress=True,
    ),
    Group(
        "list",
        "List implementations (the default), tasks or corpora.",
        (
            Command(
                "implementations",
                "List the implementations, with the idea of each.",
                "listing",
                "implementations",
            ),
            Command("tasks", "List the tasks, with the contract of each.", "listing", "tasks"),
            Command("corpora", "List the corpora: the texts to measure on.", "listing", "corpora"),
        ),
        default="implementations",
    ),
    Group(
        "profile",
        "Look into a call: its steps, its instructions or its memory.",
        (
            Command(
                "steps",
                "Show where a call's time goes.",
                "breakdown",
                "breakdown",
                shows_progress=True,
            ),
            Command(
                "instructions",
                "Count the instructions of a call, to compare it across commits.",
                "count",
                "count",
                shows_progress=True,
            ),
            Command(
                "memory",
                "Show time and memory of the first call in a fresh process.",
                "memory",
                "memory",
                shows_progress=True,
            ),
        ),
    ),
    Command(
        "show", "Show recorded runs: as tables, CSV, Markdown, Parquet or a page.", "show", "show"
    ),
    Group(
        "job",
        "Find out what a preparation gains in a whole job.",
        (
            Command(
                "measure",
                "Measure whole jobs: prepare a file, train a model, evaluate it.",
                "end_to_end",
                "measure",
                shows_progress=True,
            ),
            Command(
                "tokens",
                "Measure which share of a job making byte-pair tokens is.",
                "token_job",
                "tokens",
                shows_progress=True,
            ),
            Command(
                "predict",
                "Predict what a preparation would gain in a job that you describe.",
                "job",
                "predict",
                shows_progress=True,
            ),
        ),
    ),
    Group(
        "data",
        "Prepare texts of any size for training.",
        (
            Command(
                "prepare",
                "Write nanoGPT's train.bin and val.bin, and a manifest.",
                "prepare",
                "prepare",
                shows_progress=True,
            ),
            Command(
                "check", "Compare prepared shards with their manifest.", "prepare", "check_shards"
            ),
            Command(
                "bench",
                "Measure a preparation in turn with its limit.",
                "preparation_rounds",
                "bench",
                shows_progress=True,
            ),
            Command(
                "cost",
                "Predict how long a preparation takes for texts of any size.",
                "cost",
                "cost",
                shows_progress=True,
            ),
        ),
    ),
    Group(
        "model",
        "Train the reference GPT, and write texts with it.",
        (
            Command(
                "train",
                "Train from files to a validation loss.",
                "train",
                "train",
                shows_progress=True,
            ),
            Command("sample", "Let a trained model write a text.", "sample", "sample"),
            Command(
                "race",
                "Measure how fast TinyShakespeare can be learnt here.",
                "divisions",
                "race",
                shows_progress=True,
            ),
        ),
    ),
    Command(
        "doctor",
        "Check the machine, the build and this harness itself.",
        "doctor",
        "doctor",
        shows_progress=True,
    ),
    Group(
        "dev",
        "For those who write implementations or publish results.",
        (
            Command("new", "Begin an implementation in this checkout.", "new", "new"),
            Command(
                "watch", "After each save, rebuild, test and compare with before.", "watch", "watch"
            ),
            Command(
                "record", "Promote the newest run of a command to results.", "record", "record"
            ),
            Command("splice", "Fill a document's tables from a recorded run.", "splice", "splice"),
            Command("publish", "Write a site of all recorded results.", "publish", "publish"),
            Command("builds", "Show or remove kept builds of the Rust module.", "builds", "builds"),
        ),
    ),
)
"""The commands, in the order of the help."""
