"""`funcgrad.scipy.stats` beyond the table: the edges of supports, parameters that are not allowed, frozen forms."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.stats

import funcgrad as fg
import funcgrad.scipy.stats as stats
from funcgrad.core.errors import ArgumentError, UnsupportedError
from tests.cases.scipy_stats import CONTINUOUS, DISCRETE, WITHOUT_CDF, WITHOUT_PPF

POINTS = np.array([-np.inf, -2.0, 0.0, 0.5, 1.0, 7.0, np.inf, np.nan])
QUANTILES = np.array([-0.1, 0.0, 0.3, 1.0, 1.2, np.nan])


def quietly(fun: Any, *args: Any) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return fun(*args)


def middle(ranges: list[tuple[float, float]]) -> list[float]:
    return [(low + high) / 2 for low, high in ranges]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_edges_of_continuous_distributions(name: str) -> None:
    shapes = middle(CONTINUOUS[name][1])
    methods = ["pdf", "logpdf"] + ["cdf", "sf"] * (name not in WITHOUT_CDF)
    for method in methods:
        function = getattr(getattr(stats, name), method)
        expected = quietly(getattr(getattr(scipy.stats, name), method), POINTS, *shapes)
        found = fg.jit(lambda x, f=function: f(x, *shapes))(POINTS)
        if method.endswith("pdf"):
            # Some of SciPy's densities are NaN at infinity.
            expected[np.isinf(POINTS)] = 0.0 if method == "pdf" else -np.inf
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14, err_msg=method)
    if name not in WITHOUT_PPF:
        for method in ("ppf", "isf"):
            function = getattr(getattr(stats, name), method)
            expected = quietly(getattr(getattr(scipy.stats, name), method), QUANTILES, *shapes)
            found = fg.jit(lambda q, f=function: f(q, *shapes))(QUANTILES)
            np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-14, err_msg=method)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_gradients_outside_of_the_support_are_zero_or_finite(name: str) -> None:
    shapes = middle(CONTINUOUS[name][1])
    distribution = getattr(stats, name)
    x = np.array([-5.3, 0.45, 11.7])
    grad = fg.grad(lambda x: np.sum(distribution.pdf(x, *shapes)))(x)
    assert np.all(np.isfinite(grad))
    for i in range(len(shapes)):
        grad = fg.grad(lambda s: np.sum(distribution.pdf(x, *shapes[:i], s, *shapes[i + 1 :])))(
            shapes[i]
        )
        assert np.isfinite(grad)


@pytest.mark.parametrize("name", DISCRETE)
def test_edges_of_discrete_distributions(name: str) -> None:
    shapes = middle(DISCRETE[name][1])
    k = np.array([-3.0, 0.0, 0.5, 1.0, 4.0, 2.7])
    for method in ("pmf", "logpmf", "cdf", "sf"):
        if method in ("cdf", "sf") and name in ("logser", "skellam"):
            continue
        function = getattr(getattr(stats, name), method)
        expected = quietly(getattr(getattr(scipy.stats, name), method), k, *shapes)
        found = fg.jit(lambda *s, f=function: f(k, *s))(*shapes)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14, err_msg=method)


def test_parameters_that_are_not_allowed_give_nan() -> None:
    assert np.isnan(fg.jit(lambda s: stats.norm.logpdf(1.0, 0.0, s))(-1.0))
    assert np.isnan(fg.jit(lambda a: stats.gamma.pdf(1.0, a))(-1.0))
    assert np.isnan(fg.jit(lambda p: stats.binom.pmf(1, 3, p))(1.5))


def test_arguments_by_name_and_frozen_distributions() -> None:
    expected = fg.grad(lambda a: stats.gamma.logpdf(1.5, a, 0.1, 2.0))(1.2)
    assert fg.grad(lambda a: stats.gamma.logpdf(1.5, a=a, scale=2.0, loc=0.1))(1.2) == expected
    assert fg.grad(lambda a: stats.gamma(a, scale=2.0, loc=0.1).logpdf(1.5))(1.2) == expected
    assert fg.grad(lambda a: stats.gamma(a=a, loc=0.1, scale=2.0).logpdf(1.5))(1.2) == expected


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(TypeError, match=r"gamma.logpdf takes a, loc, scale: missing \['a'\]"):
        fg.grad(lambda x: stats.gamma.logpdf(x))(1.0)
    with pytest.raises(TypeError, match=r"norm.pdf takes loc, scale: unknown \['sigma'\]"):
        fg.grad(lambda x: stats.norm.pdf(x, sigma=x))(1.0)


def test_plain_arguments_go_to_scipy() -> None:
    assert stats.norm.mean(3.0, 2.0) == 3.0
    assert stats.norm.rvs(size=2, random_state=0).shape == (2,)
    np.testing.assert_array_equal(stats.norm.ppf([0.5, 0.5], [1.0, 2.0]), [1.0, 2.0])
    assert stats.norm(1.0, 2.0).std() == 2.0
    np.testing.assert_allclose(stats.pearsonr([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])[0], 1.0)


def test_what_is_not_traced_says_so() -> None:
    with pytest.raises(
        UnsupportedError, match=r"scipy.stats.norm.entropy has no traced implementation\n  at "
    ):
        fg.grad(lambda s: stats.norm.entropy(0.0, s))(1.0)
    with pytest.raises(
        UnsupportedError, match=r"scipy.stats.vonmises.cdf has no traced implementation"
    ):
        fg.grad(lambda x: stats.vonmises.cdf(x, 1.0))(1.0)
    with pytest.raises(
        UnsupportedError, match=r"scipy.stats.kendalltau has no traced implementation"
    ):
        fg.grad(lambda x: stats.kendalltau(x, x)[0])(np.arange(3.0))


def test_maximum_likelihood() -> None:
    data = np.array([1.0, 2.5, 3.0, 4.5])

    def loss(parameters: Any) -> Any:
        return -np.sum(stats.norm.logpdf(data, parameters[0], np.exp(parameters[1])))

    best = np.array([np.mean(data), np.log(np.std(data))])
    np.testing.assert_allclose(fg.grad(loss)(best), 0.0, atol=1e-12)
    hessian = fg.hessian(loss)(best)
    np.testing.assert_allclose(hessian, np.diag([4 / np.var(data), 8.0]), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["gmean", "hmean", "sem", "moment", "skew", "kurtosis", "entropy"])
@pytest.mark.parametrize("axis", [0, 1, None])
def test_summaries_keep_axes(name: str, axis: int | None) -> None:
    x = np.random.default_rng(0).uniform(1.0, 2.0, (3, 4))
    ours, theirs = getattr(stats, name), getattr(scipy.stats, name)
    got = fg.jit(lambda x: ours(x, axis=axis, keepdims=True))(x)
    np.testing.assert_allclose(got, theirs(x, axis=axis, keepdims=True), atol=1e-12)


@pytest.mark.parametrize("name", ["gmean", "sem", "zscore", "moment", "skew", "kurtosis"])
def test_summaries_refuse_to_leave_nan_out(name: str) -> None:
    with pytest.raises(UnsupportedError, match=rf"scipy.stats.{name}: nan_policy='omit'"):
        fg.grad(lambda x: np.sum(getattr(stats, name)(x, nan_policy="omit")))(np.ones(3))


def test_results_have_scipys_fields() -> None:
    x, y = np.arange(6.0), np.array([0.1, 1.2, 1.8, 3.3, 3.9, 5.2])
    line, plain = fg.jit(lambda y: scipy.stats.linregress(x, y)[:])(y), scipy.stats.linregress(x, y)
    np.testing.assert_allclose(line, plain[:], rtol=1e-9)
    error = fg.jit(lambda y: scipy.stats.linregress(x, y).intercept_stderr)(y)
    np.testing.assert_allclose(error, plain.intercept_stderr)
    found = fg.jit(lambda y: scipy.stats.pearsonr(x, y).pvalue)(y)
    np.testing.assert_allclose(found, scipy.stats.pearsonr(x, y).pvalue)
    found = fg.jit(lambda y: scipy.stats.spearmanr(x, y).correlation)(y)
    np.testing.assert_allclose(found, scipy.stats.spearmanr(x, y).correlation)


def test_density_estimates_that_were_made_of_plain_data() -> None:
    data = np.random.default_rng(0).normal(size=(2, 9))
    kernels, points = scipy.stats.gaussian_kde(data), data[:, :3] + 0.1
    for name in ("evaluate", "logpdf", "pdf", "__call__"):
        f = lambda x, name=name: getattr(kernels, name)(x)
        np.testing.assert_allclose(fg.jit(f)(points), f(points))
        fg.check_grads(f, (points,), order=1)


def test_refusals() -> None:
    x = np.array([1.0, 2.0, 4.0])
    with pytest.raises(UnsupportedError, match="the most likely lmbda has no traced"):
        fg.jit(lambda x: stats.boxcox(x)[0])(x)
    with pytest.raises(ArgumentError, match="takes two vectors of one length, 2 at least"):
        fg.jit(lambda x: stats.linregress(x, x[1:]).slope)(x)
    with pytest.raises(ArgumentError, match="alternative is 'two-sided', 'less' or 'greater'"):
        fg.jit(lambda x: stats.pearsonr(x, x[::-1], alternative="more")[1])(x)
    with pytest.raises(ArgumentError, match="`bw_method` should be 'scott'"):
        fg.jit(lambda x: stats.gaussian_kde(x, "normal")(0.0))(x)
    with pytest.raises(ArgumentError, match="points have dimension 2, dataset has 1"):
        fg.jit(lambda x: stats.gaussian_kde(x)(np.ones((2, 2))))(x)
    with pytest.raises(UnsupportedError, match=r"scipy.stats.alpha.ppf has no traced"):
        fg.jit(lambda x: stats.alpha.ppf(x / 5.0, 1.0))(x)
