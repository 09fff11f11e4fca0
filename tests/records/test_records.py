"""Records: what is written is read, what is damaged is named, and nothing finished is lost."""

from __future__ import annotations

import getpass
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from installations import BRIEF
from shown_tables import tables_in

from nanogpt_rs.records import durable, kinds, lines, promotion, schema
from nanogpt_rs.records import files as records
from nanogpt_rs.records.races import OpenRaceEntry
from nanogpt_rs.records.schema import Against, Cell, Comparison, Meanwhile, Ratio, RecordError

Run = Callable[..., subprocess.CompletedProcess[str]]
DATA = Path(__file__).with_name("data")
FIRST = DATA / "records-v1.jsonl"
COMMAND = Path(sys.executable).with_name("nanogpt-rs")
# Two jobs in two states on texts so short that each takes seconds; what it is about has no matter.
ASKED = (
    *("bench", "charset", "--id", "rust/ahash", "--id", "rust/foldhash", "--seconds=1"),
    *("--corpus", "english-60-ascii", "--corpus", "english-1-ascii"),
)
BRIEFLY = {**os.environ, "PYTHONPATH": BRIEF}
INTERRUPTIONS = int(os.environ.get("NANOGPT_RS_INTERRUPTIONS", "3"))

numbers = st.floats(1e-12, 1e12, allow_subnormal=False)
shares = st.floats(0, 1)
words = st.text(max_size=60)  # lone surrogates among them
pairs = st.tuples(numbers, numbers)
ratios = st.builds(Ratio, numbers, st.none() | pairs)
comparisons = st.builds(
    Comparison,
    contender=st.integers(2, 20),
    verdict=st.sampled_from(["faster", "slower", "equivalent", "inconclusive", "invalid"]),
    reason=words,
    margin=numbers,
    clock=st.sampled_from(["wall", "cpu"]),
    clock_reason=words,
    processes_used=st.integers(0, 99),
    processes_dropped=st.integers(0, 99),
    rounds_used=st.integers(0, 9999),
    rounds_dropped=st.integers(0, 9999),
    ratio=st.none() | numbers,
    interval=st.none() | pairs,
    control=st.none() | ratios,
    p_value=st.none() | shares,
    ratios=st.lists(numbers, max_size=20).map(tuple),
)
cells = st.builds(
    Cell,
    task=words,
    id=words,
    corpus=words,
    sha256=st.just("0" * 64),
    characters=st.integers(0, 10**12),
    width=st.sampled_from(["ascii", "latin1", "ucs2", "ucs4"]),
    state=words,
    status=st.sampled_from(["right", "wrong", "n/a"]),
    details=st.lists(words, max_size=3).map(tuple),
    seconds=st.none() | numbers,
    quantiles=st.lists(numbers, max_size=5).map(tuple),
    cores=st.none() | numbers,
    processes=st.integers(0, 99),
    meanwhile=st.none()
    | st.builds(Meanwhile, numbers, st.none() | pairs, st.none() | shares, st.none() | shares),
    against=st.lists(st.builds(Against, words, words, comparisons), max_size=1).map(tuple),
    limit=st.booleans(),
)


def as_read(cell: Cell) -> Any:
    """A cell as it comes back: with fewer digits, and surrogates spelled out."""
    return lines.plain(asdict(cell))


@given(cells)
def test_what_is_written_is_read(cell: Cell) -> None:
    kind, run, found = lines.parsed(lines.line_of("cell", "r", cell))
    assert (kind, run) == ("cell", "r")
    assert lines.plain(asdict(found)) == as_read(cell)


@given(cells, st.lists(st.text(max_size=5000), max_size=8).map(tuple))
def test_a_record_is_short_whatever_was_wrong(cell: Cell, details: tuple[str, ...]) -> None:
    line = lines.lines_of_cell("r", replace(cell, details=details))
    assert len(line) <= lines.LONGEST_LINE
    lines.parsed(line)


