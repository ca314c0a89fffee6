"""The numbers have the distributions that they are said to have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import funcgrad as fg
import funcgrad.random as r

N = 20_000
IMPLS = ["threefry2x32", "philox"]
# Name, how to draw `n` numbers with a key, and their distribution in SciPy.
CONTINUOUS: list[tuple[str, Callable[[Any], Any], Any]] = [
    ("uniform", lambda k: r.uniform(k, (N,)), stats.uniform()),
    ("uniform in a range", lambda k: r.uniform(k, (N,), None, -2.0, 3.0), stats.uniform(-2.0, 5.0)),
    ("uniform in float32", lambda k: r.uniform(k, (N,), "float32"), stats.uniform()),
    ("normal", lambda k: r.normal(k, (N,)), stats.norm()),
    ("normal in float32", lambda k: r.normal(k, (N,), "float32"), stats.norm()),
    ("complex normal", lambda k: r.normal(k, (N,), complex).imag * 2**0.5, stats.norm()),
    ("truncated_normal", lambda k: r.truncated_normal(k, -1.0, 2.0, (N,)), stats.truncnorm(-1, 2)),
    ("lognormal", lambda k: r.lognormal(k, 0.5, (N,)), stats.lognorm(0.5)),
    ("exponential", lambda k: r.exponential(k, (N,)), stats.expon()),
    ("gumbel", lambda k: r.gumbel(k, (N,)), stats.gumbel_r()),
    ("gumbel, high", lambda k: r.gumbel(k, (N,), mode="high"), stats.gumbel_r()),
    ("gumbel, highest", lambda k: r.gumbel(k, (N,), "float32", "highest"), stats.gumbel_r()),
    ("laplace", lambda k: r.laplace(k, (N,)), stats.laplace()),
    ("logistic", lambda k: r.logistic(k, (N,)), stats.logistic()),
    ("cauchy", lambda k: r.cauchy(k, (N,)), stats.cauchy()),
    ("pareto", lambda k: r.pareto(k, 2.0, (N,)), stats.pareto(2.0)),
    ("weibull_min", lambda k: r.weibull_min(k, 2.0, 1.5, (N,)), stats.weibull_min(1.5, 0, 2.0)),
    ("rayleigh", lambda k: r.rayleigh(k, 2.0, (N,)), stats.rayleigh(0, 2.0)),
    ("triangular", lambda k: r.triangular(k, 0.0, 1.0, 3.0, (N,)), stats.triang(1 / 3, 0.0, 3.0)),
    ("maxwell", lambda k: r.maxwell(k, (N,)), stats.maxwell()),
    ("wald", lambda k: r.wald(k, 2.0, (N,)), stats.invgauss(2.0)),
    *[
        (f"gamma({a})", lambda k, a=a: r.gamma(k, a, (N,)), stats.gamma(a))
        for a in (0.1, 0.7, 1.0, 5.0, 1000.0)
    ],
    ("loggamma", lambda k: r.loggamma(k, 0.2, (N,)), stats.loggamma(0.2)),
    ("beta", lambda k: r.beta(k, 0.5, 2.0, (N,)), stats.beta(0.5, 2.0)),
    (
        "dirichlet",
        lambda k: r.dirichlet(k, np.array([1.0, 2.0, 3.0]), (N,))[:, 1],
        stats.beta(2, 4),
    ),
    ("chisquare", lambda k: r.chisquare(k, 3.0, (N,)), stats.chi2(3.0)),
    ("t", lambda k: r.t(k, 3.0, (N,)), stats.t(3.0)),
    ("f", lambda k: r.f(k, 3.0, 5.0, (N,)), stats.f(3.0, 5.0)),
    ("generalized_normal", lambda k: r.generalized_normal(k, 4.0, (N,)), stats.gennorm(4.0)),
    ("ball", lambda k: np.linalg.norm(r.ball(k, 3, 2.0, (N,)), axis=-1) ** 3, stats.uniform()),
]
DISCRETE: list[tuple[str, Callable[[Any], Any], Any]] = [
    ("randint", lambda k: r.randint(k, (N,), 2, 9), stats.randint(2, 9)),
    ("rademacher", lambda k: (r.rademacher(k, (N,)) + 1) // 2, stats.bernoulli(0.5)),
    ("bernoulli", lambda k: r.bernoulli(k, 0.2, (N,)).astype(int), stats.bernoulli(0.2)),
    ("bernoulli, high", lambda k: r.bernoulli(k, 0.2, (N,), "high") + 0, stats.bernoulli(0.2)),
    ("geometric", lambda k: r.geometric(k, 0.3, (N,)), stats.geom(0.3)),
    *[
        (f"poisson({m})", lambda k, m=m: r.poisson(k, m, (N,)), stats.poisson(m))
        for m in (0.3, 9.0, 12.0, 300.0)
    ],
    *[
        (f"binomial({n}, {p})", lambda k, n=n, p=p: r.binomial(k, n, p, (N,)), stats.binom(n, p))
        for n, p in ((5, 0.3), (50, 0.1), (40, 0.5), (1000, 0.9))
    ],
    (
        "multinomial",
        lambda k: r.multinomial(k, 9, np.array([0.2, 0.3, 0.5]), shape=(N,))[:, 1],
        stats.binom(9, 0.3),
    ),
    ("choice", lambda k: r.choice(k, 3, (N,), p=np.array([0.0, 0.4, 0.6])), stats.binom(1, 0.6, 1)),
    (
        "categorical",
        lambda k: r.categorical(k, np.log([0.7, 0.3]), shape=(N,)),
        stats.bernoulli(0.3),
    ),
    (
        "permutation",
        lambda k: r.permutation(k, np.tile(np.arange(4), (N, 1)), axis=1, independent=True)[:, 2],
        stats.randint(0, 4),
    ),
]


@pytest.mark.parametrize("impl", IMPLS)
@pytest.mark.parametrize("case", CONTINUOUS, ids=[c[0] for c in CONTINUOUS])
def test_continuous(case: Any, impl: str) -> None:
    name, draw, distribution = case
    x = draw(r.key(11, impl=impl))
    assert x.shape == (N,)
    assert stats.kstest(x.astype(float), distribution.cdf).pvalue > 1e-3, name


@pytest.mark.parametrize("impl", IMPLS)
@pytest.mark.parametrize("case", DISCRETE, ids=[c[0] for c in DISCRETE])
def test_discrete(case: Any, impl: str) -> None:
    name, draw, distribution = case
    x = draw(r.key(11, impl=impl))
    assert x.shape == (N,)
    found, counts = np.unique(x, return_counts=True)
    expected = N * distribution.pmf(found)
    often = expected > 5
    rare = N - counts[often].sum(), N - expected[often].sum()
    observed = [*counts[often], rare[0]] if rare[1] > 1 else counts[often]
    wanted = [*expected[often], rare[1]] if rare[1] > 1 else expected[often]
    wanted = np.array(wanted) * np.sum(observed) / np.sum(wanted)
    assert stats.chisquare(observed, wanted).pvalue > 1e-3, name


@pytest.mark.parametrize("impl", IMPLS)
def test_numbers_of_different_keys_are_independent(impl: str) -> None:
    first, second = r.split(r.key(0, impl=impl))
    third = r.fold_in(r.key(0, impl=impl), 77)
    draws = np.stack([r.normal(k, (N,)) for k in (r.key(0, impl=impl), first, second, third)])
    np.testing.assert_allclose(np.corrcoef(draws), np.eye(4), atol=0.03)


@pytest.mark.parametrize("method", ["cholesky", "eigh", "svd"])
def test_multivariate_normal(method: str) -> None:
    cov = np.array([[2.0, 0.8], [0.8, 1.0]])
    x = r.multivariate_normal(r.key(5), np.array([1.0, -1.0]), cov, (N,), method=method)
    np.testing.assert_allclose(x.mean(0), [1.0, -1.0], atol=0.05)
    np.testing.assert_allclose(np.cov(x.T), cov, atol=0.06)


def test_permutations_are_permutations() -> None:
    for impl in IMPLS:
        for n in (0, 1, 2, 100, 3000):
            np.testing.assert_array_equal(
                np.sort(r.permutation(r.key(1, impl=impl), n)), np.arange(n)
            )


def test_choice_without_replacement_has_no_repetitions() -> None:
    weights = np.arange(1.0, 21.0)
    for p in (None, weights / weights.sum()):
        chosen = r.choice(r.key(2), 20, (3, 5), replace=False, p=p)
        assert len(np.unique(chosen)) == 15


def test_orthogonal_matrices() -> None:
    for dtype in (float, complex):
        q = r.orthogonal(r.key(0), 4, (3,), dtype)
        identity = q @ np.swapaxes(q, -1, -2).conj()
        np.testing.assert_allclose(identity, np.tile(np.eye(4), (3, 1, 1)), atol=1e-12)


def test_a_normal_number_stays_finite_at_the_ends_of_the_uniform_ones() -> None:
    from funcgrad.ops.random.quantile import normal_quantile

    ends = np.array([np.nextafter(-1.0, 0.0), -0.85, 0.0, 0.85, np.nextafter(1.0, 0.0)])
    np.testing.assert_allclose(normal_quantile(ends), 2**0.5 * special.erfinv(ends), rtol=1e-12)
    assert fg.random.normal(r.key(0), (0, 3)).shape == (0, 3)
