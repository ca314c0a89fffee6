"""`custom_jvp`, `custom_vjp` and their kin."""

from __future__ import annotations

import functools
import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError, NoDerivativeError, TracedBoolError, TracingError

X = np.array([0.5, -1.0, 2.0])


def scaled(np: Any, library: Any, factor: float = 2.0) -> Callable[..., Any]:
    """A function whose rule shows that it is used: the derivative is `factor` times too large."""

    @library.custom_jvp
    def f(x: Any, y: Any) -> Any:
        return np.sin(x) * y

    @f.defjvp
    def f_jvp(primals: Any, tangents: Any) -> Any:
        (x, y), (s, t) = primals, tangents
        return f(x, y), factor * np.cos(x) * y * s + np.sin(x) * t

    return f


def scaled_vjp(np: Any, library: Any, factor: float = 2.0) -> Callable[..., Any]:
    @library.custom_vjp
    def f(x: Any, y: Any) -> Any:
        return np.sin(x) * y

    def fwd(x: Any, y: Any) -> Any:
        return np.sin(x) * y, (np.cos(x), np.sin(x), y)

    def bwd(residuals: Any, ct: Any) -> Any:
        c, s, y = residuals
        return factor * ct * c * y, ct * s

    f.defvjp(fwd, bwd)
    return f


