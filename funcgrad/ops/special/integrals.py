"""Exponential, sine, cosine and hyperbolic integrals; the dilogarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.tracing import Tracer
from funcgrad.ops import elementwise as e
from funcgrad.ops.special.define import no_derivative, outputs, special_ufunc

expi = special_ufunc("expi", lambda t, ans, x: t * (e.exp(x) / x))
exp1 = special_ufunc("exp1", lambda t, ans, x: -t * (e.exp(-x) / x))


def _expn_slope(n: Any, x: Any) -> Any:
    """-E_(n-1)(x), where E_0(x) = e^-x / x, E_-1(x) = e^-x (1 + x) / x^2."""
    lowest = e.exp(-x) * (1.0 + x) / (x * x)
    if type(n) is not Tracer and np.all(np.greater(n, 0)):
        return -expn(n - 1, x)
    return -e.where(n == 0, lowest, expn(abs(n - 1), x))


expn = special_ufunc(
    "expn", no_derivative("expn", "order"), lambda t, ans, n, x: t * _expn_slope(n, x)
)


def _sinc(x: Any) -> Any:
    return e.spherical_sinc(x, n=0)


# Results 0 and 1: the sine and the cosine integral.
sici = outputs("sici", lambda t, ans, x, k: t * (_sinc(x) if k == 0 else e.cos(x) / x))
shichi = outputs("shichi", lambda t, ans, x, k: t * (_sinhc(x) if k == 0 else e.cosh(x) / x))


def _sinhc(x: Any) -> Any:
    """sinh(x) / x, which is 1 at 0."""
    near = abs(x) < 1e-2
    square = x * x
    series = 1.0 + square / 6.0 * (1.0 + square / 20.0 * (1.0 + square / 42.0))
    far = e.where(near, 1.0, x)
    return e.where(near, series, e.sinh(far) / far)


def _spence_slope(z: Any) -> Any:
    """log(z) / (1 - z), which is -1 at 1."""
    u = z - 1.0
    near = abs(u) < 1e-3
    series = -1.0 + u * (0.5 + u * (-1.0 / 3.0 + u * (0.25 + u * (-0.2 + u / 6.0))))
    far = e.where(near, 1.0, u)
    return e.where(near, series, -e.log(e.where(near, 2.0, z)) / far)


spence = special_ufunc("spence", lambda t, ans, z: t * _spence_slope(z))
