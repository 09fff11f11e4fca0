"""Paths, modules and commands that the documents name exist."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pkgutil import resolve_name
from typing import Any

import pytest
from command_lines import commands as all_commands
from command_lines import name_of, parsed, root
from installations import ROOT

from nanogpt_rs.commands.old_commands import renamed
from nanogpt_rs.ruler.registry import REGISTRY
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.statistics.plan import plan
from nanogpt_rs.training.arms import ARMS

DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "METHODOLOGY.md",
    "CHANGELOG.md",
    "tests/words/README.md",
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
)
README_WORDS = 1200
"""Words that README has at most, those of tables included."""
BASES = ("", "tests/words", "tests/wordcount", "docs")
"""Folders that a path may be relative to: documents also speak of the files of these projects."""
PIPE = re.compile(r"\s[|>]\s")
"""What ends a command line of ours and hands its output to another program or to a file."""
NOT_IN_THE_REPOSITORY = frozenset(
    {
        *(
            "py_impls/charset/sorted_groups.py",
            "rust_impls/charset/btree_set.rs",
            "sorted_groups.py",
        ),
        *(
            "path/to/sorted_groups.py",
            "path/to/your.txt",
            "mine.py",
            "mine.ipynb",
            "a.txt",
            "b.txt",
        ),
        *("1g.txt", "run.pt", "results/local/", "public/", ".asv/html", "report.html", ".venv"),
        ".venv/set-up.log",
        *("train.bin", "val.bin", "manifest.json", "as-is.jsonl"),
    }
)
"""Files that a reader makes, and files that a command makes where it runs."""
GONE = frozenset({"harness/", "python -m harness", "model.py"})
"""Names that the changelog gives of things that are gone, or are in other projects."""
OTHER_TOOLS = frozenset({"--benchmark-only", "--sync", "--output", "--pyargs", "--yes", "--fast"})
"""Options of other programs, such as pytest's, that are named alone."""
FILE = re.compile(
    r"\.?[\w*./-]+\.(bin|html|ipynb|js|json|jsonl|md|pt|py|pyi|rs|sha256|toml|txt|yml)"
)
FOLDER = re.compile(r"\.?[\w.*-]+/[\w./*-]*")
VERSION = re.compile(r"^## ", re.MULTILINE)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(document: str) -> str:
    """Return a document's text; of the changelog only the newest version."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return "## ".join(VERSION.split(text)[:2]) if document == "CHANGELOG.md" else text


@cache
def tracked() -> frozenset[str]:
    """Return the files of the repository and the folders that hold them, as paths from its root."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [name for name in done.stdout.split("\0") if name and (ROOT / name).exists()]
    folders = {
        "/".join(name.split("/")[:end]) for name in files for end in range(name.count("/") + 1)
    }
    return frozenset(files) | folders


@cache
def commands() -> dict[str, Any]:
    """Return the commands of `nanogpt-rs`, by name, such as `profile steps`."""
    return dict(all_commands())


@cache
def make_words() -> tuple[frozenset[str], frozenset[str]]:
    """Return the targets and the variables of the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):(?!=)", text, re.MULTILINE)
    variables = re.findall(r"^([A-Z_]+)\s*[?:]?=", text, re.MULTILINE)
    return frozenset(targets), frozenset(variables)


def without_blocks(text: str) -> str:
    """Return a document's prose: no fenced and no indented code."""
    lines = FENCED.sub("", text).splitlines()
    return "\n".join(line for line in lines if not line.startswith("    "))


def spans(text: str) -> list[str]:
    """Return what stands between single backticks, on one line each."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", without_blocks(text))]


def indented(text: str) -> list[str]:
    """Return the command lines that a document shows in indented blocks, without their comments."""
    lines = [line for line in FENCED.sub("", text).splitlines() if line.startswith("    ")]
    return [line.partition(" #")[0].strip() for line in lines]


def options_of(command: Any) -> set[str]:
    return {name for option in command.params for name in (*option.opts, *option.secondary_opts)}


def wrong_path(span: str) -> str | None:
    """Return what is wrong with a code span that names a path, if anything."""
    path = span.removeprefix("../../")
    if path in NOT_IN_THE_REPOSITORY or not (FILE.fullmatch(path) or FOLDER.fullmatch(path)):
        return None
    if re.fullmatch(r"[a-z]+/(\.\.\.|[a-z0-9_<>-]+)", path) and is_id(path):
        return None
    pattern = re.escape(path.rstrip("/")).replace(r"\*", "[^/]*")
    bases = [re.escape(f"{base}/") if base else "" for base in BASES]
    if "/" not in path:  # a file in a folder that the sentence names
        bases.append("(.*/)?")
    if any(re.fullmatch(base + pattern, name) for base in bases for name in tracked()):
        return None
    return f"`{span}` is no path of this repository"


def is_id(span: str) -> bool:
    """Return whether a code span is an id of the registry or of an arm, or has a new one's form."""
    language = span.partition("/")[0]
    ids = {row.id for row in REGISTRY} | {arm.id for arm in ARMS}
    ids |= {"rust/hash_map", "python/counter"}
    return span in ids or language in {"foreign", "language"} or span == "limit/..."


