"""Kinds of bad input, and for each command the lines that meet them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

BINARY = b"\x7fELF\x02\x01\x01" + bytes(range(128, 256)) * 4


class Lines(NamedTuple):
    """Command lines of one command.

    Attributes:
        whole: A line that would work. It does as little as possible.
        reads: Lines that read ``{input}``, which is bad.
        writes: Lines that write to ``{output}``, where that fails.
        lock: Folder that the command locks, in the folder that it runs in.
        quick: A line that ends soon and prints something.
    """

    whole: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    lock: str | None = None
    quick: str | None = None


class Surroundings(NamedTuple):
    """What a command is started in.

    Attributes:
        shell: A line of shell, which starts the command as ``"$@"``.
        says: Part of the message that is due. ``None``: the command does what it does elsewhere,
            or says what is wrong in words of its own.
        needs: A program that the line needs.
        superuser: Whether only the superuser can start the line.
        other_user: Whether the line makes the command another user's.
        whole: Whether a line is tried that would work elsewhere.
    """

    shell: str
    says: str | None = None
    needs: str | None = None
    superuser: bool = False
    other_user: bool = False
    whole: bool = False


INPUT = "input.py"
BRIEF = "-c english-1-ascii"
ONE = "charset --id rust/ahash -c english-1-ascii"
COMMANDS: dict[str, Lines] = {
    "bench": Lines(
        f"bench {ONE} --state warm --seconds 1",
        ("bench charset -c {input}", "bench --from {input} -c english-1-ascii"),
        (f"bench {ONE} --seconds 1 --results {{output}}",),
        "results/local/bench",
    ),
    "compare": Lines(
        f"compare charset python/set rust/ahash {BRIEF}",
        (
            "compare charset python/set rust/ahash -c {input}",
            f"compare charset python/set foreign/input --from {{input}} {BRIEF}",
        ),
        (f"compare charset python/set rust/ahash {BRIEF} --results {{output}}",),
        "results/local/compare",
    ),
    "diff": Lines(f"diff no-commit {BRIEF}", ("diff HEAD -c {input}",)),
    "verify": Lines(
        f"verify {ONE}",
        ("verify charset -c {input}", f"verify charset --from {{input}} {BRIEF}"),
    ),
    "list implementations": Lines(
        "list charset", ("list charset --from {input}",), quick="list charset"
    ),
    "list tasks": Lines("list tasks", ("list tasks --from {input}",), quick="list tasks"),
    "list corpora": Lines("list corpora", quick="list corpora"),
    "profile steps": Lines(
        f"profile steps charset rust/ahash {BRIEF}",
        (
            "profile steps charset rust/ahash -c {input}",
            f"profile steps charset foreign/input --from {{input}} {BRIEF}",
        ),
        (f"profile steps charset rust/ahash {BRIEF} --results {{output}}",),
        "results/local/breakdown",
    ),
    "profile instructions": Lines(
        f"profile instructions {ONE}",
        ("profile instructions charset -c {input}",),
        # Without valgrind nothing is counted, and nothing is written.
        (f"profile instructions {ONE} --results {{output}}",),
    ),
    "profile memory": Lines(
        f"profile memory {ONE}",
        ("profile memory charset -c {input}",),
        (f"profile memory {ONE} --results {{output}}",),
        "results/local/memory",
    ),
    "show": Lines(
        "show run.jsonl",
        (
            "show {input}",
            "show --results {input}",
            "show --format csv {input}",
            "show --between a b {input}",
        ),
        (
            "show run.jsonl --format csv --out {output}/a.csv",
            "show run.jsonl --format html -o {output}/a.html",
        ),
    ),
    "job measure": Lines(
        f"job measure {BRIEF} --steps 1",
        ("job measure -c {input}",),
        (f"job measure {BRIEF} --steps 1 --results {{output}}",),
        "results/local/end-to-end",
    ),
    "job tokens": Lines(
        f"job tokens {BRIEF} --steps 1",
        ("job tokens -c {input}",),
    ),
    "job predict": Lines(
        f"job predict --corpus-size 1GB --steps 1 --step-time 1s {BRIEF} --seconds 1",
        (
            "job predict --corpus-size 1GB --steps 1 --step-time 1s -c {input}",
            "job predict --corpus-size 1GB --steps 1 --step-time 1s --record {input}",
        ),
        quick="job predict --corpus-size 1GB --steps 1 --step-time 1s --record cost.jsonl",
    ),
    "data prepare": Lines(
        "data prepare text.txt --out shards",
        (
            "data prepare {input} --out shards",
            "data prepare text.txt {input} --out shards",
            "data prepare text.txt --out shards --tokenizer {input}",
        ),
        ("data prepare text.txt --out {output}",),
        quick="data prepare text.txt --out shards",
    ),
    "data check": Lines(
        "data check prepared", ("data check {input}",), quick="data check prepared"
    ),
    "data bench": Lines(
        "data bench text.txt --out shards --rounds 2 --threads 1",
        ("data bench {input} --out shards --rounds 2",),
        (
            "data bench text.txt --out {output}/a --rounds 2 --threads 1",
            "data bench text.txt --out shards --rounds 2 --threads 1 --results {output}",
        ),
        "results/local/preparation",
    ),
    "data cost": Lines(
        "data cost 1GB --measure --up-to 10MB --repeats 2",
        ("data cost 1GB --record {input}", "data cost 1GB --results {input}"),
        (
            "data cost 1GB --measure --up-to 10MB --repeats 2 --results {output}",
            "data cost 1GB --measure --up-to 10MB --repeats 2 --folder {output}",
        ),
        "results/local/cost",
        "data cost 1GB --record cost.jsonl",
    ),
    "model train": Lines(
        "model train -c text.txt --steps 1",
        (
            "model train -c {input} --steps 1",
            "model train --shards {input} --steps 1",
            "model train --resume {input} -c text.txt",
        ),
        (
            "model train -c text.txt --steps 1 --checkpoint {output}/a.pt",
            "model train -c text.txt --steps 1 --log {output}/a.log",
            "model train -c text.txt --steps 1 --curve {output}/a.svg",
        ),
    ),
    "model sample": Lines("model sample run.pt", ("model sample {input}",)),
    "model race": Lines(
        "model race open --seeds 2",
        ("model race whole --text {input} --processes 2 --arm python/own",),
        (
            "model race open --record {output}/a",
            "model race arms --arm python/own --processes 2 --record {output}/a",
        ),
    ),
    "doctor": Lines("doctor", ("doctor --self-test --show --folder {input}",), quick="doctor"),
    "dev new": Lines("dev new charset 1idea --python"),
    "dev watch": Lines("dev watch --seconds 0"),
    "dev record": Lines("dev record my-alias", ("dev record my-alias --results {input}",)),
    "dev splice": Lines(
        "dev splice --document text.txt --from run.jsonl",
        (
            "dev splice --document {input} --from run.jsonl",
            "dev splice --from {input} --document text.txt",
        ),
    ),
    # What it publishes may be missing; asv's site takes minutes then.
    "dev publish": Lines("dev publish text.txt/site --results nothing"),
    "dev builds": Lines("dev builds", quick="dev builds"),
}


def make_missing(_: Path) -> None:
    pass


def make_too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"A text. " * 1000)  # what is looked at first
        file.truncate(1 << 42)


def make_unreadable(path: Path) -> None:
    path.write_text("text")
    path.chmod(0)


KINDS: dict[str, Callable[[Path], object]] = {
    "missing": make_missing,
    "empty": Path.touch,
    "folder": Path.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "fifo": os.mkfifo,
    "unreadable": make_unreadable,
    "not UTF-8": lambda path: path.write_bytes(b"caf\xe9 \xff\xfe" * 50),
    "too large": make_too_large,
    "wrong type": lambda path: path.write_bytes(BINARY),
    "loop": lambda path: path.symlink_to(path),
    "below a file": lambda path: path.write_text("a"),
    "name too long": make_missing,
}
"""How to make a bad input at a path, by its kind."""


def name_of_input(kind: str) -> str:
    """Return the path of the bad input of a kind, in the folder that the command runs in."""
    return {"below a file": "input.py/more.py", "name too long": f"{'n' * 300}.py"}.get(kind, INPUT)


def applies(kind: str, line: str) -> bool:
    """Return whether the input is bad: a text may be empty, and so may a file to append to."""
    fine = ("-c {input}", "text.txt {input}")
    return kind != "empty" or not any(words in line for words in fine)


def reading(command: str, kind: str) -> list[str]:
    """Return the lines of a command for which the input of a kind is bad."""
    return [line for line in COMMANDS[command].reads if applies(kind, line)]


def line_in(kind: str, command: str) -> str:
    """Return the line of a command that is tried in surroundings of a kind.

    Where the surroundings do not ask for a line that works, it ends before anything is measured.
    """
    lines = COMMANDS[command]
    if SURROUNDINGS[kind].whole:
        return lines.whole
    if lines.reads:
        return lines.reads[0].format(input="input.py")
    return lines.quick or lines.whole


NOTES = r"nanogpt-rs: (building the commits that are not built yet|the commit is unknown: .+)\n"
"""What a command may say before it fails."""
LONG = [
    *("bench", "compare", "profile steps", "profile memory", "job measure", "data bench"),
    "data cost",
]
"""Commands that measure for long enough to be interrupted."""
STARTED = ("list implementations", "data prepare", "model train", "doctor")
"""Commands that are started as their users do in each kind of surroundings. The others meet them in
a process that is forked, since commands differ in what they import, and these import most."""
NO_MEMORY = 'mount -t tmpfs -o mode=000,size=4k tmpfs /dev/shm && exec "$@"'
OTHER_USER = (
    "setpriv --reuid=$((100000 + $$)) --regid=$((100000 + $$)) --clear-groups "
    "--inh-caps=+dac_override,+dac_read_search --ambient-caps=+dac_override,+dac_read_search "
)
"""Runs a command as a user whom the system does not know, and who may read and write all files."""
SURROUNDINGS = {
    "closed standard input": Surroundings('exec "$@" <&-'),
    "closed standard output": Surroundings('exec "$@" >&-', "standard output is closed"),
    "closed standard error": Surroundings('exec "$@" 2>&-'),
    "all three closed": Surroundings('exec "$@" <&- >&- 2>&-'),
    "deleted working folder": Surroundings(
        'mkdir gone; cd gone; rmdir ../gone; exec "$@"', "the working folder does not exist"
    ),
    "no HOME": Surroundings('unset HOME XDG_CACHE_HOME; exec "$@"'),
    "no /dev/shm": Surroundings(
        f"exec unshare -m sh -c '{NO_MEMORY}' sh \"$@\"", needs="unshare", superuser=True
    ),
    "few open files": Surroundings('ulimit -n 8; exec "$@"'),
    "little memory": Surroundings('ulimit -v 260000; exec "$@"', "MB of memory"),
    "no file may grow": Surroundings('ulimit -f 0; exec "$@"'),
    # No limit of processes holds for the superuser.
    "few processes": Surroundings(
        f'exec prlimit --nproc=1:1 {OTHER_USER} "$@"',
        needs="prlimit",
        superuser=True,
        other_user=True,
        whole=True,
    ),
    "unknown user": Surroundings(
        f'unset HOME USER LOGNAME; exec {OTHER_USER} "$@"',
        needs="setpriv",
        superuser=True,
        other_user=True,
    ),
}
"""What a command is started in, by its kind."""


def combinations() -> int:
    """Return the number of command lines that are tried."""
    return sum(sum(row.values()) for row in table().values())


def table() -> dict[str, dict[str, int]]:
    """Return how many command lines are tried, by command and kind."""
    rows = {}
    for name, lines in COMMANDS.items():
        row = {kind: len(reading(name, kind)) for kind in KINDS}
        for kind in ("nothing to write to", "not a folder", "full disk"):
            row[kind] = len(lines.writes)
        row["two at once"] = int(lines.lock is not None)
        row |= dict.fromkeys(SURROUNDINGS, 1)
        row["/dev/full"] = row["| head"] = int(lines.quick is not None)
        row["SIGTERM"] = row["SIGINT"] = int(name in LONG)
        rows[name] = row
    return rows


if __name__ == "__main__":
    kinds = list(next(iter(table().values())))
    for number, kind in enumerate(kinds, 1):
        print(f"{number:2} {kind}")
    print()
    print(f"{'':22}" + "".join(f"{number:3}" for number in range(1, len(kinds) + 1)))
    for name, row in table().items():
        print(f"{name:22}" + "".join(f"{row[kind] or '.':>3}" for kind in kinds))
    print(f"\n{combinations()} command lines")
