"""Callbacks, primitives of users, implicit differentiation."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError, NoBatchingError, NoDerivativeError

X = np.array([0.5, 1.0, 2.0])
A = np.array([[2.0, 1.0], [0.0, 3.0]])
B = np.array([1.0, 2.0])


def sorted_copy(x: Any, method: str | None = None) -> Any:
    return fg.pure_callback(np.sort, x, x, vmap_method=method)


def test_pure_callback() -> None:
    assert fg.jit(lambda x: sorted_copy(x)[0])(X[::-1]) == 0.5
    np.testing.assert_array_equal(sorted_copy(X[::-1]), X)
    rows = np.stack([X[::-1], 2.0 * X])
    for method in ("sequential", "expand_dims", "broadcast_all", "legacy_vectorized"):
        got = fg.vmap(lambda x, method=method: sorted_copy(x, method))(rows)
        np.testing.assert_array_equal(got, np.sort(rows))
    with pytest.raises(NoBatchingError, match="vmap_method='sequential'"):
        fg.vmap(sorted_copy)(rows)
    with pytest.raises(ArgumentError, match="vmap_method is one of"):
        sorted_copy(X, "other")


def test_pure_callback_with_trees_and_shared_arguments() -> None:
    shapes: list[Any] = []

    def host(params: Any, *, scale: Any) -> Any:
        shapes.append((params["a"].shape, np.shape(scale)))
        return {"out": params["a"] * scale}

    def f(a: Any, s: Any, method: str) -> Any:
        shape = {"out": fg.ShapeDtypeStruct(np.shape(a), float)}
        return fg.pure_callback(host, shape, {"a": a}, scale=s, vmap_method=method)["out"]

    rows = np.ones((4, 2))
    for method, want in (("expand_dims", ((4, 2), (1,))), ("broadcast_all", ((4, 2), (4,)))):
        shapes.clear()
        fun = lambda a, s, m=method: fg.vmap(lambda a: f(a, s[..., None] * np.ones(2), m))(a)
        fg.jit(fun)(rows, np.array(2.0))
        assert shapes[0][0] == want[0]
        assert shapes[0][1][0] == want[1][0]


def test_pure_callback_has_no_derivative() -> None:
    with pytest.raises(NoDerivativeError, match="has no derivative"):
        fg.grad(lambda x: np.sum(sorted_copy(x)))(X)
    assert fg.grad(lambda x: np.sum(sorted_copy(fg.stop_gradient(x)) * x))(X)[0] == 0.5


@pytest.mark.parametrize(
    ("host", "text"),
    [
        (lambda x: x[:1], r"result 0 of shape \(1,\), but promised f64\[3\]"),
        (lambda x: x + 1j, "of dtype complex128, but promised"),
        (lambda x: (x, x), "another structure than it promised"),
    ],
)
def test_broken_promises(host: Any, text: str) -> None:
    for call in (lambda f: f, fg.jit):
        with pytest.raises(ArgumentError, match=text):
            call(lambda x: fg.pure_callback(host, x, x))(X)


def test_callbacks_get_arrays_of_their_own() -> None:
    def host(x: Any) -> Any:
        assert type(x) is np.ndarray
        x[...] = 0.0
        return x

    x = X.copy()
    fg.jit(lambda x: fg.pure_callback(host, x, x) + x)(x)
    np.testing.assert_array_equal(x, X)


def test_io_callback() -> None:
    log: list[Any] = []

    @fg.jit
    def f(x: Any) -> Any:
        fg.io_callback(log.append, None, x)
        return fg.io_callback(lambda x: x * 2.0, x, x, ordered=True) + x

    assert f(1.0) == 3.0
    assert f(2.0) == 6.0
    assert log == [1.0, 2.0]
    fg.vmap(lambda x: fg.io_callback(log.append, None, x))(X)
    assert log[2:] == list(X)
    with pytest.raises(NoBatchingError, match="is ordered"):
        fg.vmap(lambda x: fg.io_callback(log.append, None, x, ordered=True))(X)
    with pytest.raises(NoDerivativeError, match="has side effects"):
        fg.grad(lambda x: fg.io_callback(lambda x: x, x, x))(1.0)


def test_debug_callback() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        fg.debug.callback(lambda x, name: seen.append(float(x)), x, name=1)
        return x**2

    assert fg.grad(f)(3.0) == 6.0
    assert seen == [3.0]
    fg.vmap(fg.grad(f))(X)
    assert seen[1:] == list(X)
    fg.jit(fg.grad(fg.checkpoint(f)))(5.0)
    assert seen.count(5.0) == 1


def test_defprimitive_with_a_forward_rule() -> None:
    from scipy import special

    ei = fg.defprimitive(
        lambda x: special.expi(x),
        name="ei",
        elementwise=True,
        jvp=lambda t, ans, x: t * np.exp(x) / x,
    )
    np.testing.assert_allclose(ei(X), special.expi(X))
    fg.check_grads(lambda x: np.sum(ei(x)), (X,), order=2)
    np.testing.assert_allclose(fg.vmap(fg.grad(ei))(X), np.exp(X) / X)
    np.testing.assert_allclose(fg.jit(ei)(X), special.expi(X))
    assert ei(np.float32(1.0)).dtype == np.float32
    assert fg.jit(ei)(np.float32(1.0)).dtype == np.float32
    assert "ei" in str(fg.make_jaxpr(ei)(X))


def test_defprimitive_with_a_reverse_rule() -> None:
    solve = fg.defprimitive(
        lambda a, b: np.linalg.solve(a, b),
        name="user_solve",
        vjp=(
            lambda ct, x, a, b: -np.outer(np.linalg.solve(a.T, ct), x),
            lambda ct, x, a, b: np.linalg.solve(a.T, ct),
        ),
    )
    ours = lambda a, b: np.sum(solve(a, b) ** 2)
    theirs = lambda a, b: np.sum(np.linalg.solve(a, b) ** 2)
    for transform in (lambda f: fg.grad(f, (0, 1)), lambda f: fg.jit(fg.grad(f, (0, 1)))):
        for got, want in zip(transform(ours)(A, B), transform(theirs)(A, B), strict=True):
            np.testing.assert_allclose(got, want)
    np.testing.assert_allclose(fg.jacrev(fg.grad(ours))(A, B), fg.hessian(theirs)(A, B), atol=1e-12)
    batched = fg.vmap(fg.grad(ours), (None, 0))(A, np.stack([B, 2 * B]))
    np.testing.assert_allclose(batched[1], fg.grad(theirs)(A, 2 * B))
    with pytest.raises(NoDerivativeError, match="custom vjp rule only"):
        fg.jvp(ours, (A, B), (A, B))


RULE_CALLS: list[Any] = []


def test_defprimitive_whose_rule_calls_the_function_itself() -> None:
    def rule(ct: Any, ans: Any, x: Any) -> Any:
        RULE_CALLS.append(ct)
        return ct * 0.25 * (own_exp(x) + own_exp(x * 1.0) + own_exp(1.0 * x) + own_exp(+x))

    own_exp = fg.defprimitive(np.exp, name="own_exp", elementwise=True, vjp=rule)
    np.testing.assert_allclose(fg.grad(own_exp)(0.5), np.exp(0.5))
    assert len(RULE_CALLS) <= 2  # rules of rules wait until a derivative asks for them
    np.testing.assert_allclose(fg.grad(fg.grad(fg.grad(own_exp)))(0.5), np.exp(0.5))


def test_defprimitive_decorator_keywords_and_several_results() -> None:
    @fg.defprimitive(jvp=fg.FiniteDifferences(), shape=lambda x, y, power: (x, y))
    def both(x: Any, y: Any, power: int = 2) -> Any:
        return x**power * y, y.copy()

    f = lambda x, y: np.sum(both(x, y, power=3)[0]) + np.sum(both(x, y, power=3)[1])
    dx, dy = fg.grad(f, (0, 1))(X, 2.0 * X)
    np.testing.assert_allclose(dx, 6.0 * X**3, rtol=1e-8)
    np.testing.assert_allclose(dy, X**3 + 1.0, rtol=1e-8)
    np.testing.assert_allclose(fg.vmap(fg.grad(f))(np.stack([X, X]), np.stack([X, X]))[0], 3 * X**3)
    with pytest.raises(NoDerivativeError, match="no derivative themselves"):
        fg.grad(fg.grad(lambda x: both(x, 1.0, power=3)[0]))(1.0)


def test_defprimitive_rules_of_vmap() -> None:
    calls: list[Any] = []

    def norm(x: Any, y: Any) -> Any:
        calls.append((np.shape(x), np.shape(y)))
        return np.sqrt(np.sum(x**2, axis=-1)) * y

    def rule(size: int, batched: Any, x: Any, y: Any) -> Any:
        return np.full(size, 7.0), True

    rows = np.stack([X, 2 * X])
    want = np.sqrt(np.sum(rows**2, axis=1)) * 3.0
    for vmap, shapes in (
        ("loop", [((3,), ())] * 2),
        ("broadcast_all", [((2, 3), (2,))]),
        ("expand_dims", [((2, 3), (1,))]),
    ):
        f = fg.defprimitive(norm, name="user_norm", vmap=vmap, shape=lambda x, y: y)
        calls.clear()
        np.testing.assert_allclose(fg.vmap(f, (0, None))(rows, 3.0), want)
        assert calls == shapes
    f = fg.defprimitive(norm, name="user_norm", vmap=rule, shape=lambda x, y: y)
    np.testing.assert_array_equal(fg.vmap(f, (0, None))(rows, 3.0), [7.0, 7.0])


def test_defprimitive_shapes_are_inferred() -> None:
    calls: list[float] = []

    def half(x: Any) -> Any:
        calls.append(float(x[0]))
        return x[: len(x) // 2]

    f = fg.defprimitive(half, name="user_half", jvp=lambda t, ans, x: t[: t.shape[0] // 2])
    np.testing.assert_array_equal(fg.grad(lambda x: np.sum(f(x)))(np.array([5.0, 6.0])), [1.0, 0.0])
    assert calls[0] == 5.0  # on the value
    assert fg.jit(f)(np.array([5.0, 6.0, 7.0, 8.0])).shape == (2,)
    assert 1.0 in calls  # on ones

    g = fg.defprimitive(lambda x: x.nothing, name="user_g")
    with pytest.raises(
        ArgumentError, match=r"could not be inferred by calling it on ones.*\n.*\n  pass shape="
    ):
        fg.jit(g)(X)


def test_defprimitive_errors() -> None:
    with pytest.raises(ArgumentError, match="takes a function"):
        fg.defprimitive(1)
    with pytest.raises(ArgumentError, match="vmap is one of"):
        fg.defprimitive(np.sin, vmap="other")
    with pytest.raises(ArgumentError, match="named 'sin' already"):
        fg.defprimitive(np.sort, name="sin")
    f = fg.defprimitive(lambda x, y: x + y, name="user_add", jvp=(None,), shape=lambda x, y: x)
    with pytest.raises(ArgumentError, match="has 1 jvp rule, but was called with 2"):
        fg.grad(f)(1.0, 2.0)
    with pytest.raises(ArgumentError, match="argument 0 is str 'a'"):
        f("a", 1.0)
    without = fg.defprimitive(lambda x: x + 1, name="user_without", shape=lambda x: x)
    assert fg.jit(without)(1.0) == 2.0
    with pytest.raises(NoDerivativeError, match="user_without has no derivative rule"):
        fg.grad(without)(1.0)


def test_vmap_without_a_rule_is_a_loop_with_a_warning() -> None:
    from funcgrad.core.primitive import Primitive
    from funcgrad.core.types import ShapedArray

    double = Primitive(
        "test_double",
        impl=lambda x: x * 2,
        abstract=lambda x: ShapedArray(x.shape, x.dtype),
        register=False,
    )
    with pytest.warns(UserWarning, match="test_double has no batching rule, so it runs in a loop"):
        np.testing.assert_array_equal(fg.vmap(double)(X), 2 * X)
    np.testing.assert_array_equal(fg.vmap(lambda x: double(x))(X[:2]), 2 * X[:2])


def residual(x: Any, p: Any) -> Any:
    return A @ x + x**3 - p["b"] * p["s"]


def direct(p: Any) -> Any:
    x = np.zeros(2)
    for _ in range(12):
        x = x - np.linalg.solve(A + np.diag(3 * x**2), residual(x, p))
    return x


def test_implicit_root() -> None:
    from scipy import optimize

    def solver(p: Any) -> Any:
        assert type(p["b"]) is np.ndarray
        return optimize.root(lambda x: residual(x, p), np.zeros(2), tol=1e-13).x

    p = {"b": B, "s": 1.5}
    for like in (None, lambda p: p["b"]):
        solve = fg.implicit_root(residual, solver, result_like=like)
        ours, theirs = (lambda p: np.sum(solve(p) ** 2)), (lambda p: np.sum(direct(p) ** 2))
        for transform in (fg.grad, fg.hessian, lambda f: fg.jacrev(fg.grad(f))):
            got, want = transform(ours)(p), transform(theirs)(p)
            for a, b in zip(fg.tree.leaves(got), fg.tree.leaves(want), strict=True):
                np.testing.assert_allclose(a, b, atol=1e-8)
        batch = {"b": np.stack([B, 2 * B]), "s": np.array([1.5, 1.0])}
        got = fg.vmap(fg.grad(ours))(batch)["b"][1]
        np.testing.assert_allclose(got, fg.grad(theirs)({"b": 2 * B, "s": 1.0})["b"], atol=1e-8)
        tangent = fg.jvp(ours, (p,), ({"b": B, "s": 0.0},))[1]
        np.testing.assert_allclose(tangent, np.sum(fg.grad(theirs)(p)["b"] * B), atol=1e-8)
    assert fg.jit(fg.grad(ours))(p)["s"] == pytest.approx(fg.grad(theirs)(p)["s"])


def test_implicit_functions_need_as_many_equations_as_unknowns() -> None:
    solve = fg.implicit_root(lambda x, a: np.stack([x, x]), lambda a: a, result_like=lambda a: a)
    with pytest.raises(ArgumentError, match="as many equations as there are unknowns"):
        fg.grad(solve)(1.0)
    with pytest.raises(ArgumentError, match="takes a function for residual"):
        fg.implicit_root(1, np.sin)


def test_implicit_functions_under_jit_without_shapes() -> None:
    def impatient(a: Any) -> Any:
        raise RuntimeError("called on ones")

    solve = fg.implicit_root(lambda x, a: x - a, impatient)
    with pytest.raises(ArgumentError, match="could not be inferred"):
        fg.jit(solve)(2.0)


def linear(np: Any, lax: Any, symmetric: bool) -> Any:
    def f(a: Any, b: Any) -> Any:
        a = a + a.T if symmetric else a
        solve = lambda matvec, b: np.linalg.solve(a, b)
        back = lambda vecmat, b: np.linalg.solve(a.T, b)
        x = lax.custom_linear_solve(
            lambda x: np.dot(a, x), b, solve, None if symmetric else back, symmetric=symmetric
        )
        return np.sum(x**3)

    return f


def cubic(np: Any, lax: Any) -> Any:
    def newton(f: Any, x: Any) -> Any:
        for _ in range(6):
            x = x - f(x) / (3 * x**2 + 1)
        return x

    return lambda a: lax.custom_root(lambda x: x**3 + x - a, 1.0, newton, lambda g, y: y / g(1.0))


def test_custom_linear_solve_as_jax_does() -> None:
    import jax

    for symmetric in (False, True):
        ours, theirs = linear(np, fg.lax, symmetric), linear(jax.numpy, jax.lax, symmetric)
        batch = np.stack([B, 2 * B])

        def results(library: Any, f: Any, batch: Any = batch) -> list[Any]:
            return [
                f(A, B),
                *library.grad(f, (0, 1))(A, B),
                library.hessian(f, 1)(A, B),
                library.jvp(f, (A, B), (A, B))[1],
                library.vmap(library.grad(f), (None, 0))(A, batch),
            ]

        for a, b in zip(results(fg, ours), results(jax, theirs), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)
        np.testing.assert_allclose(
            fg.jacrev(fg.grad(ours, 1), 1)(A, B), jax.hessian(theirs, 1)(A, B), atol=1e-12
        )


def test_custom_linear_solve_errors_and_auxiliary_data() -> None:
    solve = lambda matvec, b: (b / 2.0, b * 0)
    f = lambda b: fg.lax.custom_linear_solve(lambda x: 2.0 * x, b, solve, solve, has_aux=True)
    x, aux = fg.jit(f)(B)
    np.testing.assert_array_equal(x, B / 2.0)
    np.testing.assert_array_equal(aux, 0.0 * B)
    np.testing.assert_array_equal(fg.grad(lambda b: np.sum(f(b)[0]))(B), [0.5, 0.5])
    one_way = lambda b: np.sum(
        fg.lax.custom_linear_solve(lambda x: 2.0 * x, b, lambda m, b: b / 2.0)
    )
    assert fg.jvp(one_way, (B,), (B,))[1] == 1.5
    with pytest.raises(NoDerivativeError, match="pass transpose_solve"):
        fg.grad(one_way)(B)
    with pytest.raises(ArgumentError, match=">>> b  f64.2.  f64.1."):
        fg.grad(lambda b: np.sum(fg.lax.custom_linear_solve(lambda x: x[:1], b, lambda m, b: b)))(B)


def test_custom_root_as_jax_does() -> None:
    import jax

    ours, theirs = cubic(np, fg.lax), cubic(jax.numpy, jax.lax)
    for f, g in (
        (ours, theirs),
        (fg.grad(ours), jax.grad(theirs)),
        (fg.grad(fg.grad(ours)), jax.grad(jax.grad(theirs))),
        (fg.jit(fg.grad(ours)), jax.grad(theirs)),
    ):
        assert f(3.0) == pytest.approx(float(g(3.0)))
    batch = np.array([3.0, 4.0])
    np.testing.assert_allclose(fg.vmap(fg.grad(ours))(batch), jax.vmap(jax.grad(theirs))(batch))


def test_user_primitives_pickle() -> None:
    f = fg.defprimitive(
        np.tanh, name="user_tanh", elementwise=True, jvp=lambda t, ans, x: t * (1 - ans**2)
    )
    closed = fg.make_jaxpr(f)(1.0)
    again = pickle.loads(pickle.dumps(closed.jaxpr.eqns[0].params["jaxpr"]))
    assert str(again) == str(closed.jaxpr.eqns[0].params["jaxpr"])
