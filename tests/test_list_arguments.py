"""Lists of traced values as arguments of NumPy's functions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.core.errors import LostDerivativeError

PLAIN_COSH = np.cosh
X = np.array([1.5, -0.5, 2.0])
H = 1e-6
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: np.sum([x[0], x[1]]),
    "exp": lambda x: np.exp([x[0], 1.0]).sum(),
    "mean, nested": lambda x: np.mean([[x[0], x[1] ** 2], [3.0, x[2]]]),
    "norm": lambda x: np.linalg.norm([x[0], x[1]]),
    "dot": lambda x: np.dot([x[0], x[1]], [1.0, 2.0]),
    "cross": lambda x: np.cross([x[0], x[1], 1.0], [1.0, 2.0, x[2]]).sum(),
    "append": lambda x: np.append([x[0]], [x[1]]).sum(),
    "det": lambda x: np.linalg.det([[x[0], x[1]], [1.0, x[2]]]),
    "hypot": lambda x: np.hypot([x[0]], (x[1], x[2])).sum(),
    "polyval": lambda x: np.polyval([x[0], x[1]], 2.0),
    "where": lambda x: np.where([True, False], [x[0], x[1]], [x[1], x[2]]).sum(),
    "fft": lambda x: np.abs(np.fft.fft([x[0], x[1]])).sum(),
    "argmax": lambda x: x[np.argmax([x[0], x[1]])],
    "clip": lambda x: np.clip([x[0], x[1]], 0, 1.7).sum(),
    "fnp.mean": lambda x: fnp.mean([x[0], x[1]]) * fnp.exp([x[2]])[0],
    "method of a ufunc": lambda x: (
        np.maximum.reduce([x[0], x[1]]) + np.add.accumulate([x[1], x[2]])[1]
    ),
    "outer product": lambda x: np.multiply.outer([x[0], 1.0], [x[1], x[2]]).sum(),
    "of SciPy's": lambda x: special.expit([x[0], x[1]]).sum(),
    "of several lengths": lambda x: np.hstack([[x[0], x[1]], [1.0, 2.0, x[2] ** 2]]).sum(),
    "times a list": lambda x: np.sum(x[:2] * [x[1], x[2]]) + np.sum(np.ones(2) * [x[0], x[1]]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_lists_are_arrays(name: str) -> None:
    fun = FUNCTIONS[name]
    value, gradient = fg.value_and_grad(fun)(X)
    np.testing.assert_allclose(value, fun(X), rtol=1e-14)
    numeric = [(fun(X + H * e) - fun(X - H * e)) / (2 * H) for e in np.eye(3)]
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(fg.jit(fun)(X), fun(X), rtol=1e-14)
    np.testing.assert_allclose(fg.vmap(fun)(np.stack([X, 2 * X]))[1], fun(2 * X), rtol=1e-14)


def test_an_inner_function_is_traced_again() -> None:
    calls = []

    def fun(x: Any) -> Any:
        calls.append("outer")
        return fg.grad(lambda y: np.median([y, y * x, x]) * y)(2.0)

    # The median of 2, 2 x and x is y, whose square has the slope 2 y, for x = 1.5
    np.testing.assert_allclose(fg.grad(fun)(1.5), 0.0)
    assert fun(1.5) == 4.0
    assert calls.count("outer") == 2  # the call by grad, and the last one


def test_stand_ins_pass_for_numpys_functions() -> None:
    def fun(x: Any) -> Any:
        assert isinstance(np.cosh, np.ufunc)
        assert pickle.loads(pickle.dumps(np.cosh)) == np.cosh
        assert {np.cosh: 1}[PLAIN_COSH] == 1
        return np.cosh([x, 1.0]).sum()

    np.testing.assert_allclose(fg.grad(fun)(0.5), np.sinh(0.5))
    np.testing.assert_allclose(fg.grad(fun)(0.5), np.sinh(0.5))  # with the stand-in from the start


def test_plain_functions_come_back() -> None:
    fg.grad(lambda x: np.var([x, 2 * x]))(1.0)
    assert type(np.var) is type(np.mean)
    assert isinstance(np.exp, np.ufunc)


def test_methods_of_lists_of_functions_that_are_no_attributes_of_numpy() -> None:
    from numpy import std

    with pytest.raises(
        LostDerivativeError, match=r"np\.std was given .*\n.*\n.*np\.std\(np\.array\(\[x, y\]\)\)"
    ):
        fg.grad(lambda x: std([x, 2 * x]))(1.0)


def test_conversions_to_integers_are_explicit() -> None:
    table = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(
        fg.grad(lambda x: table[np.int64(x[0])] * x[1])(np.array([1.2, 2.0])), [0.0, 2.0]
    )
