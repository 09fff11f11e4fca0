"""asv installs wheels without dependencies: the ruler must be importable with Python alone."""

from __future__ import annotations

import json
import subprocess
import sys

from installations import ROOT

PROGRAM = """
import importlib, json, pkgutil, sys
from pathlib import Path

class Refuse:
    @staticmethod
    def find_spec(name, path=None, target=None):
        package = name.partition(".")[0]
        if package not in sys.stdlib_module_names and package not in ("benchmarks", "nanogpt_rs"):
            raise ImportError(f"{name} is not part of Python")

root, *folders = sys.argv[1:]
sys.meta_path.insert(0, Refuse)
sys.path.append(root)
import benchmarks
import nanogpt_rs.ruler
folders = [nanogpt_rs.ruler, benchmarks]
names = [m.name for f in folders for m in pkgutil.walk_packages(f.__path__, f.__name__ + ".")]
for name in names:
    importlib.import_module(name)
reader = [n for n in sys.modules if n.startswith("nanogpt_rs.") and "." in n]
print(json.dumps([names, [n for n in reader if not n.startswith("nanogpt_rs.ruler")]]))
"""


def test_the_ruler_and_asvs_classes_import_nothing_but_the_standard_library() -> None:
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(ROOT)]
    done = subprocess.run(command, env={"NANOGPT_RS_ASV": "full"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names, reader = json.loads(done.stdout)
    assert {"nanogpt_rs.ruler.suite", "nanogpt_rs.ruler.foreign"} < set(names)
    assert {"benchmarks.bench_call", "benchmarks.bench_full"} < set(names)
    assert reader == []
