"""Third parties' implementations, from a file or an installed package."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from installations import ROOT
from messages import only_message

from nanogpt_rs.ruler.registry import REGISTRY

Run = Callable[..., subprocess.CompletedProcess[str]]

THEIRS = '''\
"""Sorts the text and keeps the first of each group."""

from itertools import groupby

from theirs_helper import check


def charset(text):
    check(text)
    return {character for character, _ in groupby(sorted(text))}
'''
HELPER = "def check(text):\n    if not isinstance(text, str):\n        raise TypeError('no text')\n"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "theirs_helper.py").write_text(HELPER)
    (folder / "theirs.py").write_text(THEIRS)
    return folder / "theirs.py"


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_is_measured_like_ours_and_said_to_be_foreign(
    nanogpt_rs: Run, theirs: Path, tmp_path: Path
) -> None:
    chosen = ("charset", "--from", str(theirs), "--id", "foreign/theirs")
    (row,) = json.loads(nanogpt_rs("list", *chosen, "--json").stdout)["implementations"]
    assert row["idea"] == "Sorts the text and keeps the first of each group."
    assert row["marks"] == ["default", "foreign"]
    assert row["origin"] == f"theirs.py, SHA-256 {hash_of(theirs)}"
    listed = nanogpt_rs("list", *chosen).stdout
    assert f"foreign: theirs.py, {hash_of(theirs)[:12]}" in listed

    arguments = ("--corpus=english-1k-ascii", "--state=warm", "--seconds=1", "--json")
    done = nanogpt_rs("bench", *chosen, *arguments)
    assert done.returncode == 0, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["foreign/theirs"]["seconds"] > 0
    assert [reference["role"] for reference in cells["foreign/theirs"]["against"]] == [
        "lecture",
        "strongest",
    ]
    assert cells["foreign/theirs"]["origin"] == f"theirs.py, SHA-256 {hash_of(theirs)}"
    assert {cell["origin"] for id, cell in cells.items() if id != "foreign/theirs"} == {None}
    (record,) = (tmp_path / "results/local/bench").glob("*.jsonl")
    assert hash_of(theirs) in record.read_text()
    assert str(tmp_path) not in done.stdout + record.read_text()
    shown = nanogpt_rs("show").stdout
    assert f"charset foreign/theirs: foreign, from theirs.py, SHA-256 {hash_of(theirs)}" in shown


@pytest.mark.slow("runs three commands that measure")
def test_compare_breakdown_and_verify_take_a_file(nanogpt_rs: Run, theirs: Path) -> None:
    done = nanogpt_rs(
        "verify", "charset", "--from", str(theirs), "--id", "foreign/theirs", "--json"
    )
    assert [proof["status"] for proof in json.loads(done.stdout)["proofs"]] == ["right"], (
        done.stderr
    )
    arguments = ("--from", str(theirs), "--corpus=english-1k-ascii", "--json")
    done = nanogpt_rs("compare", "charset", "python/set", "foreign/theirs", *arguments)
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert [reference["id"] for reference in cells["foreign/theirs"]["against"]] == ["python/set"]
    assert cells["foreign/theirs"]["seconds"] > cells["python/set"]["seconds"]  # it sorts
    done = nanogpt_rs("profile", "steps", "charset", "foreign/theirs", *arguments)
    assert [cell["id"] for cell in json.loads(done.stdout)["cells"]] == ["foreign/theirs"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("import os\nos._exit(9)\n", "ended with status 9 and no answer"),
        ("import ctypes\nctypes.string_at(0)\n", "crashed: killed by SIGSEGV"),
        ("raise RuntimeError('no luck')\n", "no luck"),
    ],
)
def test_a_file_that_breaks_when_it_is_run_breaks_a_worker_alone(
    nanogpt_rs: Run, theirs: Path, body: str, says: str
) -> None:
    theirs.write_text(THEIRS + body)
    done = nanogpt_rs(
        *("verify", "charset", "--from", str(theirs), "--json"),
        *("--id", "foreign/theirs", "--id", "rust/ahash"),
    )
    assert done.returncode == 1
    proofs = {proof["id"]: proof for proof in json.loads(done.stdout)["proofs"]}
    assert proofs["rust/ahash"]["status"] == "right"
    assert proofs["foreign/theirs"]["status"] == "wrong"
    assert says in str(proofs["foreign/theirs"]["details"])


def test_a_file_may_give_its_function_a_kernel_of_ours(nanogpt_rs: Run, theirs: Path) -> None:
    theirs.write_text(
        "from nanogpt_rs.ruler.registry import row\n"
        "def through(kernel, text):\n    return kernel(text)\n"
        "ROWS = [row('charset', 'foreign/theirs', f'{__name__}:through', 'default', '',"
        " 'rust_impls:charset.bit_table')]\n"
    )
    chosen = ("charset", "--from", str(theirs), "--id", "foreign/theirs", "--json")
    done = nanogpt_rs("verify", *chosen)
    assert [proof["status"] for proof in json.loads(done.stdout)["proofs"]] == ["right"], (
        done.stdout
    )
    (listed,) = json.loads(nanogpt_rs("list", *chosen).stdout)["implementations"]
    assert listed["origin"].startswith("theirs.py and rust_impls, SHA-256 ")


def test_a_wrong_answer_is_wrong(nanogpt_rs: Run, theirs: Path) -> None:
    theirs.write_text(THEIRS.replace("sorted(text)", "sorted(text[1:])"))
    done = nanogpt_rs("verify", "charset", "--from", str(theirs), "--id", "foreign/theirs")
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
        ("def charset(:\n", "theirs.py, line 1: invalid syntax\n"),
        ("\0", "theirs.py"),
        ("ROWS = [1]\n", "ROWS holds int, not Implementation"),
        ("TASKS = ['words']\n", "TASKS holds str, not Task"),
        ("ROWS = 1 / 0\n", "ZeroDivisionError: 'division by zero'"),
        ("import sys\nROWS = sys.exit('bye')\n", "SystemExit: 'bye'"),
        (
            ROWS.format("row('charset', 'python/theirs', 'theirs:charset', '')"),
            "charset python/theirs: its id must begin with foreign/, as the task is not its own",
        ),
        (
            ROWS.format("row('charset', 'foreign/theirs', 'theirs:charset', 'baseline')"),
            "'baseline' is for the task's own rows to have",
        ),
        (
            ROWS.format("row('charset', 'foreign/theirs', 'theirs:charset', 'fast')"),
            "no mark is called 'fast'",
        ),
        (
            ROWS.format("*2 * [row('charset', 'foreign/theirs', 'theirs:charset', '')]"),
            "there is an implementation of that id already",
        ),
        (
            ROWS.format("row('chars', 'foreign/theirs', 'theirs:chars', '')"),
            "there is no task 'chars'",
        ),
        (ROWS.format("row('charset', 'theirs', 'theirs:charset', '')"), "an id is two words"),
        (TASK.format("charset", ""), "there is a task 'charset' already"),
        (TASK.format("char-set", ""), "'char-set' is no identifier"),
        (
            TASK.format("c", "*(row('c', f'python/{i}', 'theirs:c', 'baseline') for i in 'ab')"),
            "c: more than one row is marked 'baseline'",
        ),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_one_line(
    forked: Run, theirs: Path, text: str, says: str
) -> None:
    theirs.write_text(text)
    done = forked("list", "charset", "--from", str(theirs))
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "theirs.py" in done.stderr
    assert "Traceback" not in done.stderr
    assert only_message(done.stderr)


def test_a_source_that_is_no_python_file_is_refused(
    nanogpt_rs: Run, theirs: Path, tmp_path: Path
) -> None:
    done = nanogpt_rs("list", "--from", "nowhere.py")
    assert done.returncode == 2
    assert "nowhere.py: No such file or directory" in done.stderr
    done = nanogpt_rs("list", "--from", str(theirs.parent))
    assert "not a Python file" in done.stderr
    other = tmp_path / "theirs.py"
    other.write_text(THEIRS)
    done = nanogpt_rs("list", "--from", str(theirs), "--from", str(other))
    assert "have the same name: rename one" in done.stderr


def test_pytest_takes_a_file(theirs: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "pytest", "benchmarks/pytest_benchmark", "-q"]
    options = ["--corpus=english-1k-ascii", f"--benchmark-storage={tmp_path}/kept"]
    brief = ["--benchmark-only", "--benchmark-max-time=0.01", "-k", "foreign and theirs"]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *options, *more], cwd=ROOT, capture_output=True, text=True)

    done = run(*brief, "--from", str(theirs))
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tmp_path / "kept").rglob("*.json")
    (case,) = json.loads(path.read_text())["benchmarks"]
    assert case["extra_info"]["id"] == "foreign/theirs"
    assert case["extra_info"]["origin"] == f"theirs.py, SHA-256 {hash_of(theirs)}"
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
assert registry.find("charset", "foreign/theirs") is rows[0]
after = dict(suite.classes(suite.Cells))
assert {n: c.params for n, c in before.items()} == {n: c.params for n, c in after.items()}
(own,) = dict(suite.classes(suite.Cells, rows=rows)).values()
assert own.params[0] == ["foreign/theirs"]
documents = json.loads(json.dumps(foreign.sources()))
path.write_text(path.read_text() + "# changed")
foreign.restore(documents)
try:
    registry.find("charset", "foreign/theirs")
except Exception as error:
    print(error)
assert registry.find("charset", "python/set")
"""


