"""A Hugging Face tokenizer that splits into characters: its pieces keep offsets nobody asked for.

Its strings are UTF-8: a text or entry that is a lone surrogate goes through the dict.
``BPE`` without merges instead: no faster, keeps short texts' answers, drops what is outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split

from py_impls.vocabulary import ids_by_character, outside


def encode(vocabulary: Sequence[str]) -> Callable[[str], list[int]]:
    """Return a function from a text to the ids of its characters.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order.
            The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``; the encoder's text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    entries = {c: id for c, id in stoi.items() if not "\ud800" <= c <= "\udfff"}
    tokenizer = Tokenizer(WordLevel(entries))
    tokenizer.pre_tokenizer = Split(Regex(r"[\s\S]"), "isolated")

    def encode_text(text: str) -> list[int]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        try:
            (encoding,) = tokenizer.encode_batch_fast([text])
        except Exception:  # plain ones for a character outside, TypeError for a lone surrogate
            try:
                return [stoi[c] for c in text]
            except KeyError:
                raise outside(text, stoi) from None
        ids: list[int] = encoding.ids
        return ids

    return encode_text
