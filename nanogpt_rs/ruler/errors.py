"""The base of all errors that a user can correct, with a hint at how.

``nanogpt_rs.commands.door`` turns them into a message, a line that begins with ``hint:``, and an
exit status. What is no such error, and no fault of the system, is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Iterable

FAILED, USAGE, NOTHING, SLOWER, INTERRUPTED = 1, 2, 3, 4, 130
"""The exit statuses of a command that did not do everything; 0 stands for success."""


class UserError(Exception):
    """An error that the user can correct; the message says what is wrong, where, and why.

    ``model`` imports nothing of ours: its errors have the same two attributes.

    Attributes:
        exit_status: Exit status of a command that the error ends.
        hint: What to type or to do, in words; ``None`` where the message says all.
    """

    exit_status = FAILED
    hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint
            self.add_note(f"hint: {hint}")  # for a traceback, as asv shows one

    def with_hint(self) -> str:
        """Return message and hint in one sentence, for where a hint has no line of its own."""
        return f"{self}; {self.hint}" if self.hint else str(self)


def lacks_thread(error: BaseException) -> bool:
    """Return whether an error says that the system allows no further thread."""
    return isinstance(error, RuntimeError) and "can't start new thread" in str(error)


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a hint for a word that is not known.

    Args:
        word: What the user typed.
        known: What could have been meant.
        otherwise: What shows all that is known, in words.
    """
    from difflib import get_close_matches

    names = list(dict.fromkeys(known))
    close = get_close_matches(word, names, n=3) or get_close_matches(
        word.lower(), names, n=3, cutoff=0.5
    )
    return f"did you mean {' or '.join(close)}? {otherwise}" if close else otherwise


class WorkerError(UserError):
    """A worker process ended without an answer; the message says how.

    Attributes:
        arm: Index of the arm that it was calling, ``None`` if it was calling none.
        crashed: Whether a signal killed it. An earlier call of another arm may have caused that.
    """

    def __init__(self, message: str, arm: int | None = None, *, crashed: bool = False) -> None:
        super().__init__(message)
        self.arm = arm
        self.crashed = crashed