def wrong_module(span: str) -> str | None:
    """Return what is wrong with a code span that names something in `nanogpt_rs`, if anything."""
    if not re.fullmatch(r"(nanogpt_rs|benchmarks\.\w+)(\.\w+)+", span) or FILE.fullmatch(span):
        return None
    try:
        resolve_name(span)
    except (ImportError, AttributeError) as error:
        return f"`{span}`: {error}"
    return None


def wrong_command(line: str) -> str | None:
    """Return what is wrong with a command line that a document shows, if anything."""
    try:
        program, *words = shlex.split(PIPE.split(line)[0]) or [""]
    except ValueError:  # no command, but a piece of Python
        return None
    program = program.removeprefix(".venv/bin/")
    if program == "nanogpt-rs" and words and "..." not in words:
        return wrong_subcommand(line, *words)
    if program == "make":
        return wrong_make(line, words)
    if program == "python" and "-m" in words:
        package = words[words.index("-m") + 1].partition(".")[0]
        return None if find_spec(package) else f"`{line}`: there is no module {package}"
    if program.startswith("--") and not is_option(program.partition("=")[0]):
        return f"`{line}`: no command has this option"
    return None


def is_option(name: str) -> bool:
    """Return whether some command has an option of this name."""
    known = {option for command in commands().values() for option in options_of(command)}
    return name in known | OTHER_TOOLS


def wrong_subcommand(line: str, *words: str) -> str | None:
    """Return what is wrong with the words after `nanogpt-rs`, if anything.

    In a sentence a command may be named without what it needs.
    """
    if new := renamed(words):
        return f"`{line}`: {new.message}"
    complaint = complaint_about(words)
    if complaint is None or complaint.startswith("Missing ") or "requires an arg" in complaint:
        return None
    return f"`{line}`: {complaint}"


def complaint_about(words: Sequence[str]) -> str | None:
    """Return what the program complains about in the words after `nanogpt-rs`, if anything."""
    if words[0].startswith("-"):  # done as soon as it is parsed, such as --install-completion
        return None if words[0] in options_of(root()) | {"--help"} else f"no option {words[0]}"
    try:
        parsed(words)
    except SystemExit as error:  # 0 for --help and --version, and where a group shows its commands
        return None if error.code == 0 else f"refused with status {error.code}"
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            return None
        return error.format_message() if hasattr(error, "format_message") else repr(error)
    return None


def wrong_make(line: str, words: Iterable[str]) -> str | None:
    """Return what is wrong with the words after `make`, if anything."""
    targets, variables = make_words()
    for word in words:
        name, assigned, _ = word.partition("=")
        if name not in (variables if assigned else targets) and word != "...":
            return f"`{line}`: the Makefile has no {name}"
    return None


def wrong_python(text: str) -> Iterator[str]:
    """Yield each import from `nanogpt_rs` in a document's Python that does not work."""
    for language, code in FENCED.findall(text):
        if language != "python":
            continue
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("nanogpt_rs"):
                for alias in node.names:
                    if problem := wrong_module(f"{node.module}.{alias.name}"):
                        yield problem


