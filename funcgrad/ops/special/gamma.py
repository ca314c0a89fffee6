"""The gamma function and its relatives: digamma, polygamma, zeta, beta."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.ops import elementwise as e
from funcgrad.ops.define import ZERO, elementwise, ufunc_dtypes
from funcgrad.ops.special import ufuncs as special
from funcgrad.ops.special.define import no_derivative, special_ufunc
from funcgrad.ops.special.zeta import hurwitz, hurwitz_slope

gamma = special_ufunc("gamma", lambda t, ans, x: t * (ans * digamma(x)))
gammaln = special_ufunc("gammaln", lambda t, ans, x: t * digamma(x), called="lgamma")
loggamma = special_ufunc("loggamma", lambda t, ans, z: t * digamma(z))
gammasgn = elementwise("gammasgn", special.gammasgn, jvp=ZERO)
digamma = special_ufunc("psi", lambda t, ans, x: t * polygamma(1, x), called="digamma")
# At its zeros, 0, -1, -2, ..., digamma is infinite: there 1 / gamma(x) = x / gamma(x + 1) helps.
rgamma = special_ufunc("rgamma", lambda t, ans, x: t * _rgamma_slope(ans, x))


def _rgamma_slope(ans: Any, x: Any) -> Any:
    pole = ans == 0.0
    # (-1)^n n! at x = -n
    at_pole = e.cos(np.pi * e.real(x) if e.is_complex(x) else np.pi * x) * gamma(
        e.where(pole, 1.0 - x, 1.0)
    )
    return e.where(pole, at_pole, -ans * digamma(e.where(pole, 1.0, x)))


def _polygamma(n: Any, x: Any) -> Any:
    if np.iscomplexobj(x):
        sign = np.where(np.asarray(n) % 2 == 0, -1.0, 1.0)
        value = np.where(
            np.equal(n, 0), special.psi(x), sign * special.gamma(n + 1.0) * hurwitz(n + 1.0, x)
        )
    else:
        value = special.polygamma(np.asarray(n, float), x)
    return np.asarray(value, _polygamma_dtypes((None, np.asarray(x).dtype))[1])[()]


def _polygamma_dtypes(asked: Any) -> Any:
    x = ufunc_dtypes(special.psi)(asked[1:])[1]
    real = np.empty(0, x).real.dtype
    return (real, x), x


# The n-th derivative of digamma.
polygamma = elementwise(
    "polygamma",
    _polygamma,
    dtypes=_polygamma_dtypes,
    jvp=(
        no_derivative("polygamma", "order"),
        lambda t, ans, n, x: t * polygamma(n + 1, x),
    ),
)


# Zeta functions


def _as(dtype_of: Any, value: Any) -> Any:
    return np.asarray(value, np.result_type(*dtype_of))[()]


_zeta_dtypes = ufunc_dtypes(special._zeta)
# Hurwitz's zeta function, the sum of (q + k)^-s.
zeta = elementwise(
    "zeta",
    special._zeta,
    jvp=(
        lambda t, ans, s, q: t * zeta_slope(s, q),
        lambda t, ans, s, q: -t * (s * zeta(s + 1.0, q)),
    ),
)
# Its derivative with respect to s.
zeta_slope = elementwise(
    "zeta_slope",
    lambda s, q: _as((s, q), hurwitz_slope(s, q)),
    dtypes=_zeta_dtypes,
    jvp=(
        no_derivative("zeta", "first argument, more than once"),
        lambda t, ans, s, q: -t * (zeta(s + 1.0, q) + s * zeta_slope(s + 1.0, q)),
    ),
)
# Riemann's: s > 1, where it has a derivative here; elsewhere values only.
riemann_zeta = elementwise(
    "riemann_zeta",
    special._riemann_zeta,
    jvp=lambda t, ans, s: t * zeta_slope(s, e.where(e.eq(s, s), 1.0, s)),
)
zetac = special_ufunc("zetac", lambda t, ans, s: t * zeta_slope(s, e.where(e.eq(s, s), 1.0, s)))


# Beta functions, Pochhammer's symbol, binomial coefficients

beta = special_ufunc(
    "beta",
    lambda t, ans, a, b: t * (ans * (digamma(a) - digamma(a + b))),
    lambda t, ans, a, b: t * (ans * (digamma(b) - digamma(a + b))),
)
betaln = special_ufunc(
    "betaln",
    lambda t, ans, a, b: t * (digamma(a) - digamma(a + b)),
    lambda t, ans, a, b: t * (digamma(b) - digamma(a + b)),
)
# gamma(a + m) / gamma(a)
poch = special_ufunc(
    "poch",
    lambda t, ans, a, m: t * (ans * (digamma(a + m) - digamma(a))),
    lambda t, ans, a, m: t * (ans * digamma(a + m)),
)
binom = special_ufunc(
    "binom",
    lambda t, ans, n, k: t * (ans * (digamma(n + 1.0) - digamma(n - k + 1.0))),
    lambda t, ans, n, k: t * (ans * (digamma(n - k + 1.0) - digamma(k + 1.0))),
)
