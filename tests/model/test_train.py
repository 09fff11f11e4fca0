"""Training: the same bits from the same seed, through interruptions; clear errors."""

from __future__ import annotations

import dataclasses
import importlib
import math
import os
import pickle
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nanogpt_rs.ruler import corpora
from nanogpt_rs.ruler.synthetic import entropy_rate, read_pairs

torch = pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[torch]'")
gpt = importlib.import_module("model.gpt")
training = importlib.import_module("model.train")
optimizers = importlib.import_module("model.optimizers")
checkpoints = importlib.import_module("model.checkpoint")
train, Options, Recipe = training.train, training.Options, training.Recipe
TrainingError = training.TrainingError

TINY = gpt.Config(layers=1, heads=2, width=16, context=8)
RECIPE = Recipe(batch=4, steps=12, learning_rate=1e-2, warmup=2)
TEXT = "to be, or not to be: that is the question. " * 30


def prepare(paths: Sequence[str]) -> tuple[str, Any]:
    text = "".join(Path(path).read_text(encoding="utf-8") for path in paths)
    vocabulary = "".join(sorted(set(text)))
    return vocabulary, torch.tensor([vocabulary.index(character) for character in text])


@pytest.fixture
def corpus(tmp_path: Path) -> list[str]:
    (tmp_path / "corpus.txt").write_text(TEXT, encoding="utf-8")
    return [str(tmp_path / "corpus.txt")]


def tiny(corpus: Sequence[str], **more: Any) -> Any:
    return train(prepare, corpus, more.pop("config", TINY), **{"recipe": RECIPE, **more})


@pytest.mark.parametrize("dtype", training.DTYPES)
def test_the_same_seed_gives_the_same_bits(corpus: list[str], dtype: str) -> None:
    options = Options(dtype=dtype)
    first, repeated, other = (tiny(corpus, options=options, seed=seed) for seed in (1, 1, 2))
    assert first.parameters_sha256 == repeated.parameters_sha256 != other.parameters_sha256
    assert (first.losses, first.val_loss) == (repeated.losses, repeated.val_loss)


def test_every_way_of_computing_trains_the_same_model(corpus: list[str]) -> None:
    """In float64, where rounding stays small, losses agree to the last step."""
    ways = [
        Options(dtype="float64", attention=attention, batches=batches, optimizer=optimizer)
        for attention in ("own", "sdpa", "heads")
        for batches in training.BATCHES
        for optimizer in ("fused", "plain")
    ]
    first, *others = (tiny(corpus, options=options).losses for options in ways)
    for losses in others:
        assert losses == pytest.approx(first, rel=1e-6)
    mixed = tiny(corpus, options=Options(dtype="bfloat16")).losses
    assert mixed == pytest.approx(first, rel=0.02)
    assert mixed != first


