"""What all documents that commands print with ``--json`` have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Document:
    """A document of a command.

    Attributes:
        version: Version of the document's fields.
    """

    version: ClassVar[int] = 1