def close(got: Any, want: Any) -> None:
    for a, b in zip(fg.tree.leaves(got), fg.tree.leaves(want), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("make", [scaled, scaled_vjp])
def test_as_jax_does(make: Any) -> None:
    import jax

    ours, theirs = make(np, fg), make(jax.numpy, jax)
    args = (0.7, 1.3)
    batch = np.array([0.1, 0.7, -0.4])
    both = (0, 1)

    def results(library: Any, f: Any) -> list[Any]:
        gradient = library.grad(f, both)
        second = library.grad(library.grad(f))
        total = lambda x, y: library.vmap(f, (0, None))(x, y).sum()
        return [
            f(*args),
            library.jit(f)(*args),
            gradient(*args),
            library.jit(gradient)(*args),
            second(*args),
            library.grad(second)(*args),
            library.vmap(f)(batch, batch),
            library.vmap(gradient, (0, None))(batch, 2.0),
            library.vmap(gradient, (None, 0))(2.0, batch),
            library.grad(total, both)(batch, 2.0),
            library.vmap(second)(batch, batch),
            library.jacfwd(gradient)(*args),
            library.vjp(f, *args)[1](1.0),
        ]

    close(results(fg, ours), results(jax, theirs))


def test_forward_mode_uses_the_rule() -> None:
    out, tangent = fg.jvp(scaled(np, fg), (0.7, 1.3), (1.0, 0.5))
    np.testing.assert_allclose(out, np.sin(0.7) * 1.3)
    np.testing.assert_allclose(tangent, 2.0 * np.cos(0.7) * 1.3 + 0.5 * np.sin(0.7))
    assert fg.linearize(scaled(np, fg), 0.7, 1.3)[1](1.0, 0.5) == pytest.approx(tangent)


def test_both_rules_on_one_function() -> None:
    f = scaled(np, fg, factor=3.0)
    f.defvjp(lambda x, y: (f(x, y), None), lambda _, ct: (5.0 * ct, 7.0 * ct))
    assert fg.grad(f, (0, 1))(0.7, 1.3) == (5.0, 7.0)
    forward = 3.0 * np.cos(0.7) * 1.3
    assert fg.jvp(f, (0.7, 1.3), (1.0, 0.0))[1] == pytest.approx(forward)
    assert fg.linearize(f, 0.7, 1.3)[1](1.0, 0.0) == pytest.approx(forward)
    assert fg.jacfwd(f)(0.7, 1.3) == pytest.approx(forward)
    close(fg.vmap(fg.jacrev(f), (0, None))(X, 1.0), np.full(3, 5.0))
    close(fg.vmap(lambda x: fg.linearize(f, x, 1.0)[1](1.0, 0.0))(X), 3.0 * np.cos(X))


def test_reverse_rule_only() -> None:
    f = scaled_vjp(np, fg)
    with pytest.raises(NoDerivativeError, match="has a custom vjp rule only"):
        fg.jvp(f, (0.7, 1.3), (1.0, 0.0))
    with pytest.raises(NoDerivativeError, match=r"f.defjvp\(\.\.\.\)"):
        fg.jacfwd(f)(0.7, 1.3)


def test_inside_of_loops_and_branches() -> None:
    f, g = scaled(np, fg), scaled_vjp(np, fg)

    def loss(f: Any) -> Callable[..., Any]:
        def fun(x: Any, y: Any) -> Any:
            c, _ = fg.lax.scan(lambda c, _: (f(c, y), None), x, length=3)
            d = fg.lax.while_loop(lambda d: d[0] < 2, lambda d: (d[0] + 1, f(d[1], y)), (0, x))[1]
            return c + d + fg.lax.cond(x > 0.0, f, lambda x, y: x, x, y)

        return fun

    want = fg.grad(loss(f), (0, 1))(0.7, 1.3)
    close(fg.grad(loss(g), (0, 1))(0.7, 1.3), want)
    close(fg.jit(fg.grad(loss(g), (0, 1)))(0.7, 1.3), want)
    close(fg.grad(fg.checkpoint(loss(g)), (0, 1))(0.7, 1.3), want)
    exact = fg.grad(loss(lambda x, y: np.sin(x) * y), (0, 1))(0.7, 1.3)
    assert abs(want[0] - exact[0]) > 0.1
    assert fg.jvp(loss(f), (0.7, 1.3), (1.0, 0.0))[1] == pytest.approx(want[0])


def test_pytrees_and_integers() -> None:
    @fg.custom_vjp
    def f(params: Any, n: Any) -> Any:
        return {"out": params["w"] * n, "count": n + 1}

    f.defvjp(
        lambda params, n: (f(params, n), (n, "static", len)),
        lambda residuals, ct: ({"w": 10.0 * ct["out"] * residuals[0], "b": None}, None),
    )
    gradient = fg.grad(lambda p: f(p, 3)["out"])({"w": 2.0, "b": np.ones(2)})
    assert gradient["w"] == 30.0
    np.testing.assert_array_equal(gradient["b"], np.zeros(2))

    @fg.custom_jvp
    def g(x: Any, n: Any) -> Any:
        return x * n, n

    @g.defjvp
    def g_jvp(primals: Any, tangents: Any) -> Any:
        x, n = primals
        t, zero = tangents
        assert zero.dtype == fg.float0
        return g(x, n), (5.0 * t, zero)

    assert fg.grad(lambda x: g(x, 3)[0])(2.0) == 5.0


def test_nondiff_arguments_and_keywords() -> None:
    @functools.partial(fg.custom_jvp, nondiff_argnums=(0,))
    def apply(fun: Any, x: Any, scale: float = 2.0) -> Any:
        return fun(x) * scale

    @apply.defjvp
    def apply_jvp(fun: Any, primals: Any, tangents: Any) -> Any:
        x, scale = primals
        return apply(fun, x, scale), tangents[0] * 100.0 + fun(x) * tangents[1]

    assert fg.grad(lambda x: apply(np.sin, x))(1.0) == 100.0
    assert fg.grad(lambda x: apply(np.sin, x=1.0, scale=x))(1.0) == pytest.approx(np.sin(1.0))
    assert fg.grad(lambda x: apply(fun=np.sin, x=x))(1.0) == 100.0
    w = np.array([1.0, 2.0])
    assert fg.grad(lambda x: apply(lambda x: np.sum(w * x), x))(1.0) == 100.0

    @functools.partial(fg.custom_vjp, nondiff_argnames=("mode",))
    def h(x: Any, mode: str) -> Any:
        return x

    h.defvjp(lambda x, mode: (x, None), lambda mode, _, ct: (ct * len(mode),))
    assert fg.grad(h)(1.0, "four") == 4.0
    assert fg.grad(lambda x: h(x, mode="three"))(1.0) == 5.0


def test_methods() -> None:
    class Layer:
        def __init__(self, w: float) -> None:
            self.w = w

        @functools.partial(fg.custom_jvp, nondiff_argnums=(0,))
        def __call__(self, x: Any) -> Any:
            return self.w * x

        @__call__.defjvp
        def _rule(self, primals: Any, tangents: Any) -> Any:
            return self.w * primals[0], 7.0 * tangents[0]

    assert fg.grad(Layer(3.0))(1.0) == 7.0


def test_defjvps() -> None:
    @fg.custom_jvp
    def f(x: Any, y: Any, n: Any) -> Any:
        return x * y * n

    f.defjvps(lambda t, ans, x, y, n: 2.0 * t * ans, None, None)
    assert fg.grad(f, (0, 1))(2.0, 3.0, 1) == (12.0, 0.0)
    g = fg.custom_jvp(lambda x: x)
    g.defjvps(None, None)
    with pytest.raises(ArgumentError, match="2 rules for 1 arguments"):
        fg.grad(g)(1.0)


def test_rules_that_close_over_traced_values() -> None:
    def outer(w: Any) -> Any:
        @fg.custom_jvp
        def f(x: Any) -> Any:
            return 2.0 * x

        f.defjvp(lambda primals, tangents: (f(primals[0]), tangents[0] * w**2))
        return f(w)

    assert fg.grad(outer)(3.0) == 9.0
    assert fg.grad(fg.grad(outer))(3.0) == 6.0
    assert fg.jit(fg.grad(fg.grad(outer)))(3.0) == 6.0
    np.testing.assert_allclose(fg.vmap(fg.grad(outer))(X), X**2)

    def outer_vjp(w: Any) -> Any:
        f = fg.custom_vjp(lambda x: 2.0 * x)
        f.defvjp(lambda x: (f(x), x), lambda x, ct: (ct * w * x,))
        return f(w)

    assert fg.grad(outer_vjp)(3.0) == 9.0
    assert fg.grad(fg.grad(outer_vjp))(3.0) == 6.0
    np.testing.assert_allclose(fg.vmap(fg.grad(fg.grad(outer_vjp)))(X), 2.0 * X)


def test_functions_that_close_over_what_is_differentiated() -> None:
    def outer(w: Any) -> Any:
        f = fg.custom_jvp(lambda x: x * w)
        f.defjvps(lambda t, ans, x: t * w)
        return f(2.0) if True else None

    with pytest.raises(TracingError, match="closes over a value that is differentiated"):
        fg.grad(outer)(3.0)
    assert fg.grad(lambda w: outer(fg.stop_gradient(w)) + w)(3.0) == 1.0


def test_values_in_rules() -> None:
    @fg.custom_jvp
    def f(x: Any) -> Any:
        return np.abs(x)

    @f.defjvp
    def f_jvp(primals: Any, tangents: Any) -> Any:
        return f(primals[0]), tangents[0] if primals[0] > 0 else -7.0 * tangents[0]

    assert fg.grad(f)(1.0) == 1.0
    assert fg.grad(f)(-1.0) == -7.0
    # A rule that cannot be traced is an error for those who differentiate only.
    assert fg.jit(f)(-1.0) == 1.0
    np.testing.assert_array_equal(fg.vmap(f)(X), np.abs(X))
    with pytest.raises(TracedBoolError, match="f, which has no value under jit"):
        fg.jit(fg.grad(f))(1.0)


def test_errors_in_rules_say_where() -> None:
    f = fg.custom_jvp(lambda x: x)

    @f.defjvp
    def rule(primals: Any, tangents: Any) -> Any:
        raise KeyError("something")

    assert fg.jit(f)(1.0) == 1.0
    with pytest.raises(KeyError) as error:
        fg.grad(f)(1.0)
    assert "test_custom_rules.py" in error.value.__notes__[0]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (lambda p, t: (1.0,), r"must return a pair \(output, output tangent\), not tuple"),
        (lambda p, t: (p[0], (t[0],)), "an output and a tangent of different structures"),
        (lambda p, t: ((p[0],), t[0]), "returns another structure than the function"),
        (
            lambda p, t: (np.ones(3), t[0]),
            r"an output of type f64\[3\], but the function returns f64\[\]",
        ),
        (lambda p, t: (p[0], "text"), "returns str 'text' as a tangent"),
        (lambda p, t: (p[0], np.ones(2) * t[0]), r"a tangent of type f64\[2\], but the output"),
        (lambda p, t: (p[0], t[0].astype(np.float32)), r"a tangent of type f32\[\]"),
        (lambda p, t: (t[0], t[0]), "computes the function's value from the tangents"),
    ],
)
def test_wrong_forward_rules(rule: Any, text: str) -> None:
    f = fg.custom_jvp(lambda x: x * 1.0)
    f.defjvp(rule)
    with pytest.raises((ArgumentError, TracingError), match=text):
        fg.grad(f)(1.0)


