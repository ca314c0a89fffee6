"""SciPy's functions called on traced values by code that does not know funcgrad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
import scipy.special
import scipy.stats
from scipy.linalg import expm as matrix_exponential
from scipy.stats import gamma

import funcgrad as fg
from funcgrad.errors import LostDerivativeError

X = np.array([0.4, 0.9, 1.3])
M = np.array([[2.0, 0.3, 0.0], [0.1, 1.5, 0.2], [0.0, 0.4, 3.0]])


CALLS: dict[str, Callable[[Any], Any]] = {
    "a function": lambda x: scipy.linalg.solve(M * x[0], x),
    "a function imported by name": lambda x: matrix_exponential(M * x[0]) @ x,
    "a distribution": lambda x: scipy.stats.norm.logpdf(x),
    "a distribution imported by name": lambda x: gamma.logpdf(X, x[0], scale=x[1]),
    "a frozen distribution": lambda x: scipy.stats.norm(x[0], x[1]).cdf(X),
    "a function of special": lambda x: scipy.special.multigammaln(x + 3.0, 2),
    "a filter": lambda x: scipy.signal.lfilter([1.0, 0.2], [1.0, -0.4], x),
}


@pytest.mark.parametrize("name", CALLS)
def test_scipys_functions_are_traced_in_plain_code(name: str) -> None:
    f = CALLS[name]
    fg.check_grads(f, (X,), order=1)
    np.testing.assert_allclose(fg.jit(f)(X), f(X))


def test_names_are_scipys_own_after_the_trace() -> None:
    plain = scipy.linalg.solve
    fg.jit(CALLS["a function"])(X)
    assert scipy.linalg.solve is plain
    np.testing.assert_allclose(scipy.linalg.solve(M, X), np.linalg.solve(M, X))


def test_plain_arrays_go_to_scipy_within_a_trace() -> None:
    def f(x: Any) -> Any:
        return np.sum(scipy.linalg.expm(M * x[0])) + float(np.sum(scipy.linalg.expm(M)))

    np.testing.assert_allclose(fg.value_and_grad(f)(X)[0], f(X))


def test_functions_without_a_counterpart_are_named() -> None:
    with pytest.raises(LostDerivativeError, match=r"scipy.signal.savgol_filter makes plain arrays"):
        fg.grad(lambda x: np.sum(scipy.signal.savgol_filter(x, 3, 1)))(X)


def test_errors_of_scipy_come_through() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        fg.grad(lambda x: x[0] * np.sum(scipy.linalg.solve(np.zeros((3, 3)), np.ones(3))))(X)
