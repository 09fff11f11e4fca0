"""Values and errors as messages show them: short, and in ASCII, which every terminal can show."""

from __future__ import annotations

from nanogpt_rs.ruler import surroundings


def excerpt(value: object, limit: int = 60) -> str:
    """Return ``value`` as Python writes it in ASCII, shortened: every terminal can show it."""
    whole = ascii(value[: limit + 1] if isinstance(value, str | list | bytes) else value)
    return whole if len(whole) <= limit else f"{whole[:limit]}... ({type(value).__name__})"


def shown(error: BaseException) -> str:
    """Return the type and the text of ``error``, shortened, and the limit that memory has here."""
    words = f"{type(error).__name__}: {excerpt(str(error), 200)}"
    limit = surroundings.memory_limit() if isinstance(error, MemoryError) else None
    return words if limit is None else f"{words}; a worker may have {limit / 2**30:.1f} GiB here"
