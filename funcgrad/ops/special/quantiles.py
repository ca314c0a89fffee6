"""Inverses of distribution functions, in their argument and in their parameters, and noncentral distributions.

The derivatives of inverses are those of implicit functions: where F(a, x) = p, dx = (dp - F_a da) / F_x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from funcgrad.ops import elementwise as e
from funcgrad.ops.define import elementwise
from funcgrad.ops.special import ufuncs as special
from funcgrad.ops.special.bessel import ive
from funcgrad.ops.special.define import (
    composite,
    no_derivative,
    special_ufunc,
    without_derivatives,
)
from funcgrad.ops.special.error_function import ndtri
from funcgrad.ops.special.gamma import betaln, gammaln
from funcgrad.ops.special.hypergeometric import hyp1f1
from funcgrad.ops.special.incomplete import (
    beta_density,
    betainc_slope_a,
    betainc_slope_b,
    betaincinv,
    gamma_density,
    gammaincc_slope_p,
    gammainccinv,
    gammaincinv,
    student_density,
    student_slope,
)

# In closed form

composite("bdtri", lambda k, n, p: 1.0 - betaincinv(n - e.floor(k), e.floor(k) + 1.0, p))
composite("nbdtri", lambda k, n, p: betaincinv(n, e.floor(k) + 1.0, p))
composite("pdtri", lambda k, p: gammainccinv(e.floor(k) + 1.0, p))
composite("gdtria", lambda p, shape, x: gammaincinv(shape, p) / x)
composite("gdtrix", lambda rate, shape, p: gammaincinv(shape, p) / rate)
composite("nrdtrimn", lambda p, std, x: x - std * ndtri(p))
composite("nrdtrisd", lambda mean, p, x: (x - mean) / ndtri(p))


def _f_quantile(n: Any, d: Any, p: Any) -> Any:
    fraction = betaincinv(0.5 * n, 0.5 * d, p)
    return d * fraction / (n * (1.0 - fraction))


composite("fdtri", _f_quantile)


# In a parameter


def _implicit(name: str, unknown: int, probability: int, slopes: Callable[..., Any]) -> None:
    """The ufunc that finds operand `unknown` of F(...) = p, in the place of which it has p at `probability`.

    `slopes` gives the derivatives of F by all of its operands; None for those that have none.
    """

    def rule(position: int) -> Callable[..., Any]:
        def derivative(t: Any, ans: Any, *xs: Any) -> Any:
            operands = [x for i, x in enumerate(xs) if i != probability]
            operands.insert(unknown, ans)
            by = slopes(*operands)
            if position == probability:
                return t / by[unknown]
            # Where the operand is among those of F.
            place = position - (position > probability)
            place += place >= unknown
            if by[place] is None:
                return no_derivative(name, f"operand {position}")(t, ans, *xs)
            return -t * (by[place] / by[unknown])

        return derivative

    nin = getattr(special, name).nin
    special_ufunc(name, *map(rule, range(nin)))


def _beta_slopes(a: Any, b: Any, x: Any) -> tuple[Any, Any, Any]:
    return betainc_slope_a(a, b, x), betainc_slope_b(a, b, x), beta_density(a, b, x)


def _binomial_slopes(k: Any, n: Any, p: Any) -> tuple[Any, Any, Any]:
    by_a, by_b, by_x = _beta_slopes(n - k, k + 1.0, 1.0 - p)
    return by_b - by_a, by_a, -by_x


def _negative_binomial_slopes(k: Any, n: Any, p: Any) -> tuple[Any, Any, Any]:
    by_a, by_b, by_x = _beta_slopes(n, k + 1.0, p)
    return by_b, by_a, by_x


def _f_slopes(n: Any, d: Any, x: Any) -> tuple[Any, Any, Any]:
    scale = d + n * x
    by_a, by_b, by_u = _beta_slopes(0.5 * n, 0.5 * d, n * x / scale)
    by_u = by_u / (scale * scale)
    return 0.5 * by_a + by_u * x * d, 0.5 * by_b - by_u * n * x, by_u * n * d


def _poisson_slopes(k: Any, m: Any) -> tuple[Any, Any]:
    return gammaincc_slope_p(k + 1.0, m), -gamma_density(k + 1.0, m)


def _chi_square_slopes(x: Any, v: Any) -> tuple[Any, Any]:
    return 0.5 * gamma_density(0.5 * v, 0.5 * x), -0.5 * gammaincc_slope_p(0.5 * v, 0.5 * x)


def _gamma_slopes(rate: Any, shape: Any, x: Any) -> tuple[Any, Any, Any]:
    density = gamma_density(shape, rate * x)
    return x * density, -gammaincc_slope_p(shape, rate * x), rate * density


_implicit("btdtria", 0, 0, _beta_slopes)
_implicit("btdtrib", 1, 1, _beta_slopes)
_implicit("bdtrik", 0, 0, _binomial_slopes)
_implicit("bdtrin", 1, 1, _binomial_slopes)
_implicit("nbdtrik", 0, 0, _negative_binomial_slopes)
_implicit("nbdtrin", 1, 1, _negative_binomial_slopes)
_implicit("fdtridfd", 1, 1, _f_slopes)
_implicit("pdtrik", 0, 0, _poisson_slopes)
_implicit("gdtrib", 1, 1, _gamma_slopes)
_implicit("stdtridf", 0, 0, lambda df, t: (student_slope(df, t), student_density(df, t)))
_implicit("chdtriv", 1, 0, _chi_square_slopes)


# Noncentral distributions


def _ncx2_density(x: Any, df: Any, nc: Any) -> Any:
    """N. Johnson, S. Kotz, N. Balakrishnan, Continuous Univariate Distributions 2, 29.4."""
    order = 0.5 * df - 1.0
    distance = e.square(e.sqrt(x) - e.sqrt(nc))
    return 0.5 * e.exp(-0.5 * distance) * e.power(x / nc, 0.5 * order) * ive(order, e.sqrt(nc * x))


def _chndtr_slopes(x: Any, df: Any, nc: Any) -> tuple[Any, None, Any]:
    by_nc = 0.5 * (chndtr(x, df + 2.0, nc) - chndtr(x, df, nc))
    return _ncx2_density(x, df, nc), None, by_nc


chndtr = special_ufunc(
    "chndtr",
    lambda t, ans, x, df, nc: t * _ncx2_density(x, df, nc),
    no_derivative("chndtr", "degrees of freedom"),
    lambda t, ans, x, df, nc: t * (0.5 * (chndtr(x, df + 2.0, nc) - ans)),
)
_implicit("chndtrix", 0, 0, _chndtr_slopes)
_implicit("chndtrinc", 2, 2, _chndtr_slopes)


def _ncf_density(n: Any, d: Any, nc: Any, f: Any) -> Any:
    """The density with Kummer's function for the sum over Poisson weights (Johnson, Kotz, Balakrishnan, 30.3)."""
    a, b = 0.5 * n, 0.5 * d
    u = n * f / (n * f + d)
    log = (a - 1.0) * e.log(u) + (b - 1.0) * e.log1p(-u) - betaln(a, b) - 0.5 * nc
    return e.exp(log) * hyp1f1(a + b, a, 0.5 * nc * u) * (n * d / e.square(n * f + d))


