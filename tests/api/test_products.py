"""`jvp`, `vjp`, `linearize`, `linear_transpose`, Jacobians: semantics and errors."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import NoDerivativeError

X = np.array([0.3, 0.7, 1.1])


def f(x):
    return {"a": np.sin(x) * x, "b": (np.sum(x**2), x[:2] * x[1])}


def f_jax(x):
    return {"a": jnp.sin(x) * x, "b": (jnp.sum(x**2), x[:2] * x[1])}


def same(ours, theirs):
    leaves, tree = fg.tree.flatten(ours)
    other, _ = jax.tree.flatten(theirs)
    assert str(tree) == str(jax.tree.structure(theirs))
    for a, b in zip(leaves, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_jvp():
    same(fg.jvp(f, (X,), (np.ones(3),)), jax.jvp(f_jax, (X,), (np.ones(3),)))


def test_vjp_is_reusable():
    out, pullback = fg.vjp(f, X)
    _, theirs = jax.vjp(f_jax, X)
    for seed in range(2):
        rng = np.random.default_rng(seed)
        ct = fg.tree.map(lambda y: rng.normal(size=np.shape(y)), out)
        same(pullback(ct), theirs(fg.tree.map(jnp.asarray, ct)))


def test_vjp_remembers_its_point():
    x = X.copy()
    _, pullback = fg.vjp(lambda x: x * x, x)
    x[:] = 100.0
    np.testing.assert_allclose(pullback(np.ones(3))[0], 2 * X)


def test_linearize():
    out, f_jvp = fg.linearize(f, X)
    same(out, f_jax(X))
    for t in (np.ones(3), np.arange(3.0)):
        same(f_jvp(t), jax.jvp(f_jax, (X,), (t,))[1])


def test_aux():
    out, tangent, aux = fg.jvp(lambda x: (x * 2, {"n": x + 1}), (1.0,), (1.0,), has_aux=True)
    assert (out, tangent, aux) == (2.0, 2.0, {"n": 2.0})
    _out, pullback, aux = fg.vjp(lambda x: (x * 2, "text"), 1.0, has_aux=True)
    assert pullback(1.0) == (2.0,)
    assert aux == "text"
    _out, linear, aux = fg.linearize(lambda x: (x * 2, x), 1.0, has_aux=True)
    assert (linear(3.0), aux) == (6.0, 1.0)


def test_constant_outputs_have_zero_tangents():
    assert fg.jvp(lambda x: 3.0, (1.0,), (1.0,)) == (3.0, 0.0)
    assert fg.vjp(lambda x: 3.0, 1.0)[1](1.0) == (0.0,)
    np.testing.assert_array_equal(fg.jacrev(lambda x: np.ones(2))(np.ones(3)), np.zeros((2, 3)))


def test_integers_have_float0_tangents():
    out, tangent = fg.jvp(lambda x, n: (x * n, n + 1), (2.0, 3), (1.0, np.zeros((), fg.float0)))
    assert out == (6.0, 4)
    assert tangent[0] == 3.0
    assert tangent[1].dtype == fg.float0
    _, pullback = fg.vjp(lambda x, n: x * n, 2.0, 3)
    ct_x, ct_n = pullback(1.0)
    assert ct_x == 3.0
    assert ct_n.dtype == fg.float0


@pytest.mark.parametrize("ours", [fg.jacfwd, fg.jacrev])
@pytest.mark.parametrize("argnums", [0, 1, (0, 1)])
def test_jacobians(ours, argnums):
    def g(x, y):
        return {"p": np.outer(x, y["k"]), "q": np.sum(x) * y["k"]}

    def g_jax(x, y):
        return {"p": jnp.outer(x, y["k"]), "q": jnp.sum(x) * y["k"]}

    y = {"k": np.array([1.0, 2.0])}
    same(ours(g, argnums)(X, y), jax.jacfwd(g_jax, argnums)(X, y))


def test_hessian_of_trees():
    def g(p):
        return np.sum(p["w"] ** 3) * p["b"] + p["b"] ** 2

    p = {"w": X, "b": 2.0}
    same(fg.hessian(g)(p), jax.hessian(lambda p: jnp.sum(p["w"] ** 3) * p["b"] + p["b"] ** 2)(p))


def test_hvp():
    def g(x):
        return np.sum(x**3) * x[0]

    v = np.array([1.0, -1.0, 2.0])
    np.testing.assert_allclose(fg.hvp(g, (X,), (v,)), fg.hessian(g)(X) @ v)


def test_linear_transpose():
    (ct,) = fg.linear_transpose(lambda x: 3.0 * np.cumsum(x), X)(np.ones(3))
    np.testing.assert_allclose(ct, [9.0, 6.0, 3.0])
    (ct,) = fg.linear_transpose(np.sum, fg.ShapeDtypeStruct((2, 2), float))(2.0)
    np.testing.assert_allclose(ct, np.full((2, 2), 2.0))


def test_composition():
    def g(x):
        return np.sum(np.sin(x) * np.exp(x))

    def through_vjp(x):
        return fg.vjp(g, x)[1](1.0)[0]

    v = np.ones(3)
    expected = fg.hessian(g)(X) @ v
    np.testing.assert_allclose(fg.jvp(through_vjp, (X,), (v,))[1], expected)
    np.testing.assert_allclose(fg.linearize(fg.grad(g), X)[1](v), expected)
    np.testing.assert_allclose(fg.vjp(fg.grad(g), X)[1](v)[0], expected)
    np.testing.assert_allclose(fg.grad(lambda x: fg.jvp(g, (x,), (v,))[1])(X), expected)
    batch = np.stack([X, 2 * X])
    np.testing.assert_allclose(
        fg.vmap(lambda x: fg.linearize(fg.grad(g), x)[1](v))(batch),
        np.stack([fg.hessian(g)(x) @ v for x in batch]),
    )


def test_float32_stays():
    x = X.astype(np.float32)
    assert fg.jacfwd(np.sin)(x).dtype == np.float32
    assert fg.jvp(np.sin, (x,), (x,))[1].dtype == np.float32
    assert fg.hessian(lambda x: np.sum(x**3))(x).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: fg.jvp(np.sin, (1.0,), (np.ones(2),)),
            r"tangents\[0\] has type f64\[2\], but primals\[0\]",
        ),
        (lambda: fg.jvp(np.sin, 1.0, 1.0), "must be tuples or lists"),
        (lambda: fg.jvp(np.add, (1.0, 2.0), (1.0,)), "2 primals but 1 tangents"),
        (lambda: fg.jvp(lambda p: p["a"], ({"a": 1.0},), (1.0,)), "structure of primals"),
        (lambda: fg.jvp(lambda n: n * 2.0, (3,), (1,)), r"float0"),
        (lambda: fg.jvp(np.sin, (np.float32(1),), (np.float64(1),)), r"asks for f32"),
        (lambda: fg.vjp(np.sin, X)[1](np.ones(4)), r"the cotangent has type f64\[4\]"),
        (lambda: fg.vjp(lambda x: (x, x), X)[1](np.ones(3)), "structure of the output"),
        (lambda: fg.vjp(lambda x: "text", 1.0), "returned str 'text'"),
        (lambda: fg.jacfwd(np.sin)(3), r"real inputs, but .* i64\[\]"),
        (lambda: fg.jacrev(lambda x: x * 1j)(3.0), r"real results, but .* c128"),
        (lambda: fg.check_grads(np.sin, (1.0,), 1, modes=("up",)), "modes has 'up'"),
    ],
)
def test_errors(call, message):
    with pytest.raises(fg.errors.ArgumentError, match=message):
        call()


def test_transposing_what_is_not_linear():
    with pytest.raises(fg.errors.NoDerivativeError, match="sin has no transposition rule"):
        fg.linear_transpose(np.sin, X)(X)


def test_check_grads_finds_a_wrong_rule():
    with pytest.raises(AssertionError, match="finite differences"):
        fg.check_grads(lambda x: x * fg.stop_gradient(x), (2.0,), 1)
    fg.check_grads(lambda x: x * np.sin(x), (X,), 3)


def test_stop_gradient():
    def g(x):
        return x * fg.stop_gradient(x)

    assert fg.grad(g)(3.0) == 3.0
    assert fg.jvp(g, (3.0,), (1.0,)) == (9.0, 3.0)
    assert fg.grad(fg.grad(g))(3.0) == 0.0
    assert fg.stop_gradient({"a": 1.0, "name": "text"}) == {"a": 1.0, "name": "text"}
    np.testing.assert_array_equal(fg.vmap(fg.grad(g))(X), X)


@pytest.mark.parametrize(
    "fun", [lambda x: x * x, lambda x: x @ x, lambda x: x / x, np.sin, lambda x: np.convolve(x, x)]
)
def test_transposing_a_function_that_is_not_linear_says_so(fun: Any) -> None:
    x = np.ones(3)
    with pytest.raises(NoDerivativeError, match="not linear(.|\n)*fg.linearize makes a linear one"):
        fg.linear_transpose(fun, x)(fun(x))


def test_linear_transpose_of_integers():
    for library, xp in ((fg, np), (jax, jnp)):
        f = library.linear_transpose(lambda x, xp=xp: {"sum": xp.sum(3 * x), "x": x}, np.arange(3))
        (ct,) = f({"sum": np.int64(2), "x": np.arange(3)})
        np.testing.assert_array_equal(ct, [6, 7, 8])


def test_linear_functions_are_results_of_jitted_functions():
    _, pullback = fg.jit(lambda x: fg.vjp(f, x))(X)
    _, theirs = jax.vjp(f_jax, X)
    ct = {"a": np.ones(3), "b": (1.0, np.ones(2))}
    same(pullback(ct), theirs(fg.tree.map(jnp.asarray, ct)))
    _, pushforward = fg.jit(lambda x: fg.linearize(f, x))(X)
    same(pushforward(np.ones(3)), jax.jvp(f_jax, (X,), (np.ones(3),))[1])


@pytest.mark.parametrize("argnums", [1, (0, 2)])
@pytest.mark.parametrize("jitted", [True, False])
def test_fwd_and_bwd(argnums, jitted):
    results = []
    for library in (fg, jax):
        fwd, bwd = library.fwd_and_bwd(
            lambda x, y, z: (x * y + y * z, {"x": x}), argnums, has_aux=True, jitted=jitted
        )
        out, residuals, aux = fwd(2.0, 3.0, 5.0)
        results.append(library.tree.leaves([out, aux, bwd(residuals, 1.0)]))
    np.testing.assert_allclose(*results)


def test_check_jvp_and_check_vjp():
    fg.test_util.check_jvp(f, functools.partial(fg.jvp, f), (X,))
    fg.test_util.check_vjp(f, functools.partial(fg.vjp, f), (X,))
    with pytest.raises(AssertionError, match="sine: f_jvp and differences of sin differ by"):
        fg.test_util.check_jvp(np.sin, lambda x, t: (np.sin(*x), t[0]), (1.0,), err_msg="sine")
    with pytest.raises(AssertionError, match="the pullback and differences of sin differ by"):
        fg.test_util.check_vjp(np.sin, lambda x: (np.sin(x), lambda ct: (ct,)), (1.0,))
    with pytest.raises(AssertionError, match="values of f_vjp and sin differ by"):
        fg.test_util.check_vjp(np.sin, functools.partial(fg.vjp, np.cos), (1.0,))
