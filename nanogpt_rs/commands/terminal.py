r"""Standard output and standard error as a terminal, a pipe or a file can show them.

On a terminal, sentences wrap at words and tables fit its width. Into a pipe or a file, a sentence
is one line and a table is as wide as it needs to be. What the encoding cannot show is spelled with
backslashes, such as ``\xe9``.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from nanogpt_rs.commands.layout import Line, Table, lines_of, wrapped_hint, wrapped_words

if TYPE_CHECKING:
    from rich.console import Console

UNKNOWN_WIDTH = 80
"""Width of a terminal that does not say how wide it is."""
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that move a terminal's cursor or change its state; tab and line break are harmless."""

FORCED = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""Variables by which rich takes a pipe for a terminal."""


class Terminal:
    """Standard output or standard error, on which nothing is cut off and no character fails.

    Attributes:
        stderr: Whether it is standard error.
        after_space: Whether the line that was printed last is empty, or none was printed.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        self.stderr = stderr
        self.after_space = True

    @cached_property
    def console(self) -> Console:
        """The console of rich, for styles and progress bars. Importing rich takes long."""
        from rich.console import Console

        # rich takes NO_COLOR for "no colour", and would still write bold text.
        plain = bool(os.environ.get("NO_COLOR"))
        return Console(
            stderr=self.stderr,
            highlight=False,
            color_system=None if plain else "auto",
            emoji=False,
        )

    @property
    def file(self) -> TextIO:
        """The stream as it is now."""
        return sys.stderr if self.stderr else sys.stdout

    @property
    def encoding(self) -> str:
        """The encoding of the stream, in small letters."""
        return (getattr(self.file, "encoding", None) or "utf-8").lower()

    @property
    def needs_rich(self) -> bool:
        """Whether styles may be shown: on a terminal, in a notebook, or where they are forced."""
        return (
            self.file.isatty()
            or any(os.environ.get(name) for name in FORCED)
            or "IPython" in sys.modules
        )

    @property
    def room(self) -> int | None:
        """Most characters of a line, or ``None`` for a pipe and a file, which have no limit.

        The environment variable COLUMNS sets it for all of them.
        """
        wish = os.environ.get("COLUMNS", "")
        if wish.isdecimal() and int(wish):
            return int(wish)
        try:
            if not self.file.isatty():
                return None
            return os.get_terminal_size(self.file.fileno()).columns or UNKNOWN_WIDTH
        except (OSError, ValueError):  # a stream without a descriptor, such as a notebook's
            return None

    def shown(self, words: str) -> str:
        """Return words with everything spelled that this stream cannot show."""
        visible = CONTROLS.sub(lambda found: repr(found[0])[1:-1], words)
        return visible.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def say(self, words: str, style: str = "") -> None:
        """Print sentences, on a terminal wrapped at words."""
        for line in wrapped_words(self.shown(words), self.room):
            self.put(Line(line, style))

    def say_hint(self, hint: str) -> None:
        """Print what to do, on a terminal wrapped at words but in no command."""
        for line in wrapped_hint(self.shown(f"hint: {hint}"), self.room):
            self.put(Line(line))

    def say_path(self, path: os.PathLike[str] | str) -> None:
        """Print a path or a command line on one line, however long, so that it can be copied."""
        self.put(Line(self.shown(str(path))))

    def show(self, table: Table) -> None:
        """Print a table, with an empty line above its title."""
        if table.title and not self.after_space:
            self.say("")
        rule = "\u2500" if self.encoding.startswith("utf") else "-"
        for line in lines_of(self.spelled(table), self.room, rule):
            self.put(line)

    def spelled(self, table: Table) -> Table:
        """Return a table with everything spelled that this stream cannot show."""
        return Table(
            [replace(column, head=self.shown(column.head)) for column in table.columns],
            self.shown(table.title),
            [tuple(map(self.shown, row)) for row in table.rows],
            table.styles,
            table.narrow and self.spelled(table.narrow),
        )

    def put(self, line: Line) -> None:
        """Print one line as it is."""
        self.after_space = not line.words
        if not self.needs_rich:
            self.file.write(f"{line.words}\n")
            self.file.flush()
            return
        from rich.text import Text

        self.console.print(Text(line.words, style=line.style), soft_wrap=True)


def use_plain_text() -> None:
    """Make standard output and standard error fail at no character, whatever their encoding.

    Python writes UTF-8 where the locale was set to C or POSIX, whose terminals may know ASCII
    alone.
    """
    environ = os.environ
    asked = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    chosen = environ.get("PYTHONIOENCODING") or environ.get("PYTHONUTF8")
    settings: dict[str, Any] = {"errors": "backslashreplace"}
    if asked in {"C", "POSIX"} and not chosen:
        settings["encoding"] = "ascii"
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            reconfigure(stream, settings)


def reconfigure(stream: Any, settings: dict[str, Any]) -> None:
    """Change the encoding of a stream, unless it is closed."""
    try:
        stream.reconfigure(**settings)
    except (OSError, ValueError):
        return
