"""The page's script, style and templates, and the constants that they take from Python.

The page is one file whose content policy lets in one script and one style, by their hashes. Both
are written as one file for each subject, under ``page/script`` and ``page/style``, and joined here.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from nanogpt_rs.records.kinds import OTHERS
from nanogpt_rs.records.schema import ASKED, LECTURE, STRONGEST
from nanogpt_rs.reporting.headline import REAL
from nanogpt_rs.ruler.registry import MARKS
from nanogpt_rs.ruler.rounds import BUILD, NEW_TEXT

FOLDER = resources.files("nanogpt_rs.reporting") / "page"
"""Where script, style and templates lie."""
SCRIPTS = (
    # What all others use.
    *("elements", "words", "data", "view", "comparing", "builds", "plots"),
    # The sections, in the order of the page.
    *("answer", "glance", "ranking", "ratios", "scaling", "matrix", "spread", "threads"),
    *("job_model", "job_measured", "job", "divisions"),
    *("breakdown", "memory", "failures", "provenance"),
    # Draws the page, and so comes last.
    "main",
)
"""The files of the script, in the order in which they are joined."""
STYLES = ("base", "tables", "pictures", "narrow", "print")
"""The files of the style in the order of precedence: a later rule beats an earlier one."""
STATE_WORDS = {
    "warm": "every call gets the same text or file, which earlier calls have used",
    "fresh_str": "every call gets a new text object, which no call has used before",
    "evicted": "before every call, the text is displaced from the caches of the processor core",
    "uncached_file": "before every call, the system drops its copy of the file from memory",
    "first_call": "every call is the first one of a process in which nothing was called before",
    NEW_TEXT: "every call is one of an encoder that has encoded the first half of the text, on the "
    "second half, which is new to it",
    BUILD: "the time is that of building the function that is called, such as an encoder",
}
"""Explanations of the states, for readers of the page."""


@cache
def script() -> str:
    """Return the page's script: its files joined in one function, which keeps names to itself."""
    parts = [read("script", f"{name}.js") for name in SCRIPTS]
    return "\n".join(['"use strict";', "(() => {", *parts, "})();", ""])


@cache
def style() -> str:
    """Return the page's style: its files joined."""
    return "\n".join(read("style", f"{name}.css") for name in STYLES)


def read(*path: str) -> str:
    """Return the text of a file in the page's folder."""
    return FOLDER.joinpath(*path).read_text(encoding="utf-8")


def constants() -> dict[str, Any]:
    """Return the names and lists of Python that the script needs, as data."""
    strongest = f"{STRONGEST}:"
    return {
        "states": STATE_WORDS,
        "widths": [mark.removeprefix(strongest) for mark in MARKS if mark.startswith(strongest)],
        "references": [STRONGEST, LECTURE, ASKED],
        "otherKinds": list(OTHERS),
        "realCorpus": REAL,
    }


def rendered(template: str, **values: Any) -> bytes:
    """Return a document made from a template, in the style that all pages share.

    Args:
        template: The name of a file in the page's folder.
        values: What the template shows, by the names that it uses.
    """
    from markupsafe import Markup

    from nanogpt_rs.ruler import provenance

    text = filled(
        template,
        style=Markup(style()),  # noqa: S704 - ours; it holds no "</style>"
        style_hash=policy_hash(style()),
        version=provenance.installed().version,
        **values,
    )
    return text.encode("utf-8", "backslashreplace")


def filled(template: str, **values: Any) -> str:
    """Return a template with its values filled in and escaped; a missing value is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("nanogpt_rs.reporting", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(**values)


def policy_hash(text: str) -> str:
    """Return the hash by which a content policy lets in an inline script or style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
