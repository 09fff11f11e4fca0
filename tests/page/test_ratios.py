"""Where a ratio comes from, on the page, in a real browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import made_up
import pytest
from pages import page_of
from reader import Reader

from nanogpt_rs.records.schema import Cell

pytestmark = pytest.mark.slow("drives a real browser")
SLOW, FAST = "python/tiktoken", "rust/piece_cache"
SIZES = {"english-words-1k-ascii": 1_024, "english-words-1m-ascii": 1_115_394}


def cells_of() -> list[Cell]:
    """Return cells in which new text, a small text and a list each change the ratio by 2 or 4."""
    small, large = SIZES
    seconds = {
        ("bpe_encode", SLOW, small, "new_text"): 8.0,
        ("bpe_encode", FAST, small, "new_text"): 4.0,
        ("bpe_encode", SLOW, large, "new_text"): 800.0,
        ("bpe_encode", FAST, large, "new_text"): 100.0,
        ("bpe_encode", SLOW, large, "warm"): 1600.0,
        ("bpe_encode", FAST, large, "warm"): 100.0,
        ("bpe_encode_array", FAST, large, "warm"): 50.0,
    }
    (template, *_) = made_up.cells(("charset",), ("tinyshakespeare",))
    cells = [
        replace(
            template,
            task=task,
            id=id,
            corpus=corpus,
            characters=SIZES[corpus],
            state=state,
            seconds=time,
            quantiles=(time,) * 5,
            against=(),
        )
        for (task, id, corpus, state), time in seconds.items()
    ]
    wrong = "on 'abc': at position 0 of 1: id 5, not 3; smallest text that shows it: 'b'"
    broken = replace(cells[2], id="python/riptoken")
    return [*cells, made_up.without_time(broken, "wrong", wrong)]


def test_the_steps_between_two_libraries(reader: Reader, tmp_path: Path) -> None:
    reader.open(page_of(tmp_path, made_up.RUN, cells_of()))
    rows = "#ratios tbody tr"
    assert reader.texts(f"{rows} th") == [
        "the code itself",
        "size of the text",
        "memory of earlier texts",
        "an array instead of a list",
    ]
    assert reader.texts(f"{rows} td.n") == ["2.00", "4.00", "2.00", "2.00"]
    assert reader.texts(f"{rows} td.ratio") == ["2.00", "8.00", "16.0", "32.0"]
    assert "Wrong, and without a time: python/riptoken" in reader.text("#ratios .note")
    reader.select("ratios-one", FAST)
    assert reader.run("return document.getElementById('ratios-one').value") == FAST
    assert reader.run("return document.getElementById('ratios-other').value") == SLOW
    assert reader.texts(f"{rows} td.ratio")[-1] == "32.0"
    reader.check_quiet()
