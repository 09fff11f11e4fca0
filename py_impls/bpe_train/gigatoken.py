"""gigatoken's trainer, on several threads: it goes on with pairs that do not occur any more."""

from __future__ import annotations

import gigatoken

from py_impls.bpe_files import pairs
from py_impls.bpe_ranks import require_encodable, require_size


def bpe_train(text: str, size: int) -> list[tuple[int, int]]:
    """Return the pairs that are merged, in their order; pair k becomes the id 256 + k.

    Raises:
        TypeError: ``text`` is not a ``str``, or ``size`` not an ``int``.
        ValueError: ``size`` is less than 256.
        UnicodeEncodeError: the text has a lone surrogate.
    """
    require_encodable(text)
    require_size(size)
    vocabulary, _ = gigatoken.train_bpe(text.encode(), size, [], tie_breaking="raw_token_ids")
    return pairs([token for _, token in sorted(vocabulary.items())])
