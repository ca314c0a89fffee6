"""Modified Bessel functions I_n of integer order, on NumPy alone: `np.i0` and its derivatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.ops.define import elementwise

_FLOATS = frozenset(np.dtype(d) for d in ("float16", "float32", "float64"))


def _bessel_i(x: Any, n: int) -> Any:
    if n == 0:
        return np.i0(x)[()]
    x = np.asarray(x)
    size = np.abs(x)
    # Below the limit the power series, whose terms are all positive; above it Hankel's expansion
    # (DLMF 10.25.2, 10.40.1).
    limit = max(20.0, float(n * n))
    near = size <= limit
    values = np.where(
        near, _series(np.where(near, size, 0), n, limit), _hankel(np.where(near, limit, size), n)
    )
    return (values if n % 2 == 0 else np.copysign(values, x))[()]


def _series(x: Any, n: int, limit: float) -> Any:
    quarter = 0.25 * x * x
    total = np.ones_like(x)
    for m in range(int(1.5 * limit) + 10, 0, -1):
        total = 1.0 + total * quarter / (m * (m + n))
    return total * (0.5 * x) ** n / math.factorial(n)


def _hankel(x: Any, n: int) -> Any:
    term = total = np.ones_like(x)
    for k in range(1, 30):
        term = term * (((2 * k - 1) ** 2 - 4 * n * n) / (8.0 * k)) / x
        total = total + term
    half = np.exp(0.5 * x)  # exp(x) alone overflows where the result does not
    return half / np.sqrt(2.0 * math.pi * x) * total * half


# I_n' = (I_(n-1) + I_(n+1)) / 2
bessel_i = elementwise(
    "bessel_i",
    _bessel_i,
    dtypes=lambda asked: _real_floats(np.dtype(asked[0])),
    jvp=lambda t, ans, x, n: (
        t * (bessel_i(x, n=1) if n == 0 else 0.5 * (bessel_i(x, n=n - 1) + bessel_i(x, n=n + 1)))
    ),
)


def _real_floats(dtype: Any) -> Any:
    if dtype not in _FLOATS:
        raise TypeError
    return (dtype,), dtype
