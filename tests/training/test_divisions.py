"""The divisions of training: the open entry's network, the bound, and what a run says."""

from __future__ import annotations

import importlib
import json
import math
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from messages import only_message

from nanogpt_rs.records import files
from nanogpt_rs.records.races import OpenRace, OpenRaceEntry
from nanogpt_rs.training import divisions

pytestmark = pytest.mark.slow("trains models")

torch = pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[torch]'")
entry = importlib.import_module("model.open")
training = importlib.import_module("model.train")

Run = Callable[..., subprocess.CompletedProcess[str]]
TEXT = "to be, or not to be: that is the question. " * 40


def prepare(paths: Sequence[str]) -> tuple[str, Any]:
    text = "".join(Path(path).read_text(encoding="utf-8") for path in paths)
    vocabulary = "".join(sorted(set(text)))
    return vocabulary, torch.tensor([vocabulary.index(character) for character in text])


@pytest.fixture
def corpus(tmp_path: Path) -> list[str]:
    (tmp_path / "corpus.txt").write_text(TEXT, encoding="utf-8")
    return [str(tmp_path / "corpus.txt")]


def some_ids(count: int, vocabulary_size: int) -> Any:
    generator = torch.Generator().manual_seed(5)
    return torch.randint(vocabulary_size, (count,), generator=generator)


# The open division's network.


def test_a_step_follows_the_gradient_that_autograd_finds() -> None:
    setting = entry.Setting(orders=3, bits=4)
    network = entry.Network(6, setting)
    network.weights.normal_(generator=torch.Generator().manual_seed(2))
    ids = some_ids(40, 6)
    windows = ids.unfold(0, 4, 1)
    before, squares = network.weights.clone(), network.squares.clone()

    rows = network.rows_of(windows[:, :3])
    weights = before.clone().requires_grad_()
    logits = weights[rows].sum(1)
    slopes = torch.autograd.grad(
        torch.nn.functional.cross_entropy(logits, windows[:, 3], reduction="sum"), logits
    )[0]
    for position, places in enumerate(rows):  # Adagrad's sums first, then the step
        squares[places] += slopes[position].square().mean()
    expected = before.clone()
    for position, places in enumerate(rows):
        for place in places:
            expected[place] -= 0.1 * slopes[position] / squares[place].sqrt()

    network.step(windows[:, :3], windows[:, 3], 0.1)
    torch.testing.assert_close(network.squares, squares)
    torch.testing.assert_close(network.weights, expected)


def test_rows_describe_what_came_last_and_nothing_else() -> None:
    network = entry.Network(5, entry.Setting(orders=4, bits=10))
    rows = network.rows_of(torch.tensor([[1, 2, 3, 4], [0, 2, 3, 4], [1, 2, 3, 0]]))
    assert (rows[0, :3] == rows[1, :3]).all()
    assert rows[0, 3] != rows[1, 3]
    assert not (rows[0] == rows[2]).any()
    everything = torch.cartesian_prod(*[torch.arange(6)] * 4)
    rows = network.rows_of(everything)
    for order, start in enumerate(network.starts):
        assert start <= rows[:, order].min()
        end = [*network.starts[1:], len(network.weights)][order]
        assert rows[:, order].max() < end
    assert len(rows[:, 1].unique()) == 36  # pairs share no row
    assert len(rows[:, 2].unique()) > 180  # few of 216 share one of 1,024


def test_the_loss_is_over_every_character_but_the_first() -> None:
    network = entry.Network(6, entry.Setting(orders=3, bits=8))
    network.weights.normal_(generator=torch.Generator().manual_seed(2))
    ids = some_ids(30, 6)
    padded = torch.cat([torch.tensor([6, 6]), ids])
    naive = [
        -math.log(
            network.logits(network.rows_of(padded[None, at : at + 3]))[0].softmax(0)[ids[at + 1]]
        )
        for at in range(29)
    ]
    assert entry.evaluate(network, ids) == pytest.approx(sum(naive) / 29, rel=1e-5)


def test_the_entry_learns_and_is_told_when_it_cannot(corpus: list[str]) -> None:
    first, again, other = (
        entry.run(prepare, corpus, seed, entry.Setting(batch=64)) for seed in (1, 1, 2)
    )
    assert first.val_loss == again.val_loss != other.val_loss
    assert first.val_loss < 1.0
    assert 0 < first.prepare_seconds < first.cpu_seconds
    with pytest.raises(training.TrainingError, match="a lower learning rate may help"):
        entry.run(prepare, corpus, 1, entry.Setting(batch=64, learning_rate=1e38))


@pytest.mark.parametrize("orders", [0, 1, 3])
def test_counts_are_interpolated_as_written(orders: int) -> None:
    train_ids, val_ids = some_ids(300, 4), some_ids(60, 4).flip(0)
    train = train_ids.tolist()

    def probability(context: tuple[int, ...], next_: int) -> float:
        shorter = probability(context[1:], next_) if context else 1 / 4
        size = len(context)
        after = Counter(
            train[at + size]
            for at in range(len(train) - size)
            if tuple(train[at : at + size]) == context
        )
        if not after:
            return shorter
        return (after[next_] + len(after) * shorter) / (after.total() + len(after))

    val = val_ids.tolist()
    naive = [
        -math.log(probability(tuple(val[max(0, at - orders) : at]), val[at]))
        for at in range(1, len(val))
    ]
    found = entry.counts(train_ids, val_ids, 4, orders)
    assert found == pytest.approx(sum(naive) / len(naive))


