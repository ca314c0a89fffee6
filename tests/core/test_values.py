"""Values on demand: Python control flow on traced values, at every nesting of derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import ConcretizationError, TracedBoolError

X = np.array([0.5, -1.5, 2.0, -0.25])


def branch(x: Any) -> Any:
    if x[0] > 0:
        return np.sum(x**3)
    return np.sum(x**2)


def loop(x: Any) -> Any:
    y = x[2]
    while y > 0.1:
        y = y * x[0]
    return y + np.sum(x * x)


def both(x: Any) -> Any:
    if (x[0] > 0 and x[1] < 0) or x[2] < 0:
        return np.sum(np.sin(x))
    return np.sum(x)


def negated(x: Any) -> Any:
    return np.sum(x * x * x) if not x[1] > 0 else np.sum(x)


def checked(x: Any) -> Any:
    assert x[0] > 0, "positive"
    return np.prod(x)


def repeated(x: Any) -> Any:
    y = np.sum(x)
    for _ in range(int(np.round(x[2] * 2))):
        y = np.sin(y) + x[0] * y
    return y


def as_index(x: Any) -> Any:
    return x[np.argmax(x)] ** 3 + x[int(np.argmin(x))] ** 2


def picked(x: Any) -> Any:
    names = ["zero", "one", "two", "three"]
    assert names[np.argmax(x)] == "two"
    return np.sum(x**4)


def masked(x: Any) -> Any:
    return np.sum(x[x > 0] ** 3)


def nonzero(x: Any) -> Any:
    (where,) = np.nonzero(x > 0)
    return np.sum(x[where] ** 3) + len(where) * x[0] ** 2


def chained(x: Any) -> Any:
    return np.sum(x**2) if -1.0 < x[0] < 1.0 else np.sum(x)


def equal(x: Any) -> Any:
    return np.sum(x**3) if x[0] == 0.5 and x[1] != 0.5 else x[0]


def newton(x: Any) -> Any:
    y = x[2]
    while abs(y * y - x[2]) > 1e-12:
        y = 0.5 * (y + x[2] / y)
    return y + np.sum(x * x)


def sorted_by_value(x: Any) -> Any:
    largest = max([x[i] for i in range(4)], key=lambda t: t)
    return largest**3 + x[0] ** 2


FUNCTIONS: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (branch, lambda x: np.sum(x**3)),
    (loop, lambda x: x[2] * x[0] ** 5 + np.sum(x * x)),
    (both, lambda x: np.sum(np.sin(x))),
    (negated, lambda x: np.sum(x * x * x)),
    (checked, lambda x: np.prod(x)),
    (repeated, None),
    (as_index, lambda x: x[2] ** 3 + x[1] ** 2),
    (picked, lambda x: np.sum(x**4)),
    (masked, lambda x: np.sum(x[[0, 2]] ** 3)),
    (nonzero, lambda x: np.sum(x[[0, 2]] ** 3) + 2 * x[0] ** 2),
    (chained, lambda x: np.sum(x**2)),
    (equal, lambda x: np.sum(x**3)),
    (newton, lambda x: np.sqrt(x[2]) + np.sum(x * x)),
    (sorted_by_value, lambda x: x[2] ** 3 + x[0] ** 2),
]


def _unrolled(x: Any) -> Any:
    y = np.sum(x)
    for _ in range(4):
        y = np.sin(y) + x[0] * y
    return y


PAIRS = [pytest.param(f, g or _unrolled, id=f.__name__) for f, g in FUNCTIONS]
TRANSFORMS: dict[str, Callable[[Any, Any], Any]] = {
    "grad": lambda f, x: fg.grad(f)(x),
    "value_and_grad": lambda f, x: fg.value_and_grad(f)(x),
    "jvp": lambda f, x: fg.jvp(f, (x,), (np.cos(x),)),
    "vjp": lambda f, x: fg.vjp(f, x)[1](1.5),
    "linearize": lambda f, x: fg.linearize(f, x)[1](np.cos(x)),
    "jacfwd": lambda f, x: fg.jacfwd(f)(x),
    "jacrev": lambda f, x: fg.jacrev(f)(x),
    "hessian": lambda f, x: fg.hessian(f)(x),
    "grad of grad": lambda f, x: fg.grad(lambda x: np.sum(fg.grad(f)(x) ** 2))(x),
    "jvp of grad": lambda f, x: fg.jvp(fg.grad(f), (x,), (np.cos(x),)),
    "grad of jvp": lambda f, x: fg.grad(lambda x: fg.jvp(f, (x,), (np.cos(x),))[1])(x),
    "vjp of linearize": lambda f, x: fg.vjp(lambda x: fg.linearize(f, x)[1](x * x), x)[1](2.0),
    "jacfwd of jacrev of grad": lambda f, x: fg.jacfwd(fg.jacrev(fg.grad(f)))(x),
    "hessian of hvp": lambda f, x: fg.hessian(lambda x: np.sum(fg.hvp(f, (x,), (x,))))(x),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize(("fun", "same"), PAIRS)
def test_control_flow_on_values(fun: Any, same: Any, transform: str) -> None:
    got = fg.tree.leaves(TRANSFORMS[transform](fun, X))
    expected = fg.tree.leaves(TRANSFORMS[transform](same, X))
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("fun", "same"), PAIRS)
def test_make_jaxpr_takes_the_branch_of_its_arguments(fun: Any, same: Any) -> None:
    closed = fg.make_jaxpr(fun)(X)
    [value] = fg.eval_jaxpr(closed.jaxpr, closed.consts, X)
    np.testing.assert_allclose(value, same(X))


def test_another_branch_is_another_program() -> None:
    gradient = fg.grad(branch)
    for x in (X, -X, X, 2 * X, -X):
        np.testing.assert_allclose(gradient(x), 3 * x**2 if x[0] > 0 else 2 * x)


def test_values_of_outer_tracers_are_known_inside() -> None:
    def outer(x: Any) -> Any:
        def inner(y: Any) -> Any:
            return y * x if x > 0 and y < 10 else y * 0.0

        return fg.grad(inner)(x * 2.0) * x

    np.testing.assert_allclose(fg.grad(outer)(3.0), 6.0)
    np.testing.assert_allclose(fg.grad(fg.grad(outer))(3.0), 2.0)


def test_values_of_inner_results_are_known_outside() -> None:
    def outer(x: Any) -> Any:
        slope = fg.grad(lambda y: y**3)(x)
        return slope if slope > 20.0 else -slope

    np.testing.assert_allclose(fg.grad(outer)(3.0), 18.0)
    np.testing.assert_allclose(fg.grad(outer)(1.0), -6.0)


def test_long_loops_evaluate_each_equation_once() -> None:
    calls = []

    def halve(x: Any) -> Any:
        while x > 1e-300:
            calls.append(1)
            x = x * 0.5
        return x

    fg.grad(halve)(1.0)
    assert len(calls) == 997


@pytest.mark.parametrize(
    "read",
    [bool, int, lambda x: range(x), lambda x: [1, 2, 3][x]],
    ids=["bool", "int", "range", "index"],
)
def test_integers_and_booleans_have_values(read: Callable[[Any], Any]) -> None:
    def fun(x: Any) -> Any:
        read(np.argmax(x))
        return np.sum(x * x)

    np.testing.assert_array_equal(fg.grad(fun)(X), 2 * X)


def test_printing_shows_values() -> None:
    seen = []

    def fun(x: Any) -> Any:
        seen.extend([repr(x), f"{x:.2f}"])
        return x * x

    fg.grad(fun)(3.0)
    assert seen == ["Tracer<f64[]>(3.0)", "3.00"]


# Where there is no value

# A reduction of `x[mask]` needs no values: it is computed with the mask.
NO_VALUE = [fun for fun, _ in FUNCTIONS if fun is not masked]


def test_reductions_of_masked_arrays_work_everywhere() -> None:
    rows = np.stack([X, -X, np.abs(X)])
    np.testing.assert_allclose(fg.vmap(masked)(rows), [masked(row) for row in rows])
    np.testing.assert_allclose(fg.jit(masked)(X), masked(X))
    gradients = [fg.grad(masked)(row) for row in rows]
    np.testing.assert_allclose(fg.jit(fg.vmap(fg.grad(masked)))(rows), gradients)


@pytest.mark.parametrize("fun", NO_VALUE, ids=lambda f: f.__name__)
def test_vmap_refuses(fun: Callable[..., Any]) -> None:
    with pytest.raises(ConcretizationError, match="differs per example under vmap"):
        fg.vmap(fun)(np.stack([X, X]))


@pytest.mark.parametrize("fun", NO_VALUE, ids=lambda f: f.__name__)
def test_jit_refuses(fun: Callable[..., Any]) -> None:
    with pytest.raises(ConcretizationError, match="has no value under jit"):
        fg.jit(fun)(X)


@pytest.mark.parametrize("fun", NO_VALUE, ids=lambda f: f.__name__)
def test_grad_under_vmap_or_jit_refuses(fun: Callable[..., Any]) -> None:
    with pytest.raises(ConcretizationError, match="differs per example under vmap"):
        fg.vmap(fg.grad(fun))(np.stack([X, X]))
    with pytest.raises(ConcretizationError, match="has no value under jit"):
        fg.jit(fg.grad(fun))(X)


def test_vmap_knows_values_that_do_not_depend_on_the_example() -> None:
    def fun(x: Any, y: Any) -> Any:
        return x * y if y > 0 else x

    got = fg.vmap(fun, in_axes=(0, None))(X, 2.0)
    np.testing.assert_array_equal(got, 2 * X)
    np.testing.assert_array_equal(fg.vmap(fun, in_axes=(0, None))(X, -2.0), X)

    def loss(y: Any) -> Any:
        return np.sum(fg.vmap(lambda x: x * y if y > 0 else x)(X))

    np.testing.assert_allclose(fg.grad(loss)(2.0), np.sum(X))
    np.testing.assert_allclose(fg.grad(loss)(-2.0), 0.0)


def test_jit_knows_values_that_depend_on_no_argument() -> None:
    limit = np.array([1.0, 3.0])

    @fg.jit
    def fun(x: Any) -> Any:
        if np.sum(limit) > 3.0:
            return x * 2.0
        return x

    np.testing.assert_array_equal(fun(X), 2 * X)


def test_shapes_are_known_everywhere() -> None:
    def fun(x: Any) -> Any:
        assert len(x) == 4
        assert x.shape == (4,)
        if x.ndim == 1 and x.size > 3 and x.dtype == float:
            return np.sum(x * x)
        return x

    np.testing.assert_array_equal(fg.jit(fg.grad(fun))(X), 2 * X)
    np.testing.assert_array_equal(fg.vmap(fg.grad(fun))(X[None]), 2 * X[None])


def test_the_message_says_what_where_and_what_instead() -> None:
    def loss(x: Any) -> Any:
        if x > 0:
            return x
        return -x

    line = loss.__code__.co_firstlineno
    where = "test_the_message_says_what_where_and_what_instead.<locals>.loss"
    with pytest.raises(TracedBoolError) as caught:
        fg.vmap(loss)(X)
    assert str(caught.value) == (
        f"the truth value of bool[] was asked for, but it depends on an input of {where} ({__file__}:{line}), "
        f"which differs per example under vmap\n  at {__file__}:{line + 1} in {where}\n"
        "  use np.where(condition, a, b), or fg.lax.cond for a scalar condition"
    )


def test_truth_of_an_array_is_numpys_error() -> None:
    def fun(x: Any) -> Any:
        return x if x > 0 else -x

    with pytest.raises(
        ValueError, match="truth value of an array with more than one element is ambiguous"
    ):
        fg.vjp(fun, X)
