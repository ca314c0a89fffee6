"""Derivatives of the incomplete gamma and beta functions with respect to their parameters.

Both functions are a power times a continued fraction (or, where that converges slowly, a series), whose
derivatives obey the differentiated recurrence. Formulas: https://dlmf.nist.gov/8.9, 8.7, 8.17.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.ops.special import ufuncs as special

_MOST_TERMS = 20_000
_EPSILON = 1e-16
_SETTLED = (
    1e-14  # rounding may keep a fraction from settling closer, and it converges geometrically
)

# The n-th partial numerator and denominator, each followed by its derivatives.
Terms = Callable[[int], tuple[Sequence[Any], Sequence[Any]]]


def continued_fraction(terms: Terms, shape: tuple[int, ...]) -> list[Any]:
    """`a1 / (b1 + a2 / (b2 + ...))` and its derivatives with respect to the parameters.

    The numerators A and denominators B of the convergents obey X_n = b_n X_(n-1) + a_n X_(n-2); so do their
    derivatives, with the product rule. Both are divided by B in every step, so that they stay in range.
    """
    count = len(terms(1)[0])
    zero = np.zeros(shape)
    before = [[zero + 1.0, *[zero] * (count - 1)], [zero] * count]  # A, B of step -1
    last = [[zero] * count, [zero + 1.0, *[zero] * (count - 1)]]
    found = [zero] * count
    for n in range(1, _MOST_TERMS):
        a, b = terms(n)
        new = []
        for x, y in zip(last, before, strict=True):
            value = b[0] * x[0] + a[0] * y[0]
            slopes = [
                b[0] * x[i] + b[i] * x[0] + a[0] * y[i] + a[i] * y[0] for i in range(1, count)
            ]
            new.append([value, *slopes])
        scale = np.where(new[1][0] == 0.0, 1.0, new[1][0])
        before = [[v / scale for v in x] for x in last]
        last = [[v / scale for v in x] for x in new]
        (top, *dtop), (bottom, *dbottom) = last
        ratio = top / bottom
        now = [ratio, *[(dt - ratio * db) / bottom for dt, db in zip(dtop, dbottom, strict=True)]]
        done = [np.abs(x - y) <= _SETTLED * np.abs(x) for x, y in zip(now, found, strict=True)]
        found = now
        if n > 2 and np.all([d | ~np.isfinite(x) for d, x in zip(done, now, strict=True)]):
            break
    return found


def gammainc_slope(a: Any, x: Any, *, upper: bool) -> Any:
    """The derivative with respect to a of the regularized lower or upper incomplete gamma function."""
    a, x = np.broadcast_arrays(np.asarray(a, float), np.asarray(x, float))
    with np.errstate(all="ignore"):
        small = x < a + 1.0
        out = np.where(small, _gamma_series(a, np.where(small, x, 1.0)), 0.0)
        if not np.all(small):
            out = np.where(small, out, -_gamma_fraction(a, np.where(small, a + 2.0, x)))
        out = np.where((x == 0.0) | np.isposinf(x), 0.0, out)
    return (-out if upper else out)[()]


def _gamma_series(a: Any, x: Any) -> Any:
    """Of the lower function, x^a e^-x / gamma(a + 1) times the sum of x^n / ((a + 1) ... (a + n))."""
    term = total = np.ones_like(x)
    harmonic = slope = np.zeros_like(x)
    for n in range(1, _MOST_TERMS):
        term = term * (x / (a + n))
        harmonic = harmonic + 1.0 / (a + n)
        total = total + term
        slope = slope - term * harmonic
        if not np.any(term * harmonic > _EPSILON * np.abs(slope)):
            break
    power = np.exp(special.xlogy(a, x) - x - special.gammaln(a + 1.0))
    return power * ((np.log(x) - special.psi(a + 1.0)) * total + slope)


def _gamma_fraction(a: Any, x: Any) -> Any:
    """Of the upper function, x^a e^-x / gamma(a) times 1 / (x+1-a - 1 (1-a) / (x+3-a - 2 (2-a) / ...))."""

    def terms(n: int) -> Any:
        numerator = (1.0, 0.0) if n == 1 else (-(n - 1) * (n - 1 - a), float(n - 1))
        return numerator, (x + (2 * n - 1) - a, -1.0)

    value, slope = continued_fraction(terms, a.shape)
    power = np.exp(special.xlogy(a, x) - x - special.gammaln(a))
    return power * ((np.log(x) - special.psi(a)) * value + slope)


def betainc_slopes(a: Any, b: Any, x: Any) -> tuple[Any, Any]:
    """The derivatives with respect to a and b of the regularized incomplete beta function."""
    a, b, x = np.broadcast_arrays(*[np.asarray(v, float) for v in (a, b, x)])
    with np.errstate(all="ignore"):
        # The fraction converges fast on one side of the mean, and I_x(a, b) = 1 - I_(1-x)(b, a).
        swap = x > (a + 1.0) / (a + b + 2.0)
        first, second = np.where(swap, b, a), np.where(swap, a, b)
        y = np.where(swap, 1.0 - x, x)

        def terms(n: int) -> Any:
            if n == 1:
                return (1.0, 0.0, 0.0), (1.0, 0.0, 0.0)
            m, p, q = (n - 1) // 2, first, second
            if n % 2 == 0:  # d_(2m+1)
                under = (p + 2 * m) * (p + 2 * m + 1)
                d = -(p + m) * (p + q + m) * y / under
                dp = d * (1 / (p + m) + 1 / (p + q + m) - 1 / (p + 2 * m) - 1 / (p + 2 * m + 1))
                dq = -(p + m) * y / under
            else:  # d_2m
                under = (p + 2 * m - 1) * (p + 2 * m)
                d = m * (q - m) * y / under
                dp = -d * (1 / (p + 2 * m - 1) + 1 / (p + 2 * m))
                dq = m * y / under
            return (d, dp, dq), (1.0, 0.0, 0.0)

        value, dp, dq = continued_fraction(terms, first.shape)
        log_power = special.xlogy(first, y) + special.xlog1py(second, -y)
        power = np.exp(log_power - special.betaln(first, second)) / first
        common = special.psi(first + second)
        dp = power * ((np.log(y) - 1.0 / first - special.psi(first) + common) * value + dp)
        dq = power * ((np.log1p(-y) - special.psi(second) + common) * value + dq)
        edge = (y == 0.0) | (y == 1.0)
        dp, dq = np.where(edge, 0.0, dp), np.where(edge, 0.0, dq)
        return np.where(swap, -dq, dp)[()], np.where(swap, -dp, dq)[()]
