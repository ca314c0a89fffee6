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
    with pytest.raises(LostDerivativeError, match=r"scipy.signal.lombscargle makes plain arrays"):
        fg.grad(lambda x: np.sum(scipy.signal.lombscargle(x, x, x)))(X)


def test_errors_of_scipy_come_through() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        fg.grad(lambda x: x[0] * np.sum(scipy.linalg.solve(np.zeros((3, 3)), np.ones(3))))(X)


def test_scipys_functions_are_transformed_themselves() -> None:
    np.testing.assert_allclose(fg.jit(scipy.linalg.sqrtm)(M), scipy.linalg.sqrtm(M))
    inverse = fg.jacfwd(scipy.linalg.inv)(M)
    np.testing.assert_allclose(inverse, fg.jacfwd(np.linalg.inv)(M), rtol=1e-12)


def test_a_users_name_for_several_functions_of_scipy() -> None:
    """What a module's name stands for while a function is traced is what the user gave the name to last."""
    global function
    for function in (scipy.linalg.sqrtm, scipy.linalg.logm, np.sin, scipy.linalg.sqrtm):
        own = function
        value, _ = fg.value_and_grad(lambda a: np.sum(function(a)))(M)
        assert function is own
        np.testing.assert_allclose(value, np.sum(own(M)))


def test_real_functions_of_matrices_are_complex_where_the_matrix_is_not_known() -> None:
    """Documented in sharp edges."""
    for f in (fg.scipy.linalg.sqrtm, fg.scipy.linalg.logm, np.linalg.eigvals):
        with pytest.raises(fg.errors.ArgumentError, match=r"take np.real or np.abs of it"):
            fg.grad(fg.jit(lambda a, f=f: np.sum(f(a))))(M)
        real = fg.grad(fg.jit(lambda a, f=f: np.sum(np.real(f(a)))))(M)
        np.testing.assert_allclose(real, fg.grad(lambda a, f=f: np.sum(f(a)))(M), rtol=1e-9)


def test_functions_of_scipy_in_variables() -> None:
    for f in (scipy.linalg.sqrtm,):
        with pytest.raises(
            LostDerivativeError, match=r"call it by its own name, scipy.linalg.sqrtm\("
        ):
            fg.grad(lambda a, f=f: np.sum(f(a)))(M)


def test_the_long_winded_logsumexp_gives_way_to_ours() -> None:
    """SciPy's runs on traced arrays as it is, so nothing fails that would bring ours in."""
    f = lambda x: np.sum(scipy.special.logsumexp(x, axis=0) ** 2)
    for _ in range(2):
        fg.check_grads(f, (M,), order=2)
        np.testing.assert_allclose(fg.vmap(f)(np.stack([M, 2 * M])), [f(M), f(2 * M)], rtol=1e-12)
    ours = fg.make_jaxpr(lambda x: fg.scipy.special.logsumexp(x, axis=0))(M)
    found = fg.make_jaxpr(lambda x: scipy.special.logsumexp(x, axis=0))(M)
    assert len(found.jaxpr.eqns) == len(ours.jaxpr.eqns)
