"""`funcgrad.scipy.stats`: distributions and summary statistics on traced values.

The names are SciPy's. On plain arrays everything is SciPy's own; names that are not traced are passed
through, and refuse traced values.

>>> import numpy as np, funcgrad as fg
>>> data = np.array([1.0, 2.0, 4.0])
>>> fg.grad(lambda mu: fg.scipy.stats.norm.logpdf(data, mu, 1.0).sum())(2.0)
np.float64(1.0)
"""

from __future__ import annotations

from typing import Any

from funcgrad.scipy.mirror import other_names
from funcgrad.scipy.stats.borrowed import BORROWED
from funcgrad.scipy.stats.continuous import (
    beta,
    cauchy,
    chi2,
    expon,
    f,
    gamma,
    gumbel_l,
    gumbel_r,
    halfcauchy,
    halfnorm,
    invgamma,
    laplace,
    logistic,
    lognorm,
    norm,
    pareto,
    rayleigh,
    t,
    uniform,
    weibull_max,
    weibull_min,
)
from funcgrad.scipy.stats.density import gaussian_kde
from funcgrad.scipy.stats.discrete import (
    bernoulli,
    betabinom,
    binom,
    geom,
    logser,
    nbinom,
    poisson,
    skellam,
)
from funcgrad.scipy.stats.multivariate import (
    dirichlet,
    multinomial,
    multivariate_normal,
    multivariate_t,
    wishart,
)
from funcgrad.scipy.stats.relations import (
    boxcox,
    boxcox_llf,
    f_oneway,
    linregress,
    pearsonr,
    rankdata,
    spearmanr,
    yeojohnson,
    yeojohnson_llf,
)
from funcgrad.scipy.stats.shaped import (
    burr,
    chi,
    fisk,
    genextreme,
    gengamma,
    gennorm,
    genpareto,
    invgauss,
    loguniform,
    maxwell,
    ncx2,
    powerlaw,
    skewnorm,
    triang,
    truncnorm,
    vonmises,
    wrapcauchy,
)
from funcgrad.scipy.stats.summary import (
    entropy,
    gmean,
    hmean,
    kurtosis,
    moment,
    sem,
    skew,
    zscore,
)

_other = other_names("stats")


def __getattr__(name: str) -> Any:
    return BORROWED[name] if name in BORROWED else _other(name)


__all__ = [
    "bernoulli", "beta", "betabinom", "binom", "boxcox", "boxcox_llf", "burr", "cauchy", "chi", "chi2", "dirichlet",
    "entropy", "expon", "f", "f_oneway", "fisk", "gamma", "gaussian_kde", "genextreme", "gengamma", "gennorm",
    "genpareto", "geom", "gmean", "gumbel_l", "gumbel_r", "halfcauchy", "halfnorm", "hmean", "invgamma", "invgauss",
    "kurtosis", "laplace", "linregress", "logistic", "lognorm", "loguniform", "logser", "maxwell", "moment",
    "multinomial", "multivariate_normal", "multivariate_t", "nbinom", "ncx2", "norm", "pareto", "pearsonr",
    "poisson", "powerlaw", "rankdata", "rayleigh", "sem", "skellam", "skew", "skewnorm", "spearmanr", "t",
    "triang", "truncnorm", "uniform", "vonmises", "weibull_max", "weibull_min", "wishart", "wrapcauchy",
    "yeojohnson", "yeojohnson_llf", "zscore",
]  # fmt: skip
__all__.extend(BORROWED)
