"""Other people's implementations, from a file or an installed package, as they would bring them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from installations import ROOT

from nanogpt_rs.ruler.registry import REGISTRY

Run = Callable[..., subprocess.CompletedProcess[str]]

MINE = '''\
"""Sorts the text and keeps the first of each group."""

from itertools import groupby

from mine_helper import check


def charset(text):
    check(text)
    return {character for character, _ in groupby(sorted(text))}
'''
HELPER = "def check(text):\n    if not isinstance(text, str):\n        raise TypeError('no text')\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "mine_helper.py").write_text(HELPER)
    (folder / "mine.py").write_text(MINE)
    return folder / "mine.py"


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_is_measured_like_ours_and_said_to_be_foreign(
    nanogpt_rs: Run, mine: Path, tmp_path: Path
) -> None:
    chosen = ("charset", "--from", str(mine), "--id", "foreign/mine")
    (row,) = json.loads(nanogpt_rs("list", *chosen, "--json").stdout)
    assert row["idea"] == "Sorts the text and keeps the first of each group."
    assert row["marks"] == ["default", "foreign"]
    assert row["origin"] == f"mine.py, SHA-256 {hash_of(mine)}"
    listed = nanogpt_rs("list", *chosen).stdout
    assert f"foreign: mine.py, {hash_of(mine)[:12]}" in listed

    arguments = ("--corpus=english-1k-ascii", "--state=warm", "--seconds=1", "--json")
    done = nanogpt_rs("bench", *chosen, *arguments)
    assert done.returncode == 0, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["foreign/mine"]["seconds"] > 0
    assert [each["role"] for each in cells["foreign/mine"]["against"]] == ["lecture", "strongest"]
    assert cells["foreign/mine"]["origin"] == f"mine.py, SHA-256 {hash_of(mine)}"
    assert {cell["origin"] for id, cell in cells.items() if id != "foreign/mine"} == {None}
    (record,) = (tmp_path / "results/local/bench").glob("*.jsonl")
    assert hash_of(mine) in record.read_text()
    assert str(tmp_path) not in done.stdout + record.read_text()
    shown = nanogpt_rs("show").stdout
    assert f"charset foreign/mine: foreign, from mine.py, SHA-256 {hash_of(mine)}" in shown


@pytest.mark.slow("runs three commands that measure")
def test_compare_breakdown_and_verify_take_a_file(nanogpt_rs: Run, mine: Path) -> None:
    done = nanogpt_rs("verify", "charset", "--from", str(mine), "--id", "foreign/mine", "--json")
    assert [each["status"] for each in json.loads(done.stdout)] == ["right"], done.stderr
    arguments = ("--from", str(mine), "--corpus=english-1k-ascii", "--json")
    done = nanogpt_rs("compare", "charset", "python/set", "foreign/mine", *arguments)
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert [reference["id"] for reference in cells["foreign/mine"]["against"]] == ["python/set"]
    assert cells["foreign/mine"]["seconds"] > cells["python/set"]["seconds"]  # it sorts
    done = nanogpt_rs("breakdown", "charset", "foreign/mine", *arguments)
    assert [each["id"] for each in json.loads(done.stdout)["cells"]] == ["foreign/mine"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("import os\nos._exit(9)\n", "ended with status 9 and no answer"),
        ("import ctypes\nctypes.string_at(0)\n", "crashed: killed by SIGSEGV"),
        ("raise RuntimeError('no luck')\n", "no luck"),
    ],
)
def test_a_file_that_breaks_when_it_is_run_breaks_a_worker_alone(
    nanogpt_rs: Run, mine: Path, body: str, says: str
) -> None:
    mine.write_text(MINE + body)
    done = nanogpt_rs(
        *("verify", "charset", "--from", str(mine), "--json"),
        *("--id", "foreign/mine", "--id", "rust/ahash"),
    )
    assert done.returncode == 1
    verdicts = {each["id"]: each for each in json.loads(done.stdout)}
    assert verdicts["rust/ahash"]["status"] == "right"
    assert verdicts["foreign/mine"]["status"] == "wrong"
    assert says in str(verdicts["foreign/mine"]["details"])


def test_a_file_may_give_its_function_a_kernel_of_ours(nanogpt_rs: Run, mine: Path) -> None:
    mine.write_text(
        "from nanogpt_rs.ruler.registry import row\n"
        "def through(kernel, text):\n    return kernel(text)\n"
        "ROWS = [row('charset', 'foreign/mine', f'{__name__}:through', 'default', '',"
        " 'rust_impls:charset.bit_table')]\n"
    )
    chosen = ("charset", "--from", str(mine), "--id", "foreign/mine", "--json")
    done = nanogpt_rs("verify", *chosen)
    assert [each["status"] for each in json.loads(done.stdout)] == ["right"], done.stdout
    (listed,) = json.loads(nanogpt_rs("list", *chosen).stdout)
    assert listed["origin"].startswith("mine.py and rust_impls, SHA-256 ")


def test_a_wrong_answer_is_wrong(nanogpt_rs: Run, mine: Path) -> None:
    mine.write_text(MINE.replace("sorted(text)", "sorted(text[1:])"))
    done = nanogpt_rs("verify", "charset", "--from", str(mine), "--id", "foreign/mine")
    assert done.returncode == 1
    assert "lacks" in done.stdout


ROWS = "from nanogpt_rs.ruler.registry import row\nROWS = [{}]\n"
TASK = """\
from dataclasses import replace
from nanogpt_rs.ruler.registry import row
from nanogpt_rs.ruler.tasks import TASKS as OURS
TASKS = [replace(OURS["charset"], name={!r})]
ROWS = [{}]
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "def encoder(v): ...\n",
            "defines neither ROWS nor a function named after a task: charset",
        ),
        ("def charset(:\n", "mine.py, line 1: invalid syntax\n"),
        ("\0", "mine.py"),
        ("ROWS = [1]\n", "ROWS holds int, not Implementation"),
        ("TASKS = ['words']\n", "TASKS holds str, not Task"),
        ("ROWS = 1 / 0\n", "ZeroDivisionError: 'division by zero'"),
        ("import sys\nROWS = sys.exit('bye')\n", "SystemExit: 'bye'"),
        (
            ROWS.format("row('charset', 'python/mine', 'mine:charset', '')"),
            "charset python/mine: its id must begin with foreign/, as the task is not its own",
        ),
        (
            ROWS.format("row('charset', 'foreign/mine', 'mine:charset', 'baseline')"),
            "'baseline' is for the task's own rows to have",
        ),
        (
            ROWS.format("row('charset', 'foreign/mine', 'mine:charset', 'fast')"),
            "no mark is called 'fast'",
        ),
        (
            ROWS.format("*2 * [row('charset', 'foreign/mine', 'mine:charset', '')]"),
            "there is an implementation of that id already",
        ),
        (ROWS.format("row('chars', 'foreign/mine', 'mine:chars', '')"), "there is no task 'chars'"),
        (ROWS.format("row('charset', 'mine', 'mine:charset', '')"), "an id is two words"),
        (TASK.format("charset", ""), "there is a task 'charset' already"),
        (TASK.format("char-set", ""), "'char-set' is no identifier"),
        (
            TASK.format("c", "*(row('c', f'python/{i}', 'mine:c', 'baseline') for i in 'ab')"),
            "c: more than one row is marked 'baseline'",
        ),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_one_line(
    nanogpt_rs: Run, mine: Path, text: str, says: str
) -> None:
    mine.write_text(text)
    done = nanogpt_rs("list", "charset", "--from", str(mine))
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "mine.py" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_no_file_is_refused(nanogpt_rs: Run, mine: Path, tmp_path: Path) -> None:
    done = nanogpt_rs("list", "--from", "nowhere.py")
    assert done.returncode == 2
    assert "nowhere.py: No such file or directory" in done.stderr
    done = nanogpt_rs("list", "--from", str(mine.parent))
    assert "not a Python file" in done.stderr
    other = tmp_path / "mine.py"
    other.write_text(MINE)
    done = nanogpt_rs("list", "--from", str(mine), "--from", str(other))
    assert "have the same name: rename one" in done.stderr


