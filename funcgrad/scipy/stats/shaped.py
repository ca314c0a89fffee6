"""More continuous distributions in their standard form: truncated, circular, skewed, of extremes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.ops.special import ufuncs as sp
from funcgrad.scipy.stats.continuous import norm_logpdf, positive
from funcgrad.scipy.stats.continuous_methods import Continuous

# Truncated normal


def _log_mass(a: Any, b: Any) -> Any:
    """The logarithm of the standard normal probability of [a, b], from the tail where it is precise."""
    flip = a > 0
    low, high = np.where(flip, -b, a), np.where(flip, -a, b)
    return _log_difference(sp.log_ndtr(high), sp.log_ndtr(low))


def _log_difference(p: Any, q: Any) -> Any:
    """log(exp(p) - exp(q)) for p >= q; q may be minus infinity."""
    return p + np.log(-np.expm1(q - p))


def _truncnorm_ppf(q: Any, a: Any, b: Any) -> Any:
    mass = _log_mass(a, b)
    left = sp.ndtri_exp(np.logaddexp(sp.log_ndtr(a), np.log(q) + mass))
    right = -sp.ndtri_exp(np.logaddexp(sp.log_ndtr(-b), np.log1p(-q) + mass))
    return np.where(a < 0, left, right)


truncnorm = Continuous(
    "truncnorm",
    "a b",
    support=(lambda a, b: a, lambda a, b: b),
    check=lambda a, b: a < b,
    logpdf=lambda y, a, b: norm_logpdf(y) - _log_mass(a, b),
    cdf=lambda y, a, b: np.exp(_log_mass(a, y) - _log_mass(a, b)),
    sf=lambda y, a, b: np.exp(_log_mass(y, b) - _log_mass(a, b)),
    logcdf=lambda y, a, b: _log_mass(a, y) - _log_mass(a, b),
    logsf=lambda y, a, b: _log_mass(y, b) - _log_mass(a, b),
    ppf=_truncnorm_ppf,
)

# Circular

vonmises = Continuous(
    "vonmises",
    "kappa",
    check=lambda kappa: kappa >= 0,
    logpdf=lambda y, kappa: kappa * sp.cosm1(y) - math.log(2.0 * math.pi) - np.log(sp.i0e(kappa)),
)
wrapcauchy = Continuous(
    "wrapcauchy",
    "c",
    support=(0.0, 2.0 * math.pi),
    check=lambda c: (c > 0) & (c < 1),
    logpdf=lambda y, c: (
        np.log(1.0 - c * c) - np.log(2.0 * math.pi * (1.0 + c * c - 2.0 * c * np.cos(y)))
    ),
)

# Skewed and peaked


def _gennorm_cdf(y: Any, beta: Any) -> Any:
    half = 0.5 * np.sign(y)
    return 0.5 + half - half * sp.gammaincc(1.0 / beta, np.abs(y) ** beta)


def _gennorm_ppf(q: Any, beta: Any) -> Any:
    side = np.sign(q - 0.5)
    return side * sp.gammainccinv(1.0 / beta, 1.0 + side - 2.0 * side * q) ** (1.0 / beta)


gennorm = Continuous(
    "gennorm",
    "beta",
    check=positive,
    logpdf=lambda y, beta: np.log(0.5 * beta) - sp.gammaln(1.0 / beta) - np.abs(y) ** beta,
    cdf=_gennorm_cdf,
    sf=lambda y, beta: _gennorm_cdf(-y, beta),
    ppf=_gennorm_ppf,
    isf=lambda q, beta: -_gennorm_ppf(q, beta),
)
skewnorm = Continuous(
    "skewnorm",
    "a",
    logpdf=lambda y, a: math.log(2.0) + norm_logpdf(y) + sp.log_ndtr(a * np.clip(y, -1e300, 1e300)),
    cdf=lambda y, a: sp.ndtr(y) - 2.0 * sp.owens_t(y, a),
    sf=lambda y, a: sp.ndtr(-y) + 2.0 * sp.owens_t(y, a),
)


def _invgauss_tail(y: Any, mu: Any, sign: float) -> Any:
    root = 1.0 / np.sqrt(y)
    first = sp.log_ndtr(sign * root * (y / mu - 1.0))
    second = 2.0 / mu + sp.log_ndtr(-root * (y / mu + 1.0))
    return np.exp(first) + sign * np.exp(second)


invgauss = Continuous(
    "invgauss",
    "mu",
    support=(0.0, np.inf),
    zero_at_low=True,
    check=positive,
    logpdf=lambda y, mu: (
        -0.5 * math.log(2.0 * math.pi) - 1.5 * np.log(y) - (y - mu) ** 2 / (2.0 * y * mu * mu)
    ),
    cdf=lambda y, mu: _invgauss_tail(y, mu, 1.0),
    sf=lambda y, mu: _invgauss_tail(y, mu, -1.0),
)

# Extremes. Both are written for c != 0; at c = 0 they are the limits.


def _log1p_ratio(x: Any, c: Any) -> Any:
    """log(1 + c x) / c, which is x at c = 0."""
    flat = c == 0.0
    safe = np.where(flat, 1.0, c)
    return np.where(flat, x, np.log1p(np.where(flat, 0.0, c * x)) / safe)


def _expm1_ratio(x: Any, c: Any) -> Any:
    """(exp(c x) - 1) / c, which is x at c = 0."""
    flat = c == 0.0
    safe = np.where(flat, 1.0, c)
    return np.where(flat, x, np.expm1(np.where(flat, 0.0, c * x)) / safe)


def _inverse(c: Any) -> Any:
    return 1.0 / np.where(c == 0.0, 1.0, c)


genpareto = Continuous(
    "genpareto",
    "c",
    support=(0.0, lambda c: np.where(c < 0, -_inverse(c), np.inf)),
    logpdf=lambda y, c: -_log1p_ratio(y, c) - np.log1p(c * y),
    cdf=lambda y, c: -np.expm1(-_log1p_ratio(y, c)),
    sf=lambda y, c: np.exp(-_log1p_ratio(y, c)),
    logsf=lambda y, c: -_log1p_ratio(y, c),
    ppf=lambda q, c: _expm1_ratio(-np.log1p(-q), c),
    isf=lambda q, c: _expm1_ratio(-np.log(q), c),
)


def _log_rate(y: Any, c: Any) -> Any:
    """log(1 - c y) / c: minus the logarithm of minus the logarithm of the distribution function."""
    return -_log1p_ratio(np.clip(y, -1e300, 1e300), -c)


genextreme = Continuous(
    "genextreme",
    "c",
    support=(
        lambda c: np.where(c < 0, _inverse(c), -np.inf),
        lambda c: np.where(c > 0, _inverse(c), np.inf),
    ),
    logpdf=lambda y, c: (
        _log_rate(y, c) - np.log1p(-c * np.clip(y, -1e300, 1e300)) - np.exp(_log_rate(y, c))
    ),
    cdf=lambda y, c: np.exp(-np.exp(_log_rate(y, c))),
    sf=lambda y, c: -np.expm1(-np.exp(_log_rate(y, c))),
    logcdf=lambda y, c: -np.exp(_log_rate(y, c)),
    ppf=lambda q, c: _expm1_ratio(-np.log(-np.log(q)), -c),
    isf=lambda q, c: _expm1_ratio(-np.log(-np.log1p(-q)), -c),
)

# Powers

powerlaw = Continuous(
    "powerlaw",
    "a",
    support=(0.0, 1.0),
    check=positive,
    logpdf=lambda y, a: np.log(a) + sp.xlogy(a - 1.0, y),
    cdf=lambda y, a: y**a,
    sf=lambda y, a: -sp.powm1(y, a),
    logcdf=lambda y, a: a * np.log(y),
    ppf=lambda q, a: q ** (1.0 / a),
)
loguniform = Continuous(
    "loguniform",
    "a b",
    support=(lambda a, b: a, lambda a, b: b),
    check=lambda a, b: (a > 0) & (b > a),
    logpdf=lambda y, a, b: -np.log(y) - np.log(np.log(b) - np.log(a)),
    cdf=lambda y, a, b: (np.log(y) - np.log(a)) / (np.log(b) - np.log(a)),
    ppf=lambda q, a, b: np.exp(np.log(a) + q * (np.log(b) - np.log(a))),
)
maxwell = Continuous(
    "maxwell",
    support=(0.0, np.inf),
    logpdf=lambda y: 0.5 * math.log(2.0 / math.pi) + 2.0 * np.log(y) - 0.5 * (y * y),
    cdf=lambda y: sp.gammainc(1.5, 0.5 * (y * y)),
    sf=lambda y: sp.gammaincc(1.5, 0.5 * (y * y)),
    ppf=lambda q: np.sqrt(2.0 * sp.gammaincinv(1.5, q)),
    isf=lambda q: np.sqrt(2.0 * sp.gammainccinv(1.5, q)),
)
chi = Continuous(
    "chi",
    "df",
    support=(0.0, np.inf),
    check=positive,
    logpdf=lambda y, df: (
        math.log(2.0)
        - 0.5 * math.log(2.0) * df
        - sp.gammaln(0.5 * df)
        + sp.xlogy(df - 1.0, y)
        - 0.5 * (y * y)
    ),
    cdf=lambda y, df: sp.gammainc(0.5 * df, 0.5 * (y * y)),
    sf=lambda y, df: sp.gammaincc(0.5 * df, 0.5 * (y * y)),
    ppf=lambda q, df: np.sqrt(2.0 * sp.gammaincinv(0.5 * df, q)),
    isf=lambda q, df: np.sqrt(2.0 * sp.gammainccinv(0.5 * df, q)),
)


# Log-logistic, Burr's, generalised gamma, triangular and noncentral


def _fisk(formula: Any) -> Any:
    """A formula of the logistic distribution, at the logarithm."""
    return lambda y, c: formula(c * np.log(y))


fisk = Continuous(
    "fisk",
    "c",
    support=(0.0, math.inf),
    check=positive,
    zero_at_low=True,
    logpdf=lambda y, c: (
        np.log(c) - np.log(y) + sp.log_expit(c * np.log(y)) + sp.log_expit(-c * np.log(y))
    ),
    cdf=_fisk(sp.expit),
    sf=_fisk(lambda u: sp.expit(-u)),
    logcdf=_fisk(sp.log_expit),
    logsf=_fisk(lambda u: sp.log_expit(-u)),
    ppf=lambda q, c: np.exp(sp.logit(q) / c),
    isf=lambda q, c: np.exp(-sp.logit(q) / c),
)
burr = Continuous(
    "burr",
    "c d",
    support=(0.0, math.inf),
    check=positive,
    zero_at_low=True,
    logpdf=lambda y, c, d: (
        np.log(c) + np.log(d) - (c + 1.0) * np.log(y) - (d + 1.0) * np.log1p(y**-c)
    ),
    cdf=lambda y, c, d: np.exp(-d * np.log1p(y**-c)),
    sf=lambda y, c, d: -np.expm1(-d * np.log1p(y**-c)),
    logcdf=lambda y, c, d: -d * np.log1p(y**-c),
    ppf=lambda q, c, d: np.expm1(-np.log(q) / d) ** (-1.0 / c),
)
gengamma = Continuous(
    "gengamma",
    "a c",
    support=(0.0, math.inf),
    check=lambda a, c: (a > 0) & (c != 0),
    zero_at_low=True,
    logpdf=lambda y, a, c: np.log(np.abs(c)) + sp.xlogy(c * a - 1.0, y) - y**c - sp.gammaln(a),
    cdf=lambda y, a, c: np.where(c > 0, sp.gammainc(a, y**c), sp.gammaincc(a, y**c)),
    sf=lambda y, a, c: np.where(c > 0, sp.gammaincc(a, y**c), sp.gammainc(a, y**c)),
    ppf=lambda q, a, c: np.where(c > 0, sp.gammaincinv(a, q), sp.gammainccinv(a, q)) ** (1.0 / c),
    isf=lambda q, a, c: np.where(c > 0, sp.gammainccinv(a, q), sp.gammaincinv(a, q)) ** (1.0 / c),
)
triang = Continuous(
    "triang",
    "c",
    support=(0.0, 1.0),
    check=lambda c: (c >= 0) & (c <= 1),
    zero_at_low=True,
    logpdf=lambda y, c: (
        math.log(2.0) + np.where(y < c, np.log(y) - np.log(c), np.log1p(-y) - np.log1p(-c))
    ),
    cdf=lambda y, c: np.where(y < c, y * y / c, 1.0 - (1.0 - y) ** 2 / (1.0 - c)),
    ppf=lambda q, c: np.where(q < c, np.sqrt(c * q), 1.0 - np.sqrt((1.0 - c) * (1.0 - q))),
)
# The density (https://dlmf.nist.gov/10.25, N. Johnson, S. Kotz, Continuous Univariate Distributions 2, 29.4), as a
# function of the points and of the noncentrality: its Bessel function has no derivative by the degrees of freedom.
ncx2 = Continuous(
    "ncx2",
    "df nc",
    support=(0.0, math.inf),
    check=lambda df, nc: (df > 0) & (nc >= 0),
    zero_at_low=True,
    logpdf=lambda y, df, nc: (
        np.log(sp.ive(0.5 * df - 1.0, np.sqrt(nc * y)) / 2.0)
        + (0.25 * df - 0.5) * np.log(y / nc)
        - 0.5 * (np.sqrt(y) - np.sqrt(nc)) ** 2
    ),
)
