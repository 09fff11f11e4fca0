"""Lays tables out as lines of text that fit a width, without cutting anything off.

Where a table is too wide, its prose wraps at words, then columns stack below others in the order
that the table gives, then ids break at ``/`` or ``_``, then numbers break before their intervals.
Where even that is too wide, each row becomes a block with a line for each column. Without a limit,
each row is one line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import product

from rich.cells import cell_len

GAP = 2
"""Spaces between two columns."""
ENOUGH = 24
"""Columns of prose wrap to this width before other columns stack, unless they need more."""


class Kind(Enum):
    """What a column holds, which decides where its cells may be broken."""

    ID = auto()
    """Ids: after ``/`` or ``_``, as the last resort."""
    PROSE = auto()
    """Sentences: at words, but not before a unit, before anything else is changed."""
    FIGURE = auto()
    """Numbers with units: before a bracket, or before " on "."""


BETWEEN_WORDS = r"\s+(?!(?:[mun]?s|min|h|[kMGT]?B|%)(?!\w))"
"""White space, but not before a unit."""
BREAKS = {
    Kind.ID: re.compile(rf"({BETWEEN_WORDS}|(?<=[/_])(?=[^/_\s]))"),
    Kind.PROSE: re.compile(f"({BETWEEN_WORDS})"),
    Kind.FIGURE: re.compile(r"(\s+(?=[\[(]|on ))"),
}
"""Where a cell may be broken; the white space of such a place is dropped where a line ends."""
HEADING = BREAKS[Kind.ID]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        head: Its heading.
        kind: What its cells hold.
        under: Position of the column below whose cells this one's go where the table is too wide.
            ``None``: it stays a column.
        turn: When it goes there: columns of turn 1 before those of turn 2, those of 0 always.
        right: Whether its cells are aligned to the right.
        enough: Width to which prose wraps before other columns stack.
    """

    head: str
    kind: Kind = Kind.FIGURE
    under: int | None = None
    turn: int = 1
    right: bool = False
    enough: int = ENOUGH


def ids(head: str, under: int | None = None, turn: int = 1) -> Column:
    """Return a column of ids."""
    return Column(head, Kind.ID, under, turn)


def prose(head: str, under: int | None = None, turn: int = 1, enough: int = ENOUGH) -> Column:
    """Return a column of words."""
    return Column(head, Kind.PROSE, under, turn, enough=enough)


def figures(head: str, under: int | None = None, turn: int = 1) -> Column:
    """Return a column of numbers, aligned to the right."""
    return Column(head, Kind.FIGURE, under, turn, right=True)


@dataclass
class Table:
    """A table of words.

    Attributes:
        columns: Its columns.
        title: The line above it, if any.
        rows: The words of each row, one for each column.
        styles: Style of each row, as rich names it: "" or "dim" or "bold".
        narrow: The same in other columns, for where this table only fits with broken cells.
    """

    columns: Sequence[Column]
    title: str = ""
    rows: list[tuple[str, ...]] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    narrow: Table | None = None

    def add(self, *cells: str, style: str = "") -> None:
        """Add a row.

        Raises:
            ValueError: It does not have a cell for each column.
        """
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for {len(self.columns)} columns")
        self.rows.append(cells)
        self.styles.append(style)


@dataclass(frozen=True)
class Line:
    """A line of a table, and its style as rich names it."""

    words: str
    style: str = ""


def wrapped(words: str, breaks: re.Pattern[str], width: int | None) -> list[str]:
    """Return words in lines of this width at most, broken only where they may be.

    What may not be broken and is wider than the width stands on a line of its own and sticks out.

    Args:
        words: The words; a line break in them stays one.
        breaks: Where they may be broken, of ``BREAKS``.
        width: Most characters of a line. ``None``: no limit.
    """
    lines = []
    for paragraph in words.split("\n"):
        if width is None or cell_len(paragraph) <= width:
            lines.append(paragraph)
            continue
        line, *rest = breaks.split(paragraph)
        for space, piece in zip(rest[::2], rest[1::2], strict=True):
            if line and cell_len(line + space + piece) > width:
                lines.append(line)
                line = piece
            else:
                line += space + piece
        lines.append(line)
    return lines