def test_the_first_schema_stays_readable() -> None:
    (found,) = records.read(FIRST)
    assert found.complete
    assert [cell.id for cell in found.cells] == ["rust/rustc_hash", "rust/foldhash"]
    assert found.cells[1].against[0].comparison.verdict == "slower"


def test_a_changed_schema_is_noticed() -> None:
    """A field more, with a default, is read from old records too: renew the file, as below.

    For what older readers can't read raise ``SCHEMA_VERSION`` and begin another file.
    """
    found = {kind: schema_of(record_type) for kind, record_type in kinds.KINDS.items()}
    path = DATA / f"records-v{schema.SCHEMA_VERSION}.schema.json"
    if os.environ.get("NANOGPT_RS_RENEW"):
        path.write_text(json.dumps(found, indent=1) + "\n")
    assert json.loads(path.read_text()) == found, (
        "NANOGPT_RS_RENEW=1 pytest tests/records/test_records.py"
    )


def schema_of(record_type: type) -> dict[str, Any]:
    """The fields of a kind of record, without those that every line has beside them."""
    definitions = without(lines.adapter().json_schema()["$defs"], "description")
    whole = definitions[record_type.__name__]
    beside = {"schema_version", "kind", "run", "checksum"} - {
        field.name for field in fields(record_type)
    }
    properties = {name: part for name, part in whole["properties"].items() if name not in beside}
    required = [name for name in whole["required"] if name not in beside]
    parts: dict[str, Any] = {}
    left = references(properties)
    while left:
        name = left.pop()
        parts[name] = definitions[name]
        left |= references(definitions[name]) - parts.keys()
    return {
        **({"$defs": dict(sorted(parts.items()))} if parts else {}),
        **whole,
        "properties": properties,
        "required": required,
    }


def references(document: Any) -> set[str]:
    """The names of the definitions that a schema refers to."""
    return set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(document)))


def without(document: Any, name: str) -> Any:
    if isinstance(document, dict):
        return {key: without(each, name) for key, each in document.items() if key != name}
    return [without(each, name) for each in document] if isinstance(document, list) else document


def test_each_truncation_is_told_and_nothing_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    data = FIRST.read_bytes()
    (whole,) = records.read_lines(data, "f")
    for length in range(len(data)):
        cut = data[:length]
        lines = cut.count(b"\n")
        if lines:
            (found,) = records.read_lines(cut, "f")
            assert not found.complete
            assert found.cells == whole.cells[: lines - 1]
            told = "f: the last line is cut off" in capsys.readouterr().err
            assert told == (not cut.endswith(b"\n"))
        else:
            where = "f: holds no record" if not cut else "f, line 1: cut off"
            with pytest.raises(RecordError, match=where):
                records.read_lines(cut, "f")


