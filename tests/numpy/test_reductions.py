"""Reductions: the conventions of their derivatives, `out=`, exact values, and what errors say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import FuncgradError, TracingError

X = np.array([[1.0, -2.0, 3.0], [0.5, 3.0, 3.0]])


def error(f: Any, *args: Any) -> str:
    """The message of the error that tracing raises."""
    with pytest.raises(FuncgradError) as info:
        fg.make_jaxpr(f)(*args)
    return str(info.value)


# Conventions


@pytest.mark.parametrize("fun", [np.max, np.nanmax, np.fmax.reduce, np.maximum.reduce])
def test_equal_maxima_share_the_derivative(fun: Any) -> None:
    np.testing.assert_array_equal(fg.grad(fun)(X[1]), [0.0, 0.5, 0.5])


def test_cumulative_maxima_share_the_derivative_as_their_last_one_does() -> None:
    jacobian = fg.jacobian(np.maximum.accumulate)(np.array([1.0, 2.0, 0.0, 2.0]))
    np.testing.assert_array_equal(
        jacobian, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0.5, 0, 0.5]]
    )


@pytest.mark.parametrize("fun", [np.std, np.var, np.nanstd])
def test_deviation_of_constant_data_has_derivative_zero(fun: Any) -> None:
    constant = np.full(4, 1.5)
    for derivative in (fg.grad(fun), fg.grad(lambda x: np.sum(fg.grad(fun)(x)))):
        np.testing.assert_array_equal(derivative(constant), np.zeros(4))


def test_derivatives_of_products_with_zeros() -> None:
    x = np.array([0.0, 2.0, 0.0, 3.0])
    np.testing.assert_array_equal(fg.grad(np.prod)(x), np.zeros(4))
    second = np.zeros((4, 4))
    second[0, 2] = second[2, 0] = 6.0
    np.testing.assert_array_equal(fg.hessian(np.prod)(x), second)
    third = fg.jacobian(fg.hessian(np.prod))(x)
    assert third[0, 2, 1] == 3.0
    assert third[0, 2, 3] == 2.0
    assert third[0, 0, 1] == 0.0


def test_derivative_of_what_is_not_a_number() -> None:
    x = np.array([1.0, np.nan, 3.0])
    np.testing.assert_array_equal(fg.grad(np.nansum)(x), [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(fg.grad(np.nanmax)(x), [0.0, 0.0, 1.0])
    np.testing.assert_array_equal(fg.grad(np.nanmean)(x), [0.5, 0.0, 0.5])
    np.testing.assert_array_equal(fg.grad(np.nanmax)(x * np.nan), np.zeros(3))
    assert np.isnan(fg.grad(np.max)(x)).all()


def test_nothing_but_nan_has_position_minus_one() -> None:
    x = np.array([[np.nan, np.nan], [1.0, np.nan]])
    np.testing.assert_array_equal(fg.jit(lambda x: np.nanargmax(x, axis=1))(x), [-1, 0])


def test_cumulative_logarithm_of_sums_from_minus_infinity() -> None:
    x = np.array([-np.inf, -np.inf, 1.0, 2.0])
    jacobian = fg.jacobian(np.logaddexp.accumulate)(x)
    assert np.isfinite(jacobian).all()
    np.testing.assert_allclose(jacobian[3], [0.0, 0.0, 0.26894142, 0.73105858])


# Values


@pytest.mark.parametrize("fun", [np.sum, np.mean, np.var, np.std, np.prod, np.max])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_values_are_numpys_to_the_last_bit(fun: Any, axis: Any) -> None:
    x = np.random.default_rng(0).normal(size=(300, 70))
    closed = fg.make_jaxpr(lambda x: fun(x, axis=axis))(x)
    (value,) = fg.eval_jaxpr(closed.jaxpr, closed.consts, x)
    np.testing.assert_array_equal(value, fun(x, axis=axis))


def test_long_recurrences_do_not_overflow_early() -> None:
    # Products of the second half alone would be infinite.
    x = np.concatenate([np.full(29, 1e-10), np.full(40, 1e10)])
    _, tangent = fg.jvp(np.cumprod, (x,), (x,))
    np.testing.assert_allclose(tangent, np.arange(1, 70) * np.cumprod(x), rtol=1e-12)


def test_out_into_a_traced_array() -> None:
    def f(x: Any) -> Any:
        total = np.zeros_like(x[0], dtype="float32")
        assert np.sum(x, axis=0, out=total) is total
        return total

    result = fg.jit(f)(X)
    assert result.dtype == "float32"
    np.testing.assert_array_equal(result, np.sum(X, axis=0))


# Errors


PLAIN = np.zeros(3)


def test_out_into_a_plain_array() -> None:
    with pytest.raises(
        TracingError, match=r"(?s)np\.sum: the plain array given as out .* drop out="
    ):
        fg.jit(lambda x: np.sum(x, axis=0, out=PLAIN))(X)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: np.sum(x, axis=2), "axis 2 is out of bounds for array of dimension 2"),
        (lambda x: np.sum(x, axis=(0, -2)), "duplicate value in 'axis': (0, -2)"),
        (
            lambda x: np.max(x[:0]),
            "reduction operation maximum which has no identity: shape (0, 3)",
        ),
        (lambda x: np.max(x[:0], axis=0), "over axis 0"),
        (lambda x: np.argmin(x[:, :0], axis=1), "argmin of an empty sequence: shape (2, 0)"),
        (lambda x: np.max(x, where=x > 0.0), "does not have an identity"),
        (
            lambda x: x.sum(where=None),
            "np.sum: where=None leaves out everything in NumPy, and nothing in JAX",
        ),
        (lambda x: np.sum(x, where=x), "np.sum: where must be boolean, got f64[2,3]"),
        (
            lambda x: np.mean(x, where=np.ones(2, bool)),
            "np.mean: where of shape (2,) does not broadcast to the shape (2, 3)",
        ),
        (lambda x: np.sum(x, axis=0, out=x[0, :2] * 1.0), "out has shape (2,)"),
        (lambda x: np.var(x, ddof=1, correction=1), "np.var: give ddof or correction, not both"),
        (
            lambda x: np.average(x, weights=np.ones(2)),
            "give axis= when weights of shape (2,) belong to an array of shape (2, 3)",
        ),
        (
            lambda x: np.average(x, axis=1, weights=np.ones(2)),
            "weights of shape (2,) do not fit an array of shape (2, 3) along axis 1",
        ),
        (lambda x: np.nanmean(x, dtype=int), "np.nanmean: the dtype must be inexact"),
        (lambda x: np.cumulative_sum(x), "axis= is required for an array of 2 axes"),
    ],
)
def test_messages(f: Any, words: str) -> None:
    message = error(f, X)
    assert words in message
    assert "test_reductions.py:" in message  # the user's line


def test_axis_errors_are_numpys() -> None:
    with pytest.raises(np.exceptions.AxisError) as info:
        fg.jit(lambda x: np.mean(x, axis=-3))(X)
    assert (info.value.axis, info.value.ndim) == (-3, 2)