@pytest.mark.parametrize(
    ("fwd", "bwd", "text"),
    [
        (lambda x: x, lambda r, c: (c,), r"must return a pair \(output, residuals\)"),
        (lambda x: ((x, x), x), lambda r, c: (c,), "another structure than the function"),
        (
            lambda x: (x, x),
            lambda r, c: c,
            "must return a tuple with a cotangent for each of the 1",
        ),
        (lambda x: (x, x), lambda r, c: (c, c), "not a tuple of length 2"),
        (lambda x: (x, x), lambda r, c: ((c, c),), "returns tuple"),
        (lambda x: (x, x), lambda r, c: (np.ones(3),), r"cotangent 0 of type f64\[3\]"),
    ],
)
def test_wrong_reverse_rules(fwd: Any, bwd: Any, text: str) -> None:
    f = fg.custom_vjp(lambda x: x * 1.0)
    f.defvjp(fwd, bwd)
    with pytest.raises(ArgumentError, match=text):
        fg.grad(f)(1.0)


def test_functions_without_rules() -> None:
    for decorate, name in ((fg.custom_jvp, "custom_jvp"), (fg.custom_vjp, "custom_vjp")):
        with pytest.raises(ArgumentError, match=f"a {name} function without a rule"):
            decorate(lambda x: x)(1.0)
        with pytest.raises(ArgumentError, match="takes a function"):
            decorate(1)
    with pytest.raises(ArgumentError, match="has no such argument"):
        fg.custom_jvp(lambda x: x, nondiff_argnames="y")
    with pytest.raises(ArgumentError, match="has 1 arguments"):
        fg.custom_jvp(lambda x: x, nondiff_argnums=1)
    keyword_only = fg.custom_jvp(lambda x, *, y: x)
    keyword_only.defjvps(None)
    with pytest.raises(ArgumentError, match="by keyword only"):
        keyword_only(1.0, y=2.0)
    with pytest.raises(TypeError, match="missing a required argument"):
        scaled(np, fg)(1.0)


