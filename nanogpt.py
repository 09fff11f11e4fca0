# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From the characters of a text to a GPT, and what Rust has to do with it
#
# The lecture builds a GPT that writes like Shakespeare, character by character. It begins with
# `set(text)`; a blog post rewrote that line in Rust, and was first 30 times slower, then faster.
# Here is the whole way, with the post's measurement beside this project's.
#
# It runs top to bottom without a network, on `synthetic`, a text made on this machine with the
# length and the letters of TinyShakespeare; or on the real one, where the environment variable
# `NANOGPT_RS_TINYSHAKESPEARE` says where that is. In a clone, `make build` brings what it needs;
# elsewhere the extras `notebook` and `torch` do.

# %%
import os
from collections import Counter

import matplotlib.pyplot as plt

from nanogpt_rs.ruler import corpora

NAME = "tinyshakespeare" if os.environ.get(corpora.TINYSHAKESPEARE_VARIABLE) else "synthetic"
corpus = corpora.load(NAME)
text = corpora.own_copy(corpus.text)

counts = Counter(text).most_common()
words = {" ": "space", "\n": "line"}
figure, axes = plt.subplots(figsize=(12, 3.5), layout="constrained")
axes.bar([words.get(character, character) for character, _ in counts], [n for _, n in counts])
axes.set_yscale("log")
axes.tick_params(axis="x", labelsize=8)
for label in axes.get_xticklabels():
    if len(label.get_text()) > 1:
        label.set_rotation(90)
axes.set_ylabel("how often")
axes.set_title(f"{NAME}: {len(text):,} characters, {len(counts)} distinct")
plt.show()

# %% [markdown]
# ## Vocabulary, encode, decode
#
# As the lecture has them: the vocabulary is the sorted set of characters, and a character's id is
# its place in it.

# %%
vocabulary = sorted(set(text))
stoi = {character: id for id, character in enumerate(vocabulary)}


def encode(text):
    """Return the ids of a text."""
    return [stoi[character] for character in text]


def decode(ids):
    """Return the text of ids."""
    return "".join(vocabulary[id] for id in ids)


print("".join(vocabulary))
print(encode(text[:20]))
print(decode(encode(text[:200])))
assert decode(encode(text)) == text

# %% [markdown]
# ## The post's measurement
#
# `timeit`, one function after the other, in this one process. Each is timed three times: look at
# how far the same function lies from itself.

# %%
import timeit

import rust_impls

CONTENDERS = {
    "python/set": set,
    "rust/std_hashset": rust_impls.charset.std_hashset,
    "rust/ahash": rust_impls.charset.ahash,
    "rust/char_hasher": rust_impls.charset.char_hasher,
}
for id, function in CONTENDERS.items():
    timer = timeit.Timer("function(text)", globals={"function": function, "text": text})
    milliseconds = [timer.timeit(10) * 100 for _ in range(3)]
    print(f"{id:17}", " ".join(f"{each:8.2f} ms" for each in milliseconds))

# %% [markdown]
# ## The same, so that one can rely on it
#
# `nanogpt-rs compare` proves each right first. Then it times them in rounds, side by side and in a
# new random order, in processes of their own, each with a hash seed and a memory layout of its own;
# and it sets the reference against itself, which must read as 1.

# %%
import subprocess
import sys


def nanogpt_rs(*arguments):
    """Run the command, and show what it says."""
    command = [sys.executable, "-P", "-m", "nanogpt_rs", *arguments]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}
    )
    print(done.stdout, done.stderr)
    done.check_returncode()


nanogpt_rs("compare", "charset", *CONTENDERS, "--corpus", NAME)