def anchors(text: str) -> set[str]:
    """Return the names by which a link can lead to the headings of a document, as GitHub does."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def wrong_link(link: str, document: str) -> str | None:
    """Return what is wrong with a link to a file of the repository or into one, if anything."""
    path, _, anchor = link.partition("#")
    target = (ROOT / document).parent / path if path else ROOT / document
    if not target.exists() or target.resolve().relative_to(ROOT).as_posix() not in tracked():
        return f"({link}) leads to no file of this repository"
    if anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
        return f"({link}) leads to no heading"
    return None


def problems(text: str, document: str = "README.md") -> list[str]:
    """Return a sentence for each path, module, link and command that does not exist.

    Args:
        text: The text of a document.
        document: Its path, from which its links lead on.
    """
    links = re.findall(r"\]\(([^):]+)\)", text)
    code = [span for span in spans(text) if span not in GONE]
    checked = [
        *map(wrong_path, code),
        *(wrong_link(link, document) for link in links),
        *map(wrong_module, code),
        *map(wrong_command, code + indented(text)),
        *wrong_python(text),
    ]
    return [problem for problem in checked if problem]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_names_exists(document: str) -> None:
    wrong = problems(read(document), document)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_command_line_in_a_block_has_all_that_it_needs(document: str) -> None:
    shown = [line.removeprefix(".venv/bin/") for line in indented(read(document))]
    for line in shown:
        if line.startswith("nanogpt-rs "):
            words = shlex.split(PIPE.split(line)[0])[1:]
            assert complaint_about(words) is None, line


def test_the_makefile_and_ci_run_commands_that_exist() -> None:
    files = ["Makefile", ".ci/run", *map(str, (ROOT / ".github/workflows").glob("*.yml"))]
    lines = []
    for file in files:
        text = (ROOT / file).read_text(encoding="utf-8")
        text = re.sub(r"\$\(([A-Z]+)\)|\"\$([A-Z]+)\"", "1", text)
        lines += re.findall(r"(?:RUN\)|\b1|-m) nanogpt_rs (\w.*)", text)
        lines += re.findall(
            r"nanogpt-rs\"? ((?:bench|compare|diff|verify|doctor|dev|job) ?.*)", text
        )
    assert len(lines) >= 10
    for line in lines:
        words = shlex.split(re.split(r"[>|;&]", line)[0])
        assert name_of(parsed(words)), line


@pytest.mark.parametrize(
    "folder", ["nanogpt_rs", "model", "benchmarks", "rust_impls", "py_impls", "fuzz", "nanogpt.py"]
)
def test_the_code_names_no_old_command(folder: str) -> None:
    paths = [ROOT / folder] if folder.endswith(".py") else sorted((ROOT / folder).rglob("*.*"))
    for path in paths:
        if (
            path.suffix not in {".py", ".js", ".j2", ".rs", ".toml"}
            or path.name == "old_commands.py"
        ):
            continue
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"`nanogpt-rs (?!is now)([a-z]\w*)", text):
            assert name in root().commands, f"{path.name}: nanogpt-rs {name}"
        for name in re.findall(r"code\(\"nanogpt-rs (\w+)", text):
            assert name in root().commands, f"{path.name}: nanogpt-rs {name}"


def test_documents_show_every_task_and_each_command_but_those_of_maintainers() -> None:
    tasks = read("docs/measuring.md")
    assert [task for task in TASKS if f"| `{task}` |" not in tasks] == []
    lines = [line.removeprefix(".venv/bin/") for line in indented(read("docs/commands.md"))]
    shown = {
        name_of(parsed(shlex.split(line)[1:])) for line in lines if line.startswith("nanogpt-rs ")
    }
    maintainers = {f"dev {name}" for name in ("new", "publish", "record", "splice", "watch")}
    assert commands().keys() - shown == {*maintainers, "list tasks"}


def test_readme_is_short_and_leads_to_every_document() -> None:
    text = read("README.md")
    assert len(text.split()) <= README_WORDS
    linked = set(re.findall(r"\]\(([^)#:]+)\)", text))
    assert set(DOCUMENTS) - linked == {"README.md", "tests/words/README.md"}


def test_methodology_has_the_rounds_of_the_plan() -> None:
    table = re.findall(r"\| up to ([\d.]+) (ms|s) \| (\d+)[ ,]", read("METHODOLOGY.md"))
    assert len(table) == 9
    for length, unit, rounds in table:
        seconds = float(length) * (0.001 if unit == "ms" else 1)
        assert plan([seconds, seconds]).rounds == int(rounds), (length, unit)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("The verdict is in `verdict/harness.py`.", "is no path"),
        ("It lies in `nanogpt_rs/statistics/verdicts.py`.", "is no path"),
        ("See `nowhere/`.", "is no path"),
        ("See `verdicts.py`.", "is no path"),
        ("See [this](NOWHERE.md).", "leads to no file"),
        ("See [this](docs/commands.md#nowhere).", "leads to no heading"),
        ("See [this](#nowhere).", "leads to no heading"),
        ("The id is `rust/nobodys_idea`.", "is no path"),
        ("It is in `nanogpt_rs.statistics.verdicts`.", "verdicts"),
        ("```python\nfrom nanogpt_rs.ruler.registry import rows_of_gold\n```\n", "rows_of_gold"),
        ("Run `nanogpt-rs benhc`.", "`nanogpt-rs benhc`: refused with status 2"),
        ("Run\n\n    .venv/bin/nanogpt-rs bench --ful   # hours\n", "No such option: --ful"),
        ("Run `make benhc`.", "no benhc"),
        ("Run `make bench PYTHNO=python3.13`.", "no PYTHNO"),
        ("Run `python -m harness.cli`.", "no module harness"),
        ("It takes `--part-byte`.", "no command has this option"),
    ],
)
def test_what_does_not_exist_is_reported(text: str, complaint: str) -> None:
    assert [problem for problem in problems(text) if complaint in problem]
