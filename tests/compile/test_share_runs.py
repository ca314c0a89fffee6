"""A `while` whose value and way back are wanted runs once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compile.compiler import optimized
from tests.control.programs import PROGRAMS

lax = fg.lax
M = np.random.default_rng(0).normal(size=(3, 3)) / 3.0
X = np.array([0.3, -0.7, 1.1])
N = np.int64(4)


def powers(x: Any, n: Any) -> Any:
    return np.sum(lax.fori_loop(0, n, lambda i, c: np.tanh(M @ c) + c / (i + 2), x) ** 2)


def until_small(x: Any, n: Any) -> Any:
    body = lambda c: (c[0] + 1, c[1] * 0.5, c[2] * np.sin(c[1]))
    return np.sum(lax.while_loop(lambda c: c[0] < n, body, (0, x, x))[2])


def names(fun: Callable[..., Any], *args: Any) -> list[str]:
    """The loops of an optimised program."""
    closed = fg.make_jaxpr(fun)(*args)
    eqns = optimized(closed.jaxpr.open_consts()).eqns
    return [e.primitive.name for e in eqns if e.primitive.name.startswith("while")]


@pytest.mark.parametrize("fun", [powers, until_small])
def test_one_run_for_the_value_and_the_way_back(fun: Any) -> None:
    gradient = fg.value_and_grad(fun)
    assert names(gradient, X, N) == ["while_record", "while_replay"]
    batched = fg.vmap(gradient, (0, 0))
    assert names(batched, np.stack([X, X]), np.array([2, 5])) == ["while_record", "while_replay"]
    once, compiled = fg.jit(gradient), gradient(X, N)
    for _ in range(3):
        value, grads = once(X, N)
        np.testing.assert_allclose(value, fun(X, N), rtol=1e-14)
        np.testing.assert_allclose(grads, compiled[1], rtol=1e-13)
    long = np.int64(3_000)  # the loop is compiled before it is done
    value, grads = fg.jit(gradient)(X, long)
    np.testing.assert_allclose(value, fun(X, long), rtol=1e-12)
    np.testing.assert_allclose(once(X, long)[1], grads, rtol=1e-12)
    np.testing.assert_allclose(once(X, np.int64(0))[1], fg.grad(fun)(X, np.int64(0)))


def test_steps_are_counted_once() -> None:
    seen: list[int] = []

    def count(i: Any) -> Any:
        seen.append(int(i))
        return i

    def fun(x: Any, n: Any) -> Any:
        def body(carry: Any) -> Any:
            i, y = carry
            i = fg.pure_callback(count, i, i)
            return i + 1, np.sin(y)

        return lax.while_loop(lambda c: c[0] < n, body, (np.int64(0), x))[1]

    # The first call, which is interpreted, and later ones; also where the loop is in a function of its own.
    for gradient in (
        fg.value_and_grad(fun),
        fg.value_and_grad(fg.jit(fun)),
        fg.jit(fg.value_and_grad(fun)),
    ):
        for _ in range(3):
            seen.clear()
            gradient(0.5, N)
            assert seen == [0, 1, 2, 3]


def test_other_loops_run_on_their_own() -> None:
    def fun(x: Any, n: Any) -> Any:
        longer = lax.stop_gradient(powers(x, n + 1))
        return powers(x, n) * longer

    def twice(x: Any, n: Any) -> Any:
        return powers(x, n) + powers(np.sin(x), n)

    for f in (fun, twice):
        np.testing.assert_allclose(fg.jit(fg.grad(f))(X, N), fg.jit(fg.jacfwd(f))(X, N), rtol=1e-12)

    # A print is no longer part of the loop that goes back.
    def printing(x: Any, n: Any) -> Any:
        def body(i: Any, c: Any) -> Any:
            fg.debug.callback(lambda i: None, i)
            return np.sin(c)

        return np.sum(lax.fori_loop(0, n, body, x))

    assert names(fg.value_and_grad(printing), X, N) == ["while", "while_transpose"]


@pytest.mark.parametrize("program", PROGRAMS, ids=[p.name for p in PROGRAMS])
def test_gradients_of_programs(program: Any) -> None:
    argnums = tuple(range(len(program.args)))
    fun = program.make(np, fg.lax)
    together = fg.jit(lambda *args: (fun(*args), fg.grad(fun, argnums)(*args)))(*program.args)
    want = (fun(*program.args), fg.grad(fun, argnums)(*program.args))
    for a, b in zip(fg.tree.leaves(together), fg.tree.leaves(want), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_an_array_is_one_constant_until_it_is_written_to() -> None:
    a = np.ones(3)

    def fun(x: Any) -> Any:
        y = x * a + a
        a[0] += 1.0
        return y + a

    first, second = fg.make_jaxpr(fun)(X).consts
    np.testing.assert_array_equal(first, np.ones(3))
    np.testing.assert_array_equal(second, [2.0, 1.0, 1.0])
