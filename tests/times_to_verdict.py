"""Measures how long ``nanogpt-rs compare`` takes to a verdict, from the prompt to the prompt.

It makes a virtual environment with nothing but a wheel and what it needs, says how long that took
and how large it is, and then compares statements whose true ratio is known. Run it on a quiet
machine, because the answer is one of wall-clock time:

    python -P tests/times_to_verdict.py target/wheels/nanogpt_rs-*.whl --runs 20
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from statistics import median

SETUP = "text = 'to be or not to be, that is the question: ' * {repeats}"
ONE = "{{c for c in text[:{end}]}}"
CASES = {
    "2 times, 20 us": (22, 2.0),
    "2 times, 200 us": (220, 2.0),
    "2 times, 8 ms": (8_500, 2.0),
    "10 %, 200 us": (220, 1.1),
    "10 %, 8 ms": (8_500, 1.1),
    "2 %, 200 us": (220, 1.02),
}
"""Repeats of a sentence that the reference works on, and by how much fewer the other does."""
SENTENCE = 43


def environment(wheel: Path, folder: Path) -> Path:
    """Make the environment, print what it took, and return its command."""
    venv.create(folder, with_pip=True)
    before = size(folder)
    start = time.perf_counter()
    install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run([folder / "bin/python", *install, str(wheel.resolve())], check=True)
    took = time.perf_counter() - start
    print(f"installed in {took:.1f} s; takes {(size(folder) - before) / 1e6:.0f} MB", flush=True)
    return folder / "bin/nanogpt-rs"


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def once(command: Path, folder: Path, repeats: int, ratio: float) -> tuple[float, float, str]:
    """Return the seconds of one comparison, its processor seconds, and its verdict."""
    setup, end = SETUP.format(repeats=repeats), repeats * SENTENCE
    words = [ONE.format(end=end), ONE.format(end=round(end / ratio))]
    before, start = os.times(), time.perf_counter()
    done = subprocess.run(
        [command, "compare", "-s", setup, *words, "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    took, after = time.perf_counter() - start, os.times()
    if done.returncode:
        sys.exit(done.stderr)
    used = sum(after[2:4]) - sum(before[2:4])
    return took, used, json.loads(done.stdout)["cells"][1]["against"][0]["comparison"]["verdict"]


def main() -> None:
    """Print a row for each case: medians, and what was said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="a wheel of nanogpt-rs")
    parser.add_argument("--runs", type=int, default=20, help="runs of each case, in turn")
    parser.add_argument("--case", action="append", choices=list(CASES), help="all by default")
    options = parser.parse_args()
    chosen = options.case or list(CASES)
    with tempfile.TemporaryDirectory(prefix="times-to-verdict-") as name:
        folder = Path(name)
        command = environment(options.wheel, folder / "environment")
        taken: dict[str, list[tuple[float, float, str]]] = {case: [] for case in chosen}
        load = os.getloadavg()[0]
        for _ in range(options.runs):
            for case in chosen:
                taken[case].append(once(command, folder, *CASES[case]))
    print(f"load {load:.1f} to {os.getloadavg()[0]:.1f}")
    print("| difference | median s | least | most | processor s | verdicts |")
    print("|---|---|---|---|---|---|")
    for case, runs in taken.items():
        seconds, used, verdicts = zip(*runs, strict=True)
        said = ", ".join(f"{verdicts.count(one)} {one}" for one in dict.fromkeys(verdicts))
        times = f"{median(seconds):.1f} | {min(seconds):.1f} | {max(seconds):.1f}"
        print(f"| {case} | {times} | {median(used):.1f} | {said} |")


if __name__ == "__main__":
    main()
