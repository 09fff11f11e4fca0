"""Where the ratio between two implementations comes from: cores, size, memory, result, the rest.

Authors of libraries publish ratios that hold for one way of measuring: an array on one side and a
list on the other, a text that one side has seen before, all cores against one. From the cells of a
run the same ratio is built up in steps, each of which changes one thing. Their product is the
headline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from nanogpt_rs.records.schema import Cell
from nanogpt_rs.ruler.rounds import NEW_TEXT
from nanogpt_rs.ruler.tasks import TASKS

WARM = "warm"


@dataclass(frozen=True)
class Factor:
    """One step from a fair comparison to a headline.

    Attributes:
        name: ``rest``, ``cores``, ``size``, ``memory`` or ``result``.
        words: What is compared after this step.
        factor: How many times larger this step makes the ratio.
        ratio: The first implementation's time over the second's after this step.
    """

    name: str
    words: str
    factor: float
    ratio: float


@dataclass(frozen=True)
class Decomposition:
    """The ratio between two implementations of a task, in steps.

    Attributes:
        task: Name of the task.
        corpus: Id of the largest text that both were measured on.
        first: Id of the implementation whose time is divided.
        second: Id of the one by whose time it is divided.
        factors: The steps. The product of their factors is the last one's ratio.
    """

    task: str
    corpus: str
    first: str
    second: str
    factors: tuple[Factor, ...]


class Measured:
    """The cells of a run that have a time, by task, id, corpus and state."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        timed = [cell for cell in cells if cell.seconds and not cell.limit]
        self.cells: Mapping[tuple[str, str, str, str], Cell] = {
            (cell.task, cell.id, cell.corpus, cell.state): cell for cell in timed
        }
        self.on_texts: dict[tuple[str, str, str], list[Cell]] = {}
        for cell in sorted(self.cells.values(), key=lambda cell: cell.characters):
            self.on_texts.setdefault((cell.task, cell.id, cell.state), []).append(cell)

    def tasks(self) -> list[str]:
        """Return the tasks that were measured."""
        return list(dict.fromkeys(task for task, _, _, _ in self.cells))

    def ids(self, task: str) -> list[str]:
        """Return the ids that were measured of a task."""
        return list(dict.fromkeys(key[1] for key in self.cells if key[0] == task))

    def texts(self, task: str, state: str, *ids: str) -> list[Cell]:
        """Return the first id's cells on the texts that all ids were measured on, by length."""
        return [
            cell
            for cell in self.on_texts.get((task, ids[0], state), ())
            if all((task, other, cell.corpus, state) in self.cells for other in ids)
        ]

    def ratio(self, task: str, first: str, second: str, corpus: str, state: str) -> float | None:
        """Return the time of one implementation over another's, ``None`` if one has none.

        The ratio is the paired one where both were compared with the same reference.
        """
        cells = [self.cells.get((task, id, corpus, state)) for id in (first, second)]
        return None if None in cells else paired_ratio(*filter(None, cells))


def paired_ratio(first: Cell, second: Cell) -> float:
    """Return the time of the first cell over the second's, from pairs of the same rounds if any."""

    def over_references(cell: Cell) -> dict[tuple[str, str], float]:
        """Return the time of each reference over the cell's, by its role and id."""
        return {
            (against.role, against.id): against.comparison.ratio
            for against in cell.against
            if against.comparison.ratio is not None
        }

    of_first, of_second = over_references(first), over_references(second)
    for (_, id), ratio in of_second.items():
        if id == first.id:
            return ratio
    for (_, id), ratio in of_first.items():
        if id == second.id:
            return 1 / ratio
    for reference, ratio in of_second.items():
        if reference in of_first:
            return ratio / of_first[reference]
    assert first.seconds is not None
    assert second.seconds is not None
    return first.seconds / second.seconds


def decompositions(cells: Sequence[Cell]) -> Iterator[Decomposition]:
    """Yield the ratio of each two implementations of each task, the slower one's time first.

    Tasks of which nothing can be told apart, because each was measured in one way, are left out.
    """
    measured = Measured(cells)
    for task in measured.tasks():
        for one, other in combinations(measured.ids(task), 2):
            result = decomposition(measured, task, one, other)
            if result is not None and result.factors[-1].ratio < 1:
                result = decomposition(measured, task, other, one)
            if result is not None and len(result.factors) > 1:
                yield result


def decomposition(measured: Measured, task: str, first: str, second: str) -> Decomposition | None:
    """Return the ratio between two implementations, ``None`` if they share no text and state.

    Args:
        measured: What was measured.
        task: Name of the task.
        first: Id of the implementation whose time is divided.
        second: Id of the one by whose time it is divided.
    """
    state = NEW_TEXT if measured.texts(task, NEW_TEXT, first, second) else WARM
    texts = measured.texts(task, state, first, second)
    if not texts:
        return None
    large = texts[-1]
    small = next(text for text in texts if kind(text.corpus) == kind(large.corpus))

    def ratio_in(corpus: str, of_state: str) -> float | None:
        return measured.ratio(task, first, second, corpus, of_state)

    new = "a text that is new to both" if state == NEW_TEXT else "a text that both have seen"
    ratio = ratio_in(small.corpus, state)
    assert ratio is not None
    start = f"one core, {small.characters:,} characters of {new}"
    cores = cores_of(measured, task, second, small) / cores_of(measured, task, first, small)
    factors = [Factor("rest", start, ratio / cores, ratio / cores)]

    def add(name: str, words: str, after: float | None) -> None:
        if after is not None:
            factors.append(Factor(name, words, after / factors[-1].ratio, after))

    if cores != 1:
        add("cores", "the cores that each keeps busy", ratio)
    if small.corpus != large.corpus:
        words = f"{large.characters:,} characters instead of {small.characters:,}"
        add("size", words, ratio_in(large.corpus, state))
    if state == NEW_TEXT:
        words = "the same text again, which memories of texts and pieces answer"
        add("memory", words, ratio_in(large.corpus, WARM))
    list_cell = measured.cells.get((task, second, large.corpus, WARM))
    # Functions of a user's own, and tasks of other versions, are in no list of tasks.
    as_array = TASKS[task].as_array if task in TASKS else None
    array_cell = measured.cells.get((as_array, second, large.corpus, WARM)) if as_array else None
    if list_cell and array_cell and list_cell.seconds and array_cell.seconds:
        after = factors[-1].ratio * list_cell.seconds / array_cell.seconds
        add("result", f"an array by {second}, still a list by {first}", after)
    return Decomposition(task, large.corpus, first, second, tuple(factors))


def cores_of(measured: Measured, task: str, id: str, text: Cell) -> float:
    """Return how many cores an implementation kept busy; 1 if it is held to one."""
    return measured.cells[task, id, text.corpus, text.state].cores or 1.0


def kind(corpus: str) -> tuple[str, str]:
    """Return what texts share that differ in their length alone: language and width of characters.

    Ids name language, size and width.
    """
    parts = corpus.rsplit("-", 2)
    return (parts[0], parts[2]) if len(parts) == 3 else (corpus, "")