def test_compiled_training_gives_the_same_model_and_resumes_to_the_same_bits(
    corpus: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "run.pt"
    options = Options(dtype="float64", compile=True, optimizer="compiled")
    straight = tiny(corpus, options=options, checkpoint=path)
    assert straight.losses == pytest.approx(tiny(corpus, options=Options(dtype="float64")).losses)
    assert straight.cpu_seconds["compile"] > 0
    stops = iter([False, False, True])
    tiny(corpus, options=options, checkpoint=path, stop=lambda: next(stops))
    assert tiny(corpus, resume=path).parameters_sha256 == straight.parameters_sha256


def test_training_learns(corpus: list[str]) -> None:
    done = tiny(corpus, recipe=dataclasses.replace(RECIPE, steps=150))
    assert done.losses[0] == pytest.approx(math.log(done.vocabulary_size), abs=0.2)
    assert done.val_loss is not None
    assert done.val_loss < 1.0


def test_quick_nearly_reaches_the_entropy_of_synthetic(synthetic: corpora.Corpus) -> None:
    """Only which letter follows which can be learnt; the entropy rate of that is known."""

    def prepared(paths: Sequence[str]) -> tuple[str, Any]:
        vocabulary = "".join(sorted(set(synthetic.text)))
        table = torch.zeros(128, dtype=torch.int64)
        table[[ord(character) for character in vocabulary]] = torch.arange(len(vocabulary))
        return vocabulary, table[
            torch.frombuffer(bytearray(synthetic.text, "ascii"), dtype=torch.uint8).long()
        ]

    known = entropy_rate(read_pairs()[1])
    assert known == pytest.approx(2.45257, abs=1e-5)
    done = train(prepared, [], "quick")
    assert known < done.val_loss < known + 0.1


def test_narrow_ids_train_the_same_model(corpus: list[str]) -> None:
    """Ids of another type, such as those of a memory-mapped shard, are widened batch by batch."""

    def narrow(paths: Sequence[str]) -> tuple[str, Any]:
        vocabulary, ids = prepare(paths)
        return vocabulary, ids.to(torch.uint16)

    for batches in training.BATCHES:
        done = train(narrow, corpus, TINY, recipe=RECIPE, options=Options(batches=batches))
        assert done.parameters_sha256 == tiny(corpus).parameters_sha256


def test_batches_are_the_same_however_they_are_made_and_resume_anywhere() -> None:
    ids, device = torch.arange(100), torch.device("cpu")

    def made(kind: Any, seed: int) -> Any:
        return kind(ids, 3, 8, torch.Generator().manual_seed(seed), device)

    def same(one: Any, other: Any) -> bool:
        return all(torch.equal(*pair) for pair in zip(one, other, strict=True))

    kinds = (training.StackedBatches, training.GatheredBatches)
    count = 2 * training.GatheredBatches.AHEAD + 2
    batches = made(training.StackedBatches, 1)
    stacked = [batches.next() for _ in range(count)]
    for inputs, targets in stacked:
        assert (inputs.shape, inputs.dtype) == ((3, 8), torch.int64)
        assert torch.equal(inputs + 1, targets)  # ids are their own positions
        assert targets.max() <= 99
    gathered = made(kinds[1], 1)
    for at, expected in enumerate(stacked):
        if at in {0, 1, 63, 64, 65}:
            for kind in kinds:
                resumed = made(kind, 7)
                resumed.next()
                resumed.restore(gathered.state())
                assert same(resumed.next(), expected)
        assert same(gathered.next(), expected)


@pytest.mark.parametrize("length", [2, 8, 9, 10, 41])
def test_the_validation_loss_is_that_of_every_character_in_fixed_windows(length: int) -> None:
    model = gpt.GPT(TINY, 7, generator=torch.Generator().manual_seed(1)).double()
    ids = torch.randint(7, (length,), generator=torch.Generator().manual_seed(2))
    naive = []
    for at in range(length - 1):
        start = at // TINY.context * TINY.context
        probabilities = model(ids[None, start : at + 1])[0, -1].softmax(0).detach()
        naive.append(-math.log(probabilities[ids[at + 1]]))
    loss = training.evaluate(model, ids, torch.device("cpu"))
    assert loss == pytest.approx(sum(naive) / len(naive))


def test_the_first_nine_tenths_train() -> None:
    train_ids, val_ids = training.split(torch.arange(109), 8)
    assert train_ids.tolist() == list(range(98))
    assert val_ids.tolist() == list(range(98, 109))


def test_the_learning_rate_rises_then_falls_as_a_cosine() -> None:
    recipe = Recipe(batch=1, steps=2000)
    rates = [recipe.learning_rate_at(step) for step in (0, 99, 100, 1050, 2000)]
    assert rates == pytest.approx([1e-3 / 101, 1e-1 / 101, 1e-3, 5.5e-4, 1e-4])


def test_time_is_charged_to_stages(corpus: list[str]) -> None:
    done = tiny(corpus)
    assert tuple(done.seconds) == tuple(done.cpu_seconds) == training.STAGES
    assert done.seconds.pop("compile") == 0
    assert min(done.seconds.values()) > 0
    assert done.tokens_per_second > 0


# Checkpoints.


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_an_interrupted_run_resumes_to_the_same_bits(
    corpus: list[str], tmp_path: Path, dropout: float
) -> None:
    config = dataclasses.replace(TINY, dropout=dropout)
    straight = tiny(corpus, config=config, evaluate_every=5)
    path = tmp_path / "run.pt"
    for stop_at in (1, 7):
        seen: list[int] = []
        stopped = train(
            prepare,
            corpus,
            config,
            recipe=RECIPE,
            evaluate_every=5,
            checkpoint=path,
            progress=lambda progress, seen=seen: seen.append(progress.step),
            stop=lambda seen=seen, stop_at=stop_at: len(seen) == stop_at,
        )
        assert (stopped.steps, stopped.interrupted, stopped.val_loss) == (stop_at, True, None)
        torch.manual_seed(99)  # as in another process
        resumed = train(prepare, corpus, resume=path, evaluate_every=5)
        assert resumed.parameters_sha256 == straight.parameters_sha256
        assert resumed.losses == straight.losses
        assert resumed.val_losses == straight.val_losses
        assert not resumed.interrupted


def test_a_sample_comes_from_the_trained_model(corpus: list[str], tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    tiny(corpus, recipe=dataclasses.replace(RECIPE, steps=150), checkpoint=path)
    text = "".join(training.sample(path, 60, prompt="to be", seed=1, top=1))
    assert len(text) == 60
    assert " " in text
    assert set(text) <= set(TEXT)
    with pytest.raises(TrainingError, match=r"character 'Ω' \(U\+03A9\) at position 1 of the prom"):
        training.sample(path, 1, prompt="tΩ")
    with pytest.raises(TrainingError, match="the prompt is empty"):
        training.sample(path, 1, prompt="")


class Planted:
    """An object that makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return os.mkdir, (str(self.mark),)


def test_a_foreign_checkpoint_is_refused_and_never_run(tmp_path: Path) -> None:
    path, mark = tmp_path / "run.pt", tmp_path / "ran"
    torch.save({"format": training.CHECKPOINT_FORMAT, "config": Planted(mark)}, path)
    with pytest.raises(TrainingError, match="is damaged, or was not written by nanogpt-rs"):
        training.read_checkpoint(path)
    path.write_bytes(pickle.dumps(Planted(mark)))
    with pytest.raises(TrainingError, match="is damaged, or was not written by nanogpt-rs"):
        training.read_checkpoint(path)
    assert not mark.exists()
    torch.save({"weights": torch.zeros(3)}, path)
    with pytest.raises(TrainingError, match="is damaged, or was not written by nanogpt-rs"):
        training.read_checkpoint(path)
    torch.save({"format": training.CHECKPOINT_FORMAT}, path)
    with pytest.raises(TrainingError, match="lacks something: 'config'"):
        training.read_checkpoint(path)
    with pytest.raises(TrainingError, match=r"no.pt cannot be read: No such file"):
        training.read_checkpoint(tmp_path / "no.pt")


def test_a_damaged_checkpoint_is_refused(corpus: list[str], tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    tiny(corpus, checkpoint=path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrainingError, match="is damaged"):
        training.read_checkpoint(path)
    path.write_bytes(whole)
    weights = training.read_checkpoint(path).document["model"]["blocks.0.expand.weight"]
    at = whole.index(weights.numpy().tobytes()) + 100
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])  # one bit of them
    with pytest.raises(TrainingError, match="is damaged"):
        training.read_checkpoint(path)


def test_a_checkpoint_goes_on_with_its_own_text_only(corpus: list[str], tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    tiny(corpus, checkpoint=path)
    (tmp_path / "other.txt").write_text(TEXT[:-1] + "t")
    with pytest.raises(TrainingError, match="was trained on another text"):
        train(prepare, [str(tmp_path / "other.txt")], resume=path)


@pytest.mark.skipif(os.name != "posix", reason="system: folders cannot be opened here")
def test_a_checkpoint_is_synced_before_it_gets_its_name_and_the_name_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.pt"
    path.write_bytes(b"before")
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        done.append(f"{kind} synced while {path.read_bytes().decode()}")
        fsync(handle)

    def noted_replace(source: Path, target: Path) -> None:
        done.append(f"replaced by {source.read_bytes().decode()}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    checkpoints.write_whole(path, b"after")
    assert done == ["file synced while before", "replaced by after", "folder synced while after"]


@pytest.mark.skipif(os.name != "posix", reason="system: files have no mode here")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_says_who_may_read_a_checkpoint(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        checkpoints.write_whole(tmp_path / "run.pt", b"weights")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "run.pt").stat().st_mode) == mode


def test_a_checkpoint_that_cannot_replace_the_last_one_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        checkpoints.write_whole(tmp_path / "folder", b"weights")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


# What goes wrong.


@pytest.mark.parametrize("length", [0, 1, 5, 9])
def test_a_corpus_too_short_for_the_context_is_refused(tmp_path: Path, length: int) -> None:
    (tmp_path / "short.txt").write_text(TEXT[:length])
    with pytest.raises(TrainingError, match=f"the corpus is too short: .* of its {length} char"):
        tiny([str(tmp_path / "short.txt")])


def test_a_loss_that_is_not_a_number_ends_the_run(corpus: list[str], tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    recipe = dataclasses.replace(RECIPE, learning_rate=1e30, warmup=0, clip=1e30)
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) at step \d+ of 12; a lower"):
        tiny(corpus, recipe=recipe, checkpoint=path, checkpoint_every=1)
    assert all(map(math.isfinite, training.read_checkpoint(path).document["losses"]))
    with pytest.raises(TrainingError, match=r"the validation loss is (nan|inf) after step 1; a lo"):
        tiny(corpus, recipe=dataclasses.replace(recipe, steps=1))


def test_options_that_do_not_exist_are_refused_with_those_that_do(corpus: list[str]) -> None:
    for options, message in (
        (Options(dtype="int4"), "no dtype 'int4'; there are: float32, bfloat16, float64"),
        (Options(attention="flash"), "no attention 'flash'; there are: own, sdpa, heads"),
        (Options(batches="x"), "no batches 'x'; there are: gather, stack"),
        (Options(optimizer="sgd"), "no optimizer 'sgd'; there are: fused, plain, compiled"),
        (Options(threads=0), "at least one thread is needed, not 0"),
        (Options(device="abacus"), "no device 'abacus'; there are: cpu, cuda, mps"),
        (Options(device="meta"), "no device 'meta'; there are: cpu, cuda, mps"),
        (Options(device="cuda:99"), r"device cuda:99 is not there: torch .* finds none"),
    ):
        with pytest.raises(TrainingError, match=message):
            tiny(corpus, options=options)
    with pytest.raises(TrainingError, match="no config 'huge'; there are: quick, full, baby"):
        train(prepare, corpus, "huge")
    with pytest.raises(TrainingError, match="a run has at least one step, not 0"):
        tiny(corpus, steps=0)


def test_the_number_of_threads_is_put_back(corpus: list[str]) -> None:
    before = torch.get_num_threads()
    assert tiny(corpus, options=Options(threads=before + 1)).environment["threads"] == before + 1
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("fused", [True, False])
def test_a_resumed_optimizer_computes_as_it_is_asked_to(fused: bool) -> None:
    made = []
    for how in (fused, not fused):
        parameters = [torch.nn.Parameter(torch.ones(3, 2)), torch.nn.Parameter(torch.ones(2))]
        made.append(optimizers.TorchAdamW(parameters, (0.9, 0.99), 0.1, 1.0, fused=how))
    made[0].step([torch.ones(3, 2), torch.ones(2)], 0.1)
    made[1].restore(made[0].state())
    assert {group["fused"] for group in made[1].torch.param_groups} == {not fused}
    made[1].step([torch.ones(3, 2), torch.ones(2)], 0.1)


gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="hardware: torch finds no GPU of CUDA's here"
)
DEEPER = gpt.Config(layers=2, heads=2, width=64, context=256, dropout=0.2)


@gpu
def test_a_gpu_trains_the_same_model(corpus: list[str]) -> None:
    expected = tiny(corpus, options=Options(dtype="float64")).losses
    assert len(expected) == RECIPE.steps
    for attention in gpt.ATTENTIONS:
        for batches in training.BATCHES:
            for optimizer in training.OPTIMIZERS:
                how = {"attention": attention, "batches": batches, "optimizer": optimizer}
                options = Options(device="cuda", dtype="float64", **how)
                assert tiny(corpus, options=options).losses == pytest.approx(expected, rel=1e-6)
    for dtype, within in (("float32", 1e-4), ("bfloat16", 0.02)):
        for compile in (False, True):
            options = Options(device="cuda", dtype=dtype, attention="sdpa", compile=compile)
            assert tiny(corpus, options=options).losses == pytest.approx(expected, rel=within)


@gpu
@pytest.mark.parametrize("attention", gpt.ATTENTIONS)
@pytest.mark.parametrize("dtype", training.DTYPES)
@pytest.mark.parametrize("compile", [False, True])
def test_on_a_gpu_the_same_seed_gives_the_same_bits_also_when_resumed(
    corpus: list[str], tmp_path: Path, dtype: str, attention: str, compile: bool
) -> None:
    path = tmp_path / "run.pt"
    options = Options(device="cuda", dtype=dtype, attention=attention, compile=compile)
    how = {"config": DEEPER, "options": options}
    straight, repeated, other = (tiny(corpus, seed=seed, **how) for seed in (1, 1, 2))
    assert straight.parameters_sha256 == repeated.parameters_sha256 != other.parameters_sha256
    assert straight.environment["device"] == torch.cuda.get_device_name()
    assert (
        not torch.are_deterministic_algorithms_enabled()
    )  # outside of a run, the setting is the caller's
    stops = iter([False, False, True])
    tiny(corpus, seed=1, checkpoint=path, stop=lambda: next(stops), **how)
    assert tiny(corpus, resume=path).parameters_sha256 == straight.parameters_sha256


@gpu
def test_a_checkpoint_goes_from_a_gpu_to_the_processor_and_back(
    corpus: list[str], tmp_path: Path
) -> None:
    expected = tiny(corpus, options=Options(dtype="float64")).losses
    for first, then in (("cuda", "cpu"), ("cpu", "cuda")):
        path = tmp_path / f"{first}.pt"
        one, other = (Options(device=device, dtype="float64") for device in (first, then))
        stops = iter([False, False, False, True])
        tiny(corpus, options=one, checkpoint=path, stop=lambda stops=stops: next(stops))
        done = tiny(corpus, options=other, resume=path, checkpoint=path)
        assert done.losses == pytest.approx(expected, rel=1e-6)
        written = [
            "".join(training.sample(path, 40, prompt="to be", top=1, device=on))
            for on in ("cpu", "cuda")
        ]
        assert written[0] == written[1]


def test_a_whole_step_of_no_finite_loss_leaves_the_parameters(corpus: list[str]) -> None:
    options = Options(compile=True, optimizer="compiled")
    run = training.TrainingRun(TINY, RECIPE, options, *prepare(corpus), 1)
    with torch.no_grad():
        run.model.norm.weight[0] = math.inf
    before = [parameter.detach().clone() for parameter in run.parameters]
    state = (run.optimizer.values, run.optimizer.means, run.optimizer.squares)
    now = torch.tensor([0.1, 0.1, 0.01])
    loss = run.whole_step.compute(*state, run.batches.next(), now)
    assert not math.isfinite(float(loss))
    assert all(map(torch.equal, before, run.parameters))
