"""Hurwitz's zeta function by Euler and Maclaurin's formula, for arguments that SciPy does not take.

zeta(s, q) = sum over k < N of (q + k)^-s + w^(1-s) / (s - 1) + w^-s / 2
             + sum over j of B_2j / (2j)! s (s + 1) ... (s + 2j - 2) w^(-s-2j+1),   w = q + N
(https://dlmf.nist.gov/25.11.E28).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_SHIFTED = 12.0  # the real part of w at least
# B_2j / (2j)!
_COEFFICIENTS = [
    b / math.factorial(2 * j)
    for j, b in enumerate(
        (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798), 1
    )
]


def hurwitz(s: Any, q: Any) -> Any:
    """zeta(s, q) for real s > 1 and complex q."""
    return _euler_maclaurin(s, q)[0]


def hurwitz_slope(s: Any, q: Any) -> Any:
    """The derivative of zeta(s, q) with respect to s."""
    return _euler_maclaurin(s, q)[1]


def _euler_maclaurin(s: Any, q: Any) -> tuple[Any, Any]:
    s = np.asarray(s, float)
    q = np.asarray(q, complex if np.iscomplexobj(q) else float)
    s, q = np.broadcast_arrays(s, q)
    total = np.zeros(q.shape, q.dtype)
    slope = np.zeros(q.shape, q.dtype)
    w = q.copy()
    with np.errstate(all="ignore"):
        while np.any(low := w.real < _SHIFTED):
            term = np.where(low, w**-s, 0.0)
            total = total + term
            slope = slope - np.where(low, term * np.log(w), 0.0)
            w = np.where(low, w + 1.0, w)
        power, log = w**-s, np.log(w)
        tail = w * power / (s - 1.0)
        total = total + tail + 0.5 * power
        slope = slope - tail * (log + 1.0 / (s - 1.0)) - 0.5 * power * log
        rising, logarithmic = s, 1.0 / s
        for j, coefficient in enumerate(_COEFFICIENTS, 1):
            term = coefficient * rising * power * w ** (1 - 2 * j)
            total = total + term
            slope = slope + term * (logarithmic - log)
            a, b = s + (2 * j - 1), s + 2 * j
            rising = rising * a * b
            logarithmic = logarithmic + 1.0 / a + 1.0 / b
    return total[()], slope[()]
