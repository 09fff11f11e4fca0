"""Sets a checkout up: its virtual environment, the packages in it, and the Rust module in release.

`make` runs this file with the Python that the environment is made from. It therefore imports only
the standard library. Each step is left out where nothing has changed since it was last done.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parents[2]
STAMP, LOG = "set-up.json", "set-up.log"
"""In the environment: what was set up, and what pip and cargo printed meanwhile."""
SIGN_OF_LIFE = 15.0
"""Seconds after which a log that is no terminal gets another line about the same step."""
SHOWN_LINES = 25
"""Lines of the log that are shown after a failure."""
COLUMNS_LEFT = 1
"""Columns of a terminal that stay free, so that a line is never continued on the next."""
PROBE = """\
import platform
print(platform.python_version(), flush=True)
import nanogpt_rs.ruler.provenance as provenance
provenance.check()
"""
"""Prints the environment's version of Python, and fails unless the Rust module can be measured."""


class SetUpError(Exception):
    """A step failed.

    Attributes:
        hint: What the user can do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Progress:
    """Shows on standard error which step runs, for how long, and what it does just now.

    A terminal gets one line for each step, which changes. A pipe or a file gets plain lines: one
    where a step begins and ends, and one now and then meanwhile.
    """

    def __init__(self, stream: TextIO, steps: int) -> None:
        self.stream, self.steps = stream, steps
        self.live = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.number = 0
        self.title = self.detail = ""
        self.began = self.last_line = 0.0
        self.lock = threading.Lock()

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show a step while it runs.

        Yields a function that takes what the step does just now, in words.

        Args:
            title: The step in words.
        """
        self.number += 1
        self.title, self.detail = title, ""
        self.began = self.last_line = time.monotonic()
        self.show() if self.live else self.print_line(f"{title} ...")
        over = threading.Event()
        clock = threading.Thread(target=self.tick, args=(over,), daemon=True)
        clock.start()
        done = "stopped"
        try:
            yield self.tell
            done = "done"
        finally:
            over.set()
            clock.join()
            last = f"{title}: {done} after {minutes(time.monotonic() - self.began)}"
            if self.live:
                self.stream.write("\r\x1b[2K")
            self.print_line(last)

    def tell(self, detail: str) -> None:
        """Take what the step does just now."""
        with self.lock:
            self.detail = detail

    def tick(self, over: threading.Event) -> None:
        """Show the step every so often, until it is over."""
        while not over.wait(0.5):
            if self.live:
                self.show()
            elif time.monotonic() - self.last_line >= SIGN_OF_LIFE:
                self.last_line = time.monotonic()
                self.print_line(self.words())

    def words(self) -> str:
        """Return the step, its duration so far, and what it does just now."""
        with self.lock:
            detail = self.detail and f": {self.detail}"
        return f"{self.title}, {minutes(time.monotonic() - self.began)}{detail}"

    def show(self) -> None:
        """Write the line of a terminal anew."""
        width = shutil.get_terminal_size().columns - COLUMNS_LEFT
        self.stream.write(f"\r\x1b[2K{self.numbered(self.words())[:width]}")
        self.stream.flush()

    def print_line(self, words: str) -> None:
        """Write a line that stays."""
        self.stream.write(f"{self.numbered(words)}\n")
        self.stream.flush()

    def numbered(self, words: str) -> str:
        """Return words with the number of the step before them."""
        return f"[{self.number}/{self.steps}] {words}"


