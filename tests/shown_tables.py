"""Tables as the terminal shows them, read back from the text, and terminals to show them on."""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

RULE = re.compile(r"[-\u2500]+(  [-\u2500]+)*")
"""The line below the headings of a table."""


def tables_in(text: str) -> list[list[list[str]]]:
    """Return the tables in a text: the cells of each line below the headings.

    A table ends with the first line that does not keep to its columns.
    """
    lines = text.splitlines()
    tables = []
    for number, line in enumerate(lines):
        if not RULE.fullmatch(line):
            continue
        spans = [found.span() for found in re.finditer(r"[-\u2500]+", line)]
        last = number + 1
        while last < len(lines) and keeps_to(lines[last], spans):
            last += 1
        rows = lines[number + 1 : last]
        tables.append([[row[start:end].strip() for start, end in spans] for row in rows])
    return tables


def keeps_to(line: str, spans: Sequence[tuple[int, int]]) -> bool:
    """Return whether a line has words in the columns of a table and none between them."""
    gaps = [line[end : end + 2] for _, end in spans[:-1]]
    return bool(line.strip()) and not any(gap.strip() for gap in gaps) and len(line) <= spans[-1][1]


def on_terminal(
    words: Sequence[str],
    columns: int,
    folder: Path,
    changes: Mapping[str, str | None] | None = None,
) -> tuple[str, int]:
    """Run nanogpt-rs on a terminal of this width; return what it wrote and its exit status.

    Args:
        words: Words after the command's name.
        columns: Width of the terminal.
        folder: Working folder.
        changes: Environment variables to set, or with ``None`` to remove.
    """
    command = [str(Path(sys.executable).with_name("nanogpt-rs")), *words]
    return run_on_terminal(command, columns, folder, changes)


def run_on_terminal(
    command: Sequence[str],
    columns: int,
    folder: Path,
    changes: Mapping[str, str | None] | None = None,
) -> tuple[str, int]:
    """Run a command on a terminal of this width; return what it wrote and its exit status.

    Args:
        command: The command.
        columns: Width of the terminal.
        folder: Working folder.
        changes: Environment variables to set, or with ``None`` to remove.
    """
    import pty  # the tests that need no terminal also run on Windows
    from fcntl import ioctl
    from termios import TIOCSWINSZ

    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    removed = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS"}
    environment = {name: value for name, value in os.environ.items() if name not in removed}
    environment |= {"TERM": "xterm-256color"}
    for name, value in (changes or {}).items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=environment,
        close_fds=True,
    )
    os.close(theirs)
    written = b""
    try:
        while select.select([ours], [], [], 100)[0]:
            if not (part := os.read(ours, 65536)):
                break
            written += part
    except OSError:  # Linux says so when the last process has closed the terminal
        pass
    finally:
        os.close(ours)
    status = process.wait(timeout=100)
    return written.decode(errors="surrogateescape").replace("\r\n", "\n"), status
