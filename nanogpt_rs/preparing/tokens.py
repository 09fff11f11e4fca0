"""The preparation of texts as byte-pair tokens.

As in nanoGPT's preparation of Shakespeare by GPT-2's tokens, the first floor(0.9 n) characters
train and the others validate, and each of the two texts is encoded on its own.

A part's place in a shard is known only when all parts before it are encoded. So each part is
written into a file of its own, and these files are joined in their order while they are hashed.
Parts begin and end where no token goes across, so that the shards are the same however texts are
cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from nanogpt_rs.preparing.dispatcher import WorkItem
from nanogpt_rs.preparing.hashing import Joiner
from nanogpt_rs.preparing.parts import Part, Piece, TextFile
from nanogpt_rs.preparing.shards import TYPES, VOCABULARY, Manifest, TokenVocabulary, sha256_of
from nanogpt_rs.preparing.token_files import file_of, read_ranks
from nanogpt_rs.preparing.tokenizers import PATTERNS, Tokenizer
from nanogpt_rs.preparing.two_stages import Preparation, Progress, part_name
from nanogpt_rs.ruler.tasks.bpe_oracles import ranks_of

if TYPE_CHECKING:
    from nanogpt_rs.preparing.engines import Engine
    from nanogpt_rs.preparing.hashing import Hasher
    from nanogpt_rs.preparing.journal import Journal

TRAINED_ON = 64 << 20
"""Bytes of the training text that tokens are trained on at most, so that memory is bounded."""
WIDTHS = tuple(TYPES)


class BytePairPreparation(Preparation):
    """One preparation of texts as tokens.

    Args:
        sources: The texts.
        parts: The parts that they are cut into, between tokens.
        out: Folder for the shards.
        engine: Engine that works on parts.
        journal: Journal of the finished parts.
        progress: Called after each step.
        tokenizer: Tokenizer to encode by.
    """

    def __init__(
        self,
        sources: Sequence[TextFile],
        parts: Sequence[Part],
        out: Path,
        engine: Engine,
        journal: Journal,
        progress: Progress,
        tokenizer: Tokenizer,
    ) -> None:
        super().__init__(sources, parts, out, engine, journal, progress)
        self.tokenizer = tokenizer
        self.tokens = str(out / part_name(VOCABULARY, journal.run))
        self.trained_on: int | None = None

    def hasher_of_shards(self, part_bytes: int) -> Hasher:
        """Return the hasher of the ids, which also joins the files of parts."""
        return Joiner(self.pieces_of, self.encoded, (self.train, self.val), part_bytes)

    def check_distinct(self, _: int) -> None:
        """Accept any number of distinct characters: each is made of bytes, which are tokens."""

    def scan(self) -> None:
        """Read each part for its number of characters, then make the vocabulary's file.

        Raises:
            PreparationError: A part is not UTF-8.
        """
        super().scan()
        self.vocabulary = ""
        self.progress("tokens", 0, 1)
        data = self.tokenizer.data or self.train_tokens()
        path = Path(self.tokens)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
        ids = read_ranks(data).values()
        self.vocabulary_size = max(ids) + 1
        self.width = next(width for width in WIDTHS if self.vocabulary_size <= 1 << 8 * width)
        self.token_count = len(ids)

    def train_tokens(self) -> bytes:
        """Train a vocabulary on the beginning of the training text, and return its file."""
        data, left = bytearray(), TRAINED_ON
        for source in self.sources:
            with Path(source.path).open("rb") as file:
                data += file.read(left)
            left = TRAINED_ON - len(data)
            if not left:
                break
        # The last character may be cut off.
        text = data.decode(errors="ignore")[: self.training]
        self.trained_on = len(text.encode())
        train = resolve_name("rust_impls:bpe_train.pair_places")
        return file_of(ranks_of(train(text, self.tokenizer.size)))

    def file_of_part(self, part: int) -> str:
        """Return the path of the file with a part's ids."""
        return f"{self.train}.{part}"

    def pieces_of(self, part: int) -> list[tuple[str, Piece]]:
        """Return the ranges of a part's file, each with the path of its shard."""
        train, val = (self.width * count for count in self.journal.tokens[part])
        path = self.file_of_part(part)
        pieces = ((self.train, (path, 0, train)), (self.val, (path, train, train + val)))
        return [(shard, piece) for shard, piece in pieces if piece[1] < piece[2]]

    def encode(self) -> None:
        """Write the ids of each part into its file, and begin to join them.

        Raises:
            PreparationError: A file has changed.
        """
        for path in (self.train, self.val):
            Path(path).write_bytes(b"")

        def writing_of(part: int) -> WorkItem:
            def finish(seconds: float, result: tuple[int, int, int, int, int, float]) -> None:
                characters, read, train, val, written, writing = result
                self.seconds.busy["encoding"] += seconds - writing
                self.seconds.busy["writing"] += writing
                self.require_unchanged(part, characters, read)
                self.journal.keep_tokens(part, written, train, val)
                self.note_written(part, written)

            arguments = (
                *(list(self.parts[part].pieces), self.tokens, self.tokenizer.pattern, self.width),
                *(self.file_of_part(part), self.starts[part], self.training),
            )
            return WorkItem(part, "encode_tokens", arguments, finish)

        self.write_parts(writing_of)

    def places(self, part: int) -> list[Piece]:
        """Return the ranges of a part's file."""
        return [piece for _, piece in self.pieces_of(part)]

    def is_whole(self, part: int) -> bool:
        """Return whether the file of a part that was written has the size that was noted."""
        path = Path(self.file_of_part(part))
        return path.exists() and path.stat().st_size == self.width * sum(self.journal.tokens[part])

    def files(self) -> dict[str, str]:
        """Return the path of each unfinished file, by the name that it gets in the end."""
        return {**super().files(), VOCABULARY: self.tokens}

    def finish_shards(self) -> Manifest:
        """Write what a preparation ends in, then remove the files of parts.

        Raises:
            OSError: A file cannot be written or renamed.
        """
        manifest = super().finish_shards()
        for part in range(len(self.parts)):
            Path(self.file_of_part(part)).unlink(missing_ok=True)
        return manifest

    def manifest(self) -> Manifest:
        """Return the manifest of the hashed shards."""
        tokens = TokenVocabulary(
            kind="byte-pair",
            name=self.tokenizer.name,
            tokens=self.token_count,
            pattern=self.tokenizer.pattern,
            regex=PATTERNS[self.tokenizer.pattern],
            file=VOCABULARY,
            sha256=sha256_of(self.tokens),
            trained_on=self.trained_on,
        )
        return replace(
            super().manifest(),
            tokenizer=tokens,
            vocabulary_size=self.vocabulary_size,
            width=self.width,
        )
