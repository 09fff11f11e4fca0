"""The tokenizers that ``data prepare`` can encode a text by, and how they are named."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from nanogpt_rs.preparing.parts import RequestError
from nanogpt_rs.preparing.shards import TokenVocabulary
from nanogpt_rs.preparing.token_files import check_ranks, read_ranks
from nanogpt_rs.ruler.errors import did_you_mean
from nanogpt_rs.ruler.regular import read_regular
from nanogpt_rs.ruler.tasks import bpe_public, bpe_split
from nanogpt_rs.ruler.tasks.bpe_oracles import BYTES

CHARACTERS = "characters"
PATTERNS = {"gpt2": bpe_split.GPT2, "cl100k": bpe_split.CL100K, "o200k": bpe_split.O200K}
"""The regular expression of each pattern, by its name."""
PUBLISHED = {"r50k": "gpt2", "cl100k": "cl100k", "o200k": "o200k"}
"""The name of the pattern of each published vocabulary."""
SAME = {
    "gpt2": "r50k",
    "r50k_base": "r50k",
    "cl100k_base": "cl100k",
    "o200k_base": "o200k",
}
"""Other names of published vocabularies. GPT-2's tokens are those of ``r50k_base``."""
MOST_TOKENS = 1_000_000
FORMS = "characters, r50k, cl100k, o200k, bpe:SIZE such as bpe:1024, or a file such as own.tiktoken"
"""What a tokenizer can be called, for messages and help."""


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer that was asked for.

    Attributes:
        name: Name of a published vocabulary, ``bpe:SIZE``, or the name of a file.
        pattern: Name of the pattern that splits a text, a key of ``PATTERNS``.
        size: Number of tokens of one that is trained on the text itself; 0 for others.
        data: Content of the vocabulary's file; empty for one that is trained.
    """

    name: str
    pattern: str
    size: int = 0
    data: bytes = b""

    def document(self) -> dict[str, str]:
        """Return the description by which an interrupted preparation knows it again."""
        sha256 = hashlib.sha256(self.data).hexdigest() if self.data else ""
        return {"name": self.name, "pattern": self.pattern, "sha256": sha256}

    def made(self, tokens: TokenVocabulary) -> bool:
        """Return whether shards with these tokens are what this tokenizer makes."""
        own = self.document()
        if self.size:
            return tokens.name == self.name
        return (tokens.sha256, tokens.pattern) == (own["sha256"], own["pattern"])


def find_tokenizer(name: str, pattern: str | None = None) -> Tokenizer | None:
    """Return the tokenizer of a name, ``None`` for single characters.

    Args:
        name: One of ``FORMS``.
        pattern: Name of the pattern for a file, which does not hold it (default: that of the
            published vocabulary with the same content, or GPT-2's).

    Raises:
        RequestError: There is no such tokenizer, or it is not on this machine.
    """
    if pattern is not None and pattern not in PATTERNS:
        raise RequestError(f"no pattern {pattern!r}", hint=f"there are: {', '.join(PATTERNS)}")
    known = SAME.get(name, name)
    is_file = known not in (CHARACTERS, *PUBLISHED) and not known.startswith("bpe:")
    if pattern is not None and not is_file:
        raise RequestError(
            f"--pattern {pattern} has no effect on the tokenizer {name}",
            hint="leave it out: only a file of tokens lacks a pattern of its own",
        )
    if known == CHARACTERS:
        return None
    if known in PUBLISHED:
        return published(known)
    if known.startswith("bpe:"):
        return trained(name)
    return from_file(name, pattern)


def published(name: str) -> Tokenizer:
    """Return the tokenizer of a published vocabulary.

    Raises:
        RequestError: Its file is not on this machine.
    """
    base = f"{name}_base"
    data = bpe_public.file_of(base)
    if data is None:
        reason = bpe_public.absent(base) or ""
        message, _, hint = reason.partition(": ")
        raise RequestError(message, hint=hint)
    return Tokenizer(name, PUBLISHED[name], data=data)


def trained(name: str) -> Tokenizer:
    """Return a tokenizer that is trained on the text itself.

    Raises:
        RequestError: Its size is no number, or out of range.
    """
    digits = name.removeprefix("bpe:").replace(",", "").replace("_", "")
    if not re.fullmatch("[0-9]+", digits):
        raise RequestError(
            f"{name!r} does not say how many tokens to train",
            hint="give a number after the colon, such as bpe:1024",
        )
    size = int(digits)
    if not BYTES <= size <= MOST_TOKENS:
        raise RequestError(
            f"{name}: a vocabulary has {BYTES} to {MOST_TOKENS:,} tokens, as each byte is one",
            hint="for a small vocabulary, try bpe:1024",
        )
    return Tokenizer(f"bpe:{size}", "gpt2", size=size)


def from_file(path: str, pattern: str | None) -> Tokenizer:
    """Return the tokenizer of a file of tokens.

    Raises:
        RequestError: There is no such file, or it holds no vocabulary.
    """
    if not Path(path).exists():
        plain = "/" not in path and "." not in path
        hint = did_you_mean(path, [CHARACTERS, *PUBLISHED, *SAME], f"there are: {FORMS}")
        raise RequestError(
            f"no tokenizer {path!r}" if plain else f"{path}: no such file of tokens", hint=hint
        )
    try:
        data = read_regular(Path(path))
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}") from None
    sha256 = hashlib.sha256(data).hexdigest()
    known = {digest: base for base, digest in bpe_public.HASHES.items()}
    own = PUBLISHED[SAME[known[sha256]]] if sha256 in known else None
    if own and pattern not in (None, own):
        raise RequestError(
            f"{path}: holds the vocabulary {known[sha256]}, whose pattern is {own}, not {pattern}",
            hint="leave --pattern out",
        )
    try:
        check_ranks(read_ranks(data))
    except ValueError as error:
        raise RequestError(
            f"{path}: {error}",
            hint="each line of a .tiktoken file is a token in Base64, a space and its id",
        ) from None
    return Tokenizer(Path(path).name, own or pattern or "gpt2", data=data)
