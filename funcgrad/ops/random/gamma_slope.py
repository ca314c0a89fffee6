"""How a gamma variable moves with its parameter: implicit differentiation of its distribution function.

A sample is the solution x(a) of P(a, x) = u, the regularized lower incomplete gamma function, for a fixed uniform
number u. In terms of s = log x, which cannot underflow, the density is f = exp(a s - x) / gamma(a), and
ds/da = -P_a / f. In this quotient the powers and gamma functions of P and f cancel; what is left are the sums of
https://dlmf.nist.gov/8.7 and the continued fraction of https://dlmf.nist.gov/8.9, differentiated term by term.
M. Figurnov, S. Mohamed, A. Mnih: Implicit reparameterization gradients (NeurIPS 2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np

_MOST_TERMS = 20_000
_SETTLED = 1e-15
_SHIFT = 10  # the asymptotic series below are accurate from here on
# Bernoulli's numbers B_2, B_4, ..., B_14.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def digamma(x: Any) -> Any:
    """The derivative of log(gamma(x)), for positive x (https://dlmf.nist.gov/5.11)."""
    small = x < _SHIFT
    y = np.where(small, x + _SHIFT, x)
    out = np.log(y) - 0.5 / y
    for k, b in enumerate(_BERNOULLI, 1):
        out = out - b / (2 * k) * y ** (-2.0 * k)
    below = sum(1.0 / (np.where(small, x, 1.0) + k) for k in range(_SHIFT))
    return np.where(small, out - below, out)


def trigamma(x: Any) -> Any:
    """The derivative of `digamma`."""
    small = x < _SHIFT
    y = np.where(small, x + _SHIFT, x)
    out = 1.0 / y + 0.5 / y**2
    for k, b in enumerate(_BERNOULLI, 1):
        out = out + b * y ** (-2.0 * k - 1.0)
    below = sum((np.where(small, x, 1.0) + k) ** -2.0 for k in range(_SHIFT))
    return np.where(small, out + below, out)


def log_sample_slope(a: Any, s: Any, by: str = "") -> Any:
    """ds/da of log-samples `s` of gamma variables with parameters `a`, or its derivative by "a" or by "s"."""
    dtype = np.result_type(a, s)
    a, s = np.broadcast_arrays(np.asarray(a, float), np.asarray(s, float))
    with np.errstate(all="ignore"):
        out = _slope(a.ravel(), s.ravel(), by)
    return out.reshape(a.shape).astype(dtype)[()]


def _slope(a: Any, s: Any, by: str) -> Any:
    x = np.exp(s)
    lower = ~(x >= a + 1.0)
    out = np.empty_like(x)
    for part, quotients in ((lower, _by_series), (~lower, _by_fraction)):
        if part.any():
            point = a[part], s[part], x[part]
            out[part] = _derivative(*point, *quotients(*point, by == "a"), by)
    return out


def _derivative(a: Any, s: Any, x: Any, first: Any, second: Any, by: str) -> Any:
    """From -P_a / f and -P_aa / f: ds/da or a derivative of it (quotient rule, with f_a and f_s)."""
    if by == "a":
        return second - first * (s - digamma(a))
    if by == "s":
        return digamma(a) - s - first * (a - x)
    return first


def _by_series(a: Any, s: Any, x: Any, twice: bool) -> tuple[Any, Any]:
    """P = exp(a s - x) / gamma(a + 1) times the sum of x^n / ((a + 1) ... (a + n)), where x < a + 1."""
    term = total = np.ones_like(x)
    harmonic = squares = slope = curve = np.zeros_like(x)
    for n in range(1, _MOST_TERMS):
        ratio = 1.0 / (a + n)
        term = term * (x * ratio)
        harmonic = harmonic + ratio
        total = total + term
        change = term * harmonic
        slope = slope - change
        if twice:
            squares = squares + ratio * ratio
            change = term * (harmonic * harmonic + squares)
            curve = curve + change
        if not np.any(change > _SETTLED * np.abs(curve if twice else slope)):
            break
    log = s - digamma(a + 1.0)
    # log * total is infinite where x is 0; there the sums are 1 and 0.
    first = -(log * total + slope) / a
    second = -((log * log - trigamma(a + 1.0)) * total + 2.0 * log * slope + curve) / a
    return first, second


def _by_fraction(a: Any, s: Any, x: Any, twice: bool) -> tuple[Any, Any]:
    """1 - P = exp(a s - x) / gamma(a) times 1 / (x+1-a - 1 (1-a) / (x+3-a - 2 (2-a) / ...)), where x is larger.

    The numerators and denominators of the convergents obey X_n = b_n X_(n-1) + a_n X_(n-2); so do their derivatives,
    with the product rule. All are divided by the denominator in every step, so that they stay in range.
    """
    zero, one = np.zeros_like(x), np.ones_like(x)
    before = [
        (one, zero, zero),
        (zero, zero, zero),
    ]  # numerator and denominator, each with its derivatives
    last = [(zero, zero, zero), (one, zero, zero)]
    value = slope = curve = zero
    for n in range(1, _MOST_TERMS):
        p, dp = (1.0, 0.0) if n == 1 else (-(n - 1) * (n - 1 - a), float(n - 1))
        q = x + (2 * n - 1) - a
        new = [
            (
                q * u[0] + p * v[0],
                q * u[1] - u[0] + p * v[1] + dp * v[0],
                q * u[2] - 2.0 * u[1] + p * v[2] + 2.0 * dp * v[1],
            )
            for u, v in zip(last, before, strict=True)
        ]
        scale = np.where(new[1][0] == 0.0, 1.0, new[1][0])
        before, last = [[tuple([y / scale for y in u]) for u in pair] for pair in (last, new)]
        (top, top_1, top_2), (bottom, bottom_1, bottom_2) = last
        old_slope, old_curve = slope, curve
        value = top / bottom
        slope = (top_1 - value * bottom_1) / bottom
        curve = (top_2 - 2.0 * slope * bottom_1 - value * bottom_2) / bottom
        change = np.abs(slope - old_slope) > 1e-14 * np.abs(slope)
        if twice:
            change = change | (np.abs(curve - old_curve) > 1e-13 * np.abs(curve))
        if n > 2 and not np.any(change & np.isfinite(slope)):
            break
    log = s - digamma(a)
    first = log * value + slope
    second = (log * log - trigamma(a)) * value + 2.0 * log * slope + curve
    return first, second
