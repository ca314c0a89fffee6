"""The incomplete gamma and beta functions, their inverses, and the distributions made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.ops import elementwise as e
from funcgrad.ops.define import Elementwise, elementwise, ufunc_dtypes
from funcgrad.ops.special import ufuncs as special
from funcgrad.ops.special.define import composite, no_derivative, special_ufunc
from funcgrad.ops.special.entropy import xlog1py, xlogy
from funcgrad.ops.special.fractions import betainc_slopes, gammainc_slope
from funcgrad.ops.special.gamma import betaln, digamma, gammaln


def gamma_density(a: Any, x: Any) -> Any:
    """The derivative of gammainc(a, x) with respect to x."""
    return e.exp(xlogy(a - 1.0, x) - x - gammaln(a))


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """The derivative of betainc(a, b, x) with respect to x."""
    return e.exp(xlogy(a - 1.0, x) + xlog1py(b - 1.0, -x) - betaln(a, b))


def _slope(name: str, ufunc: np.ufunc, impl: Callable[..., Any], *rules: Any) -> Elementwise:
    """A derivative with respect to a parameter, in the dtype of the function."""

    def computed(*xs: Any) -> Any:
        return np.asarray(impl(*xs), np.result_type(*xs))[()]

    return elementwise(name, computed, dtypes=ufunc_dtypes(ufunc), jvp=rules)


_twice = no_derivative("gammainc", "first argument, more than once")
# d/da of P(a, x) and of Q(a, x) = 1 - P(a, x); their derivative by x is d/da of the density.
gammainc_slope_p = _slope(
    "igamma_grad_a",
    special.gammainc,
    lambda a, x: gammainc_slope(a, x, upper=False),
    _twice,
    lambda t, ans, a, x: t * (gamma_density(a, x) * (e.log(x) - digamma(a))),
)
gammaincc_slope_p = _slope(
    "igammac_grad_a",
    special.gammainc,
    lambda a, x: gammainc_slope(a, x, upper=True),
    _twice,
    lambda t, ans, a, x: -t * (gamma_density(a, x) * (e.log(x) - digamma(a))),
)
gammainc = special_ufunc(
    "gammainc",
    lambda t, ans, a, x: t * gammainc_slope_p(a, x),
    lambda t, ans, a, x: t * gamma_density(a, x),
    called="igamma",
)
gammaincc = special_ufunc(
    "gammaincc",
    lambda t, ans, a, x: t * gammaincc_slope_p(a, x),
    lambda t, ans, a, x: -t * gamma_density(a, x),
    called="igammac",
)
gammaincinv = special_ufunc(
    "gammaincinv",
    lambda t, ans, a, p: -t * (gammainc_slope_p(a, ans) / gamma_density(a, ans)),
    lambda t, ans, a, p: t / gamma_density(a, ans),
)
gammainccinv = special_ufunc(
    "gammainccinv",
    lambda t, ans, a, p: t * (gammaincc_slope_p(a, ans) / gamma_density(a, ans)),
    lambda t, ans, a, p: -t / gamma_density(a, ans),
)


def _beta_slope(which: int) -> Elementwise:
    letter = "ab"[which]
    again = no_derivative("betainc", "parameters, more than once")

    def by_x(t: Any, ans: Any, a: Any, b: Any, x: Any) -> Any:
        log = e.log1p(-x) if which else e.log(x)
        return t * (beta_density(a, b, x) * (log - digamma(b if which else a) + digamma(a + b)))

    return _slope(
        f"betainc_grad_{letter}",
        special.betainc,
        lambda a, b, x: betainc_slopes(a, b, x)[which],
        again,
        again,
        by_x,
    )


betainc_slope_a, betainc_slope_b = _beta_slope(0), _beta_slope(1)
betainc = special_ufunc(
    "betainc",
    lambda t, ans, a, b, x: t * betainc_slope_a(a, b, x),
    lambda t, ans, a, b, x: t * betainc_slope_b(a, b, x),
    lambda t, ans, a, b, x: t * beta_density(a, b, x),
    called="regularized_incomplete_beta",
)
betaincc = special_ufunc(
    "betaincc",
    lambda t, ans, a, b, x: -t * betainc_slope_a(a, b, x),
    lambda t, ans, a, b, x: -t * betainc_slope_b(a, b, x),
    lambda t, ans, a, b, x: -t * beta_density(a, b, x),
)
betaincinv = special_ufunc(
    "betaincinv",
    lambda t, ans, a, b, p: -t * (betainc_slope_a(a, b, ans) / beta_density(a, b, ans)),
    lambda t, ans, a, b, p: -t * (betainc_slope_b(a, b, ans) / beta_density(a, b, ans)),
    lambda t, ans, a, b, p: t / beta_density(a, b, ans),
)
betainccinv = special_ufunc(
    "betainccinv",
    lambda t, ans, a, b, p: -t * (betainc_slope_a(a, b, ans) / beta_density(a, b, ans)),
    lambda t, ans, a, b, p: -t * (betainc_slope_b(a, b, ans) / beta_density(a, b, ans)),
    lambda t, ans, a, b, p: -t / beta_density(a, b, ans),
)


# Student's distribution


def student_density(df: Any, t: Any) -> Any:
    exponent = -0.5 * (df + 1.0) * e.log1p(t * t / df)
    return e.exp(exponent - betaln(0.5 * df, 0.5 + 0.0 * df)) / e.sqrt(df)


def student_slope(df: Any, t: Any) -> Any:
    """d/d(df): that of betainc(df / 2, 1 / 2, x) / 2 at x = df / (df + t^2), and that of x."""
    fraction = betainc_slope_a(0.5 * df, 0.5 + 0.0 * df, df / (df + t * t))
    return e.where(t < 0.0, 0.25, -0.25) * fraction - 0.5 * t / df * student_density(df, t)


stdtr = special_ufunc(
    "stdtr",
    lambda dt, ans, df, t: dt * student_slope(df, t),
    lambda dt, ans, df, t: dt * student_density(df, t),
)
stdtrit = special_ufunc(
    "stdtrit",
    lambda dt, ans, df, p: -dt * (student_slope(df, ans) / student_density(df, ans)),
    lambda dt, ans, df, p: dt / student_density(df, ans),
)


# Other distributions, in terms of the functions above

composite("chdtr", lambda v, x: gammainc(0.5 * v, 0.5 * x))
composite("chdtrc", lambda v, x: gammaincc(0.5 * v, 0.5 * x))
composite("chdtri", lambda v, p: 2.0 * gammainccinv(0.5 * v, p))
composite("gdtr", lambda rate, shape, x: gammainc(shape, rate * x))
composite("gdtrc", lambda rate, shape, x: gammaincc(shape, rate * x))
composite("pdtr", lambda k, m: gammaincc(e.floor(k) + 1.0, m))
composite("pdtrc", lambda k, m: gammainc(e.floor(k) + 1.0, m))
composite("fdtr", lambda n, d, x: betainc(0.5 * n, 0.5 * d, n * x / (d + n * x)))
composite("fdtrc", lambda n, d, x: betainc(0.5 * d, 0.5 * n, d / (d + n * x)))
composite("bdtr", lambda k, n, p: betainc(n - e.floor(k), e.floor(k) + 1.0, 1.0 - p))
composite("bdtrc", lambda k, n, p: betainc(e.floor(k) + 1.0, n - e.floor(k), p))
composite("nbdtr", lambda k, n, p: betainc(n, e.floor(k) + 1.0, p))
composite("nbdtrc", lambda k, n, p: betainc(e.floor(k) + 1.0, n, 1.0 - p))
