"""What ideas that work on bytes share: a text's characters as bytes, where each fits in one."""

from __future__ import annotations


def latin1_bytes(text: str) -> bytes | None:
    """Return one byte a character, its code point; ``None`` if ``text`` goes beyond Latin-1."""
    try:
        # Encoding scans all of a run of characters that it cannot encode before it gives up; most
        # texts that go beyond Latin-1 do so at once, where that run is short.
        text[:64].encode("latin-1")
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None
