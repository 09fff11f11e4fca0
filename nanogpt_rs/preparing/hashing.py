"""Hashes files part by part, in their order, while later parts are still being worked on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from nanogpt_rs.preparing.parts import Piece, changed

BLOCK = 1 << 20
"""Bytes hashed at once."""


class Hasher:
    """Hashes files from their start on, each part as soon as it is finished.

    It also compares what it hashes with what the kernels have read or written.

    Args:
        pieces: Function from the number of a part to its pieces, each with the key of its file.
        checksums: CRC-32 of each finished part, by its number. Whoever finishes a part adds it.
        keys: Keys of all files.
        part_bytes: About how many bytes a part has.
    """

    def __init__(
        self,
        pieces: Callable[[int], list[tuple[Any, Piece]]],
        checksums: dict[int, int],
        keys: Sequence[Any],
        part_bytes: int,
    ) -> None:
        self.pieces, self.checksums, self.part_bytes = pieces, checksums, part_bytes
        self.digests = {key: hashlib.sha256() for key in keys}
        self.next_part, self.busy = 0, False
        self.buffer = bytearray(BLOCK)

    def ready(self) -> bool:
        """Whether the next part is finished, and nobody is hashing it yet."""
        return not self.busy and self.next_part in self.checksums

    def backlog(self) -> int:
        """Return about how many bytes are finished and not hashed."""
        return self.part_bytes * (len(self.checksums) - self.next_part)

    def step(self) -> float:
        """Hash the next part, and return how many seconds that took.

        Raises:
            PreparationError: The part's bytes have changed.
            OSError: A file cannot be read.
        """
        crc32 = resolve_name("rust_impls:partition.crc32")
        begun = time.perf_counter()
        pieces = self.pieces(self.next_part)
        crc = 0
        buffer = memoryview(self.buffer)
        for key, (path, start, end) in pieces:
            with Path(path).open("rb", buffering=0) as file:
                file.seek(start)
                left = end - start
                while left:
                    if not (size := file.readinto(buffer[:left])):
                        raise changed(path)
                    self.take(key, buffer[:size])
                    crc = crc32(buffer[:size], crc)
                    left -= size
        if crc != self.checksums[self.next_part]:
            raise changed(pieces[0][1][0])
        self.next_part += 1
        return time.perf_counter() - begun

    def take(self, key: Any, block: memoryview) -> None:
        """Hash the next block of a file."""
        self.digests[key].update(block)

    def updates(self, keys: Sequence[Any]) -> list[Callable[[bytes], None]]:
        """Return functions that hash further bytes of these files, for a caller that has them."""
        return [self.digests[key].update for key in keys]

    def digest(self, key: Any) -> str:
        """Return the SHA-256 of a file whose parts are all hashed."""
        return self.digests[key].hexdigest()


class Joiner(Hasher):
    """Hashes parts, and appends each to its file. The keys are the paths of these files."""

    def take(self, key: Any, block: memoryview) -> None:
        """Hash the next block of a file, and append it.

        Raises:
            OSError: The file cannot be written.
        """
        super().take(key, block)
        with Path(key).open("ab", buffering=0) as file:
            left = block
            while left:
                left = left[file.write(left) :]