def test_rows_of_third_parties_do_not_change_the_parameters_of_asv(theirs: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(theirs)], capture_output=True, text=True
    )
    assert done.stdout == "found theirs.py edited since the run began\n", done.stderr


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with two installed packages that offer implementations; one of them is broken."""
    site = tmp_path / "site"
    for name, module, text in (
        ("their-ideas", "their_ideas", THEIRS.replace("from theirs_helper import check\n", HELPER)),
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
    (row,) = json.loads(done.stdout)["implementations"]
    assert row["origin"] == f"their-ideas 2.1, SHA-256 {hash_of(site / 'their_ideas.py')}"
    assert done.stderr.startswith("nanogpt-rs: left out: broken-ideas 2.1: ")
    assert "NameError" in done.stderr
    done = nanogpt_rs("verify", *chosen, PYTHONPATH=str(site))
    assert [proof["status"] for proof in json.loads(done.stdout)["proofs"]] == ["right"], (
        done.stderr
    )


def test_without_third_parties_only_our_rows_are_listed(nanogpt_rs: Run) -> None:
    rows = json.loads(nanogpt_rs("list", "--json").stdout)["implementations"]
    assert [(row["task"], row["id"]) for row in rows] == [(row.task, row.id) for row in REGISTRY]


@pytest.mark.parametrize("name", ["my-idea.py", "v1.2.py"])
def test_the_name_of_a_file_need_not_be_an_identifier(
    nanogpt_rs: Run, theirs: Path, name: str
) -> None:
    path = theirs.rename(theirs.with_name(name))
    done = nanogpt_rs("verify", "charset", "--from", str(path), "--id", f"foreign/{path.stem}")
    assert done.returncode == 0, done.stderr
    assert "right" in done.stdout


@pytest.mark.parametrize("name", ["My Idea.py", "größe.py", "a+b.py"])
def test_a_file_whose_name_makes_no_id_is_to_be_renamed(
    nanogpt_rs: Run, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("def charset(text): return set(text)\n", encoding="utf-8")
    done = nanogpt_rs("verify", "charset", "--from", name)
    assert done.returncode == 2
    said = only_message(done.stderr)
    assert said.text.startswith(f"{name}: a file's name is the id of its implementations")
    words = shlex.split(said.hint.removeprefix("rename the file: "))
    assert words[:2] == ["mv", name]
    (tmp_path / name).rename(tmp_path / words[2])
    id = f"foreign/{words[2].removesuffix('.py')}"
    assert nanogpt_rs("list", "charset", "--from", words[2], "--id", id).returncode == 0


def test_a_symbolic_link_is_known_by_its_own_name(
    nanogpt_rs: Run, theirs: Path, tmp_path: Path
) -> None:
    (tmp_path / "first.py").symlink_to(theirs)
    (tmp_path / "second.py").symlink_to(theirs)
    ids = ("foreign/first", "foreign/second")
    done = nanogpt_rs(
        *("verify", "charset", "--json", "--corpus=english-60-ascii"),
        *("--from=first.py", "--from=second.py", *(f"--id={id}" for id in ids)),
    )
    assert [(one["id"], one["status"]) for one in json.loads(done.stdout)["proofs"]] == [
        (id, "right") for id in ids
    ]


def test_a_function_in_a_branch_or_under_another_name_is_found(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    (tmp_path / "branches.py").write_text(
        "try:\n    from nowhere import charset\n"
        "except ImportError:\n    def charset(text):\n        return set(text)\n"
        "if True:\n    with open(__file__):\n        count, other = dict, 1\n"
        "import json as encode\n"
        "shown = [decode_list for decode_list in ()]\n"
        "def helper():\n    encode_array = 1\n"
    )
    listed = nanogpt_rs("list", "--from=branches.py", "--json").stdout
    rows = json.loads(listed)["implementations"]
    assert [row["task"] for row in rows if row["id"] == "foreign/branches"] == [
        *("charset", "encode", "count"),
    ]


def test_a_file_with_rows_may_import_a_module_beside_it(nanogpt_rs: Run, theirs: Path) -> None:
    rows = theirs.with_name("rows.py")
    rows.write_text(
        "from nanogpt_rs.ruler.registry import row\n"
        "from theirs import charset\n"
        "ROWS = [row('charset', 'foreign/rows', 'nanogpt_rs_from_rows:charset', 'default')]\n"
    )
    done = nanogpt_rs("verify", "charset", "--from", str(rows), "--id", "foreign/rows")
    assert done.returncode == 0, done.stderr


def test_the_files_of_a_crashed_worker_are_removed(
    nanogpt_rs: Run, theirs: Path, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    theirs.write_text("import os\n\n\ndef file_charset(paths):\n    os.abort()\n")
    done = nanogpt_rs(
        *("verify", "file_charset", "--from", str(theirs), "--id", "foreign/theirs"),
        TMPDIR=str(place),
    )
    assert "SIGABRT" in done.stdout + done.stderr
    assert list(place.iterdir()) == []


COMPILED = """\
from nanogpt_rs.ruler.registry import row