@given(st.data())
@settings(max_examples=200)
def test_a_changed_byte_is_found(data: st.DataObject) -> None:
    good = FIRST.read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[place]))
    bad = good[:place] + bytes([byte]) + good[place + 1 :]
    try:
        found = records.read_lines(bad, "f")
    except RecordError as error:
        assert re.match(r"f, line \d+: ", str(error))
    else:  # a space for another, say
        assert found == records.read_lines(good, "f")


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_what_was_never_ours_is_refused(data: bytes) -> None:
    with pytest.raises(RecordError, match=r"^f(, line \d+)?: "):
        records.read_lines(data, "f")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{}", "no record of nanogpt-rs"),
        ("[1]", "not a JSON object"),
        ('{"a":1,"a":2}', "a name occurs twice"),
        ('{"a":NaN}', "not JSON: NaN"),
        ("[" * 100_000, "not JSON"),
        ('{"schema_version":1}', "its checksum does not fit"),
        ('{"schema_version":true}', "no record of nanogpt-rs"),
        ('{"schema_version":2}', "schema_version 2 is newer than 1, the newest that this"),
        ('{"benchmarks":[]}', "no record of nanogpt-rs"),
    ],
)
def test_foreign_lines(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(FIRST.read_bytes() + line.encode() + b"\n")
    with pytest.raises(RecordError, match=re.escape(says)) as caught:
        records.read(path)
    assert f"{path}, line 5: " in str(caught.value)


def test_lines_in_a_wrong_order_are_refused() -> None:
    run, first, second, end = FIRST.read_bytes().splitlines(keepends=True)
    for wrong, says in (
        ([first], "did not begin above it"),
        ([run, run], "begins a second time"),
        ([run, first, first], "a second record of charset"),
        ([run, first, end], "ended with 2 cells; 1 are here"),
        ([run, first, second, end, end], "after its end"),
    ):
        with pytest.raises(RecordError, match=says):
            records.read_lines(b"".join(wrong), "f")


def test_a_well_summed_record_of_another_shape_is_refused() -> None:
    body = json.loads(FIRST.read_bytes().splitlines()[1])
    for change in ({"seconds": "1"}, {"more": 1}, {"processes": 1.5}, {"details": None}):
        changed = body | change
        changed["checksum"] = durable.checksum(changed)
        with pytest.raises(
            ValueError, match=f"a cell record with a fault at '{next(iter(change))}'"
        ):
            lines.parsed(json.dumps(changed).encode() + b"\n")


def test_a_full_disk_costs_nothing_that_was_kept(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("64k")
    (recorded,) = records.read(FIRST)
    writer = records.begin(disk, recorded.run)

    def fill() -> None:
        for number in range(1000):
            writer.keep([replace(recorded.cells[1], id=f"rust/{number}")])

    with pytest.raises(RecordError, match="No space left on device; what was finished before"):
        fill()
    kept = len(writer.cells)
    assert kept > 10
    (found,) = records.read(writer.path)
    assert [cell.id for cell in found.cells] == [f"rust/{number}" for number in range(kept)]
    resumed = records.resume(disk, replace(recorded.run, run="20300101T000000Z-000000"))
    assert resumed.cells == list(found.cells)


@pytest.mark.parametrize("free", range(4))
def test_a_full_disk_keeps_whole_what_was_kept_together(
    small_disk: Callable[[str], Path], free: int
) -> None:
    """A group's cells are written at once, of which the disk may have room for some."""
    disk = small_disk("64k")
    (recorded,) = records.read(FIRST)
    (disk / "other").write_bytes(bytes(free * 4096 or 1))
    writer = records.begin(disk, recorded.run)
    groups = 0
    with pytest.raises(RecordError, match="No space left on device"):  # noqa: PT012
        while True:
            ids = [f"rust/{groups}-{number}" for number in range(7)]
            writer.keep([replace(recorded.cells[1], id=id) for id in ids])
            groups += 1
    assert groups > 0
    assert b"\0" not in writer.path.read_bytes()
    (found,) = records.read(writer.path)
    assert len(found.cells) == 7 * groups
    (disk / "other").unlink()
    resumed = records.resume(disk, replace(recorded.run, run="20300101T000000Z-000000"))
    resumed.keep([replace(recorded.cells[1], id="rust/last")])
    (found,) = records.read(writer.path)
    assert len(found.cells) == 7 * groups + 1


def test_a_torn_last_line_is_dropped_on_resuming(tmp_path: Path) -> None:
    (recorded,) = records.read(FIRST)
    lines = FIRST.read_bytes().splitlines(keepends=True)
    path = tmp_path / f"{recorded.run.run}.jsonl"
    path.write_bytes(b"".join(lines[:2]) + lines[2][:100])
    writer = records.resume(tmp_path, recorded.run)
    assert writer.cells == list(recorded.cells[:1])
    writer.keep(recorded.cells[1:])
    writer.end()
    assert records.read(path) == [recorded]


def test_what_cannot_be_resumed_is_refused(tmp_path: Path) -> None:
    (recorded,) = records.read(FIRST)
    run = recorded.run
    with pytest.raises(RecordError, match="no run is kept here"):
        records.resume(tmp_path, run)
    writer = records.begin(tmp_path, run)
    for now, says in (
        (replace(run, plan="0"), "another request"),
        (replace(run, fingerprint="0"), "other code, packages or Python"),
        (replace(run, build=run.build | {"profile": "debug"}), "other code"),
        (replace(run, machine=replace(run.machine, alias="other")), "another machine"),
    ):
        with pytest.raises(RecordError, match=says):
            records.resume(tmp_path, now)
    writer.end()
    with pytest.raises(RecordError, match="is complete; there is nothing to resume"):
        records.resume(tmp_path, run)


def test_where_nothing_can_be_resumed_a_run_begins(tmp_path: Path) -> None:
    (recorded,) = records.read(FIRST)
    first, second, third = (
        replace(recorded.run, run=f"20300101T00000{number}Z-000000") for number in range(3)
    )
    writer = records.resume_if_possible(tmp_path, first)
    writer.keep(recorded.cells[:1])
    assert records.resume_if_possible(tmp_path, second).path == writer.path
    assert records.resume_if_possible(tmp_path, replace(second, plan="0")).cells == []
    assert records.read(writer.path)[0].cells == recorded.cells[:1]
    assert records.resume_if_possible(tmp_path, third).path.stem == third.run


def test_a_run_is_promoted_under_an_alias(tmp_path: Path) -> None:
    (recorded,) = records.read(FIRST)
    run = replace(recorded.run, dirty=False, commit="0123456789")
    writer = records.begin(tmp_path / "local/bench", run)
    writer.keep(recorded.cells)
    with pytest.raises(RecordError, match="is unfinished"):
        promotion.promote(tmp_path, "lab-1", "bench")
    writer.end()
    for alias in ("My Machine", "", "../x"):
        with pytest.raises(RecordError, match="is no alias"):
            promotion.promote(tmp_path, alias, "bench")
    path = promotion.promote(tmp_path, "lab-1", "bench")
    assert path.name == f"{run.began:%Y-%m-%d}-lab-1-01234567.jsonl"
    (found,) = records.read(path)
    assert found.cells == recorded.cells
    assert found.run.machine.alias == "lab-1"
    with pytest.raises(RecordError, match="are not overwritten"):
        promotion.promote(tmp_path, "lab-1", "bench")
    for second in (59, 58):  # other runs of the same day and commit
        other = replace(run, run=f"{run.run[:13]}{second}Z-{run.run[-6:]}")
        for old in (tmp_path / "local/bench").glob("*.jsonl"):
            old.unlink()
        writer = records.begin(tmp_path / "local/bench", other)
        writer.keep(recorded.cells)
        writer.end()
        another = promotion.promote(tmp_path, "lab-1", "bench")
        assert another.name == f"{path.stem}-{2 if second == 59 else 3}.jsonl"
        assert records.read(another)[0].run.run == other.run
        with pytest.raises(RecordError, match="are not overwritten"):
            promotion.promote(tmp_path, "lab-1", "bench")


@pytest.mark.parametrize(
    ("what", "folder"),
    [
        ("selftest", "selftest"),
        ("division", "training"),
        ("training", "training"),
        ("prepare", "preparation"),
        ("preparation", "preparation"),
    ],
)
def test_a_run_is_promoted_by_its_command_or_its_folder(
    nanogpt_rs: Run, tmp_path: Path, what: str, folder: str
) -> None:
    (recorded,) = records.read(FIRST)
    run = replace(recorded.run, command=what, dirty=False, commit="0123456789")
    entry = OpenRaceEntry(1, 1.8)
    records.keep_whole(tmp_path / "results/local" / folder, run, [entry])
    done = nanogpt_rs("dev", "record", "lab-1", what)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"results/{folder}/{run.began:%Y-%m-%d}-lab-1-01234567.jsonl\n"
    (promoted,) = records.read(tmp_path / done.stdout.strip())
    assert (promoted.others, promoted.run.machine.alias) == ((entry,), "lab-1")


def test_a_run_with_uncommitted_changes_is_not_promoted(tmp_path: Path) -> None:
    (recorded,) = records.read(FIRST)
    writer = records.begin(tmp_path / "local/bench", replace(recorded.run, dirty=True))
    writer.end()
    with pytest.raises(RecordError, match="uncommitted changes"):
        promotion.promote(tmp_path, "lab-1", "bench")


# --- real runs ---


def keys_of(folder: Path) -> list[tuple[Any, ...]]:
    """What the newest run there says, but for the clock."""
    (run,) = records.read(records.newest(folder / "results/local/bench"))
    assert run.complete
    # Which cell of a group is first depends on nothing but the request.
    return [
        (*cell.key, cell.status, cell.details, [(each.role, each.id) for each in cell.against])
        for cell in run.cells
    ]


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A run that nobody interrupts, and how many seconds it took."""
    folder = tmp_path_factory.mktemp("straight")
    start = time.monotonic()
    done = subprocess.run(
        [COMMAND, *ASKED], cwd=folder, env=BRIEFLY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder, time.monotonic() - start


def test_no_record_names_the_machine_or_its_user(straight: tuple[Path, float]) -> None:
    folder, _ = straight
    text = records.newest(folder / "results/local/bench").read_text()
    for private in (
        socket.gethostname(),
        str(Path.home()),
        str(folder),
        os.sep + getpass.getuser(),
    ):
        assert private not in text


@pytest.mark.slow("interrupts a run again and again")
def test_interruptions_lose_nothing_and_repeat_nothing(
    straight: tuple[Path, float], tmp_path: Path
) -> None:
    folder, seconds = straight
    clock = random.Random(7)
    kept: dict[tuple[str, ...], Cell] = {}
    status, interruptions = -1, 0
    while status != 0:
        command = [COMMAND, *ASKED, *(["--resume"] if kept or interruptions else [])]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=BRIEFLY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if interruptions < INTERRUPTIONS:
            number = (signal.SIGINT, signal.SIGKILL)[interruptions % 2]
            # Over many, each moment of the run has its turn.
            wait = clock.uniform(1.5, 2.5 + seconds * 3 / INTERRUPTIONS)
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                process.send_signal(number)
        _, errors = process.communicate()
        status = process.returncode
        try:
            runs = records.newest(tmp_path / "results/local/bench")
        except RecordError:  # it had not begun
            continue
        interruptions += 1
        assert status in {0, 130, -signal.SIGKILL}, errors
        lines = runs.read_bytes()
        (run,) = records.read_lines(lines[: lines.rfind(b"\n") + 1], "f")
        now = {cell.key: cell for cell in run.cells}
        assert kept.items() <= now.items()  # nothing lost, and nothing measured anew
        kept = now
        if run.complete:  # the signal came while the page was written
            break
    assert len(list((tmp_path / "results/local/bench").glob("*.jsonl"))) == 1
    assert sorted(keys_of(tmp_path)) == sorted(keys_of(folder))


def test_two_runs_do_not_mix(tmp_path: Path) -> None:
    with records.locked(tmp_path / "results/local/bench"):
        done = subprocess.run([COMMAND, *ASKED], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "another run is under way here" in done.stderr
    assert not list((tmp_path / "results/local/bench").glob("*.jsonl"))


def test_show_and_export(nanogpt_rs: Run, tmp_path: Path) -> None:
    done = nanogpt_rs("show", str(FIRST))
    assert done.returncode == 0, done.stderr
    assert "rust/foldhash: slower: " in done.stdout
    (shown,) = json.loads(nanogpt_rs("show", str(FIRST), "--json").stdout)["runs"]
    assert [cell["id"] for cell in shown["cells"]] == [
        "rust/rustc_hash",
        "rust/foldhash",
    ]
    table = nanogpt_rs("show", "--format=csv", str(FIRST)).stdout.splitlines()
    assert len(table) == 3
    assert table[0].startswith("task,id,corpus,")
    markdown = nanogpt_rs("show", str(FIRST), "--format", "markdown").stdout
    assert markdown.count("\n") == 4
    done = nanogpt_rs("show", str(FIRST), "--format", "parquet", "--out", "t.parquet")
    assert done.returncode == 0, done.stderr
    import pandas

    frame = pandas.read_parquet(tmp_path / "t.parquet")
    assert list(frame["verdict"].dropna()) == ["slower"]


def test_a_table_fits_a_terminal_and_the_fastest_comes_first(nanogpt_rs: Run) -> None:
    wide = nanogpt_rs("show", str(FIRST)).stdout
    (rows,) = tables_in(wide)
    (run,) = records.read(FIRST)
    assert [row[1] for row in rows] == [
        each.id for each in sorted(run.cells, key=lambda cell: cell.seconds or 0)
    ]
    narrow = nanogpt_rs("show", str(FIRST), COLUMNS="50").stdout
    assert max(map(len, narrow.splitlines())) <= 50
    shown = [words for row in tables_in(narrow)[0] for words in row]
    for cell in run.cells:
        assert cell.id in shown
        for each in cell.against:
            assert each.comparison.verdict in " ".join(shown).split()


def test_the_newest_run_may_be_a_comparison(nanogpt_rs: Run, tmp_path: Path) -> None:
    for command, name in (("bench", "20200101T000000Z-a"), ("compare", "20200102T000000Z-b")):
        folder = tmp_path / "results/local" / command
        folder.mkdir(parents=True)
        text = FIRST.read_bytes() if command == "compare" else b"no record\n"
        (folder / f"{name}.jsonl").write_bytes(text)
    done = nanogpt_rs("show")
    assert done.returncode == 0, done.stderr


def test_the_newest_run_is_told_by_its_record_and_not_by_its_name(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    """In ``results`` names begin with a day and a machine, so that the last name may be older."""
    (recorded,) = records.read(FIRST)
    folder = tmp_path / "results" / "bench"
    for name, run in (
        ("2030-01-01-a", "20300101T000002Z-aaaaaa"),
        ("2030-01-01-z", "20300101T000001Z-ffffff"),
        ("2030-01-01-y", "20300101T000002Z-000000"),
    ):
        writer = records.begin(folder, replace(recorded.run, run=run))
        writer.keep(recorded.cells)
        writer.end()
        writer.path.rename(folder / f"{name}.jsonl")
    assert records.newest(folder).stem == "2030-01-01-a"
    done = nanogpt_rs("show", "--results", "results", "--json")
    assert json.loads(done.stdout)["runs"][0]["run"]["run"] == "20300101T000002Z-aaaaaa"
    # Of copies of one run the last name is taken, whatever the order of the folder.
    (folder / "2030-01-01-b.jsonl").write_bytes((folder / "2030-01-01-a.jsonl").read_bytes())
    assert records.newest(folder).stem == "2030-01-01-b"


def test_a_file_that_does_not_say_when_its_run_began_is_named(tmp_path: Path) -> None:
    (tmp_path / "2030-01-01-a.jsonl").write_bytes(b"{}\n")
    with pytest.raises(RecordError, match=r"2030-01-01-a\.jsonl: does not say when its run began"):
        records.newest(tmp_path)


def test_the_newest_run_of_a_file_counts(tmp_path: Path) -> None:
    (recorded,) = records.read(FIRST)
    both = b"".join(
        line
        for run in ("20300101T000000Z-000000", "20100101T000000Z-000000")
        for line in records.lines_of(replace(recorded, run=replace(recorded.run, run=run)))
    )
    (tmp_path / "several.jsonl").write_bytes(both)
    other = records.begin(tmp_path, replace(recorded.run, run="20200101T000000Z-000000"))
    assert records.newest(tmp_path).stem == "several"
    assert other.path.exists()