ncfdtr = special_ufunc(
    "ncfdtr",
    no_derivative("ncfdtr", "degrees of freedom"),
    no_derivative("ncfdtr", "degrees of freedom"),
    lambda t, ans, n, d, nc, f: t * (0.5 * (ncfdtr(n + 2.0, d, nc, f * n / (n + 2.0)) - ans)),
    lambda t, ans, n, d, nc, f: t * _ncf_density(n, d, nc, f),
)


def _ncfdtr_slopes(n: Any, d: Any, nc: Any, f: Any) -> tuple[None, None, Any, Any]:
    by_nc = 0.5 * (ncfdtr(n + 2.0, d, nc, f * n / (n + 2.0)) - ncfdtr(n, d, nc, f))
    return None, None, by_nc, _ncf_density(n, d, nc, f)


_implicit("ncfdtri", 3, 3, _ncfdtr_slopes)
_implicit("ncfdtrinc", 2, 2, _ncfdtr_slopes)


def _nct_density(df: Any, nc: Any, t: Any) -> Any:
    """df / t (F(t sqrt(1 + 2 / df); df + 2) - F(t; df)), and its limit at t = 0."""
    near = abs(t) < 1e-6
    safe = e.where(near, 1.0, t)
    away = df / safe * (nctdtr(df + 2.0, nc, safe * e.sqrt(1.0 + 2.0 / df)) - nctdtr(df, nc, safe))
    log = gammaln(0.5 * (df + 1.0)) - gammaln(0.5 * df) - 0.5 * nc * nc
    return e.where(near, e.exp(log) / e.sqrt(3.141592653589793 * df), away)


nctdtr = special_ufunc(
    "nctdtr",
    no_derivative("nctdtr", "degrees of freedom"),
    no_derivative("nctdtr", "noncentrality"),
    lambda dt, ans, df, nc, t: dt * _nct_density(df, nc, t),
)
_implicit("nctdtrit", 2, 2, lambda df, nc, t: (None, None, _nct_density(df, nc, t)))


# Kolmogorov's and Smirnov's statistics

kolmogorov_slope = elementwise(
    "kolmogorov_slope",
    special._kolmogp,
    jvp=no_derivative("kolmogorov", "argument, more than once"),
    dispatch_ufunc=False,  # a ufunc of SciPy's own
)
kolmogorov = special_ufunc("kolmogorov", lambda t, ans, x: t * kolmogorov_slope(x))
special_ufunc("kolmogi", lambda t, ans, p: t / kolmogorov_slope(ans))
smirnov_slope = elementwise(
    "smirnov_slope",
    special._smirnovp,
    jvp=(no_derivative("smirnov", "size"), no_derivative("smirnov", "argument, more than once")),
    dispatch_ufunc=False,
)
smirnov = special_ufunc(
    "smirnov", no_derivative("smirnov", "size"), lambda t, ans, n, d: t * smirnov_slope(n, d)
)
special_ufunc(
    "smirnovi", no_derivative("smirnovi", "size"), lambda t, ans, n, p: t / smirnov_slope(n, ans)
)


# Tukey's lambda distribution, whose quantile is (p^l - (1 - p)^l) / l


def _tukey_slope(p: Any, shape: Any) -> Any:
    return 1.0 / (e.power(p, shape - 1.0) + e.power(1.0 - p, shape - 1.0))


special_ufunc(
    "tklmbda",
    lambda t, ans, x, shape: t * _tukey_slope(ans, shape),
    no_derivative("tklmbda", "shape parameter"),
)


# Inverses in degrees of freedom, in which there is no known derivative
without_derivatives("chndtridf", "ncfdtridfd", "ncfdtridfn", "nctdtridf", "nctdtrinc")
