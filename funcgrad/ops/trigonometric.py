"""Elementwise primitives: trigonometric and hyperbolic functions, their inverses, sinc."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.ops.define import elementwise, ufunc_dtypes
from funcgrad.ops.power import sqrt
from funcgrad.ops.selection import where
from funcgrad.ops.stop import stop_gradient_p

sin = elementwise("sin", np.sin, jvp=lambda t, ans, x: t * cos(x))
cos = elementwise("cos", np.cos, jvp=lambda t, ans, x: -t * sin(x))
tan = elementwise("tan", np.tan, jvp=lambda t, ans, x: t * (1.0 + ans * ans))
asin = elementwise("asin", np.arcsin, jvp=lambda t, ans, x: t / sqrt((1.0 - x) * (1.0 + x)))
acos = elementwise("acos", np.arccos, jvp=lambda t, ans, x: -t / sqrt((1.0 - x) * (1.0 + x)))
atan = elementwise("atan", np.arctan, jvp=lambda t, ans, x: t / (1.0 + x * x))

sinh = elementwise("sinh", np.sinh, jvp=lambda t, ans, x: t * cosh(x))
cosh = elementwise("cosh", np.cosh, jvp=lambda t, ans, x: t * sinh(x))
# Not 1 - ans^2, which cancels where tanh saturates.
tanh = elementwise("tanh", np.tanh, jvp=lambda t, ans, x: t * ((1.0 - ans) * (1.0 + ans)))
asinh = elementwise("asinh", np.arcsinh, jvp=lambda t, ans, x: t / sqrt(x * x + 1.0))
# Two roots rather than the root of the product, which has another branch for complex x.
acosh = elementwise("acosh", np.arccosh, jvp=lambda t, ans, x: t / (sqrt(x - 1.0) * sqrt(x + 1.0)))
atanh = elementwise("atanh", np.arctanh, jvp=lambda t, ans, x: t / ((1.0 - x) * (1.0 + x)))


def _over_radius_squared(a: Any, x: Any, y: Any) -> Any:
    """a / (x^2 + y^2) without overflow or underflow, and 0 at the origin, which has no angle.

    The result does not depend on the scale, whose derivative is left out therefore.
    """
    largest = np.maximum(abs(x), abs(y))
    scale = stop_gradient_p(where((largest > 0.0) & (largest < np.inf), largest, 1.0))
    square = (x / scale) ** 2 + (y / scale) ** 2
    return a / scale / where(square == 0.0, 1.0, square) / scale


atan2 = elementwise(
    "atan2",
    np.arctan2,
    jvp=(
        lambda t, ans, y, x: t * _over_radius_squared(x, x, y),
        lambda t, ans, y, x: -t * _over_radius_squared(y, x, y),
    ),
)


def _scaling(name: str, ufunc: np.ufunc, factor: float) -> Any:
    return elementwise(
        name, ufunc, jvp=lambda t, ans, x: t * factor, transpose=lambda ct, x: ct * factor
    )


deg2rad = _scaling("deg2rad", np.deg2rad, math.pi / 180.0)
rad2deg = _scaling("rad2deg", np.rad2deg, 180.0 / math.pi)
radians = _scaling("radians", np.radians, math.pi / 180.0)
degrees = _scaling("degrees", np.degrees, 180.0 / math.pi)


# sin(x) / x and its derivatives of every order


def _sinc_derivative(x: Any, n: int) -> Any:
    """The n-th derivative of sin(x) / x, accurate at and near 0.

    Differentiating x f(x) = sin(x) k times gives x f_k + k f_(k-1) = sin(x + k pi / 2). That
    recurrence is stable for |x| > n; below, the Taylor series converges fast.
    """
    x = np.asarray(x)
    near = np.abs(x) <= n + 1.0
    return np.where(
        near, _sinc_series(np.where(near, x, 0), n), _sinc_recurrence(np.where(near, 1, x), n)
    )[()]


def _sinc_series(x: Any, n: int) -> Any:
    # sum over m >= n/2 of (-1)^m x^(2m-n) / ((2m+1) (2m-n)!)
    first = (n + 1) // 2
    total = np.zeros_like(x)
    last = first + 12 + 2 * n
    for m in range(last, first - 1, -1):
        total = total * (x * x) + (-1) ** m / ((2 * m + 1) * math.factorial(2 * m - n))
    return total if n % 2 == 0 else total * x


def _sinc_recurrence(x: Any, n: int) -> Any:
    turned = (np.sin(x), np.cos(x))
    f = turned[0] / x
    for k in range(1, n + 1):
        f = ((-1) ** (k // 2) * turned[k % 2] - k * f) / x
    return f


spherical_sinc = elementwise(
    "sinc",
    _sinc_derivative,
    dtypes=ufunc_dtypes(np.sin),
    jvp=lambda t, ans, x, n: t * spherical_sinc(x, n=n + 1),
)
