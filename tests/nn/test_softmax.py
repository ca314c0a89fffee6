"""Sums of exponentials where they overflow, underflow or are empty; standardisation; one-hot vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError

jax = pytest.importorskip("jax")

INF = np.inf
ROWS = np.array([[1e4, 1e4, 0.0], [-1e4, -1e4, -2e4], [-INF, 1.0, 2.0]])


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_rows_far_out(name: str) -> None:
    ours, theirs = getattr(fg.nn, name), getattr(jax.nn, name)
    np.testing.assert_allclose(ours(ROWS), theirs(ROWS), rtol=1e-13, atol=1e-300)

    def loss(f: Any, np: Any) -> Any:
        return lambda x: np.sum(f(x)[:, 1] * np.arange(1.0, 4.0))

    got = fg.grad(loss(ours, np))(ROWS)
    np.testing.assert_allclose(
        got, jax.grad(loss(theirs, jax.numpy))(ROWS), rtol=1e-12, atol=1e-300
    )


def test_logsumexp_far_out() -> None:
    np.testing.assert_allclose(fg.nn.logsumexp(ROWS, 1), jax.nn.logsumexp(ROWS, 1), rtol=1e-14)
    assert fg.nn.logsumexp(np.array([INF, 1.0])) == INF
    assert np.isnan(fg.nn.logsumexp(np.array([np.nan, 1.0])))
    assert fg.nn.logsumexp(np.zeros((2, 0)), 1).tolist() == [-INF, -INF]


def test_logsumexp_of_nothing_has_slope_zero() -> None:
    x = np.array([[-INF, -INF], [0.0, -INF]])
    np.testing.assert_array_equal(fg.nn.logsumexp(x, 1), [-INF, 0.0])
    slopes = fg.grad(
        lambda x: fg.nn.logsumexp(x, 1)[1] + 0.0 * fg.nn.logsumexp(x, 1)[0].astype(int)
    )(x)
    np.testing.assert_array_equal(slopes, [[0.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(
        fg.jacrev(lambda x: fg.nn.logsumexp(x, 1))(x)[0], np.zeros((2, 2))
    )


def test_logsumexp_with_factors_and_signs() -> None:
    a = np.array([[1.0, 2.0, 3.0], [1000.0, 0.0, 1000.0]])
    b = np.array([[1.0, -2.0, 0.0], [1.0, 0.0, -1.0]])
    for sign in (False, True):
        got = fg.nn.logsumexp(a, 1, b, return_sign=sign)
        expected = jax.nn.logsumexp(a, 1, b, return_sign=sign)
        np.testing.assert_allclose(np.stack(got), np.stack(expected), rtol=1e-13)
    complex_ = np.array([1.0 + 2.0j, 0.5 - 1.0j])
    np.testing.assert_allclose(fg.nn.logsumexp(complex_), jax.nn.logsumexp(complex_), rtol=1e-13)


def test_masks() -> None:
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    mask = np.array([[True, True, False], [False, False, False]])
    for name in ("softmax", "log_softmax", "logsumexp", "logmeanexp"):
        with np.errstate(all="ignore"):  # the mean of nothing
            got = getattr(fg.nn, name)(x, -1, where=mask)
        expected = np.array(getattr(jax.nn, name)(x, -1, where=mask))
        np.testing.assert_allclose(got[:1], expected[:1], rtol=1e-13)
    np.testing.assert_array_equal(fg.nn.softmax(x, where=mask)[1], np.zeros(3))
    np.testing.assert_array_equal(fg.nn.log_softmax(x, where=mask)[1], np.full(3, -INF))
    slopes = fg.grad(lambda x: np.sum(fg.nn.softmax(x, where=mask) ** 2))(x)
    np.testing.assert_array_equal(slopes[1], np.zeros(3))


def test_integers_become_floats() -> None:
    for name in ("softmax", "log_softmax", "logsumexp", "logmeanexp", "standardize"):
        assert getattr(fg.nn, name)(np.array([1, 2])).dtype == float
        assert getattr(fg.nn, name)(np.array([1, 2], "float32")).dtype == np.float32


def test_standardize_with_given_moments() -> None:
    x = np.arange(6.0).reshape(2, 3) ** 2
    kwargs = {"axis": 0, "mean": np.ones(3), "variance": np.full(3, 4.0), "epsilon": 0.1}
    np.testing.assert_allclose(
        fg.nn.standardize(x, **kwargs), jax.nn.standardize(x, **kwargs), rtol=1e-13
    )
    mask = x > 2.0
    got = fg.nn.standardize(x, where=mask, algorithm="stable")
    np.testing.assert_allclose(
        got, jax.nn.standardize(x, where=mask, algorithm="stable"), rtol=1e-12
    )
    with pytest.raises(ArgumentError, match="'fast' or 'stable', not 'slow'"):
        fg.nn.standardize(x, algorithm="slow")


def test_one_hot_under_transforms() -> None:
    labels = np.array([2, 0, 5, -1])
    expected = np.array(jax.nn.one_hot(labels, 3))
    np.testing.assert_array_equal(fg.vmap(lambda i: fg.nn.one_hot(i, 3))(labels), expected)
    got = fg.jit(lambda i: fg.nn.one_hot(i, 3, dtype="int8", axis=0))(labels)
    assert got.dtype == np.int8
    np.testing.assert_array_equal(got, expected.T)
    along = fg.vmap(
        lambda i, _: fg.nn.one_hot(i, 3, axis="classes"), (None, 0), axis_name="classes"
    )
    np.testing.assert_array_equal(along(np.array(2), np.arange(3)), [0.0, 0.0, 1.0])
    with pytest.raises(ArgumentError, match="has length 4, not 3"):
        along(np.array(2), np.arange(4))