# The closed division.


def test_the_bound_multiplies_what_the_model_multiplies() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    gpt, bound = importlib.import_module("model.gpt"), importlib.import_module("model.bound")
    config = gpt.CONFIGS["quick"]
    model = gpt.GPT(config, 65)
    ids = torch.zeros(3, config.context, dtype=torch.int64)
    with FlopCounterMode(display=False) as counter:
        model(ids, ids).backward()
    counted = 3 * sum(
        times * many * 2 * n * k * m for times, many, n, k, m in bound.products(config, 3, 65)
    )
    assert counter.get_total_flops() == counted
    assert bound.matmul_seconds(config, 3, 65, "bfloat16") > 0


def test_the_ratio_of_rounds() -> None:
    found = divisions.gain("lecture", [2.0, 4.0, 2.0, 4.0], [1.0, 1.0, 1.0, 1.0], 50.0)
    assert found.ratio == pytest.approx(math.sqrt(8))
    low, high = found.interval
    assert low < found.ratio < high
    assert low * high == pytest.approx(8)
    assert found.break_even == 25
    assert divisions.gain("lecture", [1.0, 1.0], [2.0, 2.0], 50.0).break_even == -1


def test_the_variants_train_the_same_model(
    corpus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uncompiled, which is proved to be the same elsewhere and takes seconds."""
    ours = training.Options(dtype="bfloat16")
    monkeypatch.setitem(training.VARIANTS, divisions.OURS, ours)
    found = divisions.closed(prepare, corpus, [1, 2], steps=20)
    assert [(e.variant, e.seed) for e in found.entries] == [
        *(("lecture", 1), ("nanogpt", 1), ("fastest", 1)),
        ("fastest", 2),
    ]
    lecture, nanogpt, fastest, other = (entry.val_loss for entry in found.entries)
    assert lecture == pytest.approx(nanogpt, rel=1e-5)
    assert lecture == pytest.approx(fastest, rel=1e-2)
    assert fastest != other
    assert [gain.reference for gain in found.gains] == ["lecture", "nanogpt"]
    assert not found.within  # 20 steps on another text


# The command.


def test_the_open_division_is_met_and_recorded(
    nanogpt_rs: Run, tinyshakespeare: object, tmp_path: Path
) -> None:
    path = tmp_path / "records/open.jsonl"
    done = nanogpt_rs("model", "race", "open", "--seeds=4", "--json", "--record", str(path))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)["result"]
    assert max(document["losses"]) < 1.88
    assert document["p"] < 0.01
    assert document["counts_loss"] == pytest.approx(1.774, abs=0.001)
    nanogpt_rs("model", "race", "open", "--seeds=2", "--record", str(path))
    first, second = files.read(path)
    assert (len(first.others), len(second.others)) == (4 + 1, 2 + 1)
    for recorded in (first, second):
        race = recorded.others[-1]
        assert isinstance(race, OpenRace)
        assert (recorded.run.command, race.corpus) == ("division", "tinyshakespeare")
        assert recorded.run.machine.alias
        assert recorded.complete
        (kept,) = files.read(tmp_path / f"results/local/training/{recorded.run.run}.jsonl")
        assert kept == recorded
    losses = [entry.val_loss for entry in first.others if isinstance(entry, OpenRaceEntry)]
    assert losses == pytest.approx(document["losses"], rel=1e-5)
    assert str(tmp_path) not in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ajar"], "no race 'ajar'; there are: closed, open, arms, whole"),
        (["open", "--seeds=1"], "open has its own steps, and needs two seeds"),
        (["open", "--prepare=python/none"], "no implementation 'python/none'"),
    ],
)
def test_what_cannot_be_asked_for(nanogpt_rs: Run, arguments: list[str], says: str) -> None:
    done = nanogpt_rs("model", "race", *arguments)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert done.stdout == ""


def test_where_nothing_can_be_recorded_nothing_is_trained(
    nanogpt_rs: Run, tinyshakespeare: object, tmp_path: Path
) -> None:
    done = nanogpt_rs("model", "race", "open", "--seeds=2", "--record", str(tmp_path))
    assert done.returncode == 1
    assert f"{tmp_path}: Is a directory" in done.stderr
    assert done.stdout == ""


def test_an_alias_that_is_none_is_refused(nanogpt_rs: Run, tinyshakespeare: object) -> None:
    done = nanogpt_rs("model", "race", "open", "--seeds=2", NANOGPT_RS_MACHINE="My Laptop")
    assert done.returncode == 1
    assert done.stderr.startswith("nanogpt-rs: 'My Laptop' is no alias")
    assert only_message(done.stderr)
