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
# The lecture builds a GPT that writes like Shakespeare, character by character. Its first step is
# `set(text)`. A blog post rewrote that line in Rust; the result was at first 30 times slower, and
# later faster. This notebook goes the whole way, with the post's measurement beside this project's.
#
# It runs from top to bottom without a network. The text is `synthetic`, which is made on this
# machine and has the length and the letters of TinyShakespeare. To use the real text, set the
# environment variable `NANOGPT_RS_TINYSHAKESPEARE` to the path of its file. In a clone,
# `make build` installs what the notebook needs. Elsewhere, install the extras `notebook` and
# `torch`.

# %%
import os
from collections import Counter

import matplotlib.pyplot as plt

from nanogpt_rs.ruler import corpora

NAME = "tinyshakespeare" if os.environ.get(corpora.TINYSHAKESPEARE_VARIABLE) else "synthetic"
corpus = corpora.load(NAME)
text = corpora.own_copy(corpus.text)

counts = Counter(text).most_common()
shown_as = {" ": "space", "\n": "line"}
figure, axes = plt.subplots(figsize=(12, 3.5), layout="constrained")
axes.bar([shown_as.get(character, character) for character, _ in counts], [n for _, n in counts])
axes.set_yscale("log")
axes.tick_params(axis="x", labelsize=8)
for label in axes.get_xticklabels():
    if len(label.get_text()) > 1:
        label.set_rotation(90)
axes.set_ylabel("occurrences")
axes.set_title(f"{NAME}: {len(text):,} characters, {len(counts)} distinct")
plt.show()

# %% [markdown]
# ## Vocabulary, encode, decode
#
# This is the lecture's code. The vocabulary is the sorted set of characters, and a character's id
# is its position in the vocabulary.

# %%
vocabulary = sorted(set(text))
stoi = {character: id for id, character in enumerate(vocabulary)}


def encode(text):
    """Return the ids of a text's characters."""
    return [stoi[character] for character in text]


def decode(ids):
    """Return the text that a list of ids stands for."""
    return "".join(vocabulary[id] for id in ids)


print("".join(vocabulary))
print(encode(text[:20]))
print(decode(encode(text[:200])))
assert decode(encode(text)) == text

# %% [markdown]
# ## The post's measurement
#
# The post used `timeit`, one function after the other, in one process. Here each function is timed
# three times. Look at how far the three times of the same function lie apart.

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
    timings = [timer.timeit(10) * 100 for _ in range(3)]  # ms for one call
    print(f"{id:17}", " ".join(f"{milliseconds:8.2f} ms" for milliseconds in timings))

# %% [markdown]
# ## The same measurement, made reliable
#
# `nanogpt-rs compare` first proves that each function gives the right answer. Then it times the
# functions in rounds, side by side and in a new random order each time. It does so in fresh
# processes, and each process has a hash seed and a memory layout of its own. It also compares the
# reference with itself: that ratio must read as 1.

# %%
import subprocess
import sys


def nanogpt_rs(*arguments):
    """Run the command `nanogpt-rs` and print its output."""
    command = [sys.executable, "-P", "-m", "nanogpt_rs", *arguments]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}
    )
    print(done.stdout, done.stderr)
    done.check_returncode()


nanogpt_rs("compare", "charset", *CONTENDERS, "--corpus", NAME)

# %% [markdown]
# The two measurements can differ, for these reasons:
#
# - `timeit` timed one function after the other. If this machine did something else meanwhile, that
#   slowed down only one of them. In a round, all contenders share such a disturbance.
# - `timeit` reads the wall clock, which also runs while other programs have the processor. For a
#   call that takes longer than a millisecond, the comparison uses the processor's own time.
# - This notebook is one process, so it has one hash seed, and `set(text)` takes up to 1.4 times as
#   long with one seed as with another. The comparison has a seed for each process, and its interval
#   covers that spread.
# - `timeit` gives a number for anything. The comparison says *inconclusive* where it cannot decide,
#   and *invalid* where the reference differs from itself.
#
# Neither of them says whether the difference matters. `set(text)` is not the best that Python can
# do: `nanogpt-rs bench charset` also compares Rust with the strongest Python. What a faster
# function gains in a whole job is shown below.

