"""A faulty contender gets no time and a message; the other contenders are timed as usual."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from installations import Installation
from printed_documents import statuses_in

from nanogpt_rs.ruler import verification

HEAD = "import os, sys, time, ctypes\n\ndef charset(text):\n"
FAULTS = {
    "raises": ("    raise RuntimeError('no luck')\n", "raised RuntimeError: 'no luck'"),
    "wrong on the corpus only": ("    return set(text[:1000])\n", "expected"),
    "a segfault": ("    ctypes.string_at(0)\n", "crashed: killed by SIGSEGV"),
    "an abort": ("    os.abort()\n", "crashed: killed by SIGABRT"),
    "an exit": ("    os._exit(0)\n", "ended with status 0 and no answer"),
    "a polite exit": ("    sys.exit('bye')\n", "ended with status 1 and no answer ('bye')"),
}


def cells(installation: Installation, *arguments: str) -> tuple[int, dict[str, Any], str]:
    done = installation.run(
        "-m", "nanogpt_rs", "bench", "charset", "--state=warm", "--json", *arguments
    )
    document = json.loads(done.stdout)
    return done.returncode, {cell["id"]: cell for cell in document["cells"]}, done.stderr


FAULTY = (
    *("python/set", "python/counter", "python/dict_fromkeys"),
    *("python/encoded_bytes", "python/candidates_in_text", "python/numpy_unique"),
)
"""Contenders that get these faults; the first is the baseline."""


def test_faulty_contenders_have_no_time_and_cost_the_others_nothing(
    installation: Installation,
) -> None:
    for id, (body, _) in zip(FAULTY, FAULTS.values(), strict=True):
        installation.write(f"py_impls/charset/{id.partition('/')[2]}.py", HEAD + body)
    chosen = [f"--id={id}" for id in (*FAULTY, "rust/ahash")]
    status, measured, errors = cells(installation, *chosen, "--seconds=1")
    assert status == 1, errors
    for id, (_, expected) in zip(FAULTY, FAULTS.values(), strict=True):
        assert measured[id]["status"] == "wrong"
        assert measured[id]["seconds"] is None
        assert any(expected in detail for detail in measured[id]["details"]), measured[id]
    assert measured["rust/ahash"]["seconds"] > 0
    # Without the baseline, only the strongest Python is left to compare with.
    roles = [reference["role"] for reference in measured["rust/ahash"]["against"]]
    assert roles == ["strongest"]


def test_what_a_contender_prints_does_not_reach_the_document(installation: Installation) -> None:
    body = HEAD + "    print('noise'); return set(text)\n"
    installation.write("py_impls/charset/set.py", body + "from py_impls import vocabulary\n")
    done = installation.run("-m", "nanogpt_rs", "verify", "charset", "--id", "python/set", "--json")
    assert done.returncode == 1  # it takes a list for a text, which must be refused
    assert "noise" not in done.stdout
    json.loads(done.stdout)


def test_a_hang_ends_at_the_deadline(installation: Installation) -> None:
    installation.write("py_impls/charset/set.py", HEAD + "    time.sleep(3600)\n")
    done = installation.run(
        "-c",
        "from nanogpt_rs.ruler import registry, verification as v\n"
        "row = registry.find('charset', 'python/set')\n"
        "print(v.verify_apart(row, 'synthetic', deadline=2).details)",
    )
    assert done.stdout.strip() == "('hung: no answer within 2 s',)", done.stderr


def test_a_large_text_has_more_time(tmp_path: Path) -> None:
    """Loops in Python need more than two minutes for a gigabyte without hanging."""
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(640_000_000)
    assert verification.deadline_of(str(large)) == 1200
    assert verification.deadline_of("english-1g-ascii") == pytest.approx(120 * 2**30 / 64e6)
    registered = ("synthetic", "tinyshakespeare-western", "han5000-1m-ucs2")
    none = (str(tmp_path / "none.txt"), "a\0b", "~nobody-of-this-name/x", "")
    for other in (*registered, *none):
        assert verification.deadline_of(other) == 120


def test_a_missing_implementation_is_not_applicable(installation: Installation) -> None:
    (installation.folder / "py_impls/charset/set.py").unlink()
    status, by_id, errors = cells(
        installation, "--id", "python/set", "--id", "rust/ahash", "--seconds=1"
    )
    assert status == 0, errors
    assert by_id["python/set"]["status"] == "n/a"
    assert by_id["python/set"]["details"] == ["needs py_impls.charset.set, which is not installed"]
    assert by_id["rust/ahash"]["seconds"] > 0


def test_a_run_with_nothing_to_measure_has_its_own_status(installation: Installation) -> None:
    (installation.folder / "py_impls/charset/set.py").unlink()
    done = installation.run("-m", "nanogpt_rs", "bench", "charset", "--id", "python/set")
    assert done.returncode == 3
    assert "nothing could be measured here" in done.stderr


def test_a_quadratic_idea_is_not_run_on_a_large_vocabulary(installation: Installation) -> None:
    done = installation.run(
        *("-m", "nanogpt_rs", "verify", "charset", "--id", "rust/smallvec", "--json"),
        *("--corpus", "distinct-1m-ucs4", "--corpus", "han1000-1m-ucs2"),
    )
    assert statuses_in(done.stdout) == ["n/a", "right"]


def test_a_vocabulary_that_a_task_cannot_hold_is_not_applicable(installation: Installation) -> None:
    everything = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    installation.write("all.txt", everything[:70_000])
    corpus = str(installation.folder / "all.txt")
    done = installation.run(
        "-m",
        "nanogpt_rs",
        "verify",
        "encode_array",
        "--id",
        "rust/ahash",
        "--corpus",
        corpus,
        "--json",
    )
    (proof,) = json.loads(done.stdout)["proofs"]
    assert (proof["status"], proof["corpus"]) == ("n/a", "file:all.txt")
    assert proof["details"] == ["the corpus has 70,000 distinct characters; the task holds 65,536"]
