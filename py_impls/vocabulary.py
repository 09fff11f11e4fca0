"""For encoders and decoders: a checked vocabulary, and the errors for what is outside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def ids_by_character(vocabulary: Sequence[str]) -> dict[str, int]:
    """Map each character to its index in ``vocabulary``.

    Raises:
        TypeError: ``vocabulary`` is not a sequence, or an entry is not a ``str``.
        ValueError: An entry is not a single character, or the entries are not in strictly rising
            code-point order.
    """
    if not isinstance(vocabulary, Sequence):
        raise TypeError(f"vocabulary is {type(vocabulary).__name__}, not a sequence of str")
    previous = ""
    for entry, character in enumerate(vocabulary):
        if not isinstance(character, str):
            raise TypeError(f"vocabulary entry {entry} is {type(character).__name__}, not str")
        if len(character) != 1:
            raise ValueError(f"vocabulary entry {entry} is {character!r}, not a single character")
        if character == previous:
            raise ValueError(
                f"vocabulary holds {named(character)} twice, at entries {entry - 1} and {entry}"
            )
        if character < previous:
            raise ValueError(
                f"vocabulary is not in code-point order: {named(previous)} comes before "
                f"{named(character)} at entry {entry}"
            )
        previous = character
    return {character: index for index, character in enumerate(vocabulary)}


def require_at_most(limit: int, vocabulary: Mapping[str, int], task: str) -> None:
    """Raise ``ValueError`` if ``vocabulary`` has more entries than ``task`` has ids."""
    if len(vocabulary) > limit:
        raise ValueError(f"vocabulary has {len(vocabulary)} entries; {task} holds at most {limit}")


def outside(text: str, ids: Mapping[str, int]) -> ValueError:
    """Return the error for the first character of ``text`` that ``ids`` lacks.

    The search begins only after an encoder has failed, so that success costs nothing.
    """
    position = next(position for position, c in enumerate(text) if c not in ids)
    return ValueError(
        f"character {named(text[position])} at position {position} is not in the vocabulary"
    )


def named(character: str) -> str:
    """Return ``character`` as error messages show it: quoted, with its code point."""
    return f"{character!r} (U+{ord(character):04X})"


def not_ids(ids: object, size: int) -> ValueError | TypeError:
    """Return the error for the first of ``ids`` that is not an index into a vocabulary of ``size``.

    The search begins only after a decoder has failed, so that success costs nothing.
    """
    if not isinstance(ids, list):
        return TypeError(f"ids are {type(ids).__name__}, not a list of int")
    for position, id in enumerate(ids):
        if not isinstance(id, int):
            return TypeError(f"id at position {position} is {type(id).__name__}, not int")
        if not 0 <= id < size:
            return outside_vocabulary(id, position, size)
    raise AssertionError("a decoder failed on ids that are all in the vocabulary")


def outside_vocabulary(id: int, position: int, size: int) -> ValueError:
    """Return the error for an id that is not an index into a vocabulary of ``size``."""
    return ValueError(f"id {id} at position {position} is not in the vocabulary of {size}")


def require_few_distinct(distinct: int, task: str = "charset_encode") -> None:
    """Raise ``ValueError`` if a text has more distinct characters than ``uint16`` ids can name."""
    if distinct > 65_536:
        raise ValueError(f"text has {distinct} distinct characters; {task} holds at most 65536")
