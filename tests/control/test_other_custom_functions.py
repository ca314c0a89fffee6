"""`custom_gradient`, `closure_convert` and `custom_vmap`."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError

X = np.array([0.5, -1.0, 2.0])


def test_custom_gradient() -> None:
    @fg.custom_gradient
    def f(x: Any) -> Any:
        y = np.sin(x)
        return y * x, lambda ct: ct * y * 10.0

    assert fg.grad(f)(1.0) == pytest.approx(10.0 * np.sin(1.0))
    assert fg.grad(fg.grad(f))(1.0) == pytest.approx(10.0 * np.cos(1.0))
    np.testing.assert_allclose(fg.vmap(fg.grad(f))(X), 10.0 * np.sin(X))

    @fg.custom_gradient
    def g(x: Any, y: Any) -> Any:
        return x * y, lambda ct: (ct, 3.0 * ct)

    assert fg.grad(g, (0, 1))(2.0, 5.0) == (1.0, 3.0)
    with pytest.raises(ArgumentError, match="must return"):
        fg.custom_gradient(lambda x: x)(1.0)


def test_closure_convert() -> None:
    def minimise(objective: Any, guess: Any) -> Any:
        converted, consts = fg.closure_convert(objective, guess)
        return solve(converted, guess, *consts)

    @functools.partial(fg.custom_vjp, nondiff_argnums=(0,))
    def solve(objective: Any, x: Any, *consts: Any) -> Any:
        for _ in range(100):
            x = x - 0.1 * fg.grad(objective)(x, *consts)
        return x

    def fwd(objective: Any, x: Any, *consts: Any) -> Any:
        x = solve(objective, x, *consts)
        return x, (x, consts)

    def bwd(objective: Any, residuals: Any, ct: Any) -> Any:
        x, consts = residuals
        slope = lambda x, *c: fg.grad(objective)(x, *c)
        curvature = fg.grad(slope)(x, *consts)
        _, pullback = fg.vjp(lambda *c: slope(x, *c), *consts)
        return 0.0, *pullback(-ct / curvature)

    solve.defvjp(fwd, bwd)
    f = lambda a: minimise(lambda x: (x - a**2) ** 2, 0.0)
    assert f(1.5) == pytest.approx(2.25)
    assert fg.grad(f)(1.5) == pytest.approx(3.0)
    converted, consts = fg.closure_convert(lambda x: x * 2.0, 1.0)
    assert consts == []
    with pytest.raises(ArgumentError, match="other structures than the example"):
        converted((1.0,))


def test_custom_vmap() -> None:
    calls: list[Any] = []

    @fg.custom_vmap
    def f(x: Any, y: Any) -> Any:
        return np.sin(x) * y

    @f.def_vmap
    def f_vmap(axis_size: int, in_batched: Any, x: Any, y: Any) -> Any:
        calls.append((axis_size, in_batched))
        return np.cos(x) * y, True

    assert f(1.0, 2.0) == np.sin(1.0) * 2.0
    np.testing.assert_allclose(fg.vmap(f, (0, None))(X, 2.0), np.cos(X) * 2.0)
    assert calls == [(3, [True, False])]
    value, tangent = fg.vmap(lambda x: fg.jvp(lambda x: f(x, 2.0), (x,), (1.0,)))(X)
    np.testing.assert_allclose(value, np.cos(X) * 2.0)
    np.testing.assert_allclose(tangent, -np.sin(X) * 2.0)
    np.testing.assert_allclose(fg.vmap(fg.grad(f), (0, None))(X, 2.0), np.cos(X) * 2.0)
    np.testing.assert_allclose(fg.jit(fg.vmap(f))(X, X), np.cos(X) * X)
    with pytest.raises(ArgumentError, match="without a rule"):
        fg.custom_vmap(np.sin)(1.0)
    closing = lambda w: fg.vmap(lambda x: _closing_over(x)(1.0))(w)
    with pytest.raises(ArgumentError, match="closes over a value that differs per example"):
        closing(X)
    g = fg.custom_vmap(lambda x: x)
    g.def_vmap(lambda n, b, x: x)
    with pytest.raises(ArgumentError, match="must return a pair"):
        fg.vmap(g)(X)


def _closing_over(w: Any) -> Any:
    f = fg.custom_vmap(lambda x: x * w)
    f.def_vmap(lambda n, b, x: (x, True))
    return f
