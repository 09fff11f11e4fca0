"""For libraries that have fixed vocabularies: which of them some ranks and a pattern are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from py_impls.bpe_files import tiktoken_file
from py_impls.bpe_ranks import checked, require_pattern

HASHES = {
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7": "cl100k_base",
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d": "o200k_base",
}
"""The names of vocabularies by the SHA-256 of their files."""
DIGITS = r"\p{N}{1,3}"
"""A part of the patterns of both that GPT-2's lacks."""


def name_of(
    ranks: dict[bytes, int],
    pattern: str,
    library: str,
    names: Sequence[str] = ("cl100k_base", "o200k_base"),
) -> str:
    """Return the name of the vocabulary that these ranks are.

    Args:
        ranks: The ranks.
        pattern: The pattern that is asked for with them.
        library: The name of a library, for the error.
        names: The names of the vocabularies that the library has.

    Raises:
        NotImplementedError: the library does not have it.
        TypeError, ValueError: the ranks are bad.
    """
    checked(ranks)
    require_pattern(pattern)
    name = known(ranks)
    if name in names and DIGITS in pattern and (r"\p{Lu}" in pattern) == (name == "o200k_base"):
        return name
    raise NotImplementedError(
        f"{library} has only the vocabularies {' and '.join(names)}, and takes no other ranks"
    )


def known(ranks: Mapping[bytes, int]) -> str:
    """Return the name of the published vocabulary that these ranks are, "" if they are none."""
    if len(ranks) < 100_000:
        return ""
    return HASHES.get(hashlib.sha256(tiktoken_file(ranks)).hexdigest(), "")
