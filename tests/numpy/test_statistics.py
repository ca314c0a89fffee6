"""Statistics: conventions of derivatives, values on demand, and what errors say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import ArgumentError, ConcretizationError

X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, 2.5]])


def test_median_of_an_even_number_is_halfway() -> None:
    gradient = fg.grad(np.median)(np.array([3.0, 1.0, 4.0, 2.0]))
    np.testing.assert_array_equal(gradient, [0.5, 0.0, 0.0, 0.5])


def test_quantile_with_respect_to_q() -> None:
    x = np.array([1.0, 2.0, 4.0])
    assert fg.grad(lambda q: np.quantile(x, q))(0.75) == 4.0
    assert fg.grad(lambda q: np.percentile(x, q))(25.0) == 0.02


def test_medians_that_skip_nan_differ_per_row_under_vmap() -> None:
    x = X.copy()
    x[0, 1] = np.nan
    result = fg.vmap(np.nanmedian)(x)
    np.testing.assert_array_equal(result, np.nanmedian(x, axis=1))


def test_interp_takes_the_piece_to_the_right_of_a_knot() -> None:
    xp, fp = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 5.0])
    slopes = [fg.grad(lambda x: np.interp(x, xp, fp))(x) for x in (-1.0, 0.5, 1.0, 1.5, 2.0, 3.0)]
    assert slopes == [0.0, 1.0, 4.0, 4.0, 4.0, 0.0]
    assert fg.jit(lambda x: np.interp(x, xp, fp))(2.0) == 5.0


def test_unwrap_has_the_derivative_of_the_identity() -> None:
    phases = np.array([0.1, 3.0, -3.0, 0.5])
    np.testing.assert_array_equal(fg.jacobian(np.unwrap)(phases), np.eye(4))


def test_counts_are_constant_but_linear_in_the_weights() -> None:
    x, w = np.array([0.1, 0.4, 0.45]), np.array([1.0, 2.0, 3.0])

    def counts(x: Any, w: Any) -> Any:
        return np.histogram(x, bins=2, range=(0.0, 0.5), weights=w)[0]

    np.testing.assert_array_equal(fg.jacobian(counts)(x, w), np.zeros((2, 3)))
    np.testing.assert_array_equal(fg.jacobian(counts, argnums=1)(x, w), [[1, 0, 0], [0, 1, 1]])


def test_bincount_asks_for_values() -> None:
    x = np.array([0, 2, 2])
    weighted = lambda w: np.bincount(x, weights=w)
    np.testing.assert_array_equal(
        fg.jacobian(weighted)(np.ones(3)), [[1, 0, 0], [0, 0, 0], [0, 1, 1]]
    )
    with pytest.raises(ConcretizationError, match=r"(?s)largest value.*i64\[3\]"):
        fg.jit(np.bincount)(x)


def test_correlation_of_what_is_perfectly_correlated_has_derivative_zero() -> None:
    x = np.array([1.0, 2.0, 4.0])
    gradient = fg.grad(lambda y: np.corrcoef(x, y)[0, 1])(2.0 * x)
    np.testing.assert_allclose(gradient, np.zeros(3), atol=1e-12)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: np.quantile(x, 1.5), "np.quantile: q must be in [0, 1]"),
        (lambda x: np.percentile(x, 101), "np.percentile: q must be in [0, 100]"),
        (lambda x: np.quantile(x, 0.5, method="best"), "'best' is not a method"),
        (lambda x: np.quantile(x * 1j, 0.5), "np.quantile takes real numbers, got c128[2,3]"),
        (lambda x: np.quantile(x, 0.5, weights=x), "only method='inverted_cdf' takes weights"),
        (lambda x: np.quantile(x[:0], 0.5), "of an array of shape (0, 3) without samples"),
        (lambda x: np.histogram(x, bins=0), "the number of bins must be positive, got 0"),
        (lambda x: np.histogram(x, range=(1.0, 0.0)), "is not in increasing order"),
        (lambda x: np.histogram(x, bins=[1.0, 0.0]), "the edges of bins must increase"),
        (lambda x: np.histogram(x, weights=x[0]), "weights of shape (3,) for data of shape (2, 3)"),
        (lambda x: np.histogram2d(x[0], x[0, :2]), "x has 3 elements, y has 2"),
        (lambda x: np.histogramdd(x, bins=[2, 2]), "2 bins are given for 3 dimensions"),
        (lambda x: np.bincount(x[0]), "np.bincount takes a vector of integers, got f64[3]"),
        (lambda x: np.cov(x[None]), "np.cov of shape (1, 2, 3): more than 2 axes"),
        (lambda x: np.cov(x, aweights=np.ones(2)), "aweights of shape (2,) for 3 observations"),
        (lambda x: np.cov(x, ddof=0.5), "ddof must be an integer, got 0.5"),
        (lambda x: np.diff(x, n=-1), "the order must not be negative, got -1"),
        (lambda x: np.diff(x[0, 0]), "it needs an axis"),
        (lambda x: np.gradient(x, 1.0, 1.0, 1.0), "3 spacings are given for 2 axes"),
        (lambda x: np.gradient(x, np.ones(3), 1.0), "of shape (3,) do not fit axis 0"),
        (lambda x: np.gradient(x, edge_order=2), "needs 3 elements along axis 0"),
        (lambda x: np.gradient(x, edge_order=3), "edge_order is 1 or 2, got 3"),
        (lambda x: np.ediff1d(x.astype(int), to_end=0.5), "to_end of dtype float64 does not fit"),
        (lambda x: np.interp(1.0, x[0], x[0, :2]), "xp of shape (3,) and fp of shape (2,)"),
    ],
)
def test_messages(f: Any, words: str) -> None:
    with pytest.raises(ArgumentError) as info:
        fg.make_jaxpr(f)(X)
    assert words in str(info.value)
    assert "test_statistics.py:" in str(info.value)  # the user's line
