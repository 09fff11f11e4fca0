"""Kinds of bad input, and for each command the lines that meet them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

BINARY = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"


class Lines(NamedTuple):
    """Command lines of one command.

    Attributes:
        whole: A line that would work. It does as little as possible.
        reads: Lines that read ``{input}``, which is bad.
        writes: Lines that write to ``{output}``, where that fails.
        lock: Folder that the command locks, in the folder that it runs in.
    """

    whole: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    lock: str | None = None


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
        f"compare charset python/set rust/ahash {BRIEF} --seconds 1",
        (
            "compare charset python/set rust/ahash -c {input}",
            f"compare charset python/set foreign/input --from {{input}} {BRIEF}",
        ),
        (f"compare charset python/set rust/ahash {BRIEF} --seconds 1 --results {{output}}",),
        "results/local/compare",
    ),
    "diff": Lines(f"diff no-commit {BRIEF}", ("diff HEAD -c {input}",)),
    "verify": Lines(
        f"verify {ONE}",
        ("verify charset -c {input}", f"verify charset --from {{input}} {BRIEF}"),
    ),
    "list implementations": Lines("list charset", ("list charset --from {input}",)),
    "list tasks": Lines("list tasks", ("list tasks --from {input}",)),
    "list corpora": Lines("list corpora"),
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
        (f"profile instructions {ONE} --results {{output}}",),
        "results/local/count",
    ),
    "profile memory": Lines(
        f"profile memory {ONE}",
        ("profile memory charset -c {input}",),
        (f"profile memory {ONE} --results {{output}}",),
        "results/local/memory",
    ),
    "show": Lines(
        "show run.jsonl",
        ("show {input}", "show --results {input}", "show --format csv {input}"),
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
    "job predict": Lines(
        f"job predict --corpus-size 1GB --steps 1 --step-time 1s {BRIEF} --seconds 1",
        (
            "job predict --corpus-size 1GB --steps 1 --step-time 1s -c {input}",
            "job predict --corpus-size 1GB --steps 1 --step-time 1s --record {input}",
        ),
    ),
    "data prepare": Lines(
        "data prepare text.txt --out shards",
        ("data prepare {input} --out shards", "data prepare text.txt {input} --out shards"),
        ("data prepare text.txt --out {output}",),
        "shards",
    ),
    "data check": Lines("data check prepared", ("data check {input}",)),
    "data bench": Lines(
        "data bench text.txt --out shards --rounds 2 --threads 1",
        ("data bench {input} --out shards --rounds 2",),
        (
            "data bench text.txt --out {output} --rounds 2 --threads 1",
            "data bench text.txt --out shards --rounds 2 --threads 1 --results {output}",
        ),
        "results/local/prepare",
    ),
    "data cost": Lines(
        "data cost 1GB --measure --up-to 1MB --repeats 2",
        ("data cost 1GB --record {input}", "data cost 1GB --results {input}"),
        (
            "data cost 1GB --measure --up-to 1MB --repeats 2 --results {output}",
            "data cost 1GB --measure --up-to 1MB --repeats 2 --folder {output}",
        ),
        "results/local/cost",
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
        (),
        ("model race open --seeds 2 --results {output}", "model race open --record {output}/a"),
        "results/local/division",
    ),
    "doctor": Lines("doctor", ("doctor --self-test --show --folder {input}",)),
    "dev new": Lines("dev new charset 1idea --python"),
    "dev watch": Lines("dev watch", ()),
    "dev record": Lines("dev record my-alias", ("dev record my-alias --results {input}",)),
    "dev splice": Lines(
        "dev splice --document text.txt --from run.jsonl",
        (
            "dev splice --document {input} --from run.jsonl",
            "dev splice --from {input} --document text.txt",
        ),
    ),
    "dev publish": Lines(
        "dev publish site --results nothing",
        ("dev publish site --results {input}",),
        ("dev publish {output}",),
    ),
    "dev builds": Lines("dev builds"),
}


def make_missing(_: Path) -> None:
    pass


def make_too_large(path: Path) -> None:
    with path.open("wb") as file:
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
