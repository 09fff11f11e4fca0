"""bpeasy: counts of pairs that a merge updates, in Rust; its merges are read from its ranks."""

from __future__ import annotations

import bpeasy

from py_impls.bpe_files import pairs
from py_impls.bpe_ranks import require_encodable, require_size
from py_impls.bpe_split import GPT2


def bpe_train(text: str, size: int) -> list[tuple[int, int]]:
    """Return the pairs that are merged, in their order; pair k becomes the id 256 + k.

    Raises:
        TypeError: ``text`` is not a ``str``, or ``size`` not an ``int``.
        ValueError: ``size`` is less than 256.
        UnicodeEncodeError: the text has a lone surrogate.
    """
    require_encodable(text)
    require_size(size)
    ranks = bpeasy.train_bpe(iter([text]), GPT2, max(2, len(text.encode()) + 1), size)
    return pairs([token for token, _ in sorted(ranks.items(), key=lambda item: item[1])])
