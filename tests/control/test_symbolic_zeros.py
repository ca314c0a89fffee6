"""Rules with symbolic zeros, and what such rules close over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg

X = np.array([0.5, -1.0, 2.0])


def test_symbolic_zeros() -> None:
    seen: list[Any] = []

    @fg.custom_jvp
    def f(x: Any, y: Any) -> Any:
        return x * y, x + y

    def f_jvp(primals: Any, tangents: Any) -> Any:
        seen.append([type(t) is fg.SymbolicZero for t in tangents])
        (x, y), (s, t) = primals, tangents
        total = 0.0
        if type(s) is not fg.SymbolicZero:
            total = total + s * y
        if type(t) is not fg.SymbolicZero:
            total = total + x * t
        return f(x, y), (total, fg.SymbolicZero.like(x))

    f.defjvp(f_jvp, symbolic_zeros=True)
    assert fg.grad(lambda x: f(x, 2.0)[0])(3.0) == 2.0
    assert [False, True] in seen
    assert fg.grad(lambda x: f(x, 2.0)[1])(3.0) == 0.0
    assert fg.jvp(f, (3.0, 2.0), (1.0, 1.0))[1] == (5.0, 0.0)

    g = fg.custom_vjp(lambda x, y: (x * y, x + y))

    def fwd(x: Any, y: Any) -> Any:
        seen.append((x.perturbed, y.perturbed))
        return (x.value * y.value, x.value + y.value), (x.value, y.value)

    def bwd(residuals: Any, cts: Any) -> Any:
        x, y = residuals
        a, b = cts
        seen.append(type(b) is fg.SymbolicZero)
        a = 0.0 if type(a) is fg.SymbolicZero else a
        return a * y, a * x

    g.defvjp(fwd, bwd, symbolic_zeros=True)
    seen.clear()
    assert fg.grad(lambda x: g(x, 2.0)[0])(3.0) == 2.0
    assert (True, False) in seen
    assert True in seen
    np.testing.assert_array_equal(fg.vmap(fg.grad(lambda x: g(x, 2.0)[0]))(X), np.full(3, 2.0))


def _closing_jvp(a: Any) -> Any:
    f = fg.custom_jvp(lambda x, y: x * y)

    def rule(primals: Any, tangents: Any) -> Any:
        (x, y), (s, t) = primals, tangents
        total = 0.0
        if type(s) is not fg.SymbolicZero:
            total = total + a * np.sin(a) * s * y
        if type(t) is not fg.SymbolicZero:
            total = total + x * t
        return f(x, y), total

    f.defjvp(rule, symbolic_zeros=True)
    return f


def _closing_vjp(a: Any) -> Any:
    f = fg.custom_vjp(lambda x, y: x * y)

    def fwd(x: Any, y: Any) -> Any:
        return x.value * y.value, y.value

    def bwd(y: Any, ct: Any) -> Any:
        # Captured by a loop within the rule, too.
        scaled = fg.lax.fori_loop(0, 2, lambda i, c: c * np.sin(a), ct)
        return a * scaled * y / np.sin(a), np.zeros_like(ct)

    f.defvjp(fwd, bwd, symbolic_zeros=True)
    return f


@pytest.mark.parametrize("make", [_closing_jvp, _closing_vjp])
def test_rules_with_symbolic_zeros_close_over_traced_values(make: Any) -> None:
    def slope(a: Any) -> Any:
        return fg.grad(lambda x: make(a)(x, 2.0))(3.0)

    def at(a: Any) -> Any:
        return 2.0 * a * np.sin(a)

    def slope_at(a: Any) -> Any:
        return 2.0 * (np.sin(a) + a * np.cos(a))

    a = np.array([0.5, 2.0])
    assert slope(2.0) == pytest.approx(at(2.0))
    assert fg.jit(slope)(2.0) == pytest.approx(at(2.0))
    assert fg.grad(slope)(2.0) == pytest.approx(slope_at(2.0))
    assert fg.jit(fg.grad(slope))(2.0) == pytest.approx(slope_at(2.0))
    np.testing.assert_allclose(fg.vmap(slope)(a), at(a))
    np.testing.assert_allclose(fg.vmap(fg.grad(slope))(a), slope_at(a))
    np.testing.assert_allclose(fg.jacfwd(lambda a: fg.vmap(slope)(a))(a), np.diag(slope_at(a)))
    # The derivative is taken when the trace of `a` is over.
    outer = fg.grad(fg.jit(lambda x, a: make(a)(x, 2.0) + 0.0 * a))
    assert outer(3.0, 2.0) == pytest.approx(at(2.0))
    # Another value, by the same function object: nothing of the first call is kept.
    assert fg.grad(slope)(0.5) == pytest.approx(slope_at(0.5))


def test_what_only_a_zero_needs_is_out_of_reach() -> None:
    def f(a: Any) -> Any:
        g = fg.custom_jvp(lambda x, y: x * y)

        def rule(primals: Any, tangents: Any) -> Any:
            (x, y), (s, t) = primals, tangents
            return g(x, y), a * s if type(t) is fg.SymbolicZero else s * y

        g.defjvp(rule, symbolic_zeros=True)
        return fg.jit(lambda x: g(x, 2.0))

    with pytest.raises(
        fg.errors.TracingError,
        match=r"closes over a traced value.*symbolic zeros.*\n  pass the value as an argument",
    ):
        fg.grad(lambda a: fg.grad(lambda x: f(a)(x))(3.0))(2.0)
