"""What kind of change stands behind another time, told from counts and from git."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from nanogpt_rs.measuring import changes
from nanogpt_rs.records.schema import Cell
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.registry import REGISTRY, Implementation, find

CELL = Cell("encode_array", "rust/fixed_array", "tiny", "0", 1, "ascii", "instructions", "right")
FIXED_ARRAY = find("encode_array", "rust/fixed_array")


def sources(task: str, id: str) -> set[str]:
    return changes.sources_of(find(task, id), partial(changes.text_of, None))


def test_the_sources_of_a_row_are_its_file_and_what_it_names() -> None:
    assert sources("charset", "rust/fixed_array") == {
        "rust_impls/charset/fixed_array.rs",
        "rust_impls/charset/mod.rs",
    } | sources("charset", "rust/rustc_hash") - {"rust_impls/charset/rustc_hash.rs"}
    array = sources("encode_array", "rust/fixed_array")
    assert array >= {
        "rust_impls/encode_array/fixed_array.rs",
        "rust_impls/encode/fixed_array.rs",
        "rust_impls/vocabulary.rs",
    }
    table = sources("charset", "rust/bit_table")
    assert table >= {"rust_impls/text.rs", "rust_impls/simd.rs"}
    assert sources("shards", "rust/id_table") > table  # it is given that kernel
    assert sources("charset", "python/set") == set()


@pytest.mark.parametrize(
    "row", [row for row in REGISTRY if row.is_compiled()], ids=lambda row: f"{row.task}-{row.id}"
)
def test_every_row_in_rust_has_sources(row: Implementation) -> None:
    files = changes.sources_of(row, partial(changes.text_of, None))
    assert files
    assert not any(file.startswith(changes.BORDER) for file in files)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of the present Rust sources, with one commit."""
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    changes.text_of.cache_clear()
    root = Path(__file__).resolve().parents[2]
    for path in [*root.glob("rust_impls/**/*.rs"), root / "Cargo.toml", root / "Cargo.lock"]:
        target = tmp_path / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    commit(tmp_path)
    return tmp_path


def commit(folder: Path) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for command in (["add", "-A"], [*who, "commit", "-qm", "A commit"]):
        subprocess.run(["git", *command], cwd=folder, check=True)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("rust_impls/lib.rs", "code generation"),
        ("rust_impls/python/ideas.rs", "code generation"),
        ("rust_impls/shards/mod.rs", "code generation"),
        ("rust_impls/encode/fixed_array.rs", "sources"),
        ("rust_impls/vocabulary.rs", "sources"),
        ("rust_impls/python/array.rs", "sources"),
        ("Cargo.lock", "sources"),
    ],
)
@pytest.mark.parametrize("committed", [True, False])
def test_the_kind_of_change(repository: Path, file: str, expected: str, committed: bool) -> None:
    (repository / file).write_text((repository / file).read_text() + "\n// another comment\n")
    older, newer = "HEAD", None
    if committed:
        commit(repository)
        older, newer = "HEAD~1", "HEAD"
    counted = replace(CELL, instructions=1100, instructions_before=1000, path="avx2")
    cell = changes.explained(counted, FIXED_ARRAY, older, newer)
    assert (cell.change, cell.changed_files) == (expected, (file,) if expected == "sources" else ())
    assert changes.sentence(cell).startswith(f"{expected}: 1,100 instructions, and 1,000 before")
    # As many instructions are the same work, whatever else changed.
    same = changes.explained(replace(counted, instructions=1000), FIXED_ARRAY, older, newer)
    assert same.change == "placement"
    assert changes.sentence(same).startswith("placement: 1,000 instructions in both commits")


def test_what_was_not_counted_twice_is_not_explained() -> None:
    for cell in (CELL, replace(CELL, instructions=5)):
        assert changes.explained(cell, FIXED_ARRAY, "HEAD", None) is cell
