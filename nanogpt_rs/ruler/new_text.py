"""Encoders that were used before, on a text that they have not seen.

Some encoders remember what they have encoded: pieces of texts, or whole texts. In a benchmark that
repeats a call, such an encoder answers from memory. So each timed call has an encoder of its own,
which has encoded the first half of a text and is then given the second half.
"""

from __future__ import annotations

from collections.abc import Callable

from nanogpt_rs.ruler.corpora import own_copy
from nanogpt_rs.ruler.timing import Call

Encoder = Callable[..., object]


class UsedEncoder:
    """An encoder that has encoded the first half of a text. Calling it calls the encoder."""

    def __init__(
        self,
        make: Callable[[], Encoder],
        arguments: Callable[[str], tuple[object, ...]],
        text: str,
        reach: Callable[[Encoder], Encoder] = lambda encoder: encoder,
    ) -> None:
        """Keep what is needed. An encoder is made when it is called.

        Args:
            make: Makes an encoder.
            arguments: Makes the arguments of a call of an encoder from a text.
            text: The text.
            reach: Finds what is called and timed instead of the encoder, such as one of its
                methods.
        """
        self.make = make
        self.arguments = arguments
        self.text = text
        self.reach = reach
        self.encoder: Encoder | None = None

    def __call__(self, *arguments: object) -> object:
        """Call the newest encoder."""
        self.encoder = self.encoder or self.make()
        return self.encoder(*arguments)

    def reaching(self, reach: Callable[[Encoder], Encoder]) -> UsedEncoder:
        """Return the same with another function that finds what is timed."""
        return UsedEncoder(self.make, self.arguments, self.text, reach)

    def call_on_new_text(self) -> Call:
        """Make an encoder, have it encode the first half, and return a call on the second half."""
        self.encoder = None  # the memory of the last encoder is free before the next one is made
        self.encoder = self.make()
        middle = len(self.text) // 2
        self.encoder(*self.arguments(own_copy(self.text[:middle])))
        return self.reach(self.encoder), self.arguments(own_copy(self.text[middle:]))
