"""The model: each way of computing it computes the same, and what it should."""

from __future__ import annotations

import importlib
import math
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[torch]'")
gpt = importlib.import_module("model.gpt")

TINY = gpt.Config(layers=2, heads=2, width=8, context=6)
VOCABULARY = 5


def made(attention: Any = "own", config: Any = TINY) -> Any:
    generator = torch.Generator().manual_seed(7)
    return gpt.GPT(config, VOCABULARY, attention, generator).double()


def some_ids(*shape: int, seed: int = 3) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(VOCABULARY, shape, generator=generator)


@pytest.mark.parametrize("attention", gpt.ATTENTIONS)
def test_a_later_character_never_changes_an_earlier_prediction(attention: str) -> None:
    model, ids = made(attention), some_ids(3, TINY.context)
    before = model(ids)
    for position in range(1, TINY.context):
        changed = ids.clone()
        changed[:, position] = (changed[:, position] + 1) % VOCABULARY
        after = model(changed)
        assert torch.equal(after[:, :position], before[:, :position])
        assert not torch.allclose(after[:, position:], before[:, position:])


@pytest.mark.parametrize("attention", gpt.ATTENTIONS)
def test_gradients_agree_with_finite_differences(attention: str) -> None:
    model, ids = made(attention), some_ids(2, TINY.context + 1)
    names = [name for name, _ in model.named_parameters()]

    def loss(*parameters: Any) -> Any:
        values = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(model, values, (ids[:, :-1], ids[:, 1:]))

    # Larger weights than the initial ones, with which attention hardly depends on its input.
    generator = torch.Generator().manual_seed(11)
    parameters = [
        (torch.randn(p.shape, generator=generator, dtype=torch.float64) / 2).requires_grad_()
        for p in model.parameters()
    ]
    assert torch.autograd.gradcheck(loss, parameters, fast_mode=True)


@pytest.mark.parametrize("attention", gpt.ATTENTIONS)
def test_every_attention_computes_the_same(attention: str) -> None:
    ids = some_ids(4, TINY.context + 1)
    reference, model = made(), made(attention)
    torch.testing.assert_close(model(ids[:, :-1]), reference(ids[:, :-1]))


def test_the_loss_is_the_mean_negative_log_probability() -> None:
    model, ids = made(), some_ids(2, TINY.context + 1)
    probabilities = model(ids[:, :-1]).softmax(2).detach()
    naive = [
        -math.log(probabilities[row, at, ids[row, at + 1]])
        for row in range(2)
        for at in range(TINY.context)
    ]
    expected = sum(naive) / len(naive)
    assert model(ids[:, :-1], ids[:, 1:]).item() == pytest.approx(expected)


def test_a_shorter_sequence_is_predicted_like_the_beginning_of_a_longer_one() -> None:
    model, ids = made(), some_ids(2, TINY.context)
    torch.testing.assert_close(model(ids[:, :3]), model(ids)[:, :3])


def test_an_untrained_model_finds_all_characters_equally_likely() -> None:
    for name in ("quick", "full"):
        model = gpt.GPT(gpt.CONFIGS[name], 65, generator=torch.Generator().manual_seed(1))
        ids = torch.randint(65, (8, gpt.CONFIGS[name].context + 1))
        assert model(ids[:, :-1], ids[:, 1:]).item() == pytest.approx(math.log(65), abs=0.1)


def test_the_configs_have_nanogpts_sizes() -> None:
    def size(name: str) -> int:
        return sum(p.numel() for p in gpt.GPT(gpt.CONFIGS[name], 65).parameters())

    assert size("full") == 804_096  # nanoGPT reports 0.80M, without the positions
    assert size("baby") == 10_745_088  # 10.65M


def test_generation_draws_from_the_models_predictions() -> None:
    model = made()
    start = some_ids(TINY.context + 3)
    greedy = list(model.generate(start, 5, top=1))
    ids = start.tolist()
    for id in greedy:
        assert id == int(model(torch.tensor([ids[-TINY.context :]]))[0, -1].argmax())
        ids.append(id)
    drawn = [
        list(model.generate(start, 50, generator=torch.Generator().manual_seed(seed)))
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_an_impossible_model_is_refused() -> None:
    with pytest.raises(ValueError, match="3 heads do not divide a width of 8"):
        gpt.GPT(gpt.Config(layers=1, heads=3, width=8, context=4), 5)
    with pytest.raises(ValueError, match="no attention 'linear'; there are: own, sdpa, heads"):
        gpt.GPT(TINY, 5, "linear")


def test_an_attention_of_one_s_own_starts_from_the_same_weights() -> None:
    own = made(lambda config: gpt.Attention(config, "own"))
    for (name, right), (given_name, given) in zip(
        made().named_parameters(), own.named_parameters(), strict=True
    ):
        assert name == given_name
        assert torch.equal(right, given)
