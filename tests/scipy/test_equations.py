"""Differential equations: `odeint` and `solve_ivp` against finite differences, in all orders and modes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.integrate

import funcgrad as fg
from funcgrad.errors import ArgumentError, ConcretizationError, UnsupportedError
from funcgrad.scipy.integrate import flow, odeint, solve_ivp

T = np.array([0.0, 0.4, 0.4, 1.0])
P = np.array([1.5, 0.7])
FINE = {"rtol": 1e-10, "atol": 1e-10}


def prey(y: Any, t: Any, a: Any, b: Any) -> Any:
    return [a * y[0] - b * y[0] * y[1] + np.sin(t), -y[1] + b * y[0] * y[1]]


def loss(p: Any) -> Any:
    return np.sum(scipy.integrate.odeint(prey, [1.3, p[1]], T, args=tuple(p), **FINE) ** 2)


def numeric(f: Any, x: Any, h: float = 1e-5) -> Any:
    steps = h * np.eye(len(x))
    return np.stack([(f(x + e) - f(x - e)) / (2 * h) for e in steps], axis=-1)


def test_values_are_scipys() -> None:
    args = (prey, [1.3, 0.7], T)
    expected = scipy.integrate.odeint(*args, args=tuple(P))
    np.testing.assert_allclose(fg.jit(lambda p: odeint(*args, args=tuple(p)))(P), expected, 1e-12)
    assert np.array_equal(odeint(*args, args=tuple(P)), expected)
    decay = lambda k, **kw: scipy.integrate.solve_ivp(lambda t, y: -k * y, (0, 2), [1.0], **kw)
    for method in ("RK45", "RK23", "DOP853", "BDF", "Radau", "LSODA"):
        options = {"method": method, "t_eval": [0.0, 0.5, 0.5 + 1e-3, 2.0]}
        found = fg.jit(lambda k, kw=options: decay(k, **kw).y)(1.1)
        np.testing.assert_allclose(found, decay(1.1, **options).y, rtol=1e-12)


@pytest.mark.parametrize("few", [200, 0])  # slopes forwards, or the adjoint equation
def test_first_and_second_derivatives(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "_FEW", few)
    gradient = fg.grad(loss)
    np.testing.assert_allclose(gradient(P), numeric(loss, P), rtol=1e-6)
    np.testing.assert_allclose(fg.jacfwd(loss)(P), gradient(P), rtol=1e-6)
    expected = numeric(gradient, P)
    for outer in (fg.jacfwd, fg.jacrev):
        for inner in (fg.jacfwd, fg.jacrev):
            np.testing.assert_allclose(outer(inner(loss))(P), expected, rtol=1e-5)


def test_third_derivative() -> None:
    f = lambda k: odeint(lambda y, t: -k * y, [1.0], [0.0, 1.0], **FINE)[-1, 0]
    np.testing.assert_allclose(fg.grad(fg.grad(fg.grad(f)))(0.5), -np.exp(-0.5), rtol=1e-6)


def test_transforms_compose() -> None:
    batch = np.stack([P, P + 0.1])
    each = [fg.grad(loss)(p) for p in batch]
    np.testing.assert_allclose(fg.vmap(fg.grad(loss))(batch), each, rtol=1e-6)
    np.testing.assert_allclose(fg.jit(fg.vmap(fg.grad(loss)))(batch), each, rtol=1e-6)


def test_times_have_derivatives() -> None:
    def f(t: Any) -> Any:
        return np.sum(odeint(lambda y, t: -y * t + np.sin(t), [1.0], t, **FINE) ** 2)

    t = np.array([0.1, 0.5, 2.0])
    np.testing.assert_allclose(fg.grad(f)(t), numeric(f, t), rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(fg.hessian(f)(t), numeric(fg.grad(f), t), rtol=1e-5, atol=1e-8)
    end = lambda b: solve_ivp(lambda t, y: -y, (0.0, b), [1.0], **FINE).y[0, -1]
    np.testing.assert_allclose(fg.grad(end)(1.0), -np.exp(-1.0), rtol=1e-7)


def test_stiff_equations_stay_stable_backwards() -> None:
    def robertson(t: Any, y: Any, k: Any) -> Any:
        rise = k[0] * y[0] - k[1] * y[1] * y[2]
        fall = k[2] * y[1] ** 2
        return np.array([-rise, rise - fall, fall])

    def f(log_k: Any) -> Any:
        k = np.exp(log_k)
        start = [1.0, 0.0, 0.0]
        options = {"method": "BDF", "t_eval": [100.0], "rtol": 1e-8, "atol": 1e-10}
        return scipy.integrate.solve_ivp(robertson, (0, 100), start, args=(k,), **options).y[0, 0]

    log_k = np.log([0.04, 1e4, 3e7])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "_FEW", 0)
        np.testing.assert_allclose(fg.grad(f)(log_k), numeric(f, log_k, 1e-4), rtol=1e-5)


def test_complex_states_pytrees_and_constants_of_other_dtypes() -> None:
    h = np.array([[1.0, 0.5], [0.5, -1.0]])

    def f(w: Any) -> Any:
        rhs = lambda t, y: -1j * (h * w["w"]) @ y * np.int32(1)
        y0 = np.array([1.0, 0.0j])
        return np.abs(solve_ivp(rhs, (0.0, 2.0), y0, t_eval=[2.0], **FINE).y[1, 0]) ** 2

    g = fg.grad(f)({"w": 1.3})["w"]
    np.testing.assert_allclose(g, numeric(lambda w: f({"w": w[0]}), np.array([1.3]))[0], rtol=1e-6)


def test_functions_that_look_at_values() -> None:
    def rhs(t: Any, y: Any, k: Any) -> Any:
        return [-k * y[0] if t < 5.0 else y[0]]

    f = lambda k: solve_ivp(rhs, (0.0, 1.0), [1.0], args=(k,), **FINE).y[0, -1]
    np.testing.assert_allclose(fg.grad(f)(0.5), -np.exp(-0.5), rtol=1e-6)
    np.testing.assert_allclose(fg.jacfwd(f)(0.5), -np.exp(-0.5), rtol=1e-6)


def test_dense_output_and_backward_times() -> None:
    def f(k: Any) -> Any:
        found = solve_ivp(lambda t, y: -k * y, (1.0, -1.0), [1.0], dense_output=True, **FINE)
        return found.sol(np.array([-0.5, 0.3]))[0], found.sol(0.5)[0]

    many, one = fg.jacfwd(f)(0.5)
    expected = lambda t: (1.0 - t) * np.exp(0.5 * (1.0 - t))
    np.testing.assert_allclose(many, expected(np.array([-0.5, 0.3])), rtol=1e-6)
    np.testing.assert_allclose(one, expected(0.5), rtol=1e-6)


def test_events() -> None:
    def fall(t: Any, y: Any, g: Any, ground: Any) -> Any:
        return [y[1], -g]

    def hit(t: Any, y: Any, g: Any, ground: Any) -> Any:
        return y[0] - ground

    def top(t: Any, y: Any, g: Any, ground: Any) -> Any:
        return y[1]

    hit.terminal, hit.direction = True, -1  # type: ignore[attr-defined]

    def solve(x: Any, **options: Any) -> Any:
        args = {"args": (x[1], x[2]), "events": [hit, top]} | FINE | options
        return scipy.integrate.solve_ivp(fall, (0, 10), [1.0, x[0]], **args)

    x = np.array([3.0, 9.8, 0.2])
    for f in (
        lambda x: solve(x).t_events[0][0],
        lambda x: solve(x).t_events[1][0],
        lambda x: solve(x).y_events[1][0, 0],
        lambda x: solve(x).t[-1],
        lambda x: solve(x).y[1, -1],
        lambda x: solve(x, t_eval=[0.1, 0.5, 9.0]).y[0, -1],
    ):
        value, gradient = fg.value_and_grad(f)(x)
        np.testing.assert_allclose(value, f(x), rtol=1e-9)
        np.testing.assert_allclose(gradient, numeric(f, x), rtol=1e-6, atol=1e-9)
    assert fg.grad(lambda x: float(solve(x).status) * x[0])(x)[0] == 1.0


def test_events_that_close_over_traced_values() -> None:
    def f(v: Any) -> Any:
        event = lambda t, y: y[0] - 0.1 * v
        found = scipy.integrate.solve_ivp(lambda t, y: -v * y, (0, 9), [1.0], events=event, **FINE)
        return found.t_events[0][0]

    np.testing.assert_allclose(
        fg.grad(f)(1.5), numeric(lambda v: f(v[0]), np.array([1.5]))[0], 1e-5
    )


def test_failed_solutions_are_nan() -> None:
    def f(k: Any) -> Any:
        return scipy.integrate.solve_ivp(lambda t, y: k * y**2, (0, 2), [1.0], t_eval=[0.5, 2.0]).y[
            0
        ]

    with np.errstate(all="ignore"):
        found = fg.jit(f)(1.0)
    np.testing.assert_allclose(found, [2.0, np.nan], rtol=1e-2)


def test_errors() -> None:
    decay = lambda t, y: -y
    with pytest.raises(ConcretizationError, match="give solve_ivp the times by t_eval"):
        fg.jit(lambda k: solve_ivp(decay, (0.0, 1.0), [k]).y)(1.0)
    with pytest.raises(ConcretizationError, match="events depend on values"):
        fg.jit(lambda k: solve_ivp(decay, (0, 1), [k], events=lambda t, y: y[0]).y[0, -1])(1.0)
    with pytest.raises(ArgumentError, match=r"returns f64\[2\], but there are 1 variables"):
        fg.jit(lambda k: odeint(lambda y, t: [k, k], [1.0], T))(1.0)
    with pytest.raises(ArgumentError, match="`y0` must be 1-dimensional"):
        fg.jit(lambda k: solve_ivp(decay, (0, 1), k).y)(np.ones((2, 2)))
    with pytest.raises(ArgumentError, match="not properly sorted"):
        fg.jit(lambda k: solve_ivp(decay, (0, 1), [k], t_eval=[0.5, 0.2]).y)(1.0)
    with pytest.raises(ArgumentError, match="not within `t_span`"):
        fg.jit(lambda k: solve_ivp(decay, (0, 1), [k], t_eval=[0.5, 1.2]).y)(1.0)
    with pytest.raises(UnsupportedError, match="no full_output"):
        fg.jit(lambda k: odeint(lambda y, t: -k * y, [1.0], T, full_output=True))(1.0)


def test_odeint_names_the_users_function() -> None:
    def growth(y: Any, t: Any, rate: Any) -> Any:
        return [rate * y[0]]

    with pytest.raises(
        ArgumentError, match=r"growth \(.*test_equations\.py:\d+\) returns f64\[1\]"
    ):
        fg.grad(lambda k: odeint(growth, [1.0, 2.0], np.array([0.0, 1.0]), args=(k,))[-1, 0])(0.3)
