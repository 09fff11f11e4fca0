"""The files of the page's script and style, and the constants that they take from Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nanogpt_rs.records.kinds import OTHERS
from nanogpt_rs.reporting import assets
from nanogpt_rs.ruler.rounds import BUILD, STATES

FOLDER = Path(assets.__file__).with_name("page")


def test_every_file_is_joined_once() -> None:
    for folder, suffix, names in (
        ("script", "js", assets.SCRIPTS),
        ("style", "css", assets.STYLES),
    ):
        files = sorted(path.name for path in (FOLDER / folder).iterdir())
        assert files == sorted(f"{name}.{suffix}" for name in names)


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("s*/*")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_a_file_is_one_that_a_person_can_hold(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 600
    assert max(map(len, lines)) <= 100
    if path.suffix == ".css":
        return
    start = 0
    for number, line in enumerate(lines):
        if re.match(r"(async )?function |const \w+ = .*=>", line):
            start = number
        if line.startswith("}"):
            assert number - start < 80, lines[start]


def test_script_and_style_do_not_end_their_elements() -> None:
    assert "</" not in assets.script()
    assert "</" not in assets.style()


def test_no_name_is_declared_in_two_files() -> None:
    """The files are joined in one function, so that a name belongs to all of them."""
    names = re.findall(r"^(?:async )?(?:function|const|let) (\w+)", assets.script(), re.MULTILINE)
    assert len(names) > 100
    assert len(names) == len(set(names))


def test_what_the_script_knows_of_python_is_complete() -> None:
    constants = assets.constants()
    assert list(constants["states"]) == [*STATES, BUILD]
    assert constants["otherKinds"] == list(OTHERS)
    assert constants["widths"] == ["ascii", "latin1", "ucs2", "ucs4"]
