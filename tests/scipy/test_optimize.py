"""`funcgrad.scipy.optimize`: solvers over pytrees with exact derivatives, and derivatives of what they find."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize

import funcgrad as fg
import funcgrad.scipy.optimize as optimize
from funcgrad.core.errors import ArgumentError, UnsupportedError

START = np.array([-1.2, 1.0])


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def quadratic(p: Any) -> Any:
    return (p["a"] - 1.0) ** 2 + np.sum((p["b"] - 2.0 * p["a"]) ** 2) + 1.5


TREE = {"a": np.float64(0.0), "b": np.zeros((2, 2))}

METHODS = [
    *("Nelder-Mead", "Powell", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "COBYLA", "SLSQP"),
    *("trust-constr", "dogleg", "trust-ncg", "trust-exact", "trust-krylov"),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_methods(method: str) -> None:
    start = np.array([0.95, 0.9])
    options = {"maxiter": 5000} if method in ("COBYLA", "Nelder-Mead") else None
    tol = 1e-6 if method == "COBYLA" else 1e-10
    if method == "trust-constr":
        tol = 1e-8
    result = optimize.minimize(rosenbrock, start, method=method, tol=tol, options=options)
    np.testing.assert_allclose(result.x, 1.0, atol=2e-2 if method == "COBYLA" else 1e-4)


def test_gradients_are_exact() -> None:
    """No function evaluations are spent on differences, and the result is as good as with SciPy's own gradient."""
    exact = scipy.optimize.minimize(
        scipy.optimize.rosen, START, jac=scipy.optimize.rosen_der, method="BFGS"
    )
    ours = optimize.minimize(rosenbrock, START, method="BFGS")
    assert ours.nfev == exact.nfev
    np.testing.assert_allclose(ours.x, exact.x, rtol=1e-10)


@pytest.mark.parametrize("method", [None, "Newton-CG", "trust-exact", "Nelder-Mead"])
def test_minimize_over_a_pytree(method: str | None) -> None:
    options = {"maxiter": 10_000, "maxfev": 10_000} if method == "Nelder-Mead" else None
    result = optimize.minimize(quadratic, TREE, method=method, tol=1e-9, options=options)
    assert result.success
    assert set(result.x) == {"a", "b"}
    np.testing.assert_allclose(result.x["a"], 1.0, atol=1e-4)
    np.testing.assert_allclose(result.x["b"], np.full((2, 2), 2.0), atol=1e-4)
    assert round(result.fun, 6) == 1.5
    if method is None:
        assert result.jac["b"].shape == (2, 2)


def test_dtypes_are_kept() -> None:
    x = optimize.minimize(lambda x: np.sum((x - 1.0) ** 2), np.zeros(3, np.float32)).x
    assert x.dtype == np.float32
    assert optimize.minimize(lambda x: (x - 0.5) ** 2, 1).x.dtype == np.float64


def test_args_bounds_constraints_and_callback() -> None:
    seen = []
    result = optimize.minimize(
        lambda x, c, d: np.sum((x - c) ** 2) + d,
        np.zeros(2),
        args=(np.array([1.0, 3.0]), 2.0),
        bounds=[(0.0, 0.5), (None, 2.0)],
        callback=lambda x: seen.append(x.shape),
    )
    np.testing.assert_allclose(result.x, [0.5, 2.0])
    assert seen
    assert set(seen) == {(2,)}
    tree_bounds = scipy.optimize.Bounds(
        {"a": 0.0, "b": -1.0}, {"a": 0.5, "b": np.full((2, 2), 0.25)}
    )
    result = optimize.minimize(quadratic, TREE, bounds=tree_bounds)
    np.testing.assert_allclose(result.x["b"], 0.25)
    result = optimize.minimize(quadratic, TREE, bounds=scipy.optimize.Bounds(-0.5, 0.5))
    np.testing.assert_allclose(result.x["b"], 0.5)
    ball = {"type": "ineq", "fun": lambda p: 1.0 - p["a"] ** 2 - np.sum(p["b"] ** 2)}
    result = optimize.minimize(quadratic, TREE, constraints=ball, method="SLSQP")
    np.testing.assert_allclose(result.x["a"] ** 2 + np.sum(result.x["b"] ** 2), 1.0, atol=1e-6)
    nonlinear = scipy.optimize.NonlinearConstraint(
        lambda p: p["a"] ** 2 + np.sum(p["b"] ** 2), 0.0, 1.0
    )
    other = optimize.minimize(quadratic, TREE, constraints=nonlinear, method="trust-constr")
    np.testing.assert_allclose(other.x["b"], result.x["b"], atol=1e-3)


