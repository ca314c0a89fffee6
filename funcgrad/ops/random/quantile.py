"""The quantile function of the normal distribution, and with it the inverse of the error function.

M. J. Wichura: Algorithm AS 241: The percentage points of the normal distribution (Applied Statistics 37, 1988),
PPND16, which is accurate to about one part in 10^16. In terms of u = 2 p - 1, for which erf_inv is given, neither
p - 1/2 nor the distance to 0 or 1 is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Coefficients = tuple[float, ...]
Ratio = tuple[Coefficients, Coefficients]

# Numerator and denominator, from the constant term on.
_CENTRE: Ratio = (
    (
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
_TAIL: Ratio = (
    (
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
_FAR_TAIL: Ratio = (
    (
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)
_CENTRAL = 0.85  # |u| up to which the centre's approximation holds
_ROOT_HALF = math.sqrt(0.5)


def _polynomial(coefficients: Sequence[float], x: Any) -> Any:
    value = x * coefficients[-1]
    for c in coefficients[-2:0:-1]:
        value += c
        value *= x
    value += coefficients[0]
    return value


def _ratio(coefficients: Ratio, x: Any) -> Any:
    top, bottom = coefficients
    value = _polynomial(top, x)
    value /= _polynomial(bottom, x)
    return value


def normal_quantile(u: Any) -> Any:
    """The number that a standard normal variable stays below with probability (1 + u) / 2.

    `u`: a contiguous array of float32 or float64 with axes, in [-1, 1]; NaN outside of that.
    """
    half = u * 0.5
    with np.errstate(all="ignore"):
        out = _ratio(_CENTRE, 0.180625 - half * half)
        out *= half
        outer = np.abs(u) > _CENTRAL
        if outer.any():
            out[outer] = _tails(u[outer])
    return out


def _tails(u: Any) -> Any:
    radius = np.sqrt(-np.log((1.0 - np.abs(u)) * 0.5))
    value = _ratio(_TAIL, radius - 1.6)
    far = radius > 5.0
    if far.any():
        value[far] = _ratio(_FAR_TAIL, radius[far] - 5.0)
        value[radius == np.inf] = np.inf
    return np.copysign(value, u)


def erf_inv(u: Any, block: int = 8192) -> Any:
    """The inverse of the error function, for an array of floating-point numbers."""
    u = np.asarray(u)
    if u.dtype.kind != "f":
        u = u.astype(np.float64)
    wide = np.ascontiguousarray(u, np.float32 if u.dtype.itemsize < 4 else u.dtype).reshape(-1)
    out = np.empty_like(wide)
    for start in range(0, len(wide), block):
        piece = slice(start, start + block)
        out[piece] = normal_quantile(wide[piece])
    out *= _ROOT_HALF
    return out.astype(u.dtype, copy=False).reshape(u.shape)[()]