def wrapped_words(words: str, width: int | None) -> list[str]:
    """Return a sentence in lines of this width at most, broken only between words."""
    return wrapped(words, BREAKS[Kind.PROSE], width)


COMMAND = re.compile(r"`([^`]+)`")
"""A command in a sentence."""
OUTSIDE_COMMANDS = re.compile(r"(\s+)(?=[^`]*(?:`[^`]*`[^`]*)*$)")
"""White space that is in no command."""


def wrapped_hint(hint: str, width: int | None) -> list[str]:
    """Return a sentence in lines of this width at most, but each of its commands on one line.

    A command that takes more than half a line has one to itself, without the marks around it, so
    that it can be copied.

    Args:
        hint: The sentence; its commands stand in backquotes.
        width: Most characters of a line, commands apart. ``None``: no limit.
    """
    if width is None or cell_len(hint) <= width:
        return [hint]
    lines: list[str] = []
    prose = ""
    for number, part in enumerate(COMMAND.split(hint)):
        if number % 2 == 0:
            prose += part if prose else part.lstrip(" ;,.")
        elif cell_len(part) <= width // 2:
            prose += f"`{part}`"
        else:
            lines += wrapped(prose.strip(), OUTSIDE_COMMANDS, width) if prose.strip() else []
            lines.append(f"  {part}")
            prose = ""
    return lines + (wrapped(prose.strip(), OUTSIDE_COMMANDS, width) if prose.strip() else [])


def least_width(words: str, breaks: re.Pattern[str]) -> int:
    """Return the width that words need when they are broken wherever they may be."""
    return max(cell_len(piece) for part in words.split("\n") for piece in breaks.split(part)[::2])


Place = tuple[int, ...]
"""Positions of the columns that share one place in a table, one below the other."""


def stacked(table: Table, turn: int) -> list[Place]:
    """Return the places of a table in which the columns up to this turn are stacked."""
    places: dict[int, list[int]] = {}
    for number in range(len(table.columns)):
        home = number
        while (below := table.columns[home].under) is not None and table.columns[home].turn <= turn:
            home = below
        places.setdefault(home, []).append(number)
    return [tuple(numbers) for _, numbers in sorted(places.items())]


def head_width(table: Table, place: Place) -> int:
    """Return the width at which no heading of a place is broken."""
    return max(cell_len(table.columns[number].head) for number in place)


def natural_width(table: Table, place: Place) -> int:
    """Return the width at which no cell of a place is broken; a heading may be."""
    heads = [least_width(table.columns[number].head, HEADING) for number in place]
    cells = [row[number] for row in table.rows for number in place]
    return max(heads + [cell_len(line) for cell in cells for line in cell.split("\n")])


def least_of(table: Table, place: Place, broken: frozenset[Kind]) -> int:
    """Return the width that a place needs where cells of these kinds are broken.

    Prose may always be broken; it keeps the width that is enough for it, unless it is among them.
    """
    widest = 0
    for number in place:
        column = table.columns[number]
        widest = max(widest, least_width(column.head, HEADING))
        for row in table.rows:
            whole = max(map(cell_len, row[number].split("\n")))
            if column.kind in broken or column.kind is Kind.PROSE:
                least = least_width(row[number], BREAKS[column.kind])
                whole = least if column.kind in broken else max(least, min(whole, column.enough))
            widest = max(widest, whole)
    return widest


def fitted(widths: Sequence[int], least: Sequence[int], room: int) -> list[int] | None:
    """Return widths that fit into a room, the widest made narrower first; ``None`` if none do.

    Args:
        widths: Widths that would be best.
        least: Widths that each place needs.
        room: Width of the table.
    """
    room -= GAP * (len(widths) - 1)
    if sum(least) > room:
        return None
    now = list(widths)
    while sum(now) > room:
        number = max(
            (number for number in range(len(now)) if now[number] > least[number]),
            key=lambda number: now[number],
        )
        now[number] -= 1
    return now


