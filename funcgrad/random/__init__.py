"""`funcgrad.random`: random numbers from explicit keys, with the names and the numbers of `jax.random`.

A key is a small array of integers. The same key gives the same numbers; new keys come from `split` and `fold_in`.

>>> import funcgrad as fg
>>> key = fg.random.key(0)
>>> key, used_here = fg.random.split(key)
>>> fg.random.normal(used_here, (2,))
array([-1.4008841,  1.432145 ])
"""

from __future__ import annotations

from funcgrad.random.discrete import (
    binomial,
    categorical,
    choice,
    multinomial,
    permutation,
    poisson,
)
from funcgrad.random.gammas import (
    ball,
    beta,
    chisquare,
    dirichlet,
    f,
    gamma,
    generalized_normal,
    loggamma,
    t,
)
from funcgrad.random.gaussian import (
    double_sided_maxwell,
    lognormal,
    maxwell,
    multivariate_normal,
    normal,
    orthogonal,
    truncated_normal,
    wald,
)
from funcgrad.random.inverse import (
    cauchy,
    exponential,
    geometric,
    gumbel,
    laplace,
    logistic,
    pareto,
    rayleigh,
    triangular,
    weibull_min,
)
from funcgrad.random.keys import (
    PRNGKey,
    bits,
    clone,
    fold_in,
    key,
    key_data,
    key_impl,
    split,
    wrap_key_data,
)
from funcgrad.random.uniform import bernoulli, rademacher, randint, uniform

__all__ = [
    # keys
    "key",
    "PRNGKey",
    "split",
    "fold_in",
    "bits",
    "clone",
    "key_data",
    "key_impl",
    "wrap_key_data",
    # continuous distributions
    "uniform",
    "normal",
    "truncated_normal",
    "lognormal",
    "multivariate_normal",
    "exponential",
    "gamma",
    "loggamma",
    "beta",
    "dirichlet",
    "chisquare",
    "t",
    "f",
    "cauchy",
    "gumbel",
    "laplace",
    "logistic",
    "pareto",
    "rayleigh",
    "triangular",
    "wald",
    "weibull_min",
    "maxwell",
    "double_sided_maxwell",
    "generalized_normal",
    # discrete distributions
    "randint",
    "bernoulli",
    "rademacher",
    "categorical",
    "binomial",
    "multinomial",
    "poisson",
    "geometric",
    # arrangements and shapes
    "permutation",
    "choice",
    "orthogonal",
    "ball",
]