# %% [markdown]
# Why the two differ, where they do:
#
# - `timeit` took its blocks one after the other: whatever else this machine did meanwhile fell on
#   one of them. In a round all contenders share it.
# - `timeit` reads the clock on the wall, which also runs while other programs have the processor.
#   The comparison takes, where a call lasts longer than a millisecond, the processor's own time.
# - Here is one process, so one hash seed, and `set(text)` takes up to 1.4 times as long with one as
#   with another. The comparison has a seed for each process, and its interval holds that.
# - `timeit` gives a number for anything. The comparison says *inconclusive* where it cannot tell,
#   and *invalid* where the reference differs from itself.
#
# And what neither of them says is whether it matters. `set(text)` is not the best that Python can
# do: `nanogpt-rs bench charset` sets Rust beside that too. And the whole job is below.

# %% [markdown]
# ## What a debug build does
#
# Rust's compiler makes debug builds unless it is told otherwise: no optimisation, and every
# addition checked. It is how the post's first figure came about. This builds one beside the module
# that is installed, which stays as it is, and times the same line with it.
# It takes a checkout, and Rust.

# %%
import tempfile
import zipfile
from pathlib import Path

PROGRAM = """
import timeit, sys
from pathlib import Path
import rust_impls
text = Path(sys.argv[1]).read_bytes().decode()
print(rust_impls.build_info()["profile"], timeit.timeit(
    lambda: rust_impls.charset.std_hashset(text), number=3) / 3 * 1000)
"""


def timed(folder):
    """Return the profile of the module in a folder, and the milliseconds of a call."""
    (Path(folder) / "text.txt").write_bytes(text.encode())
    command = [sys.executable, "-P", "-c", PROGRAM, f"{folder}/text.txt"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    profile, milliseconds = done.stdout.split()
    return profile, float(milliseconds)


with tempfile.TemporaryDirectory() as folder:
    release = timed(folder)  # nothing lies there yet: the installed one
    options = ["--profile", "dev", "--locked", "--quiet", "--out", folder]
    command = [sys.executable, "-P", "-m", "maturin", "build", *options]
    # Apart from other builds: maturin moves the library, and two would take each other's.
    environment = {**os.environ, "CARGO_TARGET_DIR": f"{folder}/target"}
    checkout = Path(corpora.__file__).parents[1]
    done = subprocess.run(
        command, check=False, cwd=checkout, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
        wheel.extractall(folder, [each for each in wheel.namelist() if "rust_impls/" in each])
    debug = timed(folder)
for profile, milliseconds in (release, debug):
    print(f"{profile:8} {milliseconds:8.1f} ms")
print(f"the debug build takes {debug[1] / release[1]:.0f} times as long")

# %% [markdown]
# ## A short training run
#
# The reference model, from files to validation loss. `nanogpt-rs train` does the same on the
# command line. `STEPS` is far too few to write well; `--config full` is what the lecture trains.

# %%
from nanogpt_rs.training.corpus import as_files, preparation, room

STEPS = int(os.environ.get("NANOGPT_RS_NOTEBOOK_STEPS", "200"))
training = room()
row, prepare = preparation(None)
saved = Path(tempfile.mkdtemp()) / "model.pt"
with as_files(corpus, NAME) as paths:
    summary = training.train(
        prepare, paths, "quick", steps=STEPS, evaluate_every=(STEPS + 2) // 3, checkpoint=saved
    )

figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.plot(range(1, len(summary.losses) + 1), summary.losses, linewidth=0.8, label="each batch")
axes.plot(*zip(*summary.val_losses, strict=True), marker="o", label="validation")
axes.set(xlabel="step", ylabel="loss, nats a character", title=f"{NAME}, {summary.steps} steps")
axes.legend()
plt.show()

# %% [markdown]
# How much of that was preprocessing? This is what a faster `encode` can gain at most.

# %%
whole = sum(summary.seconds.values())
for stage, seconds in summary.seconds.items():
    print(f"{stage:12} {seconds:8.3f} s {seconds / whole:7.1%}")

# %% [markdown]
# And it writes:

# %%
print("".join(training.sample(saved, 300)))