def test_given_derivatives_are_used() -> None:
    calls = []

    def gradient(x: Any) -> Any:
        calls.append(x)
        return 2.0 * (x - 1.0)

    result = optimize.minimize(lambda x: np.sum((x - 1.0) ** 2), np.zeros(2), jac=gradient)
    assert calls
    np.testing.assert_allclose(result.x, 1.0)
    pair = optimize.minimize(lambda x: (np.sum((x - 1.0) ** 2), gradient(x)), np.zeros(2), jac=True)
    np.testing.assert_allclose(pair.x, 1.0)
    plain = optimize.minimize(lambda x: float(np.sum((x - 1.0) ** 2)), np.zeros(2), jac="2-point")
    np.testing.assert_allclose(plain.x, 1.0, atol=1e-6)


def test_complex_variables_are_refused() -> None:
    with pytest.raises(ArgumentError, match="minimize: the variables must be real, got c128"):
        optimize.minimize(lambda z: np.abs(z) ** 2, 1.0 + 1.0j)


# Derivatives of solutions


def ridge(x: Any, a: Any, c: Any) -> Any:
    r = a @ x - c
    return r @ r + 0.1 * np.sum(x**4)


def test_derivative_of_a_minimum() -> None:
    rng = np.random.default_rng(0)
    a, c = rng.normal(size=(4, 2)), rng.normal(size=4)

    def best(a: Any, c: Any) -> Any:
        return optimize.minimize(ridge, np.zeros(2), (a, c), tol=1e-12).x

    jacobian = fg.jacrev(best, argnums=1)(a, c)
    h = 1e-5
    for i, e in enumerate(np.eye(4) * h):
        np.testing.assert_allclose(
            jacobian[:, i], (best(a, c + e) - best(a, c - e)) / (2 * h), atol=1e-6
        )
    np.testing.assert_allclose(fg.jacfwd(best, argnums=1)(a, c), jacobian, atol=1e-10)
    together = fg.jacrev(fg.jit(best), argnums=1)(a, c)
    np.testing.assert_allclose(together, jacobian, atol=1e-9)
    stacked = np.stack([c, c + 0.1])
    rows = fg.vmap(best, in_axes=(None, 0))(a, stacked)
    np.testing.assert_allclose(rows, [best(a, row) for row in stacked], atol=1e-7)


def test_second_derivative_of_a_minimum() -> None:
    def best(c: Any) -> Any:
        return optimize.minimize(lambda x, c: (x**2 - c) ** 2, 1.0, c, tol=1e-14).x

    np.testing.assert_allclose(fg.grad(fg.grad(best))(4.0), -0.25 * 4.0**-1.5, rtol=1e-5)


def test_the_value_at_the_minimum_has_the_derivative_of_the_envelope() -> None:
    def value(c: Any) -> Any:
        return optimize.minimize(lambda x, c: (x - c) ** 2 + c * x, 0.0, c).fun

    # min over x of (x - c)^2 + c x is c^2 - c^2 / 4
    np.testing.assert_allclose(fg.grad(value)(2.0), 1.5 * 2.0, rtol=1e-6)


def test_derivative_of_a_minimum_at_a_bound() -> None:
    def best(c: Any) -> Any:
        return optimize.minimize(
            lambda x, c: np.sum((x - c) ** 2) + x[0] * x[1],
            np.zeros(2),
            c,
            bounds=[(0.0, 0.5), (0.0, 9.0)],
        ).x

    # x0 is held at 0.5; x1 = c1 - 0.25
    jacobian = fg.jacrev(best)(np.array([2.0, 1.0]))
    np.testing.assert_allclose(jacobian, [[0.0, 0.0], [0.0, 1.0]], atol=1e-6)


def test_minimum_under_constraints_has_no_derivative() -> None:
    constraint = {"type": "eq", "fun": lambda x: x[0]}
    with pytest.raises(UnsupportedError, match="write the constraints as bounds"):
        fg.grad(
            lambda c: (
                optimize.minimize(lambda x, c: c * x @ x, START, c, constraints=constraint).fun
            )
        )(1.0)


