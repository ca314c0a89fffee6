"""Cases: `funcgrad.scipy.stats`, compared with SciPy and with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import funcgrad.scipy.stats as stats
from tests.cases.case import Case

Range = tuple[float, float]
POSITIVE: Range = (0.5, 3.0)
LOC: Range = (-0.3, 0.3)
SCALE: Range = (0.7, 1.6)

# Each distribution with the range of points, of which some are outside of the support, and of its shapes.
CONTINUOUS: dict[str, tuple[Range, list[Range]]] = {
    "norm": ((-2.0, 2.0), []),
    "uniform": ((0.4, 0.6), []),
    "expon": ((0.5, 3.0), []),
    "gamma": ((0.5, 3.0), [POSITIVE]),
    "beta": ((0.4, 0.6), [POSITIVE, POSITIVE]),
    "t": ((-2.0, 2.0), [(1.0, 5.0)]),
    "cauchy": ((-2.0, 2.0), []),
    "laplace": ((0.5, 2.0), []),
    "logistic": ((-2.0, 2.0), []),
    "lognorm": ((0.5, 3.0), [POSITIVE]),
    "chi2": ((0.5, 3.0), [POSITIVE]),
    "chi": ((0.5, 3.0), [POSITIVE]),
    "f": ((0.5, 3.0), [POSITIVE, POSITIVE]),
    "pareto": ((3.5, 5.0), [POSITIVE]),
    "weibull_min": ((0.5, 3.0), [POSITIVE]),
    "weibull_max": ((-3.0, -0.5), [POSITIVE]),
    "gumbel_r": ((-2.0, 2.0), []),
    "gumbel_l": ((-2.0, 2.0), []),
    "invgamma": ((0.5, 3.0), [POSITIVE]),
    "invgauss": ((0.5, 3.0), [POSITIVE]),
    "halfnorm": ((0.5, 3.0), []),
    "halfcauchy": ((0.5, 3.0), []),
    "rayleigh": ((0.5, 3.0), []),
    "maxwell": ((0.5, 3.0), []),
    "truncnorm": ((-0.2, 0.8), [(-2.0, -1.0), (2.5, 3.0)]),
    "vonmises": ((-1.0, 1.0), [POSITIVE]),
    "wrapcauchy": ((0.5, 3.0), [(0.2, 0.8)]),
    "gennorm": ((0.6, 2.0), [POSITIVE]),
    "skewnorm": ((-2.0, 2.0), [(-2.0, 2.0)]),
    "genpareto": ((0.5, 1.0), [(-0.3, 0.5)]),
    "genextreme": ((-0.5, 0.5), [(-0.3, 0.3)]),
    "powerlaw": ((0.4, 0.6), [POSITIVE]),
    "loguniform": ((1.5, 1.6), [(0.3, 0.6), (4.0, 5.0)]),
    "burr": ((0.5, 3.0), [POSITIVE, POSITIVE]),
    "fisk": ((0.5, 3.0), [POSITIVE]),
    "gengamma": ((0.5, 3.0), [POSITIVE, (0.5, 2.0)]),
    "triang": ((0.5, 0.6), [(0.1, 0.4)]),
}
# Derivatives by shapes beyond the first order that special functions lack, or that SciPy computes to
# too few digits for finite differences of them.
ONCE = {"gamma", "gengamma", "beta", "t", "chi2", "chi", "f", "invgamma", "gennorm", "maxwell"}
WITHOUT_CDF = {"vonmises", "wrapcauchy"}
WITHOUT_PPF = {*WITHOUT_CDF, "skewnorm", "invgauss"}

DISCRETE: dict[str, tuple[list[int], list[Range]]] = {
    "poisson": ([0, 1, 4], [(0.5, 3.0)]),
    "bernoulli": ([0, 1, 1], [(0.2, 0.8)]),
    "geom": ([1, 2, 5], [(0.2, 0.8)]),
    "nbinom": ([0, 1, 4], [(1.5, 3.0), (0.2, 0.8)]),
    "logser": ([1, 2, 5], [(0.2, 0.8)]),
    "skellam": ([-1, 0, 3], [POSITIVE, POSITIVE]),
}


def double(x: Any) -> Any:
    return x * np.float64(1.0)


def normals(*shapes: tuple[int, ...]) -> Any:
    return lambda rng: tuple([rng.normal(size=shape) for shape in shapes])


def positive_vectors(*sizes: int) -> Any:
    return lambda rng: tuple([rng.uniform(0.5, 2.0, n) for n in sizes])


def case(name: str, fun: Callable[..., Any], low: Any, high: Any, **fields: Any) -> Case:
    """A function of a vector of points and of vectors of parameters, in double precision."""
    shapes = ((3,),) * len(low)
    return Case(
        lambda *xs: fun(*map(double, xs)),
        shapes=shapes,
        low=tuple(low),
        high=tuple(high),
        jax=None,
        name=f"stats.{name}",
        **fields,
    )


def continuous() -> Iterator[Case]:
    for name, (points, shapes) in CONTINUOUS.items():
        distribution = getattr(stats, name)
        ranges = [points, *shapes, LOC, SCALE]
        if name in ("uniform", "beta", "powerlaw"):
            ranges = [points, *shapes, (-0.1, 0.1), (0.9, 1.1)]
        low, high = zip(*ranges, strict=True)
        methods = ["logpdf", "pdf"]
        if name not in WITHOUT_CDF:
            methods += ["cdf", "sf", "logcdf", "logsf"]
        for method in methods:
            smooth_once = name in ONCE and not method.endswith("pdf")
            yield case(
                f"{name}.{method}",
                getattr(distribution, method),
                low,
                high,
                order=1 if smooth_once else 2,
                rtol=1e-6 if smooth_once else 1e-9,
            )
        if name not in WITHOUT_PPF:
            for method in ("ppf", "isf"):
                yield case(
                    f"{name}.{method}",
                    getattr(distribution, method),
                    (0.2, *low[1:]),
                    (0.8, *high[1:]),
                    order=1,
                    rtol=1e-6,
                )


def discrete() -> Iterator[Case]:
    for name, (points, shapes) in DISCRETE.items():
        distribution = getattr(stats, name)
        low, high = zip(*shapes, strict=True)
        methods = ["logpmf", "pmf"]
        if name not in ("logser", "skellam"):
            methods += ["cdf", "sf"]
        if name in ("poisson", "geom", "nbinom"):
            methods += ["logcdf", "logsf"]
        for method in methods:
            yield case(
                f"{name}.{method}",
                lambda *p, method=method, distribution=distribution, points=points: getattr(
                    distribution, method
                )(points, *p),
                low,
                high,
                order=2 if name != "skellam" and method.endswith("pmf") else 1,
                rtol=1e-8,
            )
    for method in ("logpmf", "pmf", "cdf", "sf"):
        yield case(
            f"binom.{method}",
            lambda p, method=method: getattr(stats.binom, method)(np.array([0, 2, 4]), 4, p),
            (0.2,),
            (0.8,),
            rtol=1e-8,
        )
    yield case(
        "betabinom.logpmf",
        lambda a, b: stats.betabinom.logpmf(np.array([0, 2, 4]), 4, a, b),
        (0.5, 0.5),
        (3.0, 3.0),
        rtol=1e-8,
    )


def covariance(x: Any) -> Any:
    return x @ x.T + np.eye(x.shape[-1])


VECTORS = [
    Case(
        lambda x, mean, c: stats.multivariate_normal.logpdf(x, mean, covariance(c)),
        args=normals((4, 2), (2,), (2, 2)),
        jax=None,
        name="stats.multivariate_normal.logpdf",
    ),
    Case(
        lambda x, mean, v: stats.multivariate_normal.pdf(x, mean, v),
        args=lambda rng: (rng.normal(size=2), rng.normal(size=2), rng.uniform(0.5, 2.0, 2)),
        jax=None,
        name="stats.multivariate_normal.pdf",
    ),
    Case(
        lambda x, mean, c: stats.multivariate_normal.logpdf(
            np.stack([x, 2.0 * x]),
            mean * x,
            (1.0 + c[0] ** 2) * np.outer(x, x),
            allow_singular=True,
        ),
        args=normals((2,), (), (1,)),
        jax=None,
        name="stats.multivariate_normal.logpdf singular",
    ),
    Case(
        lambda mean, c: stats.multivariate_normal.entropy(mean, covariance(c)),
        args=normals((3,), (3, 3)),
        jax=None,
        name="stats.multivariate_normal.entropy",
    ),
    Case(
        lambda x, loc, c: stats.multivariate_t.logpdf(*map(double, (x, loc, covariance(c))), 3.0),
        args=normals((4, 2), (2,), (2, 2)),
        jax=None,
        name="stats.multivariate_t.logpdf",
    ),
    Case(
        lambda x, alpha: stats.dirichlet.logpdf(x / np.sum(x), alpha),
        args=positive_vectors(3, 3),
        jax=None,
        name="stats.dirichlet.logpdf",
    ),
    Case(
        lambda p: stats.multinomial.logpmf(np.array([[1, 2, 3], [0, 0, 6]]), 6, p / np.sum(p)),
        shapes=((3,),),
        low=0.5,
        high=2.0,
        jax=None,
        name="stats.multinomial.logpmf",
    ),
    Case(
        lambda x, scale: stats.wishart.logpdf(covariance(x), 4.0, covariance(scale)),
        shapes=((3, 3), (3, 3)),
        jax=None,
        name="stats.wishart.logpdf",
    ),
]

SUMMARIES = [
    Case(stats.gmean, args=positive_vectors(4), jax=None, name="stats.gmean"),
    Case(
        lambda x, w: stats.gmean(x, weights=w),
        args=positive_vectors(4, 4),
        jax=None,
        name="stats.gmean with weights",
    ),
    Case(stats.hmean, shapes=((3, 4),), low=0.5, params={"axis": None}, jax=None, name="stats.hmean"),
    Case(stats.sem, shapes=((3, 4),), params={"axis": 1}, jax=None, name="stats.sem"),
    Case(stats.zscore, shapes=((3, 4),), params={"axis": None}, jax=None, name="stats.zscore"),
    Case(stats.moment, shapes=((3, 4),), params={"order": 3}, jax=None, name="stats.moment"),
    Case(
        stats.moment,
        shapes=((3, 4),),
        params={"order": (1, 2), "axis": 1, "center": 0.5},
        jax=None,
        name="stats.moments",
    ),
    Case(stats.skew, shapes=((4, 3),), jax=None, name="stats.skew"),
    Case(stats.skew, shapes=((4, 3),), params={"bias": False}, jax=None, name="stats.skew without bias"),
    Case(stats.kurtosis, shapes=((5, 3),), jax=None, name="stats.kurtosis"),
    Case(
        stats.kurtosis,
        shapes=((5, 3),),
        params={"bias": False, "fisher": False},
        jax=None,
        name="stats.kurtosis without bias",
    ),
    Case(stats.entropy, shapes=((4, 3),), low=0.2, jax=None, name="stats.entropy"),
    Case(
        lambda p, q: stats.entropy(p, q, base=2.0),
        shapes=((4,), (4,)),
        low=0.2,
        jax=None,
        name="stats.entropy, relative",
    ),
]  # fmt: skip

CASES = [*continuous(), *discrete(), *VECTORS, *SUMMARIES]
