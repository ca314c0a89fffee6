"""Distributions of integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.ops.special import ufuncs as sp
from funcgrad.scipy.stats.discrete_methods import Discrete


def _probability(p: Any) -> Any:
    return (p >= 0) & (p <= 1)


def _log_choose(n: Any, k: Any) -> Any:
    return sp.gammaln(n + 1.0) - sp.gammaln(k + 1.0) - sp.gammaln(n - k + 1.0)


poisson = Discrete(
    "poisson",
    "mu",
    support=(0.0, np.inf),
    check=lambda mu: mu >= 0,
    logpmf=lambda k, mu: sp.xlogy(k, mu) - sp.gammaln(k + 1.0) - mu,
    cdf=lambda k, mu: sp.gammaincc(k + 1.0, mu),
    sf=lambda k, mu: sp.gammainc(k + 1.0, mu),
)


def _binom_tail(ibeta: Any) -> Any:
    """The regularised incomplete beta function of the tail of a binomial, whose last one is empty."""

    def tail(k: Any, n: Any, p: Any) -> Any:
        last = k >= n
        return np.where(
            last, 0.0, ibeta(np.where(last, 1.0, k + 1.0), np.where(last, 1.0, n - k), p)
        )

    return tail


binom = Discrete(
    "binom",
    "n p",
    support=(0.0, lambda n, p: n),
    check=lambda n, p: (n >= 0) & (np.floor(n) == n) & _probability(p),
    logpmf=lambda k, n, p: _log_choose(n, k) + sp.xlogy(k, p) + sp.xlog1py(n - k, -p),
    cdf=_binom_tail(sp.betaincc),
    sf=_binom_tail(sp.betainc),
)
bernoulli = Discrete(
    "bernoulli",
    "p",
    support=(0.0, 1.0),
    check=_probability,
    logpmf=lambda k, p: sp.xlogy(k, p) + sp.xlog1py(1.0 - k, -p),
    cdf=lambda k, p: np.where(k < 1.0, 1.0 - p, 1.0),
    sf=lambda k, p: np.where(k < 1.0, p, 0.0),
)
geom = Discrete(
    "geom",
    "p",
    support=(1.0, np.inf),
    check=lambda p: (p > 0) & (p <= 1),
    logpmf=lambda k, p: sp.xlog1py(k - 1.0, -p) + np.log(p),
    cdf=lambda k, p: -np.expm1(np.log1p(-p) * k),
    sf=lambda k, p: np.exp(np.log1p(-p) * k),
)
nbinom = Discrete(
    "nbinom",
    "n p",
    support=(0.0, np.inf),
    check=lambda n, p: (n > 0) & (p > 0) & (p <= 1),
    logpmf=lambda k, n, p: (
        sp.gammaln(n + k) - sp.gammaln(k + 1.0) - sp.gammaln(n) + n * np.log(p) + sp.xlog1py(k, -p)
    ),
    cdf=lambda k, n, p: sp.betainc(n, k + 1.0, p),
    sf=lambda k, n, p: sp.betaincc(n, k + 1.0, p),
)
betabinom = Discrete(
    "betabinom",
    "n a b",
    support=(0.0, lambda n, a, b: n),
    check=lambda n, a, b: (n >= 0) & (np.floor(n) == n) & (a > 0) & (b > 0),
    logpmf=lambda k, n, a, b: (
        -np.log(n + 1.0)
        - sp.betaln(n - k + 1.0, k + 1.0)
        + sp.betaln(k + a, n - k + b)
        - sp.betaln(a, b)
    ),
)
logser = Discrete(
    "logser",
    "p",
    support=(1.0, np.inf),
    check=lambda p: (p > 0) & (p < 1),
    logpmf=lambda k, p: k * np.log(p) - np.log(k) - np.log(-np.log1p(-p)),
)
skellam = Discrete(
    "skellam",
    "mu1 mu2",
    check=lambda mu1, mu2: (mu1 > 0) & (mu2 > 0),
    logpmf=lambda k, mu1, mu2: (
        -((np.sqrt(mu1) - np.sqrt(mu2)) ** 2)
        + 0.5 * k * (np.log(mu1) - np.log(mu2))
        + np.log(sp.ive(np.abs(k), 2.0 * np.sqrt(mu1 * mu2)))
    ),
)
