"""Cases: distributions of `scipy.stats` by SciPy's own formulas, and relations of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import funcgrad.scipy.stats as stats
from tests.cases.case import Case
from tests.cases.scipy_stats import POSITIVE, Range, case, double

_OF_NONE = ("anglit", "halflogistic", "hypsecant", "levy", "moyal", "semicircular", "wald")
_OF_ONE = (
    "alpha", "argus", "bradford", "dgamma", "dweibull", "exponnorm", "exponpow", "fatiguelife", "foldcauchy",
    "foldnorm", "genlogistic", "gompertz", "halfgennorm", "invweibull", "kappa3", "laplace_asymmetric", "loggamma",
    "lomax", "nakagami", "powernorm", "rdist", "rel_breitwigner", "rice", "truncexpon",
)  # fmt: skip
_OF_TWO = (
    "betaprime", "burr12", "exponweib", "jf_skew_t", "johnsonsb", "johnsonsu", "mielke", "powerlognorm",
)  # fmt: skip

# Distributions by SciPy's formulas: points and shape parameters at which they are smooth.
BORROWED: dict[str, tuple[Range, list[Range]]] = {
    **dict.fromkeys(
        [
            "anglit",
            "foldnorm",
            "halflogistic",
            "hypsecant",
            "levy",
            "moyal",
            "semicircular",
            "wald",
        ],
        ((0.3, 0.5), []),
    ),
    **dict.fromkeys(
        [
            "alpha",
            "argus",
            "bradford",
            "dgamma",
            "dweibull",
            "exponnorm",
            "exponpow",
            "fatiguelife",
            "foldcauchy",
            "foldnorm",
            "genlogistic",
            "gompertz",
            "halfgennorm",
            "invweibull",
            "kappa3",
            "laplace_asymmetric",
            "loggamma",
            "lomax",
            "nakagami",
            "powernorm",
            "rdist",
            "rel_breitwigner",
            "rice",
            "truncexpon",
        ],
        ((0.3, 0.5), [(1.1, 2.0)]),
    ),
    **dict.fromkeys(
        [
            "betaprime",
            "burr12",
            "exponweib",
            "jf_skew_t",
            "johnsonsb",
            "johnsonsu",
            "mielke",
            "powerlognorm",
        ],
        ((0.3, 0.5), [(1.1, 2.0), (1.1, 2.0)]),
    ),
    "arcsine": ((0.3, 0.5), []),
    "genexpon": ((0.3, 0.5), [POSITIVE, POSITIVE, POSITIVE]),
    "loglaplace": ((0.3, 0.5), [(1.1, 2.0)]),
    "norminvgauss": ((0.3, 0.5), [(1.5, 2.0), (0.2, 0.8)]),
    "reciprocal": ((0.5, 0.7), [(0.1, 0.2), (1.5, 2.0)]),
    "skewcauchy": ((0.3, 0.5), [(-0.5, 0.5)]),
    "truncweibull_min": ((0.5, 0.7), [POSITIVE, (0.1, 0.2), (1.5, 2.0)]),
}


def borrowed() -> Iterator[Case]:
    for name, (points, shapes) in BORROWED.items():
        distribution = getattr(stats, name)
        low, high = zip(points, *shapes, strict=True)
        for method in distribution.formulas:
            at = (0.3, 0.6) if method in ("ppf", "isf") else (low[0], high[0])
            yield case(
                f"{name}.{method}",
                getattr(distribution, method),
                (at[0], *low[1:]),
                (at[1], *high[1:]),
                order=1,
                rtol=1e-6,
            )
    for name, a in (("planck", 0.7), ("zipf", 2.5), ("yulesimon", 1.5), ("dlaplace", 0.8)):
        yield case(
            f"{name}.logpmf",
            lambda p, name=name: getattr(stats, name).logpmf(np.array([1, 2, 5]), p),
            (a,),
            (a + 0.3,),
            order=1,
            rtol=1e-8,
        )


def relation(name: str, fun: Callable[..., Any], *shapes: tuple[int, ...], **fields: Any) -> Case:
    """A function of samples, which must not be empty, in double precision."""
    return Case(
        lambda *xs: fun(*map(double, xs)),
        args=lambda rng: tuple([rng.uniform(0.5, 2.0, shape) for shape in shapes]),
        jax=None,
        name=f"stats.{name}",
        **{"rtol": 1e-7} | fields,
    )


RELATIONS = [
    relation("linregress", lambda x, y: stats.linregress(x, y)[:], (6,), (6,)),
    relation(
        "linregress, one-sided", lambda y: stats.linregress(np.arange(4.0), y, "less").pvalue, (4,)
    ),
    relation("pearsonr", lambda x, y: tuple(stats.pearsonr(x, y, axis=1)), (2, 5), (2, 5), order=1),
    relation(
        "pearsonr, one-sided",
        lambda x: tuple(stats.pearsonr(x, np.arange(5.0), alternative="greater")),
        (5,),
        order=1,
    ),
    *[
        relation(
            f"rankdata {method}",
            lambda x, method=method: stats.rankdata(np.round(3 * x), method, axis=1),
            (2, 5),
            grad=False,
        )
        for method in ("average", "min", "max")
    ],
    relation("spearmanr", lambda a, b: tuple(stats.spearmanr(a, b)), (6,), (6,), grad=False),
    relation(
        "f_oneway", lambda x, y: tuple(stats.f_oneway(x, y, y[1:] * x[0])), (4, 2), (5, 2), order=1
    ),
    relation("boxcox", lambda x: stats.boxcox(x, 0.4), (3,)),
    relation("boxcox_llf", lambda p, x: stats.boxcox_llf(p[0], x), (1,), (4,)),
    relation("yeojohnson", lambda x: stats.yeojohnson(x - 1.0, 0.4), (4,)),
    relation("yeojohnson_llf", lambda p, x: stats.yeojohnson_llf(p[0] - 0.5, x - 1.0), (1,), (4,)),
    relation("ncx2.logpdf", lambda x, nc: stats.ncx2.logpdf(x, 2.5, nc), (3,), (3,)),
    relation(
        "gaussian_kde",
        lambda x, w, at: stats.gaussian_kde(x, "silverman", w).logpdf(at),
        (2, 6),
        (6,),
        (2, 3),
    ),
    relation(
        "gaussian_kde, 1-d", lambda x: stats.gaussian_kde(x, 0.5)(np.arange(3.0)), (6,), order=1
    ),
]

CASES = [*borrowed(), *RELATIONS]