def test_pytest_takes_a_file(mine: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "pytest", "benchmarks/pytest_benchmark", "-q"]
    options = ["--corpus=english-1k-ascii", f"--benchmark-storage={tmp_path}/kept"]
    brief = ["--benchmark-only", "--benchmark-max-time=0.01", "-k", "foreign and mine"]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *options, *more], cwd=ROOT, capture_output=True, text=True)

    done = run(*brief, "--from", str(mine))
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tmp_path / "kept").rglob("*.json")
    (case,) = json.loads(path.read_text())["benchmarks"]
    assert case["extra_info"]["id"] == "foreign/mine"
    assert case["extra_info"]["origin"] == f"mine.py, SHA-256 {hash_of(mine)}"
    done = run("--from", "nowhere.py")
    assert done.returncode == 4
    assert "nowhere.py: No such file or directory" in done.stderr


PROGRAM = """
import json, sys
from pathlib import Path
from nanogpt_rs.ruler import foreign, provenance, registry, suite
before = dict(suite.classes(suite.Cells))
path = Path(sys.argv[1])
rows = foreign.add_file(path)
assert foreign.add_file(path) == rows  # once, however often
assert registry.find("charset", "foreign/mine") is rows[0]
after = dict(suite.classes(suite.Cells))
assert {n: c.params for n, c in before.items()} == {n: c.params for n, c in after.items()}
(own,) = dict(suite.classes(suite.Cells, rows=rows)).values()
assert own.params[0] == ["foreign/mine"]
told = json.loads(json.dumps(foreign.sources()))
path.write_text(path.read_text() + "# changed")
try:
    foreign.restore(told)
except foreign.ForeignError as error:
    print(error)
"""