def test_recursive_rules_of_any_order() -> None:
    @fg.custom_jvp
    def exp(x: Any) -> Any:
        return np.exp(x)

    exp.defjvps(lambda t, ans, x: t * exp(x))
    derivative: Any = exp
    for _ in range(6):
        derivative = fg.grad(derivative)
    assert derivative(0.5) == pytest.approx(np.exp(0.5))

    array = np.full(200, 2.0)  # the rule closes over an array that may change: a few orders

    @fg.custom_jvp
    def power(x: Any) -> Any:
        return x**2

    power.defjvps(lambda t, ans, x: t * array[0] * power(x) / x)
    assert fg.grad(fg.grad(fg.grad(power)))(1.5) == pytest.approx(0.0)
    with pytest.raises(TracingError, match="a derivative of order 4"):
        fg.grad(fg.grad(fg.grad(fg.grad(power))))(1.5)


def test_programs_are_found_again_and_forget_arrays() -> None:
    def loss(x: Any, data: Any) -> Any:
        f = fg.custom_vjp(lambda x: x * np.sum(data))
        f.defvjp(lambda x: (f(x), x), lambda x, ct: (ct * np.sum(data) + x,))
        return f(x)

    fg.grad(loss)(1.0, np.ones(3))
    misses = fg.cache_info().misses
    data = np.full(3, 1.0)
    alive = weakref.ref(data)
    assert fg.grad(loss)(1.0, data) == 4.0
    assert fg.cache_info().misses == misses
    del data
    gc.collect()
    assert alive() is None
