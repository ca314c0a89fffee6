"""`funcgrad.scipy.stats`: distributions and summary statistics on traced values.

The names are SciPy's. On plain arrays everything is SciPy's own; names that are not traced are passed
through, and refuse traced values.

>>> import numpy as np, funcgrad as fg
>>> data = np.array([1.0, 2.0, 4.0])
>>> fg.grad(lambda mu: fg.scipy.stats.norm.logpdf(data, mu, 1.0).sum())(2.0)
np.float64(1.0)
"""

from __future__ import annotations

from funcgrad.scipy.mirror import other_names
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
from funcgrad.scipy.stats.shaped import (
    chi,
    genextreme,
    gennorm,
    genpareto,
    invgauss,
    loguniform,
    maxwell,
    powerlaw,
    skewnorm,
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

__getattr__ = other_names("stats")

__all__ = [
    "bernoulli", "beta", "betabinom", "binom", "cauchy", "chi", "chi2", "dirichlet", "expon",
    "f", "gamma", "genextreme", "gennorm", "genpareto", "geom", "gumbel_l", "gumbel_r",
    "halfcauchy", "halfnorm", "invgamma", "invgauss", "laplace", "logistic", "lognorm",
    "loguniform", "logser", "maxwell", "multinomial", "multivariate_normal", "multivariate_t",
    "nbinom", "norm", "pareto", "poisson", "powerlaw", "rayleigh", "skellam", "skewnorm", "t",
    "truncnorm", "uniform", "vonmises", "weibull_max", "weibull_min", "wishart", "wrapcauchy",
    "entropy", "gmean", "hmean", "kurtosis", "moment", "sem", "skew", "zscore",
]  # fmt: skip
