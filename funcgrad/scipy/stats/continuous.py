"""Continuous distributions in their standard form (loc 0, scale 1)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.ops.special import ufuncs as sp
from funcgrad.scipy.stats.continuous_methods import Continuous

_LOG_2PI = math.log(2.0 * math.pi)
_SQRT2 = math.sqrt(2.0)


def norm_logpdf(y: Any) -> Any:
    """The logarithm of the standard normal density."""
    return -0.5 * (y * y) - 0.5 * _LOG_2PI


def positive(*shapes: Any) -> Any:
    """Where all shape parameters are positive: a `check` of distributions."""
    valid = shapes[0] > 0
    for shape in shapes[1:]:
        valid = valid & (shape > 0)
    return valid


norm = Continuous(
    "norm",
    logpdf=norm_logpdf,
    cdf=sp.ndtr,
    sf=lambda y: sp.ndtr(-y),
    logcdf=sp.log_ndtr,
    logsf=lambda y: sp.log_ndtr(-y),
    ppf=sp.ndtri,
    isf=lambda q: -sp.ndtri(q),
)
uniform = Continuous(
    "uniform",
    support=(0.0, 1.0),
    logpdf=lambda y: 0.0 * y,
    cdf=lambda y: y,
    sf=lambda y: 1.0 - y,
    ppf=lambda q: q,
)
expon = Continuous(
    "expon",
    support=(0.0, np.inf),
    logpdf=lambda y: -y,
    cdf=lambda y: -np.expm1(-y),
    sf=lambda y: np.exp(-y),
    logsf=lambda y: -y,
    ppf=lambda q: -np.log1p(-q),
    isf=lambda q: -np.log(q),
)
gamma = Continuous(
    "gamma",
    "a",
    support=(0.0, np.inf),
    check=positive,
    logpdf=lambda y, a: sp.xlogy(a - 1.0, y) - y - sp.gammaln(a),
    cdf=lambda y, a: sp.gammainc(a, y),
    sf=lambda y, a: sp.gammaincc(a, y),
    ppf=lambda q, a: sp.gammaincinv(a, q),
    isf=lambda q, a: sp.gammainccinv(a, q),
)
beta = Continuous(
    "beta",
    "a b",
    support=(0.0, 1.0),
    check=positive,
    logpdf=lambda y, a, b: sp.xlog1py(b - 1.0, -y) + sp.xlogy(a - 1.0, y) - sp.betaln(a, b),
    cdf=lambda y, a, b: sp.betainc(a, b, y),
    sf=lambda y, a, b: sp.betaincc(a, b, y),
    ppf=lambda q, a, b: sp.betaincinv(a, b, q),
    isf=lambda q, a, b: sp.betainccinv(a, b, q),
)
t = Continuous(
    "t",
    "df",
    check=positive,
    logpdf=lambda y, df: (
        sp.gammaln((df + 1.0) / 2.0)
        - sp.gammaln(df / 2.0)
        - 0.5 * np.log(df * math.pi)
        - (df + 1.0) / 2.0 * np.log1p(y * y / df)
    ),
    cdf=lambda y, df: sp.stdtr(df, y),
    sf=lambda y, df: sp.stdtr(df, -y),
    ppf=lambda q, df: sp.stdtrit(df, q),
    isf=lambda q, df: -sp.stdtrit(df, q),
)
cauchy = Continuous(
    "cauchy",
    logpdf=lambda y: -math.log(math.pi) - np.log1p(y * y),
    cdf=lambda y: np.arctan2(1.0, -y) / math.pi,
    sf=lambda y: np.arctan2(1.0, y) / math.pi,
    ppf=lambda q: -1.0 / np.tan(math.pi * q),
    isf=lambda q: 1.0 / np.tan(math.pi * q),
)


def _laplace_cdf(y: Any) -> Any:
    tail = 0.5 * np.exp(-np.abs(y))
    return np.where(y > 0, 1.0 - tail, tail)


laplace = Continuous(
    "laplace",
    logpdf=lambda y: -np.abs(y) - math.log(2.0),
    cdf=_laplace_cdf,
    sf=lambda y: _laplace_cdf(-y),
    ppf=lambda q: np.where(q > 0.5, -np.log(2.0 * (1.0 - q)), np.log(2.0 * q)),
    isf=lambda q: np.where(q > 0.5, np.log(2.0 * (1.0 - q)), -np.log(2.0 * q)),
)


logistic = Continuous(
    "logistic",
    logpdf=lambda y: sp.log_expit(y) + sp.log_expit(-y),
    cdf=sp.expit,
    sf=lambda y: sp.expit(-y),
    logcdf=sp.log_expit,
    logsf=lambda y: sp.log_expit(-y),
    ppf=sp.logit,
    isf=lambda q: -sp.logit(q),
)
lognorm = Continuous(
    "lognorm",
    "s",
    support=(0.0, np.inf),
    zero_at_low=True,
    check=positive,
    logpdf=lambda y, s: norm_logpdf(np.log(y) / s) - np.log(s * y),
    cdf=lambda y, s: sp.ndtr(np.log(y) / s),
    sf=lambda y, s: sp.ndtr(-np.log(y) / s),
    logcdf=lambda y, s: sp.log_ndtr(np.log(y) / s),
    logsf=lambda y, s: sp.log_ndtr(-np.log(y) / s),
    ppf=lambda q, s: np.exp(s * sp.ndtri(q)),
    isf=lambda q, s: np.exp(-s * sp.ndtri(q)),
)
chi2 = Continuous(
    "chi2",
    "df",
    support=(0.0, np.inf),
    check=positive,
    logpdf=lambda y, df: (
        sp.xlogy(df / 2.0 - 1.0, y) - y / 2.0 - sp.gammaln(df / 2.0) - 0.5 * math.log(2.0) * df
    ),
    cdf=lambda y, df: sp.gammainc(df / 2.0, y / 2.0),
    sf=lambda y, df: sp.gammaincc(df / 2.0, y / 2.0),
    ppf=lambda q, df: 2.0 * sp.gammaincinv(df / 2.0, q),
    isf=lambda q, df: 2.0 * sp.gammainccinv(df / 2.0, q),
)


def _f_logpdf(y: Any, dfn: Any, dfd: Any) -> Any:
    return (
        dfd / 2.0 * np.log(dfd)
        + dfn / 2.0 * np.log(dfn)
        + sp.xlogy(dfn / 2.0 - 1.0, y)
        - (dfn + dfd) / 2.0 * np.log(dfd + dfn * y)
        - sp.betaln(dfn / 2.0, dfd / 2.0)
    )


def _f_quantile(z: Any, dfn: Any, dfd: Any) -> Any:
    return dfd * z / (dfn * (1.0 - z))


f = Continuous(
    "f",
    "dfn dfd",
    support=(0.0, np.inf),
    check=positive,
    logpdf=_f_logpdf,
    cdf=lambda y, dfn, dfd: sp.fdtr(dfn, dfd, y),
    sf=lambda y, dfn, dfd: sp.fdtrc(dfn, dfd, y),
    ppf=lambda q, dfn, dfd: _f_quantile(sp.betaincinv(dfn / 2.0, dfd / 2.0, q), dfn, dfd),
    isf=lambda q, dfn, dfd: _f_quantile(sp.betainccinv(dfn / 2.0, dfd / 2.0, q), dfn, dfd),
)
pareto = Continuous(
    "pareto",
    "b",
    support=(1.0, np.inf),
    check=positive,
    logpdf=lambda y, b: np.log(b) - (b + 1.0) * np.log(y),
    cdf=lambda y, b: -np.expm1(-b * np.log(y)),
    sf=lambda y, b: np.exp(-b * np.log(y)),
    logsf=lambda y, b: -b * np.log(y),
    ppf=lambda q, b: np.exp(-np.log1p(-q) / b),
    isf=lambda q, b: np.exp(-np.log(q) / b),
)
weibull_min = Continuous(
    "weibull_min",
    "c",
    support=(0.0, np.inf),
    check=positive,
    logpdf=lambda y, c: np.log(c) + sp.xlogy(c - 1.0, y) - y**c,
    cdf=lambda y, c: -np.expm1(-(y**c)),
    sf=lambda y, c: np.exp(-(y**c)),
    logsf=lambda y, c: -(y**c),
    ppf=lambda q, c: (-np.log1p(-q)) ** (1.0 / c),
    isf=lambda q, c: (-np.log(q)) ** (1.0 / c),
)
weibull_max = Continuous(
    "weibull_max",
    "c",
    support=(-np.inf, 0.0),
    check=positive,
    logpdf=lambda y, c: np.log(c) + sp.xlogy(c - 1.0, -y) - (-y) ** c,
    cdf=lambda y, c: np.exp(-((-y) ** c)),
    sf=lambda y, c: -np.expm1(-((-y) ** c)),
    logcdf=lambda y, c: -((-y) ** c),
    ppf=lambda q, c: -((-np.log(q)) ** (1.0 / c)),
    isf=lambda q, c: -((-np.log1p(-q)) ** (1.0 / c)),
)
gumbel_r = Continuous(
    "gumbel_r",
    logpdf=lambda y: -y - np.exp(-y),
    cdf=lambda y: np.exp(-np.exp(-y)),
    sf=lambda y: -np.expm1(-np.exp(-y)),
    logcdf=lambda y: -np.exp(-y),
    ppf=lambda q: -np.log(-np.log(q)),
    isf=lambda q: -np.log(-np.log1p(-q)),
)
gumbel_l = Continuous(
    "gumbel_l",
    logpdf=lambda y: y - np.exp(y),
    cdf=lambda y: -np.expm1(-np.exp(y)),
    sf=lambda y: np.exp(-np.exp(y)),
    logsf=lambda y: -np.exp(y),
    ppf=lambda q: np.log(-np.log1p(-q)),
    isf=lambda q: np.log(-np.log(q)),
)
invgamma = Continuous(
    "invgamma",
    "a",
    support=(0.0, np.inf),
    zero_at_low=True,
    check=positive,
    logpdf=lambda y, a: -(a + 1.0) * np.log(y) - sp.gammaln(a) - 1.0 / y,
    cdf=lambda y, a: sp.gammaincc(a, 1.0 / y),
    sf=lambda y, a: sp.gammainc(a, 1.0 / y),
    ppf=lambda q, a: 1.0 / sp.gammainccinv(a, q),
    isf=lambda q, a: 1.0 / sp.gammaincinv(a, q),
)
halfnorm = Continuous(
    "halfnorm",
    support=(0.0, np.inf),
    logpdf=lambda y: 0.5 * math.log(2.0 / math.pi) - 0.5 * (y * y),
    cdf=lambda y: sp.erf(y / _SQRT2),
    sf=lambda y: 2.0 * sp.ndtr(-y),
    ppf=lambda q: sp.ndtri((1.0 + q) / 2.0),
    isf=lambda q: -sp.ndtri(q / 2.0),
)
halfcauchy = Continuous(
    "halfcauchy",
    support=(0.0, np.inf),
    logpdf=lambda y: math.log(2.0 / math.pi) - np.log1p(y * y),
    cdf=lambda y: 2.0 / math.pi * np.arctan(y),
    sf=lambda y: 2.0 / math.pi * np.arctan2(1.0, y),
    ppf=lambda q: np.tan(math.pi / 2.0 * q),
    isf=lambda q: 1.0 / np.tan(math.pi / 2.0 * q),
)
rayleigh = Continuous(
    "rayleigh",
    support=(0.0, np.inf),
    logpdf=lambda y: np.log(y) - 0.5 * (y * y),
    cdf=lambda y: -np.expm1(-0.5 * (y * y)),
    sf=lambda y: np.exp(-0.5 * (y * y)),
    logsf=lambda y: -0.5 * (y * y),
    ppf=lambda q: np.sqrt(-2.0 * np.log1p(-q)),
    isf=lambda q: np.sqrt(-2.0 * np.log(q)),
)