def arranged(
    table: Table, room: int, broken: frozenset[Kind]
) -> tuple[list[Place], list[int]] | None:
    """Return the places of a table in a room and their widths, or ``None`` if it does not fit.

    Args:
        table: The table.
        room: Its width.
        broken: The kinds of cells that may be broken.
    """
    turns = {column.turn for column in table.columns if column.under is not None}
    for turn in sorted({0, *turns}):
        places = stacked(table, turn)
        natural = [natural_width(table, place) for place in places]
        least = [least_of(table, place, broken) for place in places]
        if (widths := fitted(natural, least, room)) is not None:
            heads = [head_width(table, place) for place in places]
            return places, with_heads(widths, heads, room)
    return None


def with_heads(widths: Sequence[int], heads: Sequence[int], room: int) -> list[int]:
    """Return widths that give what is left of the room to broken headings, from left to right."""
    left = room - sum(widths) - GAP * (len(widths) - 1)
    wider = []
    for width, head in zip(widths, heads, strict=True):
        more = min(left, max(0, head - width))
        left -= more
        wider.append(width + more)
    return wider


WAYS = (
    frozenset[Kind](),
    frozenset({Kind.ID}),
    frozenset({Kind.FIGURE}),
    frozenset({Kind.ID, Kind.FIGURE}),
    frozenset(Kind),
)
"""The kinds of cells that are broken until a table fits; the first way that fits is taken."""


def lines_of(table: Table, room: int | None, rule: str = "-") -> list[Line]:
    """Return the lines of a table, its title included.

    Args:
        table: The table.
        room: Most characters of a line. ``None``: no limit.
        rule: Character of the line below the headings.
    """
    title = [Line(words, "bold") for words in wrapped_words(table.title, room) if table.title]
    if room is None:
        places = stacked(table, 0)
        widths = [max(head_width(table, place), natural_width(table, place)) for place in places]
        return title + drawn(table, places, widths, rule)
    for broken, form in product(WAYS, (table, table.narrow)):
        if form is not None and (fit := arranged(form, room, broken)) is not None:
            return title + drawn(form, *fit, rule)
    return title + blocks(table, room)


def drawn(table: Table, places: Sequence[Place], widths: Sequence[int], rule: str) -> list[Line]:
    """Return the lines of a table whose places have these widths."""
    heads = [
        [line for number in place for line in wrapped(table.columns[number].head, HEADING, width)]
        for place, width in zip(places, widths, strict=True)
    ]
    lines = [Line(words, "bold") for words in joined(table, places, widths, heads)]
    lines.append(Line((" " * GAP).join(rule * width for width in widths)))
    for row, style in zip(table.rows, table.styles, strict=True):
        cells = [
            [line for number in place for line in cell_lines(table, row, number, width)]
            for place, width in zip(places, widths, strict=True)
        ]
        lines += [Line(words, style) for words in joined(table, places, widths, cells)]
    return lines


def cell_lines(table: Table, row: Sequence[str], number: int, width: int) -> list[str]:
    """Return the lines of a cell; none for one that is empty and stacked below another."""
    column = table.columns[number]
    if not row[number] and column.under is not None:
        return []
    return wrapped(row[number], BREAKS[column.kind], width)


def joined(
    table: Table, places: Sequence[Place], widths: Sequence[int], cells: Sequence[Sequence[str]]
) -> list[str]:
    """Return the lines of a row, from the lines of each of its cells."""
    lines = []
    for height in range(max(map(len, cells), default=0)):
        parts = []
        for place, width, of_cell in zip(places, widths, cells, strict=True):
            words = of_cell[height] if height < len(of_cell) else ""
            space = " " * (width - cell_len(words))
            right = table.columns[place[0]].right
            parts.append(space + words if right else words + space)
        lines.append((" " * GAP).join(parts).rstrip())
    return lines


def blocks(table: Table, room: int) -> list[Line]:
    """Return a table as a block of lines for each row, a line or more for each column."""
    lines = []
    for row, style in zip(table.rows, table.styles, strict=True):
        for column, cell in zip(table.columns, row, strict=True):
            if cell:
                words = f"{column.head}: {cell}"
                first, *rest = wrapped(words, BREAKS[column.kind], room - GAP)
                lines += [
                    Line(words, style) for words in (first, *(" " * GAP + line for line in rest))
                ]
        lines.append(Line(""))
    return lines[:-1]