# %% [markdown]
# ## What a debug build does
#
# Rust's compiler makes a debug build by default. It does not optimise such a build, and it checks
# every addition for overflow. That explains the post's first figure. The next cell makes a debug
# build in a folder of its own and times the same call with it. The installed module stays as it is.
# The cell needs a checkout of this project, and Rust.

# %%
import tempfile
import zipfile
from pathlib import Path

from nanogpt_rs.ruler import provenance

PROGRAM = """
import timeit, sys
from pathlib import Path
import rust_impls
text = Path(sys.argv[1]).read_bytes().decode()
print(rust_impls.build_info()["profile"], timeit.timeit(
    lambda: rust_impls.charset.std_hashset(text), number=3) / 3 * 1000)
"""


def time_call(folder):
    """Time a call with the module in a folder, or with the installed one if it holds none.

    Returns the module's build profile, and the time of one call in milliseconds.
    """
    (Path(folder) / "text.txt").write_bytes(text.encode())
    command = [sys.executable, "-P", "-c", PROGRAM, f"{folder}/text.txt"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    profile, milliseconds = done.stdout.split()
    return profile, float(milliseconds)


with tempfile.TemporaryDirectory() as folder:
    release = time_call(folder)  # the folder is still empty, so this is the installed module
    options = ["--profile", "dev", "--locked", "--quiet", "--out", folder]
    command = [sys.executable, "-P", "-m", "maturin", "build", *options]
    # A target folder of its own: maturin moves the library that it has built, so two builds in one
    # folder would take each other's.
    environment = {**os.environ, "CARGO_TARGET_DIR": f"{folder}/target"}
    done = subprocess.run(
        command, check=False, cwd=provenance.ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
        wheel.extractall(folder, [name for name in wheel.namelist() if "rust_impls/" in name])
    debug = time_call(folder)
for profile, milliseconds in (release, debug):
    print(f"{profile:8} {milliseconds:8.1f} ms")
print(f"the debug build takes {debug[1] / release[1]:.0f} times as long")

# %% [markdown]
# ## A short training run
#
# This trains the reference model, from files to the validation loss. `nanogpt-rs model train` does
# the same on the command line. `STEPS` is far too small for a model that writes well; the lecture's
# own model is `--config full`.

# %%
from nanogpt_rs.training.corpus import as_files, import_training, preparation

STEPS = int(os.environ.get("NANOGPT_RS_NOTEBOOK_STEPS", "200"))
training = import_training()
row, prepare = preparation(None)
saved = Path(tempfile.mkdtemp()) / "model.pt"
with as_files(corpus, NAME) as paths:
    summary = training.train(
        prepare, paths, "quick", steps=STEPS, evaluate_every=(STEPS + 2) // 3, checkpoint=saved
    )

figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.plot(range(1, len(summary.losses) + 1), summary.losses, linewidth=0.8, label="one batch")
axes.plot(*zip(*summary.val_losses, strict=True), marker="o", label="validation")
axes.set(xlabel="step", ylabel="loss (nats per character)", title=f"{NAME}, {summary.steps} steps")
axes.legend()
plt.show()

# %% [markdown]
# How much of that time was preprocessing? A faster `encode` cannot gain more than the stage
# `prepare` below.

# %%
whole = sum(summary.seconds.values())
for stage, seconds in summary.seconds.items():
    print(f"{stage:12} {seconds:8.3f} s {seconds / whole:7.1%}")

# %% [markdown]
# The trained model writes:

# %%
print("".join(training.sample(saved, 300)))

# %% [markdown]
# ## And the model in Rust?
#
# The post ends with "stay tuned for writing PyTorch modules in Rust". What could that gain? Between
# two kernels of torch, a step runs Python. The next cell samples a running step and says how much
# of it that is: the most that a training loop in another language can save.

# %%
from nanogpt_rs.training.arm_race import share_of_python

with as_files(corpus, NAME) as paths:
    python = share_of_python(prepare(paths))
if python is None:
    print("this system does not show where a step's time goes")
else:
    low, high = python.interval
    print(f"Python takes {python.share:.0%} of a step [{low:.0%}, {high:.0%}] of config quick;")
    print(f"of this, {python.batches:.1%} of a step makes batches")

# %% [markdown]
# What a library of Rust makes of the rest takes a race: `nanogpt-rs model race arms --arm candle`
# builds the same model with it, proves that the losses are equal, and then times both in turn.
