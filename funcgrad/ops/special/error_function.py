"""The error function and its relatives: the normal distribution, Faddeeva's, Dawson's, Fresnel's, Owen's."""

from __future__ import annotations

import math
from typing import Any

from funcgrad.ops import elementwise as e
from funcgrad.ops.special.define import composite, outputs, special_ufunc

_2_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)
_ROOT_2_OVER_PI = math.sqrt(2.0 / math.pi)
_ROOT_PI_OVER_2 = math.sqrt(math.pi) / 2.0
_ROOT_2PI = math.sqrt(2.0 * math.pi)
_LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)

erf = special_ufunc("erf", lambda t, ans, x: t * (_2_OVER_ROOT_PI * e.exp(-x * x)))
erfc = special_ufunc("erfc", lambda t, ans, x: -t * (_2_OVER_ROOT_PI * e.exp(-x * x)))
erfi = special_ufunc("erfi", lambda t, ans, x: t * (_2_OVER_ROOT_PI * e.exp(x * x)))
erfcx = special_ufunc("erfcx", lambda t, ans, x: t * (2.0 * x * ans - _2_OVER_ROOT_PI))
dawsn = special_ufunc("dawsn", lambda t, ans, x: t * (1.0 - 2.0 * x * ans))
wofz = special_ufunc("wofz", lambda t, ans, z: t * (_2_OVER_ROOT_PI * 1j - 2.0 * z * ans))
erfinv = special_ufunc(
    "erfinv", lambda t, ans, x: t * (_ROOT_PI_OVER_2 * e.exp(ans * ans)), called="erf_inv"
)
erfcinv = special_ufunc("erfcinv", lambda t, ans, x: -t * (_ROOT_PI_OVER_2 * e.exp(ans * ans)))

# The normal distribution
ndtr = special_ufunc("ndtr", lambda t, ans, x: t * (e.exp(-0.5 * x * x) / _ROOT_2PI))
# The density over the distribution; far out neither is representable, but their quotient is.
log_ndtr = special_ufunc(
    "log_ndtr", lambda t, ans, x: t * (_ROOT_2_OVER_PI / erfcx(-math.sqrt(0.5) * x))
)
ndtri = special_ufunc("ndtri", lambda t, ans, p: t * (_ROOT_2PI * e.exp(0.5 * ans * ans)))
ndtri_exp = special_ufunc(
    "ndtri_exp", lambda t, ans, y: t * e.exp(y + 0.5 * ans * ans + _LOG_ROOT_2PI)
)

owens_t = special_ufunc(
    "owens_t",
    lambda t, ans, h, a: (
        -t * (e.exp(-0.5 * h * h) * erf(a * h * math.sqrt(0.5)) / (2.0 * _ROOT_2PI))
    ),
    lambda t, ans, h, a: (
        t * (e.exp(-0.5 * h * h * (1.0 + a * a)) / (2.0 * math.pi * (1.0 + a * a)))
    ),
)

# Integrals of sin and cos of pi x^2 / 2: result 0 and 1.
fresnel = outputs(
    "fresnel",
    lambda t, ans, x, k: t * (e.sin if k == 0 else e.cos)(0.5 * math.pi * x * x),
)


def voigt_profile(x: Any, sigma: Any, gamma: Any) -> Any:
    """The real part of wofz((x + i gamma) / (sigma sqrt 2)) / (sigma sqrt(2 pi))."""
    scale = math.sqrt(2.0) * sigma
    z = e.complex_(x / scale, gamma / scale)
    return e.real(wofz(z)) / (math.sqrt(math.pi) * scale)


composite("voigt_profile", voigt_profile)