def test_what_asv_keeps_results_by_does_not_change(mine: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(mine)], capture_output=True, text=True
    )
    assert done.stdout == "mine.py has changed while it was measured\n", done.stderr


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with two installed packages that offer implementations; one of them is broken."""
    site = tmp_path / "site"
    for name, module, text in (
        ("their-ideas", "their_ideas", MINE.replace("from mine_helper import check\n", HELPER)),
        ("broken-ideas", "broken_ideas", "ROWS = no_such_name\n"),
    ):
        info = site / f"{module}-2.1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.1\n")
        (info / "entry_points.txt").write_text(
            f"[nanogpt_rs.implementations]\nsorted_groups = {module}\n"
        )
        (site / f"{module}.py").write_text(text)
    return site


def test_an_installed_package_is_measured_and_a_broken_one_left_out(
    nanogpt_rs: Run, site: Path
) -> None:
    chosen = ("charset", "--id", "foreign/sorted_groups", "--json")
    done = nanogpt_rs("list", *chosen, PYTHONPATH=str(site))
    (row,) = json.loads(done.stdout)
    assert row["origin"] == f"their-ideas 2.1, SHA-256 {hash_of(site / 'their_ideas.py')}"
    assert done.stderr.startswith("nanogpt-rs: left out: broken-ideas 2.1: ")
    assert "NameError" in done.stderr
    done = nanogpt_rs("verify", *chosen, PYTHONPATH=str(site))
    assert [each["status"] for each in json.loads(done.stdout)] == ["right"], done.stderr


def test_without_any_there_are_only_ours(nanogpt_rs: Run) -> None:
    rows = json.loads(nanogpt_rs("list", "--json").stdout)
    assert [(row["task"], row["id"]) for row in rows] == [(row.task, row.id) for row in REGISTRY]


@pytest.mark.parametrize("name", ["my-idea.py", "v1.2.py"])
def test_a_file_may_be_called_as_people_call_files(nanogpt_rs: Run, mine: Path, name: str) -> None:
    path = mine.rename(mine.with_name(name))
    done = nanogpt_rs("verify", "charset", "--from", str(path), "--id", f"foreign/{path.stem}")
    assert done.returncode == 0, done.stderr
    assert "right" in done.stdout


def test_what_has_rows_may_import_what_lies_beside_it(nanogpt_rs: Run, mine: Path) -> None:
    rows = mine.with_name("rows.py")
    rows.write_text(
        "from nanogpt_rs.ruler.registry import row\n"
        "from mine import charset\n"
        "ROWS = [row('charset', 'foreign/rows', 'nanogpt_rs_from_rows:charset', 'default')]\n"
    )
    done = nanogpt_rs("verify", "charset", "--from", str(rows), "--id", "foreign/rows")
    assert done.returncode == 0, done.stderr


def test_what_a_crash_leaves_is_removed(nanogpt_rs: Run, mine: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    mine.write_text("import os\n\n\ndef file_charset(paths):\n    os.abort()\n")
    done = nanogpt_rs(
        *("verify", "file_charset", "--from", str(mine), "--id", "foreign/mine"),
        TMPDIR=str(place),
    )
    assert "SIGABRT" in done.stdout + done.stderr
    assert list(place.iterdir()) == []
