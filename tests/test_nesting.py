"""Transforms of transforms, in any order: perturbations are not confused, closures see outer values."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from tests.oracle import namespace

X = np.array([0.3, -0.7, 1.2])


def close(got: Any, expected: Any, rtol: float = 1e-9) -> None:
    got_leaves, expected_leaves = fg.tree.leaves(got), fg.tree.leaves(expected)
    assert len(got_leaves) == len(expected_leaves)
    for a, b in zip(got_leaves, expected_leaves, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12)


# Perturbation confusion

CONFUSING: dict[str, tuple[Callable[[], Any], float]] = {
    # d/dx (x * d/dy (x + y)) = d/dx (x * 1) = 1; confusion gives 2. Siskind and Pearlmutter (2005).
    "siskind-pearlmutter": (
        lambda: fg.grad(lambda x: x * fg.grad(lambda y: x + y)(1.0))(1.0),
        1.0,
    ),
    "product": (lambda: fg.grad(lambda x: x * fg.grad(lambda y: x * y)(2.0))(3.0), 6.0),
    "jvp in jvp": (
        lambda: fg.jvp(lambda x: x * fg.jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1],
        1.0,
    ),
    "grad in jvp": (
        lambda: fg.jvp(lambda x: x * fg.grad(lambda y: x * y * y)(2.0), (3.0,), (1.0,))[1],
        24.0,
    ),
    "jvp in grad": (
        lambda: fg.grad(lambda x: x * fg.jvp(lambda y: x * y * y, (2.0,), (1.0,))[1])(3.0),
        24.0,
    ),
    "linearize in grad": (
        lambda: fg.grad(lambda x: x * fg.linearize(lambda y: x * y * y, 2.0)[1](1.0))(3.0),
        24.0,
    ),
    "vjp in grad": (
        lambda: fg.grad(lambda x: x * fg.vjp(lambda y: x * y * y, 2.0)[1](1.0)[0])(3.0),
        24.0,
    ),
    "same point": (lambda: fg.grad(lambda x: fg.grad(lambda y: x * y)(x))(3.0), 1.0),
    "same variable": (lambda: fg.grad(lambda x: fg.grad(lambda x: x**3)(x))(3.0), 18.0),
    "shifts": (lambda: _shifts(), 2 * np.e**2),
    "three deep": (
        lambda: fg.grad(
            lambda x: fg.grad(lambda y: fg.grad(lambda z: np.sin(x * y * z) + x * y)(1.0) * x)(1.0)
        )(1.0),
        # f = x^2 y cos(xy); f_y = x^2 cos(xy) - x^3 y sin(xy); f_yx at 1: 2c - s - 3s - c
        np.cos(1.0) - 4.0 * np.sin(1.0),
    ),
    "captured and passed": (
        lambda: fg.grad(lambda x: fg.grad(lambda y: (x - y) ** 2 * x)(x + 1.0))(2.0),
        2.0,
    ),
    "constant inside": (lambda: fg.grad(lambda x: fg.grad(lambda y: x * x)(1.0) + x)(3.0), 1.0),
}


def _shifts() -> Any:
    """The derivative of exp(1 + 2 u) at 1/2, by a function that returns functions."""

    def shift(u: Any) -> Callable[[Any], Callable[[Any], Any]]:
        return lambda f: lambda x: f(x + u)

    return fg.grad(lambda u: shift(u)(shift(u)(np.exp))(1.0))(0.5)


@pytest.mark.parametrize("name", CONFUSING)
def test_perturbations_are_not_confused(name: str) -> None:
    run, expected = CONFUSING[name]
    close(run(), expected)


@pytest.mark.parametrize("name", CONFUSING)
def test_nor_under_jit_and_vmap(name: str) -> None:
    run, expected = CONFUSING[name]
    close(fg.jit(run)(), expected)
    close(fg.grad(lambda s: s * run())(2.0), expected)
    close(fg.vmap(lambda s: s * run())(np.array([1.0, 2.0])), expected * np.array([1.0, 2.0]))
    close(fg.vmap(fg.grad(lambda s: s * run()))(np.ones(2)), expected * np.ones(2))


# Compositions against formulas


def f(x: Any) -> Any:
    return np.sum(np.sin(x) * x**2)


def f1(x: Any) -> Any:
    return np.cos(x) * x**2 + 2 * x * np.sin(x)


def f2(x: Any) -> Any:
    return -np.sin(x) * x**2 + 4 * x * np.cos(x) + 2 * np.sin(x)


def f3(x: Any) -> Any:
    return -np.cos(x) * x**2 - 6 * x * np.sin(x) + 6 * np.cos(x)


def f4(x: Any) -> Any:
    return np.sin(x) * x**2 - 8 * x * np.cos(x) - 12 * np.sin(x)


def grad_forward(fun: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: fg.jvp(fun, (x,), (1.0,))[1]


def grad_linearize(fun: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: fg.linearize(fun, x)[1](1.0)


def grad_vjp(fun: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: fg.vjp(fun, x)[1](1.0)[0]


DERIVATIVES = [fg.grad, grad_forward, grad_linearize, grad_vjp, fg.jacfwd, fg.jacrev]


@pytest.mark.parametrize("transforms", list(itertools.product(DERIVATIVES, repeat=2)))
def test_second_derivatives_in_every_pair_of_modes(transforms: Any) -> None:
    outer, inner = transforms
    close(outer(inner(f))(0.7), f2(0.7))
    close(fg.jit(outer(fg.jit(inner(f))))(0.7), f2(0.7))
    close(fg.vmap(outer(inner(f)))(X), f2(X))


@pytest.mark.parametrize("transforms", list(itertools.product(DERIVATIVES[:4], repeat=3)))
def test_third_derivatives_in_every_triple_of_modes(transforms: Any) -> None:
    a, b, c = transforms
    close(a(b(c(f)))(0.7), f3(0.7))


def test_fourth_derivatives() -> None:
    close(fg.grad(fg.grad(fg.grad(fg.grad(f))))(0.7), f4(0.7))
    close(fg.hessian(fg.hessian(f))(0.7), f4(0.7))


def diagonal(function: Callable[[Any], Any]) -> Any:
    return np.diag(function(X))


def per_example(x: Any) -> Any:
    return fg.vmap(f)(x)


def through_jaxpr(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def fun(x: Any) -> Any:
        closed = fg.make_jaxpr(function)(x)
        return fg.eval_jaxpr(closed.jaxpr, closed.consts, x)[0]

    return fun


COMPOSITIONS: dict[str, tuple[Callable[[], Any], Any]] = {
    "vmap(grad)": (lambda: fg.vmap(fg.grad(f))(X), f1(X)),
    "grad(vmap)": (lambda: fg.grad(lambda x: np.sum(per_example(x)))(X), f1(X)),
    "grad(vmap(grad))": (
        lambda: fg.grad(lambda x: np.sum(fg.vmap(fg.grad(f))(x) ** 2))(X),
        2 * f1(X) * f2(X),
    ),
    "vmap(grad(grad))": (lambda: fg.vmap(fg.grad(fg.grad(f)))(X), f2(X)),
    "jit(vmap(grad(grad)))": (lambda: fg.jit(fg.vmap(fg.grad(fg.grad(f))))(X), f2(X)),
    "vmap(jit(grad(jit(grad))))": (
        lambda: fg.vmap(fg.jit(fg.grad(fg.jit(fg.grad(f)))))(X),
        f2(X),
    ),
    "jacfwd(vmap)": (lambda: fg.jacfwd(per_example)(X), diagonal(f1)),
    "jacrev(vmap)": (lambda: fg.jacrev(per_example)(X), diagonal(f1)),
    "hessian(vmap)": (
        lambda: fg.hessian(lambda x: np.sum(per_example(x)))(X),
        diagonal(f2),
    ),
    "hessian of vmap's results": (
        lambda: fg.hessian(per_example)(X),
        np.stack([np.diag(row) for row in np.diag(f2(X))]),
    ),
    "vmap(hessian)": (lambda: fg.vmap(fg.hessian(f))(X), f2(X)),
    "jvp(vjp)": (
        lambda: fg.jvp(lambda x: fg.vjp(f, x)[1](1.0)[0], (X,), (X,))[1],
        f2(X) * X,
    ),
    "vjp(jvp)": (
        lambda: fg.vjp(lambda x: fg.jvp(f, (x,), (X,))[1], X)[1](1.0)[0],
        f2(X) * X,
    ),
    "jvp(vmap(vjp))": (
        lambda: fg.jvp(fg.vmap(lambda x: fg.vjp(f, x)[1](1.0)[0]), (X,), (X,))[1],
        f2(X) * X,
    ),
    "vmap(linearize)": (lambda: fg.vmap(lambda x: fg.linearize(f, x)[1](x))(X), f1(X) * X),
    "linearize(vmap)": (lambda: fg.linearize(per_example, X)[1](X), f1(X) * X),
    "vmap of a linearized function": (
        lambda: fg.vmap(fg.linearize(f, X)[1])(np.eye(3)),
        f1(X),
    ),
    "vmap of a pullback": (
        lambda: fg.vmap(fg.vjp(per_example, X)[1])(np.eye(3))[0],
        diagonal(f1),
    ),
    "linearize(grad)": (lambda: fg.linearize(fg.grad(f), X)[1](X), f2(X) * X),
    "grad through a linearized function": (
        lambda: fg.grad(lambda x: np.sum(fg.linearize(fg.grad(f), x)[1](x)))(X),
        f3(X) * X + f2(X),
    ),
    "hvp": (lambda: fg.hvp(f, (X,), (X,)), f2(X) * X),
    "vmap(hvp)": (
        lambda: fg.vmap(lambda v: fg.hvp(f, (X,), (v,)))(np.eye(3)),
        diagonal(f2),
    ),
    "vmap(vmap(grad))": (
        lambda: fg.vmap(fg.vmap(fg.grad(f)))(np.stack([X, 2 * X])),
        f1(np.stack([X, 2 * X])),
    ),
    "vmap over two axes": (
        lambda: fg.vmap(fg.vmap(lambda x, y: x * y, (0, None)), (None, 0))(X, X),
        np.outer(X, X),
    ),
    "grad(jit)": (lambda: fg.grad(fg.jit(f))(X), f1(X)),
    "jit(grad(jit(vmap)))": (
        lambda: fg.jit(fg.grad(fg.jit(lambda x: np.sum(per_example(x)))))(X),
        f1(X),
    ),
    "value_and_grad(grad)": (
        lambda: fg.value_and_grad(lambda x: np.sum(fg.grad(f)(x)))(X),
        (np.sum(f1(X)), f2(X)),
    ),
    "linear_transpose(linearize)": (
        lambda: fg.linear_transpose(fg.linearize(per_example, X)[1], X)(X)[0],
        f1(X) * X,
    ),
    "make_jaxpr(grad)": (lambda: through_jaxpr(fg.grad(f))(X), f1(X)),
    "grad(stop_gradient)": (
        lambda: fg.grad(lambda x: np.sum(fg.stop_gradient(np.sin(x)) * x**2))(X),
        2 * X * np.sin(X),
    ),
    "hessian(stop_gradient)": (
        lambda: fg.hessian(lambda x: np.sum(fg.stop_gradient(np.sin(x)) * x**2))(X),
        np.diag(2 * np.sin(X)),
    ),
    "vmap(jvp(stop_gradient))": (
        lambda: fg.vmap(lambda x: fg.jvp(lambda y: fg.stop_gradient(y) * y, (x,), (1.0,))[1])(X),
        X,
    ),
}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_compositions(name: str) -> None:
    run, expected = COMPOSITIONS[name]
    close(run(), expected)
    close(fg.jit(run)(), expected)


def test_eval_shape_of_compositions() -> None:
    shape = fg.eval_shape(fg.vmap(fg.hessian(f)), fg.ShapeDtypeStruct((5, 3), np.float32))
    assert (shape.shape, shape.dtype) == ((5, 3, 3), np.float32)


# Closures over outer tracers


def test_inner_functions_see_outer_values_as_constants() -> None:
    def outer(w: Any) -> Any:
        def inner(x: Any) -> Any:
            return np.sum(w * x**2) + np.sum(w)

        return np.sum(fg.grad(inner)(X) * w)

    close(fg.grad(outer)(X), 4 * X * X)


@pytest.mark.parametrize(
    "inner",
    [
        lambda f: f,
        fg.jit,
        fg.vmap,
        lambda f: fg.vmap(fg.jit(f)),
        lambda f: fg.jit(fg.vmap(f)),
        lambda f: lambda x: fg.vjp(f, x)[0],
        lambda f: lambda x: fg.linearize(f, x)[0],
        lambda f: lambda x: fg.jvp(f, (x,), (x,))[0],
        lambda f: (
            lambda x: fg.eval_jaxpr(fg.make_jaxpr(f)(x).jaxpr, fg.make_jaxpr(f)(x).consts, x)[0]
        ),
    ],
    ids=["plain", "jit", "vmap", "vmap(jit)", "jit(vmap)", "vjp", "linearize", "jvp", "make_jaxpr"],
)
def test_closures_over_tracers_carry_derivatives(inner: Callable[..., Any]) -> None:
    def loss(w: Any) -> Any:
        return np.sum(inner(lambda x: np.sin(x * w) * w)(X))

    expected = np.sum(np.sin(X * 0.5) + 0.5 * X * np.cos(X * 0.5))
    close(fg.grad(loss)(0.5), expected)
    close(fg.jvp(loss, (0.5,), (1.0,))[1], expected)
    close(fg.jit(fg.grad(loss))(0.5), expected)
    close(fg.vmap(fg.grad(loss))(np.array([0.5, 0.5])), np.array([expected] * 2))
    second = np.sum(2 * X * np.cos(X * 0.5) - 0.5 * X**2 * np.sin(X * 0.5))
    close(fg.grad(fg.grad(loss))(0.5), second)
    close(fg.hessian(loss)(0.5), second)


def test_pullbacks_may_leave_the_inner_function() -> None:
    def loss(x: Any) -> Any:
        value, pullback = fg.vjp(np.sin, x)
        return np.sum(pullback(value)[0])  # cos(x) sin(x)

    close(fg.grad(loss)(X), np.cos(2 * X))
    close(fg.vmap(fg.grad(loss))(X), np.cos(2 * X))


def test_pullbacks_are_reusable() -> None:
    _, pullback = fg.vjp(lambda x: x**2, X)
    close(pullback(X), (2 * X * X,))
    close(pullback(np.ones(3)), (2 * X,))
    close(fg.grad(lambda ct: np.sum(pullback(ct)[0]))(X), 2 * X)


def test_recursion_in_the_users_code() -> None:
    def power(x: Any, n: int) -> Any:
        return x * 1.0 if n == 1 else x * fg.jit(lambda y: power(y, n - 1))(x)

    close(fg.grad(lambda x: power(x, 5))(2.0), 80.0)
    close(fg.grad(fg.grad(lambda x: power(x, 5)))(2.0), 160.0)


def test_fixed_point_iteration_inside_of_a_gradient() -> None:
    def root(a: Any) -> Any:
        def step(x: Any) -> Any:
            residual = lambda y: y**2 - a
            return x - residual(x) / fg.grad(residual)(x)

        x = 1.0
        for _ in range(8):
            x = step(x)
        return x

    close(root(2.0), np.sqrt(2.0))
    close(fg.grad(root)(2.0), 0.5 / np.sqrt(2.0))
    close(fg.grad(fg.grad(root))(2.0), -0.25 * 2.0**-1.5)
    close(fg.vmap(fg.grad(root))(np.array([2.0, 3.0])), 0.5 / np.sqrt(np.array([2.0, 3.0])))


def test_nested_gradient_descent() -> None:
    """A gradient through steps of gradient descent, against JAX."""
    jax = namespace("jax")

    def meta(lib: Any, np: Any, rate: Any) -> Any:
        def loss(w: Any) -> Any:
            return np.sum((np.tanh(w * X) - 0.5) ** 2)

        w = np.ones(3)
        for _ in range(3):
            w = w - rate * lib.grad(loss)(w)
        return loss(w)

    got = fg.grad(lambda rate: meta(fg, np, rate))(0.1)
    close(got, jax.grad(lambda rate: meta(jax, jax.numpy, rate))(0.1))
    second = fg.grad(fg.grad(lambda rate: meta(fg, np, rate)))(0.1)
    close(second, jax.grad(jax.grad(lambda rate: meta(jax, jax.numpy, rate)))(0.1))


def test_pytrees_go_through_all_levels() -> None:
    parameters = {"w": np.ones((3, 2)), "b": (np.zeros(2), [np.array(0.5)])}

    def model(p: Any, x: Any) -> Any:
        return np.sum(np.tanh(x @ p["w"] + p["b"][0]) * p["b"][1][0])

    rows = np.stack([X, -X, 2 * X])
    gradients = fg.jit(fg.vmap(fg.grad(model), in_axes=(None, 0)))(parameters, rows)
    for i, row in enumerate(rows):
        one = fg.grad(model)(parameters, row)
        close(fg.tree.map(lambda g: g[i], gradients), one)
    assert fg.tree.structure(gradients) == fg.tree.structure(parameters)


def test_gradients_of_collectives() -> None:
    """The transpose of gathering is a sum of what was scattered."""
    jax = namespace("jax")

    def loss(lib: Any, np: Any, x: Any) -> Any:
        def example(v: Any) -> Any:
            everyone = lib.lax.all_gather(v, "i")
            return np.sum(np.sin(everyone) * v) + lib.lax.pmean(v, "i") ** 2

        return np.sum(lib.vmap(example, axis_name="i")(x) * np.arange(1.0, 4.0))

    expected = jax.grad(lambda x: loss(jax, jax.numpy, x))(X)
    close(fg.grad(lambda x: loss(fg, np, x))(X), expected)
    close(fg.jit(fg.grad(lambda x: loss(fg, np, x)))(X), expected)
    second = jax.hessian(lambda x: loss(jax, jax.numpy, x))(X)
    close(fg.hessian(lambda x: loss(fg, np, x))(X), second)
