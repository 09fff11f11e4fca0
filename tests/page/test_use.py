"""How the page is used: controls, links and the keyboard, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from reader import Reader

pytestmark = pytest.mark.slow("drives a real browser")


def test_every_control_works(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    selects = reader.run("return [...document.querySelectorAll('select')].map((node) => node.id)")
    assert {"base", "corpus", "run", "state"} < set(selects)
    for id in selects:
        values = reader.run(
            "return [...document.getElementById(arguments[0]).options].map((node) => node.value)",
            id,
        )
        # Any id may be a baseline; a few of them stand for all.
        for value in values[:3] + values[-1:]:
            reader.select(id, value)
            chosen = reader.run("return document.getElementById(arguments[0]).value", id)
            assert chosen == value, id
    before = reader.run("return document.querySelectorAll('#scaling polyline').length")
    reader.run("document.querySelector('#scaling input:checked').click()")
    assert reader.run("return document.querySelectorAll('#scaling polyline').length") == before - 1
    for expected in ("light", "dark", "as the system"):
        reader.run("document.getElementById('theme').click()")
        assert reader.text("#theme") == f"theme: {expected}"
    reader.run("document.querySelector('#rankings tbody th button').click()")
    reader.wait("return document.getElementById('source').open")
    reader.wait("return document.querySelector('#source code').innerText.length > 100")
    reader.run("document.querySelector('#source button').click()")
    reader.run("document.querySelectorAll('summary').forEach((node) => node.click())")
    assert reader.run("return document.documentElement.scrollWidth") <= 1440
    reader.check_quiet()


def test_a_view_can_be_linked_to(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    reader.select("corpus", "english-1k-ascii")
    reader.select("base", "id:rust/ahash")
    address = reader.run("return location.hash")
    reader.driver.get("about:blank")
    reader.driver.get(usual.as_uri() + address)
    reader.wait("return document.documentElement.dataset.ready === 'yes'")
    assert reader.run("return document.getElementById('base').value") == "id:rust/ahash"
    assert "english-1k-ascii" in reader.text("#answer")
    reader.driver.get("about:blank")
    reader.driver.get(usual.as_uri() + "#corpus=none&base=id:none&y=none&state=%3Cb%3E&run=")
    reader.wait("return document.documentElement.dataset.ready === 'yes'")
    assert "tinyshakespeare" in reader.text("#answer")
    reader.check_quiet()


def test_a_part_can_be_linked_to(reader: Reader, usual: Path) -> None:
    """A link leads to its part once everything is drawn, and keeps what is chosen."""
    top = "return document.getElementById(arguments[0]).getBoundingClientRect().top"
    bar = "return document.getElementById('controls').getBoundingClientRect().bottom"
    reader.open(usual)
    for id in ("job", "rankings", "ranking-encode"):
        reader.driver.get("about:blank")
        reader.driver.get(f"{usual.as_uri()}#{id}")
        reader.wait("return document.documentElement.dataset.ready === 'yes'")
        assert 0 <= reader.run(top, id) - reader.run(bar) < 60, id
        assert reader.run("return location.hash") == f"#{id}"
    reader.select("corpus", "english-1k-ascii")
    reader.run("document.querySelector('a[href=\"#runs\"]').click()")
    assert reader.run("return document.activeElement.id") == "runs"
    address = reader.run("return location.hash")
    assert "corpus=english-1k-ascii" in address
    reader.driver.get("about:blank")
    reader.driver.get(usual.as_uri() + address)
    reader.wait("return document.documentElement.dataset.ready === 'yes'")
    assert "english-1k-ascii" in reader.text("#answer")
    assert 0 <= reader.run(top, "runs") - reader.run(bar) < 60
    # An address that is typed by hand keeps it too.
    reader.run("location.hash = '#spread'")
    reader.wait("return location.hash.includes('corpus=english-1k-ascii')")
    assert "english-1k-ascii" in reader.text("#answer")
    reader.check_quiet()


def test_the_keyboard_is_enough(reader: Reader, usual: Path) -> None:
    """Everything that can be clicked has a name; a choice leaves the focus where it was."""
    reader.open(usual)
    nameless = reader.run(
        """
        const name = (node) =>
          node.innerText || node.ariaLabel || node.labels?.[0]?.innerText || "";
        return [...document.querySelectorAll("button, a[href], select, input, summary, [tabindex]")]
          .filter((node) => !name(node).trim())
          .map((node) => node.outerHTML.slice(0, 100))
        """
    )
    assert nameless == []
    reader.run("document.getElementById('scaling-task').focus()")
    reader.select("scaling-task", "encode")
    assert reader.run("return document.activeElement.id") == "scaling-task"
    pictures = reader.run(
        """
        return [...document.querySelectorAll("svg")]
          .filter((node) => !node.closest("[aria-hidden], [role=img]"))
          .map((node) => node.outerHTML.slice(0, 100))
        """
    )
    assert pictures == []
    assert reader.run("return document.querySelectorAll('h1').length") == 1
    assert "times faster" not in reader.text()


def test_a_choice_keeps_the_place_and_what_is_open(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    reader.run("document.documentElement.style.scrollBehavior = 'auto'")
    reader.run("document.querySelector('#scaling summary').click()")
    reader.run("document.querySelector('#spread summary').click()")
    opened = """
        return [...document.querySelectorAll("details[open]")]
          .map((node) => node.closest("section").id)
        """
    assert reader.run(opened) == ["scaling", "spread"]
    top = "return document.getElementById(arguments[0]).getBoundingClientRect().top"
    reader.run("document.getElementById('texts').scrollIntoView()")
    before = reader.run(top, "texts")
    reader.select("base", "lecture")
    reader.select("corpus", "english-1k-ascii")
    assert reader.run(opened) == ["scaling", "spread"]
    assert reader.run(top, "texts") == pytest.approx(before, abs=2)
    # A control within a part stays where the reader has it.
    reader.run("document.getElementById('spread-task').focus()")
    reader.run("document.getElementById('spread-task').scrollIntoView({block: 'center'})")
    before = reader.run(top, "spread-task")
    reader.select("spread-task", "encode")
    assert reader.run(top, "spread-task") == pytest.approx(before, abs=2)
    reader.run("document.querySelector('#scaling input:checked').click()")
    assert reader.run(opened) == ["scaling", "spread"]
    reader.run("scrollTo(0, 0)")
    reader.select("base", "strongest")
    assert reader.run("return scrollY") == 0
