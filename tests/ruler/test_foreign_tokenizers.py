"""A tokenizer in a file of a user's: proved, measured, and told where it is wrong."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
THEIRS = '''\
"""Merges the lowest pair of each piece, and knows the pieces that came before."""

import re
from functools import cache

from nanogpt_rs.ruler.tasks.bpe_oracles import ids_by_heap
from nanogpt_rs.ruler.tasks.bpe_split import pieces


def bpe_encode(ranks, pattern):
    if not isinstance(ranks, dict) or not isinstance(pattern, str):
        raise TypeError("ranks are a dict, and a pattern is a str")
    for token, id in ranks.items():
        if not isinstance(token, bytes) or not isinstance(id, int):
            raise TypeError("ranks are of bytes to int")
        if not token or not 0 <= id < 2**32:
            raise ValueError("an empty token, or an id beyond 32 bits")
    if len(set(ranks.values())) < len(ranks) or any(bytes([b]) not in ranks for b in range(256)):
        raise ValueError("ids twice, or a byte without one")

    @cache
    def ids_of(piece):
        return ids_by_heap(piece.encode(), ranks)

    def encode(text):
        if not isinstance(text, str):
            raise TypeError("no text")
        return [id for piece in SPLIT for id in ids_of(piece)]

    return encode
'''


@pytest.fixture
def chosen(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "mine.txt").write_text("To be, or not to be: it's 1,234 words.\n" * 50)
    path = str(tmp_path / "theirs.py")
    return ("--from", path, "--id", "foreign/theirs", "-c", str(tmp_path / "mine.txt"))


def test_a_tokenizer_in_a_file_is_proved_and_measured(
    nanogpt_rs: Run, chosen: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "theirs.py").write_text(THEIRS.replace("SPLIT", "pieces(pattern, text)"))
    done = nanogpt_rs("verify", "bpe_encode", *chosen, "--json")
    assert done.returncode == 0, done.stdout
    done = nanogpt_rs("bench", "bpe_encode", *chosen, "--state=new_text", "--seconds=1", "--json")
    assert done.returncode == 0, done.stderr
    assert "foreign/theirs" in [cell["id"] for cell in json.loads(done.stdout)["cells"]]


def test_a_wrong_split_is_shown_with_a_small_text(
    nanogpt_rs: Run, chosen: tuple[str, ...], tmp_path: Path
) -> None:
    # Spaces stay with the word before them. A real vocabulary hides that in many texts.
    wrong = r're.findall(r"\S+\s*|\s+", text)'
    (tmp_path / "theirs.py").write_text(THEIRS.replace("SPLIT", wrong))
    done = nanogpt_rs("verify", "bpe_encode", *chosen)
    assert done.returncode == 1
    assert "wrong" in done.stdout
    assert "at position" in done.stdout
