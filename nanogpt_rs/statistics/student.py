"""Student's t distribution, without scipy.

scipy has it too, and is held against this in the tests. It is not used here, because it would be
half of what an installation takes on the disk (143 of 258 MB), and a third of the time in which a
command starts.
"""

from __future__ import annotations

import math
from functools import lru_cache

CLOSE = 1e-15
"""Relative change of a continued fraction at which it counts as converged."""
MOST_STEPS = 1000
"""Steps of a continued fraction; fewer than 100 are needed where it is used."""


def cdf(freedom: float, t: float) -> float:
    """Return the probability of at most ``t``.

    Args:
        freedom: Degrees of freedom, above 0.
        t: A value of the distribution; it may be infinite.
    """
    if math.isinf(t):
        return float(t > 0)
    square = t * t
    # The half beyond -|t|; of the two arguments that add up to 1, each is computed by itself, so
    # that neither loses its digits to the other.
    half = (
        beta_share(freedom / 2, 0.5, freedom / (freedom + square), square / (freedom + square)) / 2
    )
    return half if t <= 0 else 1 - half


@lru_cache(maxsize=1024)
def quantile(freedom: float, probability: float) -> float:
    """Return the value that is not exceeded with a probability.

    Args:
        freedom: Degrees of freedom, above 0.
        probability: A probability, above 0 and below 1.
    """
    if probability == 0.5:
        return 0.0
    if probability > 0.5:
        return -quantile(freedom, 1 - probability)
    low = -1.0
    while cdf(freedom, low) > probability:
        low *= 2
    high = 0.0
    while high - low > 1e-15 * -low:
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        if cdf(freedom, middle) > probability:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def beta_share(a: float, b: float, x: float, rest: float) -> float:
    """Return the regularized incomplete beta function of ``x``.

    Args:
        a: First parameter, above 0.
        b: Second parameter, above 0.
        x: Upper limit of the integral, from 0 to 1.
        rest: 1 - x, which the caller knows more exactly.
    """
    if x <= 0:
        return 0.0
    if rest <= 0:
        return 1.0
    if x > (a + 1) / (a + b + 2):  # elsewhere the fraction converges quickly
        return 1 - beta_share(b, a, rest, x)
    log_front = (
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * math.log(x)
        + b * (math.log1p(-x) if x < 0.5 else math.log(rest))
    )
    return math.exp(log_front) * beta_fraction(a, b, x) / a


def beta_fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method.

    Abramowitz and Stegun, 26.5.8; W. H. Press et al., Numerical Recipes, 6.4.
    """
    tiny = 1e-300
    numerator, inverse = 1.0, 1 - (a + b) * x / (a + 1)
    inverse = 1 / (inverse or tiny)
    value = inverse
    for step in range(1, MOST_STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for term in (even, odd):
            inverse = 1 / ((1 + term * inverse) or tiny)
            numerator = (1 + term / numerator) or tiny
            change = numerator * inverse
            value *= change
        if abs(change - 1) < CLOSE:
            break
    return value
