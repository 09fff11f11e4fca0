"""For ideas that work on bytes: a text's characters as bytes, if each fits in one."""

from __future__ import annotations


def latin1_bytes(text: str) -> bytes | None:
    """Return each character's code point as a byte, or ``None`` if ``text`` goes beyond Latin-1."""
    try:
        # Before it gives up, encoding scans the whole run of characters that it cannot encode; most
        # texts that go beyond Latin-1 do so at once, where that run is short.
        text[:64].encode("latin-1")
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None
