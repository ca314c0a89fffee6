"""`funcgrad.scipy.integrate.quad`: derivatives by limits and parameters, in both modes and of higher order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.integrate

import funcgrad as fg
import funcgrad.scipy.integrate as integrate
from funcgrad.core.errors import ArgumentError, UnsupportedError

K = np.array([1.2, 0.7])


def damped(x: Any, k: Any) -> Any:
    return np.exp(-k[0] * x) * np.sin(k[1] * x)


def integral(k: Any, a: Any, b: Any) -> Any:
    return integrate.quad(damped, a, b, (k,))[0]


def test_quad_on_plain_numbers_is_scipys() -> None:
    assert integrate.quad(damped, 0.0, 2.0, (K,)) == scipy.integrate.quad(damped, 0.0, 2.0, (K,))


def test_derivatives_by_limits_and_parameters() -> None:
    h = 1e-5
    grads = fg.grad(integral, argnums=(0, 1, 2))(K, 0.3, 2.0)
    numeric = [
        (integral(K + h * e, 0.3, 2.0) - integral(K - h * e, 0.3, 2.0)) / (2 * h) for e in np.eye(2)
    ]
    np.testing.assert_allclose(grads[0], numeric, rtol=1e-6)
    np.testing.assert_allclose(grads[1:], [-damped(0.3, K), damped(2.0, K)], rtol=1e-10)
    forward = fg.jacfwd(integral)(K, 0.3, 2.0)
    np.testing.assert_allclose(forward, grads[0], rtol=1e-10)


def test_second_derivatives() -> None:
    h = 1e-5
    hessian = fg.hessian(integral)(K, 0.0, 2.0)
    gradient = fg.grad(integral)
    numeric = [
        (gradient(K + h * e, 0.0, 2.0) - gradient(K - h * e, 0.0, 2.0)) / (2 * h) for e in np.eye(2)
    ]
    np.testing.assert_allclose(hessian, numeric, rtol=1e-6)
    mixed = fg.jacfwd(fg.grad(integral, argnums=2))(K, 0.0, 2.0)
    np.testing.assert_allclose(mixed, fg.grad(lambda k: damped(2.0, k))(K), rtol=1e-8)


def test_infinite_limits_jit_and_vmap() -> None:
    def f(k: Any) -> Any:
        return integrate.quad(lambda x, k: np.exp(-k * x), 0.0, np.inf, k)[0]

    np.testing.assert_allclose(fg.grad(f)(2.0), -0.25, rtol=1e-7)
    np.testing.assert_allclose(fg.jit(f)(2.0), 0.5, rtol=1e-7)
    np.testing.assert_allclose(fg.vmap(f)(np.array([1.0, 2.0])), [1.0, 0.5], rtol=1e-7)
    np.testing.assert_allclose(fg.vmap(fg.grad(f))(np.array([1.0, 2.0])), [-1.0, -0.25], rtol=1e-6)


def test_integrands_that_look_at_values() -> None:
    def f(x: Any, k: Any) -> Any:
        return k * x if x > 0.5 else k**2

    found = fg.grad(lambda k: integrate.quad(f, 0.0, 1.0, k)[0])(3.0)
    np.testing.assert_allclose(found, 0.375 + 2 * 3.0 * 0.5, rtol=1e-6)


def test_errors() -> None:
    with pytest.raises(ArgumentError, match="trapezoid: x has 2 points along the axis, y has 3"):
        fg.grad(lambda y: integrate.trapezoid(y, np.arange(2.0)))(np.ones(3))
    with pytest.raises(ArgumentError, match="one plus a non-negative power of 2, not 4"):
        fg.grad(integrate.romb)(np.ones(4))
    with pytest.raises(UnsupportedError, match=r"scipy.integrate.solve_bvp has no traced"):
        fg.grad(lambda y: integrate.solve_bvp(None, None, y, np.ones(4)))(np.ones(4))


def test_integrals_over_several_variables() -> None:
    for f, expected in (
        (lambda k: integrate.dblquad(lambda y, x: k * x * y, 0, 1, 0, lambda x: k * x)[0], 3 / 8),
        (lambda k: integrate.nquad(lambda x, y: k**2 * x * y, [(0, 1), (0, 1)])[0], 0.5),
        (lambda k: integrate.tplquad(lambda z, y, x: k * z, 0, 1, 0, 1, 0, k)[0], 1.5),
    ):
        np.testing.assert_allclose(fg.grad(f)(1.0), expected, 1e-7)
        np.testing.assert_allclose(fg.jit(f)(1.0), f(1.0), rtol=1e-10)
    ranges = [lambda y, k: (0.0, k * y), (0.0, 1.0)]
    f = lambda k: integrate.nquad(lambda x, y, k: k * x, ranges, (k,))[0]
    np.testing.assert_allclose(fg.grad(f)(1.0), 0.5, rtol=1e-7)  # of k^3 / 6
    assert integrate.dblquad(lambda y, x: x * y, 0, 1, 0, 1) == scipy.integrate.dblquad(
        lambda y, x: x * y, 0, 1, 0, 1
    )


def test_integrals_of_arrays() -> None:
    f = lambda k: scipy.integrate.quad_vec(lambda x: np.exp(-np.outer(k, k) * x), 0.0, np.inf)[0]
    np.testing.assert_allclose(fg.jit(f)(K), 1.0 / np.outer(K, K), rtol=1e-7)
    fg.check_grads(f, (K,), order=2)