def test_root_over_a_pytree() -> None:
    def residual(p: Any, c: Any) -> Any:
        return {"sum": p["x"] + p["y"].sum() - c, "rest": p["y"] ** 2 - p["x"]}

    start = {"x": 1.0, "y": np.ones(2)}
    result = optimize.root(residual, start, 3.0)
    assert result.success
    np.testing.assert_allclose(residual(result.x, 3.0)["rest"], 0.0, atol=1e-9)
    found = fg.grad(lambda c: optimize.root(residual, start, c).x["y"][0])(3.0)
    h = 1e-6
    ends = [optimize.root(residual, start, 3.0 + s).x["y"][0] for s in (h, -h)]
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * h), rtol=1e-5)


@pytest.mark.parametrize("method", ["hybr", "lm", "broyden1", "krylov"])
def test_methods_of_root(method: str) -> None:
    def f(x: Any) -> Any:
        return np.stack([x[0] + x[1] - 3.0, x[0] * x[1] - 2.0])

    np.testing.assert_allclose(
        optimize.root(f, np.array([0.5, 2.6]), method=method).x, [1.0, 2.0], atol=1e-5
    )


@pytest.mark.parametrize("name", ["brentq", "brenth", "bisect", "ridder", "toms748"])
def test_bracketed_roots(name: str) -> None:
    find = getattr(optimize, name)
    np.testing.assert_allclose(find(lambda x, c: x**3 - c, 0.0, 9.0, (8.0,)), 2.0)
    np.testing.assert_allclose(
        fg.grad(lambda c: find(lambda x, c: x**3 - c, 0.0, 9.0, c))(8.0), 1 / 12
    )


@pytest.mark.parametrize("method", ["newton", "halley", "secant", "brentq"])
def test_root_scalar(method: str) -> None:
    def find(c: Any) -> Any:
        bracket = (0.0, 9.0) if method == "brentq" else None
        x1 = 3.0 if method == "secant" else None
        return optimize.root_scalar(lambda x, c: x**3 - c, c, method, bracket, x0=1.5, x1=x1).root

    np.testing.assert_allclose(find(8.0), 2.0)
    np.testing.assert_allclose(fg.grad(find)(8.0), 1 / 12)


def test_least_squares() -> None:
    t = np.linspace(0.0, 1.0, 6)
    truth = {"a": 2.0, "b": np.array([0.5, -0.3])}

    def residuals(p: Any, y: Any) -> Any:
        return p["a"] * np.exp(p["b"][0] * t) + p["b"][1] * t**2 - y

    y = residuals(truth, 0.0)
    start = {"a": 1.0, "b": np.zeros(2)}
    fit = optimize.least_squares(residuals, start, args=y)
    np.testing.assert_allclose(fit.x["b"], truth["b"], atol=1e-6)
    assert fit.nfev < 20

    def best(y: Any) -> Any:
        return optimize.least_squares(
            residuals, start, args=y, xtol=1e-14, ftol=1e-14, gtol=1e-14
        ).x["b"]

    noisy = y + 0.1 * np.cos(9.0 * t)
    jacobian = fg.jacrev(best)(noisy)
    h = 1e-3
    e = np.eye(6)[2] * h
    np.testing.assert_allclose(
        jacobian[:, 2], (best(noisy + e) - best(noisy - e)) / (2 * h), rtol=1e-4
    )
    with pytest.raises(UnsupportedError, match=r"use fg.scipy.optimize.minimize"):
        fg.jacrev(lambda y: optimize.least_squares(residuals, start, args=y, loss="huber").x["b"])(
            noisy
        )


@pytest.mark.parametrize("kind", ["none", "deviations", "absolute", "covariance"])
def test_curve_fit(kind: str) -> None:
    x = np.linspace(0.0, 1.0, 6)
    y = 2.0 * np.exp(-1.3 * x) + 0.05 * np.cos(9.0 * x)
    sigma = {"none": None, "covariance": np.diag(x + 0.5) + 0.1}.get(kind, x + 0.5)

    def model(x: Any, a: Any, b: Any) -> Any:
        return a * np.exp(b * x)

    def fit(y: Any) -> Any:
        return optimize.curve_fit(model, x, y, sigma=sigma, absolute_sigma=kind == "absolute")

    expected = scipy.optimize.curve_fit(model, x, y, sigma=sigma, absolute_sigma=kind == "absolute")
    for a, b in zip(fit(y), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4)
    for a, b in zip(fg.jit(fit)(y), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4)
    h = 1e-4
    e = np.eye(6)[2] * h
    for k in range(2):
        jacobian = fg.jacrev(lambda y: fit(y)[k])(y)
        numeric = (fit(y + e)[k] - fit(y - e)[k]) / (2 * h)
        np.testing.assert_allclose(jacobian[..., 2], numeric, rtol=1e-3, atol=1e-4)
