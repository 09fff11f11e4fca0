"""The tree of commands: names of today and of before, completion, and options that do not fit."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_lines import commands, name_of, parsed, root
from messages import only_message

from nanogpt_rs.commands.old_commands import RENAMED, renamed
from nanogpt_rs.ruler.corpora import CORPORA
from nanogpt_rs.ruler.registry import REGISTRY
from nanogpt_rs.ruler.tasks import TASKS

Run = Callable[..., subprocess.CompletedProcess[str]]
TWELVE = "bench compare diff verify list profile show job data model doctor dev"
OLD = {
    "corpora --json": "list corpora",
    "breakdown encode rust/id_table --state warm": "profile steps",
    "count encode --against HEAD~1": "profile instructions",
    "memory prepare --processes 2": "profile memory",
    "job --corpus-size 100GB --steps 100000 --step-time 20ms": "job predict",
    "bench --end-to-end --corpus mine.txt --device cuda --compile": "job measure",
    "cost 100GB --measure --read 2GB/s": "data cost",
    "selftest --row short --row rebuilds --rivals --part 0.1": "doctor",
    "selftest --show --condition loaded --folder results/selftest": "doctor",
    "show runs.jsonl": "show",
    "export --format markdown runs.jsonl": "show",
    "export runs.jsonl --out table.csv": "show",
    "report --out page.html": "show",
    "prepare a.txt b.txt --out shards --threads 2 --again": "data prepare",
    "prepare --check shards": "data check",
    "prepare --check=shards --json": "data check",
    "prepare a.txt --out shards --rounds 7 --results results/local": "data bench",
    "train --config quick --checkpoint run.pt": "model train",
    "sample run.pt --length 40": "model sample",
    "division open --seeds 4 --record races.jsonl": "model race",
    "new charset sorted_groups --python": "dev new",
    "watch --corpus mine.txt --seconds 5": "dev watch",
    "record lab-1 cost": "dev record",
    "splice --check --document README.md": "dev splice",
    "publish public": "dev publish",
    "builds --clear": "dev builds",
    "list charset --id rust/ahash": "list implementations",
    "list --json": "list implementations",
    "list": "list implementations",
}
"""Command lines of version 0.1, and the commands that they run now."""


def test_there_are_twelve_commands(nanogpt_rs: Run) -> None:
    assert list(root().commands) == TWELVE.split()
    done = nanogpt_rs("--help")
    assert [name for name in TWELVE.split() if f"\n  {name} " not in done.stdout] == []
    assert done.stderr == ""


@pytest.mark.parametrize("line", OLD)
def test_an_old_command_line_runs_what_it_ran(line: str) -> None:
    assert name_of(parsed(shlex.split(line))) == OLD[line]


def test_every_old_name_is_tried() -> None:
    assert RENAMED.keys() - {line.partition(" ")[0] for line in OLD} == set()
    assert renamed(["bench", "charset"]) is None


def test_an_old_name_says_the_new_one_and_runs_it(nanogpt_rs: Run) -> None:
    old, new = nanogpt_rs("corpora", "--json"), nanogpt_rs("list", "corpora", "--json")
    assert (old.returncode, old.stdout) == (new.returncode, new.stdout) == (0, new.stdout)
    says = "nanogpt-rs: `nanogpt-rs corpora` is now `nanogpt-rs list corpora`; "
    assert old.stderr == f"{says}the old name works in 0.2 only\n"
    assert new.stderr == ""
    done = nanogpt_rs("prepare", "--check", "nowhere")
    assert "is now `nanogpt-rs data check`" in done.stderr
    assert "nowhere" in done.stderr.splitlines()[-1]


def test_a_group_alone_shows_its_commands(nanogpt_rs: Run) -> None:
    for group in ("profile", "job", "data", "model", "dev"):
        done = nanogpt_rs(group)
        assert done.returncode == 2, done.stderr
        shown = done.stdout + done.stderr
        assert all(f" {name} " in shown for name in root().commands[group].commands)


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_help_has_an_example_that_parses(name: str) -> None:
    text = str(dict(commands())[name].help)
    lines = re.findall(r"For example: nanogpt-rs (.*)", text)
    assert lines, f"{name}: no example"
    for line in lines:
        ran = name_of(parsed(shlex.split(line)))
        assert ran == name or name == "list corpora", line  # noqa: PLR1714


def test_tasks_are_listed(nanogpt_rs: Run) -> None:
    shown = nanogpt_rs("list", "tasks").stdout
    assert [task for task in TASKS.values() if task.contract not in shown] == []


def test_help_and_list_import_nothing_heavy() -> None:
    heavy = {"torch", "numpy", "pandas", "scipy", "dask", "pyarrow"}
    for words, left_out in (
        (
            ["--help"],
            {*heavy, "nanogpt_rs.ruler.tasks", "nanogpt_rs.records", "nanogpt_rs.measuring"},
        ),
        (["list"], heavy),
    ):
        program = (
            "import sys, atexit\nfrom nanogpt_rs.cli import app\n"
            "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
            f"app({words})"
        )
        done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert left_out & set(done.stderr.split()) == set()


def completed(words: str, tmp_path: Path) -> set[str]:
    """Return what bash offers after these words, the last of which is not finished."""
    parts = words.split(" ")
    environment = {
        "_NANOGPT_RS_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(parts) - 1),
    }
    done = subprocess.run(
        [Path(sys.executable).with_name("nanogpt-rs")],
        env={**os.environ, **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_a_shell_completes_commands_and_values(tmp_path: Path) -> None:
    (tmp_path / "small.txt").write_text("a")
    (tmp_path / "sub").mkdir()
    ids = {task: {row.id for row in REGISTRY if row.task == task} for task in TASKS}
    for words, expected in {
        "nanogpt-rs ": set(TWELVE.split()),
        "nanogpt-rs pro": {"profile"},
        "nanogpt-rs profile ": {"steps", "instructions", "memory"},
        "nanogpt-rs bench char": {"charset", "charset_encode"},
        "nanogpt-rs list cha": {"charset", "charset_encode"},
        "nanogpt-rs list cor": {"corpora"},
        "nanogpt-rs compare charset rust/a": {i for i in ids["charset"] if i.startswith("rust/a")},
        "nanogpt-rs bench encode --id rust/": {i for i in ids["encode"] if i.startswith("rust/")},
        "nanogpt-rs verify -c tiny": {id for id in CORPORA if id.startswith("tiny")},
        "nanogpt-rs bench --corpus s": {"synthetic", "source-1m-latin1", "small.txt", "sub/"},
        "nanogpt-rs bench --state war": {"warm"},
        "nanogpt-rs show --format mark": {"markdown"},
        "nanogpt-rs data check --js": {"--json"},
        "nanogpt-rs breakdown encode rust/id_t": {"rust/id_table"},
    }.items():
        assert completed(words, tmp_path) == expected, words


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("bench --full --corpus synthetic", "--corpus: no effect beside --full"),
        ("bench charset --id rust/ahash --all", "--all: no effect beside --id"),
        ("diff HEAD~1 --markdown --json", "--json: no effect beside --markdown"),
        (
            "compare charset python/set python/counter --builds 4",
            "--builds: no effect, because none",
        ),
        ("diff HEAD~1 --id python/counter --builds 4", "--builds: no effect, because none"),
        ("profile memory charset --id rust/ahash --all", "--all: no effect beside --id"),
        ("profile instructions --id rust/ahash --all", "--all: no effect beside --id"),
        ("data cost 1GB --up-to 2GB --engine dask", "--up-to and --engine: no effect without"),
        ("data cost 1GB --measure --record x.jsonl", "--measure: no effect beside --record"),
        ("data cost 1GB --record x.jsonl --results y", "--results: no effect beside --record"),
        (
            "job predict --corpus-size 1GB --steps 1 --step-time 1s --record x --id a -c b",
            "--id and --corpus: no effect beside --record",
        ),
        ("doctor --rivals --part 0.1", "--rivals and --part: no effect without --self-test"),
        ("doctor --self-test --show --row short", "--row: no effect beside --show"),
        (
            "doctor --self-test --rivals --row rebuilds",
            "--rivals: other tools do not judge",
        ),
        ("model sample run.pt --top 1 --seed 3", "--seed: no effect beside --top 1"),
        ("model train --verify", "--verify compares the hashes of --shards"),
        ("model train --shards s --corpus synthetic", "--shards takes neither --corpus"),
        ("show --json --format csv", "--format: no effect beside --json"),
        ("show --open --format csv", "--open: no effect beside --format csv"),
        ("bench charset --summary --json", "--summary: no effect beside --json"),
        ("job measure --summary --json", "--summary: no effect beside --json"),
        ("show --format summary --out x", "--out: no effect without --format csv"),
        ("show --out x", "--out: no effect without --format csv"),
        ("show x.jsonl --results y", "--results: no effect beside FILES"),
        ("show x.jsonl --format html -o z --results y", "--results: no effect beside FILES and"),
        ("bench charset --results a --results b", "--results was given twice"),
        ("compare charset a b -c x --corpus y", "--corpus was given twice"),
        ("model train --compile --no-compile", "--compile was given twice"),
        ("data prepare a.txt --out=", "--out was given an empty value"),
        ("show --results=", "--results was given an empty value"),
        ("bench charset --corpus=", "--corpus was given an empty value"),
        ("bench charset -q -v", "--quiet and --verbose contradict each other"),
    ],
)
def test_what_has_no_effect_together_is_refused(forked: Run, line: str, says: str) -> None:
    done = forked(*shlex.split(line))
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert says in done.stderr
    assert only_message(done.stderr)


def test_verbose_prints_each_step_and_quiet_no_note(nanogpt_rs: Run, tmp_path: Path) -> None:
    words = ("verify", "charset", "--id=rust/ahash", "--id=python/set", "-c", "english-60-ascii")
    done = nanogpt_rs(*words, "-v", "-j")
    assert done.stderr.splitlines() == [
        "nanogpt-rs: verify charset python/set",
        "nanogpt-rs: verify charset rust/ahash",
    ]
    assert nanogpt_rs(*words, "-q").stderr == ""
    results = tmp_path / "results"
    words = ("bench", "charset", "--id=rust/ahash", "--state=warm", "--seconds=1", "-j")
    loud, quiet = (nanogpt_rs(*words, f"--results={results}", *more) for more in ([], ["-q"]))
    assert "the page about it" in loud.stderr
    assert quiet.stderr == ""
    assert quiet.returncode == 0
