"""Tables of any words fit any width, lose no word, and break where they may."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from nanogpt_rs.commands import layout

IDS = st.from_regex(r"(python|rust|limit)/[a-z]{1,12}(_[a-z]{1,12}){0,3}", fullmatch=True)
PROSE = st.lists(st.text("abcdéß漢字,.", min_size=1, max_size=12), max_size=12).map(" ".join)
FIGURES = st.from_regex(r"[0-9]{1,4}\.[0-9]{2} ms( \[[0-9]{1,3}, [0-9]{1,3}\])?", fullmatch=True)
CELLS = {layout.Kind.ID: IDS, layout.Kind.PROSE: PROSE, layout.Kind.FIGURE: FIGURES}


@st.composite
def tables(draw: st.DrawFn) -> layout.Table:
    """A table of up to six columns, some of which may stack below others."""
    kinds = draw(st.lists(st.sampled_from(list(layout.Kind)), min_size=1, max_size=6))
    columns = []
    for number, kind in enumerate(kinds):
        under = draw(st.sampled_from([None, *range(number)]))
        turn = draw(st.integers(0, 2))
        head = f"H{number} " + draw(st.sampled_from(["one call", "x python/set", "idea"]))
        columns.append(layout.Column(head, kind, under, turn, right=draw(st.booleans())))
    table = layout.Table(columns, draw(PROSE))
    for _ in range(draw(st.integers(0, 5))):
        table.add(*(draw(CELLS[kind]) for kind in kinds))
    return table


def without_space(words: str) -> str:
    """Return words without white space, and without the rule below headings."""
    return re.sub(r"\s|~", "", words)


@given(tables(), st.none() | st.integers(1, 130))
def test_a_table_fits_and_holds_every_character(table: layout.Table, room: int | None) -> None:
    lines = [line.words for line in layout.lines_of(table, room, rule="~")]
    shown = Counter(without_space("".join(lines)))
    words = "".join([table.title, *(cell for row in table.rows for cell in row)])
    assert Counter(without_space(words)) - shown == Counter()
    pieces = (piece for line in lines for piece in re.split(r" +|(?<=[/_])(?=[^/_ ])", line))
    longest = max(map(cell_len, pieces), default=0)
    # Where even blocks do not fit, what may not be broken sticks out.
    if room is not None and room >= 2 * longest + 8:
        assert max(map(cell_len, lines), default=0) <= room


@given(tables())
def test_without_a_limit_each_row_is_one_line(table: layout.Table) -> None:
    alone = layout.Table([layout.Column(c.head, c.kind, right=c.right) for c in table.columns])
    for row in table.rows:
        alone.add(*row)
    lines = [line.words for line in layout.lines_of(alone, None)]
    assert len(lines) == 2 + len(table.rows)
    for row, line in zip(alone.rows, lines[2:], strict=True):
        assert all(cell in line for cell in row)


@pytest.mark.parametrize("room", range(30, 61))
def test_an_id_breaks_after_a_slash_or_an_underscore_only(room: int) -> None:
    names = ["python/list_comprehension", "rust/id_table_avx512", "limit/read_and_touch"]
    table = layout.Table([layout.ids("implementation"), *[layout.figures("one call")] * 3])
    for name in names:
        table.add(name, "123 ms", "456 ms", "7.89 ms")
    lines = [line.words for line in layout.lines_of(table, room)]
    shown = "\n".join(line.strip().split("  ")[0] for line in lines)
    for name in names:
        broken = re.escape(name).replace("/", "/\\n?").replace("_", "_\\n?")
        assert re.search(broken, shown), shown


def test_columns_stack_in_their_turn_and_ids_break_last() -> None:
    table = layout.Table(
        [
            layout.ids("implementation"),
            layout.figures("one call"),
            layout.figures("over builds", under=1, turn=1),
            layout.Column("verdict", under=1, turn=2),
        ]
    )
    table.add("python/list_comprehension", "28.4 ms", "28.1 to 29.0 ms", "reference")

    def rows(room: int) -> list[list[str]]:
        lines = [line.words for line in layout.lines_of(table, room)]
        start = next(number for number, line in enumerate(lines) if set(line) <= {"-", " "})
        return [line.split("  ") for line in lines[start + 1 :]]

    assert len(rows(80)) == 1
    assert len(rows(60)) == 2
    assert [line[0] for line in rows(43)] == ["python/list_comprehension", "", ""]
    assert [line[0].strip() for line in rows(40)][:2] == ["python/list_", "comprehension"]
    assert layout.lines_of(table, 20)[0].words == "implementation:"


def test_commands_in_a_hint_are_not_broken() -> None:
    short, long = "make build", "nanogpt-rs compare charset python/set rust/ahash --corpus text.txt"
    hint = f"hint: for example: `{long}`; `{short}` comes first, and says how far it is"
    assert layout.wrapped_hint(hint, None) == [hint]
    for width in range(24, len(hint)):
        lines = layout.wrapped_hint(hint, width)
        assert f"  {long}" in lines or f"`{long}`" in "".join(lines)
        assert any(short in line for line in lines)
        assert all(len(line) <= width for line in lines if line.strip() != long)
        kept = " ".join(" ".join(lines).replace("`", "").split())
        assert kept.replace("; ", " ") == hint.replace("`", "").replace("; ", " ")
