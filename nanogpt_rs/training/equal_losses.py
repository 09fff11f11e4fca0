"""Equal before fast: an arm gets a time only if its losses are those of the reference.

METHODOLOGY.md explains the limits. All arms start from the same weights and take the same batches,
so losses differ by rounding alone, and in float64 by next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nanogpt_rs.records.races import Agreement
from nanogpt_rs.training.arms import Dtype

EXACT_STEPS, EXACT = 100, 1e-9
"""Steps that are compared in float64, and how far losses may differ. What another library really
computes differently showed here: a gradient with a constant of six digits was off by 1.5e-5."""
FIRST_STEPS = 5
"""Steps that are compared in the number format that is timed. Later, rounding has grown."""
ROUNDED = {"float32": 1e-6, "bfloat16": 0.01, "float64": EXACT}
"""How far losses may differ there. Bfloat16 has 8 bits; ours was off by 1.2e-4."""
BANDS = {"quick": (2.44, 0.07), "full": (1.91, 0.03)}
"""Validation loss of a whole run on TinyShakespeare, and how far it may be off. Ten seeds of
``quick`` gave 2.438 with a standard deviation of 0.018; ``full`` has the closed division's band."""
SAME_SEED = 0.01
"""How far the validation losses of two float32 arms may differ after a whole run of one seed."""
Losses = Sequence[float]


def agreement(dtype: str, limit: float, losses: Losses, reference: Losses) -> Agreement:
    """Return how closely losses agree with those of the reference, step by step.

    Args:
        dtype: Number format that both were computed in.
        limit: Largest difference that is allowed.
        losses: Losses of the arm.
        reference: Losses of the reference, at least as many.
    """
    apart = [abs(loss - other) for loss, other in zip(losses, reference, strict=False)]
    left = next((step for step, by in enumerate(apart) if by > limit), None)
    return Agreement(
        dtype=dtype,
        steps=len(apart),
        limit=limit,
        largest=max(apart, default=0.0),
        left_at=None if left is None else left + 1,
        by=None if left is None else apart[left],
    )


def agreements_of(
    dtype: Dtype, train: Callable[[Dtype, int], Losses], reference: Callable[[Dtype, int], Losses]
) -> list[Agreement]:
    """Return an arm's agreements in float64 and in the number format that is timed.

    The second is left out where the first fails already.

    Args:
        dtype: Number format that the arm is timed in.
        train: Function that trains the arm afresh for some steps and returns the losses.
        reference: The same for the reference.
    """
    exact = agreement(
        "float64", EXACT, train("float64", EXACT_STEPS), reference("float64", EXACT_STEPS)
    )
    if exact.left_at is not None:
        return [exact]
    # The reference has no bfloat16 of its own: losses are held against exact ones.
    beside: Dtype = "float32" if dtype == "float32" else "float64"
    losses = train(dtype, FIRST_STEPS)
    return [exact, agreement(dtype, ROUNDED[dtype], losses, reference(beside, FIRST_STEPS))]


def fault_in(agreements: Sequence[Agreement]) -> str | None:
    """Return where an arm left the reference and by how much; ``None`` if it never did."""
    for checked in agreements:
        if checked.left_at is not None:
            return (
                f"another model: its loss in {checked.dtype} left the reference's at step "
                f"{checked.left_at} by {checked.by:.1g}, and {checked.limit:g} is allowed"
            )
    return None


def fault_at_end(config: str, dtype: str, val_loss: float, beside: float | None) -> str | None:
    """Return why a validation loss is not that of this model; ``None`` if it is.

    Args:
        config: Shape of the model and its schedule, which was trained to its end.
        dtype: Number format of the arm.
        val_loss: Loss of the arm.
        beside: Loss of the reference with the same seed; ``None`` where it has none.
    """
    middle, within = BANDS[config]
    if abs(val_loss - middle) > within:
        return f"its validation loss is {val_loss:.4f}, not within {middle} +- {within}"
    if beside is not None and dtype == "float32" and abs(val_loss - beside) > SAME_SEED:
        return f"its validation loss is {val_loss:.4f}, and the reference's is {beside:.4f}"
    return None