ROWS = [
    row("charset", "foreign/native", "native:charset", "default", builds="builds/*"),
    row("charset", "foreign/once", "once:charset", "default"),
]
"""
NATIVE = """\
def charset(text):
    if not isinstance(text, str):
        raise TypeError("no text")
    for _ in range({loops}):
        set(text)
    return set(text)
"""


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """A file with rows of two packages with extension modules, of which one brings two builds."""
    (extension,) = [f"_native{suffix}" for suffix in EXTENSION_SUFFIXES if "cpython" in suffix][:1]
    homes = {"native": 9, "once": 0, "builds/1/native": 9, "builds/2/native": 0}
    for home, loops in homes.items():
        package = tmp_path / "compiled" / home
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(NATIVE.format(loops=loops))
        (package / extension).write_bytes(b"it is looked for and never imported")
    (tmp_path / "compiled/theirs.py").write_text(COMPILED)
    return tmp_path / "compiled/theirs.py"


def test_a_compiled_package_is_one_build_unless_it_brings_several(
    nanogpt_rs: Run, compiled: Path
) -> None:
    chosen = ("charset", "python/set", "foreign/native", "foreign/once", "--from", str(compiled))
    arguments = ("--corpus=english-1k-ascii", "--builds=2")
    done = nanogpt_rs("compare", *chosen, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["python/set"]["builds"] is None
    assert (cells["foreign/once"]["builds"], cells["foreign/once"]["seconds_by_build"]) == (1, [])
    assert cells["foreign/native"]["builds"] == 2
    slower, faster = cells["foreign/native"]["seconds_by_build"]
    assert slower > 2 * faster
    done = nanogpt_rs("compare", *chosen, *arguments[:1], "--builds=1", "--json")
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["foreign/native"]["builds"] == 1


@pytest.mark.parametrize("pattern", ["nothing/*", "builds", "/", "builds/1/native"])
def test_builds_that_are_not_there_are_refused(
    nanogpt_rs: Run, compiled: Path, pattern: str
) -> None:
    compiled.write_text(COMPILED.replace("builds/*", pattern))
    done = nanogpt_rs("list", "charset", "--from", str(compiled))
    assert done.returncode == 2
    assert f"builds={pattern!r} names no folder beside this file that holds" in done.stderr


def test_a_file_that_imports_its_package_before_a_build_is_chosen_is_told(
    nanogpt_rs: Run, compiled: Path
) -> None:
    compiled.write_text("import native\n" + COMPILED)
    done = nanogpt_rs(
        *("compare", "charset", "python/set", "foreign/native", "--from", str(compiled)),
        *("--corpus=english-1k-ascii", "--builds=2"),
    )
    assert "native comes from" in done.stdout + done.stderr
