"""How the page looks: themes, widths, paper, and without a script, in a real browser."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import made_up
import pytest
from pages import PAPER_WIDTH, least_contrast, page_of
from reader import Reader

from nanogpt_rs.ruler.tasks import PREPARATION

pytestmark = pytest.mark.slow("drives a real browser")


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_are_legible_at_both_widths(
    reader: Reader, usual: Path, width: int, scheme: str
) -> None:
    reader.open(usual, width, scheme)
    assert reader.run("return document.documentElement.scrollWidth") <= width
    paper = reader.run("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper)[:3])) > 380) == (scheme == "light")
    assert least_contrast(reader) >= 4.5
    reader.check_quiet()


def test_narrow_tables_say_what_each_cell_is(reader: Reader, usual: Path) -> None:
    reader.open(usual, 360)
    unsaid = """
        return [...document.querySelectorAll(".cards tbody td")]
          .filter((node) => !node.matches(".place, .plot") && !node.dataset.label)
          .map((node) => node.outerHTML.slice(0, 100))
        """
    assert reader.run(unsaid) == []
    # A verdict does not stand above the name that it is about.
    above = """
        return [...document.querySelectorAll(".cards tbody tr")].filter((row) => {
          const [name, verdict] = ["th", "td.v"].map((node) => row.querySelector(node));
          const top = (node) => node.getBoundingClientRect().top;
          return verdict && top(verdict) < top(name) - 2;
        }).length
        """
    assert reader.run(above) == 0
    nameless = "return [...document.querySelectorAll('.cards')].filter((node) => !node.caption)"
    assert reader.run(f"{nameless}.length") == 0


def test_names_break_between_their_words(reader: Reader, usual: Path) -> None:
    """A piece of a name, up to a _ or a /, stands on one line in any column."""
    for width in (360, 1440):
        reader.open(usual, width)
        broken = reader.run(
            """
            return [...document.querySelectorAll("main bdi:not(.long-name)")].flatMap((node) =>
              [...node.childNodes].filter((piece) => piece.nodeType === Node.TEXT_NODE)
                .filter((piece) => !/[\\s-]/.test(piece.data)).filter((piece) => {
                  const range = document.createRange();
                  range.selectNodeContents(piece);
                  return range.getClientRects().length > 1;
                }).map((piece) => piece.data))
            """
        )
        assert broken == []


@pytest.mark.parametrize("width", [745, 1000, 1440])
def test_no_heading_lies_under_the_bar(reader: Reader, usual: Path, width: int) -> None:
    reader.open(usual, width)
    for id in ("ranking-encode", "texts", "how"):
        reader.run("document.documentElement.style.scrollBehavior = 'auto'")
        reader.run("document.getElementById(arguments[0]).scrollIntoView()", id)
        lies = "return document.querySelector(arguments[0]).getBoundingClientRect()"
        heading = reader.run(lies, f"[id='{id}-title']")
        assert heading["top"] >= reader.run(lies, "#controls")["bottom"], id


def test_it_prints(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    printed = reader.command("Page.printToPDF", printBackground=True)
    assert base64.b64decode(printed["data"]).startswith(b"%PDF-")
    reader.check_quiet()


def test_a_printed_page_is_complete_and_fits_its_paper(reader: Reader, tmp_path: Path) -> None:
    """Paper is white, says what the controls were set to, and is no wider than a sheet."""
    corpora = [*made_up.SIZES]
    cells = made_up.cells(("charset", PREPARATION), corpora, ("warm", "fresh_str", "evicted"))
    reader.open(page_of(tmp_path, made_up.RUN, cells))
    for _ in range(2):
        reader.run("document.getElementById('theme').click()")
    assert reader.text("#theme") == "theme: dark"
    reader.select("scaling-y", "rate")
    reader.select("matrix", "time")
    reader.run("dispatchEvent(new Event('beforeprint'))")
    reader.command(
        "Emulation.setDeviceMetricsOverride",
        width=PAPER_WIDTH,
        height=1000,
        deviceScaleFactor=1,
        mobile=False,
    )
    reader.command("Emulation.setEmulatedMedia", media="print")
    try:
        paper = reader.run("return getComputedStyle(document.body).backgroundColor")
        assert paper == "rgb(255, 255, 255)"
        assert least_contrast(reader) >= 4.5
        assert "Task charset, warm; shown as throughput." in reader.text("#scaling")
        assert "Task charset; shown as time of one call." in reader.text("#texts")
        assert "Task charset, warm." in reader.text("#spread")
        assert "training 2000 steps of" in reader.text("#job")
        row = "return getComputedStyle(document.querySelector('.cards tbody tr')).display"
        assert reader.run(row) == "table-row"
        unselected = "return [...document.querySelectorAll('.legend input:not(:checked)')]"
        assert reader.run(f"{unselected}.length") > 0
        assert reader.run(f"{unselected}.every((node) => !node.closest('label').offsetWidth)")
        wide = "return [...document.querySelectorAll('main table, main .chart svg')]"
        widths = reader.run(f"{wide}.map((node) => node.getBoundingClientRect().width)")
        assert max(widths) <= PAPER_WIDTH
        assert reader.run("return document.documentElement.scrollWidth") <= PAPER_WIDTH
        heads = reader.texts("#texts-printed thead th:not(:first-child)")
        assert len(heads) == len(set(heads)) == 3 * len(corpora)
        assert reader.run("return document.querySelector('#texts .scroll').offsetWidth") == 0
    finally:
        reader.command("Emulation.setEmulatedMedia", media="")
    reader.check_quiet()


def test_without_script_the_headline_is_there(usual: Path) -> None:
    text = usual.read_text(encoding="utf-8")
    (static,) = re.findall(r"<noscript>(.*?)</noscript>", text, re.DOTALL)
    assert "<td>charset</td>" in static
    assert "`" not in static
    assert re.search(r"\d µs", static)
    assert not re.search(r"\d us\b", static)
    assert "times faster" not in static
    assert "SHA-256" in static


def test_the_policy_lets_nothing_else_in(usual: Path) -> None:
    text = usual.read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', text)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", text)
