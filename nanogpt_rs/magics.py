"""The magics ``%compare`` and ``%%compare`` of notebooks; ``%load_ext nanogpt_rs`` loads them."""

from __future__ import annotations

import argparse
import ast
import shlex
from types import FunctionType
from typing import Any, NoReturn

from nanogpt_rs.api import Comparison, NotComparableError, compare
from nanogpt_rs.ruler.callables import LoadError, compiled, parsed
from nanogpt_rs.ruler.errors import UserError

USAGE = (
    "%compare slow(text), fast(text) compares two expressions; %%compare compares the two "
    "statements of a cell. The first is the reference"
)


def load_ipython_extension(ipython: Any) -> None:
    """Add the magics to a session of IPython."""

    def compare_magic(line: str, cell: str | None = None) -> Comparison:
        from IPython.core.error import UsageError

        try:
            return compared(line, cell, ipython.user_ns)
        except UserError as error:  # IPython shows a UsageError without a traceback
            hint = f"\nhint: {error.hint}" if error.hint else ""
            raise UsageError(f"{error}{hint}") from None

    compare_magic.__doc__ = f"{USAGE}. Options: --no-check, --tolerance, --seconds, --precise."
    ipython.register_magic_function(compare_magic, "line_cell", "compare")


class Options(argparse.ArgumentParser):
    """Parses the options of a magic; a wrong one is an error of the user's."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of ending the program."""
        raise NotComparableError(message, hint=USAGE)


def compared(line: str, cell: str | None, names: dict[str, Any]) -> Comparison:
    """Return the comparison of two expressions of a line, or of two statements of a cell.

    Args:
        line: The rest of the magic's line.
        cell: The cell below it; ``None`` for a magic of one line.
        names: The session's variables, of which each process gets copies.

    Raises:
        UserError: There are not two, or they cannot be compared.
    """
    parser = Options(prog="%compare", add_help=False)
    parser.add_argument("--no-check", dest="check", action="store_false")
    parser.add_argument("--precise", action="store_true")
    parser.add_argument("--tolerance", type=float, default=0.0)
    parser.add_argument("--seconds", type=float)
    words, rest = options_in(line)
    options = parser.parse_args(words)
    if cell is not None and rest:
        raise NotComparableError(f"{rest!r}: a cell's line holds options alone", hint=USAGE)
    statements = statements_of(rest if cell is None else cell, one_line=cell is None)
    if len(statements) != 2:
        raise NotComparableError(f"{len(statements)} things to compare, and not two", hint=USAGE)
    slow, fast = (function_of(statement, names) for statement in statements)
    return compare(slow, fast, **vars(options))


def options_in(line: str) -> tuple[list[str], str]:
    """Return the options at the beginning of a line, and the rest."""
    words: list[str] = []
    rest = line.strip()
    while rest.startswith("--"):
        word, _, rest = rest.partition(" ")
        words.append(word)
        rest = rest.strip()
        if word in {"--tolerance", "--seconds"}:
            value, _, rest = rest.partition(" ")
            words.append(value)
    return [part for word in words for part in shlex.split(word)], rest.strip()


def statements_of(text: str, *, one_line: bool) -> list[str]:
    """Return the expressions of a line that commas separate, or the statements of a cell.

    Raises:
        NotComparableError: It is not Python.
    """
    try:
        tree = parsed(text, "the statement")
    except LoadError as error:
        raise NotComparableError(str(error), hint=USAGE) from None
    nodes: list[ast.AST] = list(tree.body)
    if one_line and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
        value = tree.body[0].value
        nodes = list(value.elts) if isinstance(value, ast.Tuple) else [value]
    return [ast.get_source_segment(text, node) or ast.unparse(node) for node in nodes]


def function_of(statement: str, names: dict[str, Any]) -> FunctionType:
    """Return a function that runs a statement with a session's variables."""
    made = compiled(statement, names)["call"]
    function = FunctionType(made.__code__, names, "statement")
    function.__qualname__ = " ".join(statement.split())[:60]
    function.__module__ = "__main__"
    return function
