"""Integrals and roots of functions that close over traced values, in code that does not know funcgrad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, optimize

import funcgrad as fg

X = np.array([1.3, 2.1])
CALLS: dict[str, Callable[[Any], Any]] = {
    "quad": lambda x: integrate.quad(lambda u: np.exp(-x[0] * u) * x[1], 0.0, 2.0)[0],
    "quad, traced limit": lambda x: integrate.quad(lambda u: np.sin(x[0] * u), 0.0, x[1])[0],
    "quad, args": lambda x: integrate.quad(lambda u, k: np.sin(k * u) * x[0], 0.0, 1.0, (x[1],))[0],
    "brentq": lambda x: optimize.brentq(lambda u: u**3 - x[0] * x[1], 0.0, 4.0, xtol=1e-14),
    "root_scalar": lambda x: optimize.root_scalar(lambda u: u**2 - x[0], bracket=(0.0, 4.0)).root,
    "root, list": lambda x: optimize.root(lambda u: u**2 - x[0], [1.0], tol=1e-14).x,
    "fsolve": lambda x: optimize.fsolve(lambda u, c: u**2 - x * c, [1.0, 1.0], (2.0,), xtol=1e-12),
    "root": lambda x: optimize.root(lambda u: u**2 - x, np.ones(2), tol=1e-14).x,
}


@pytest.mark.parametrize("name", CALLS)
def test_closures_over_traced_values(name: str) -> None:
    f = CALLS[name]
    np.testing.assert_allclose(fg.jit(f)(X), f(X), rtol=1e-7)
    fg.check_grads(f, (X,), order=1)


def test_minimize_over_a_traced_target() -> None:
    f = lambda x: optimize.minimize(lambda p: np.sum((p - x) ** 2), np.zeros(2)).x
    np.testing.assert_allclose(fg.jacfwd(f)(X), np.eye(2), atol=1e-6)


def test_what_is_plain_goes_to_scipy_within_a_trace() -> None:
    f = lambda x: x[0] * integrate.quad(lambda u: u if u > 0.5 else 0.0, 0.0, 1.0, points=[0.5])[0]
    np.testing.assert_allclose(fg.grad(f)(X), [0.375, 0.0])


def test_solvers_differentiate_by_what_their_functions_close_over() -> None:
    def scalar(name: str, **options: Any) -> Any:
        return lambda c: getattr(optimize, name)(lambda x: x**3 - c, 1.5, **options)

    for f in (
        scalar("newton"),
        scalar("newton", fprime=lambda x: 3.0 * x**2),
        lambda c: optimize.newton(lambda x: x**3 - c, 1.5, fprime=lambda x: 3 * x**2 + 0 * c),
        lambda c: optimize.fixed_point(lambda x: x - 0.05 * (x**3 - c), 1.5),
        lambda c: optimize.root(
            lambda x: x**3 - c, [1.5], jac=lambda x: [[3 * x[0] ** 2 + 0 * c]]
        ).x[0],
        lambda c: optimize.minimize_scalar(lambda x: (x**3 - c) ** 2, bracket=(1, 3)).x,
        lambda c: optimize.least_squares(lambda x: x**3 - c, [1.5]).x[0],
        lambda c: optimize.minimize(
            lambda x: (x[0] ** 3 - c) ** 2, [1.5], jac=lambda x: 6 * x**2 * (x**3 - c)
        ).x[0],
    ):
        np.testing.assert_allclose(fg.jit(f)(8.0), 2.0, rtol=1e-5)
        np.testing.assert_allclose(fg.grad(f)(8.0), 1.0 / 12.0, rtol=1e-3)
        np.testing.assert_allclose(fg.vmap(f)(np.array([8.0, 27.0])), [2.0, 3.0], rtol=1e-3)


def test_roots_of_arrays() -> None:
    f = lambda c: optimize.newton(lambda x: x**3 - c, np.array([1.5, 2.5]))
    c = np.array([8.0, 27.0])
    np.testing.assert_allclose(fg.jacrev(f)(c), np.diag([1.0 / 12.0, 1.0 / 27.0]), rtol=1e-6)