def minutes(seconds: float) -> str:
    """Return a duration in minutes and seconds, such as ``1:05``."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def requirements_of(project: Mapping[str, Any], extras: Sequence[str]) -> list[str]:
    """Return what is to be installed: what the package and its build need, and these extras.

    Args:
        project: The contents of pyproject.toml.
        extras: Names of extras. An extra may name others of this project.

    Raises:
        SetUpError: There is no such extra.
    """
    name, optional = project["project"]["name"], project["project"]["optional-dependencies"]
    found = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    waiting = list(extras)
    while waiting:
        extra = waiting.pop()
        if extra not in optional:
            raise SetUpError(f"there is no extra {extra!r}", f"there are: {', '.join(optional)}")
        for requirement in optional[extra]:
            own = re.fullmatch(rf"{re.escape(name)}\[(.*)\]", requirement)
            if own:
                waiting += own[1].split(",")
            else:
                found.append(requirement)
    return sorted(set(found))


def read_stamp(venv: Path) -> dict[str, Any]:
    """Return what was set up in an environment; nothing where that is not known."""
    try:
        stamp = json.loads((venv / STAMP).read_bytes())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(venv: Path, stamp: Mapping[str, Any]) -> None:
    """Note what was set up."""
    (venv / STAMP).write_text(json.dumps(stamp, indent=2), encoding="utf-8")


def probe(python: Path) -> tuple[str, bool]:
    """Return the version of an environment's Python, and whether its Rust module is up to date.

    The version is empty where there is no such environment.
    """
    try:
        done = subprocess.run(
            [python, "-P", "-c", PROBE], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except OSError:
        return "", False
    return done.stdout.strip(), done.returncode == 0


def stream_output(
    command: Sequence[str],
    on_line: Callable[[str], None],
    environment: Mapping[str, str],
    folder: Path,
) -> int:
    """Run a command, and pass on each line that it prints as soon as it is there.

    Args:
        command: The command.
        on_line: Called with each line of its standard output and error, the end of line included.
        environment: All of its environment variables.
        folder: Folder to run in.

    Returns:
        The exit status of the command.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            on_line(line)
    return process.returncode


