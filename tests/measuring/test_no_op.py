"""Changes that change no implementation: each is what it says, and all can be built offline."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from installations import ROOT

from nanogpt_rs.measuring import no_op, rebuilds
from nanogpt_rs.measuring.no_op import VARIANTS, NoOpError, Variant
from nanogpt_rs.ruler import provenance

git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="system: needs the history")


@git
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_variant_differs_in_what_it_says(variant: Variant, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    no_op.apply(variant, folder)
    changed = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.read_bytes() != (ROOT / path.relative_to(folder)).read_bytes()
    }
    expected = {
        "as it is": 0,
        "rebuild": 0,
        "unused function": 1,
        "changed comment": 1,
        "reordered modules": 1,
        "added dependency": 3,  # the manifest, the lock file and the function
    }[variant.kind]
    assert len(changed) == expected, changed
    assert all(provenance.is_rust_source(name) for name in changed)
    if variant.kind == "added dependency":
        command = ["cargo", "metadata", "--offline", "--locked", "--format-version=1", "--quiet"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


def test_fifteen_variants_make_105_pairs_of_all_kinds() -> None:
    pairs = rebuilds.pairs(1.0)
    assert len(pairs) == 105
    assert len({(pair.older.name, pair.newer.name) for pair in pairs}) == 105
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS) == 15
    # The first few pairs need few states, and have several kinds.
    first = rebuilds.pairs(10 / 105)
    assert len({variant.name for pair in first for variant in (pair.older, pair.newer)}) == 5
    assert len({variant.kind for pair in first for variant in (pair.older, pair.newer)}) == 5
    assert len(rebuilds.pairs(0.0)) == 1


def test_a_change_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "mod.rs").write_text("pub mod one;\n")
    with pytest.raises(NoOpError, match="fewer than two modules"):
        no_op.reordered_modules("mod.rs", tmp_path)