def run_logged(
    command: Sequence[str],
    log: Path,
    on_line: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a command, write what it prints into the log, and pass on each line.

    Raises:
        SetUpError: The command failed.
    """
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(command)}\n")
        file.flush()

        def keep(line: str) -> None:
            file.write(line)
            file.flush()
            on_line(line.strip())

        status = stream_output(command, keep, os.environ | dict(environment or {}), ROOT)
    if status:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        start = max(at for at, line in enumerate(lines) if line.startswith("$ ")) + 1
        shown = "\n".join(lines[max(start, len(lines) - SHOWN_LINES) :])
        raise SetUpError(
            f"this step of the set-up failed. It ended with:\n\n{shown}\n",
            f"all of it is in {shortened(log)}; the same command goes on from here",
        )


def shortened(path: Path) -> str:
    """Return a path as seen from the checkout, where it lies in it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def pip_step(line: str) -> str | None:
    """Return what pip does now, according to a line of its output; ``None`` if nothing new."""
    if match := re.match(r"Downloading ([\w.]+)-\S+ \((.*)\)", line):
        return f"downloading {match[1]} ({match[2]})"
    if match := re.match(r"Collecting ([\w.-]+)", line):
        return f"looking for {match[1]}"
    if line.startswith("Installing collected packages: "):
        return f"unpacking {line.count(',') + 1} packages"
    return None


def cargo_step(line: str) -> str | None:
    """Return what cargo does now, according to a line of its output; ``None`` if nothing new."""
    if line.startswith(("Updating", "Blocking")):
        return "looking up what it depends on"
    match = re.match(r"(Compiling|Downloading|Downloaded) (\S+ \S+)", line)
    return f"{match[1].lower()} {match[2]}" if match else None


def teller(
    tell: Callable[[str], None], step_of: Callable[[str], str | None]
) -> Callable[[str], None]:
    """Return a function that takes a program's lines and tells those that say what it does."""

    def on_line(line: str) -> None:
        if step := step_of(line):
            tell(step)

    return on_line


def require_environments() -> None:
    """Check that this Python can make virtual environments.

    Raises:
        SetUpError: It cannot.
    """
    if find_spec("ensurepip") is None or find_spec("venv") is None:
        raise SetUpError(
            "Python cannot make virtual environments",
            "Debian and Ubuntu: apt-get install python3-venv",
        )


def require_rust() -> None:
    """Check that there are a Rust compiler, new enough, and a C linker.

    Raises:
        SetUpError: One is missing or too old.
    """
    manifest = tomllib.loads((ROOT / "rust_impls/Cargo.toml").read_text(encoding="utf-8"))
    needed = manifest["package"]["rust-version"]
    versions = {}
    for tool in ("cargo", "rustc"):
        try:
            done = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            raise SetUpError(
                f"Rust is missing: {tool} does not run here",
                "install it with rustup, https://rustup.rs",
            ) from None
        versions[tool] = done.stdout.split()[1]
    if numbers(versions["rustc"]) < numbers(needed):
        raise SetUpError(
            f"Rust is too old: rustc {versions['rustc']}, and {needed} or newer is needed",
            "rustup update",
        )
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        raise SetUpError(
            "a C linker is missing: there is no cc",
            "Debian and Ubuntu: apt-get install build-essential; macOS: xcode-select --install",
        )


def numbers(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version, to compare it with another."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def make_environment(venv: Path) -> None:
    """Make an environment, empty but for pip, where there may have been one.

    Raises:
        SetUpError: It cannot be made.
    """
    venv.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "venv", "--clear", str(venv)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except BaseException:  # half of an environment must not be taken for a whole one
        (venv / "bin/python").unlink(missing_ok=True)
        raise
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise SetUpError(f"the environment cannot be made:\n\n{said}\n", " ".join(command))


def set_up(venv: Path, extras: Sequence[str], *, packages_only: bool) -> None:
    """Set the environment up, with a line on standard error for each step that is needed.

    Args:
        venv: The environment's folder.
        extras: Names of the extras to install.
        packages_only: Whether to leave the Rust module as it is.

    Raises:
        SetUpError: A step failed.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    requirements = requirements_of(project, extras)
    built = json.dumps([project["project"], project["tool"]["maturin"]], sort_keys=True)
    build_hash = hashlib.sha256(built.encode()).hexdigest()
    python = venv / "bin/python"
    version, current = probe(python)
    remade = version != platform.python_version()
    current = current and not remade
    stamp = {} if remade else read_stamp(venv)
    missing = set(requirements) - set(stamp.get("requirements", ()))
    stale = not current or stamp.get("built", build_hash) != build_hash
    builds = stale and not packages_only
    log = venv / LOG
    if remade:
        require_environments()
    if builds:
        require_rust()
    progress = Progress(sys.stderr, remade + bool(missing) + builds)
    if remade:
        with progress.step(f"making {shortened(venv)} with Python {platform.python_version()}"):
            make_environment(venv)
    if missing:
        with progress.step("installing packages") as tell:
            # Bytecode is compiled at the first import, and only of what is imported.
            command = [
                str(python),
                "-P",
                "-m",
                "pip",
                "install",
                "--no-compile",
                "--progress-bar=off",
            ]
            command += ["--disable-pip-version-check", *requirements]
            run_logged(command, log, teller(tell, pip_step))
        stamp["requirements"] = sorted({*requirements, *stamp.get("requirements", ())})
        write_stamp(venv, stamp)
    if builds:
        with progress.step("compiling the Rust module") as tell:
            command = [str(python), "-P", "-m", "nanogpt_rs.workshop.rebuild"]
            run_logged(command, log, teller(tell, cargo_step), {"PYTHONPATH": str(ROOT)})
    if stamp.get("built") != build_hash and not packages_only:
        write_stamp(venv, stamp | {"built": build_hash})


def main() -> None:
    """Read the command line, set up, and exit with 1 and a message where a step fails."""
    parser = argparse.ArgumentParser(description="Set this checkout up.")
    parser.add_argument("--venv", type=Path, required=True, help="folder of the environment")
    parser.add_argument("--extras", default="", help="extras to install, separated by commas")
    parser.add_argument("--packages-only", action="store_true", help="leave the Rust module alone")
    options = parser.parse_args()
    extras = [name for name in options.extras.split(",") if name]
    try:
        set_up(Path.cwd() / options.venv, extras, packages_only=options.packages_only)
    except SetUpError as error:
        sys.exit(f"nanogpt-rs: {error}\nhint: {error.hint}")
    except OSError as error:
        sys.exit(f"nanogpt-rs: {options.venv} cannot be set up: {error}")
    except KeyboardInterrupt:
        print("\nnanogpt-rs: interrupted; the same command goes on from here", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
