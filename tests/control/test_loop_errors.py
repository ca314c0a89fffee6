"""What loops and branches say of mistakes, traced and on plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError, TracedBoolError

lax = fg.lax
X = np.ones(3)


def both(function: Callable[..., Any], *args: Any) -> list[str]:
    """The messages on plain arrays and under a trace."""
    messages = []
    for call in (function, fg.jit(function)):
        with pytest.raises(ArgumentError) as error:
            call(*args)
        messages.append(str(error.value))
    return messages


def test_carry_of_another_structure() -> None:
    for message in both(lambda x: lax.scan(lambda c, _: ((c, c), None), x, length=3), X):
        assert "returns a carry of another structure than the one it takes" in message
        assert "test_loop_errors.py" in message
        assert "a leaf in the carry that it takes, a tuple of length 2" in message
        assert ">>> carry  f64[3]  -" in message
        assert ">>> [0]    -       f64[3]" in message


def test_carry_of_another_shape() -> None:
    body = lambda c: {"a": c["a"], "b": c["b"][:2]}
    loop = lambda x: lax.while_loop(lambda c: np.sum(c["b"]) > 0, body, {"a": x, "b": x})
    for message in both(loop, X):
        assert "returns a carry of other types than the one it takes" in message
        assert "    ['a']  f64[3]  f64[3]\n>>> ['b']  f64[3]  f64[2]" in message
        assert "start with a carry of the type that the body returns" in message


def test_carry_of_another_dtype() -> None:
    for message in both(lambda x: lax.fori_loop(0, 3, lambda i, c: c.astype(np.float32), x), X):
        assert ">>> carry  f64[3]  f32[3]" in message


def test_body_without_a_pair() -> None:
    for message in both(lambda x: lax.scan(lambda c, _: c, x, length=3), X):
        assert "must return a pair (carry, y)" in message
        assert "return None for y" in message


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: lax.scan(1, X, X), "scan takes a function first, not int 1"),
        (lambda: lax.scan(lambda c, x: (c, x), X, None), "pass length=..."),
        (lambda: lax.scan(lambda c, x: (c, x), X, X, length=2), "length: 2"),
        (lambda: lax.scan(lambda c, x: (c, x), X, (X, X[:2])), r"xs\[1\]: f64\[2\]"),
        (lambda: lax.scan(lambda c, x: (c, x), X, 1.0), "is a scalar"),
        (lambda: lax.scan(lambda c, x: (c, x), X, X, length=2.5), "length must be an integer"),
        (lambda: lax.scan(lambda c, x: (c, x), X, None, length=X[:2]), "length must be an integer"),
        (lambda: lax.scan(lambda c, x: (c, c), X, None, length=-1), "length must not be negative"),
        (lambda: lax.scan(lambda c, x: ("text", c), 1.0, X), "a carry of other types"),
        (lambda: lax.map(np.sin, X, batch_size=1.5), "batch_size must be a positive integer"),
        (lambda: lax.associative_scan(np.add, X, axis=None), "axis is an integer, not NoneType"),
        (lambda: lax.scan(lambda c, x: (c, x), "text", X), "init is str 'text'"),
        (
            lambda: lax.scan(lambda c, x: (c, x), X, X, unroll=0),
            "positive integer or a bool, not int 0",
        ),
        (lambda: lax.scan(lambda c, x: (c, x), X, X, unroll="all"), "not str 'all'"),
        (
            lambda: lax.fori_loop(0, 2, lambda i, c: c, X, unroll=-1),
            "fori_loop: unroll must be a positive",
        ),
        (lambda: lax.while_loop(1, lambda c: c, X), "function for cond_fun"),
        (lambda: lax.while_loop(lambda c: True, 1, X), "function for body_fun"),
        (lambda: lax.while_loop(lambda c: c > 0, lambda c: c, X), r"boolean scalar, not bool\[3\]"),
        (lambda: lax.while_loop(lambda c: c, lambda c: c, 1.0), r"boolean scalar, not f64\[\]"),
        (lambda: lax.while_loop(lambda c: (True,), lambda c: c, 1.0), "boolean scalar, not tuple"),
        (lambda: lax.fori_loop(0, 2.5, lambda i, c: c, X), "upper must be an integer"),
        (lambda: lax.fori_loop(X, 2, lambda i, c: c, X), "lower must be an integer"),
        (lambda: lax.cond(True, 1, np.cos, X), "function for true_fun"),
        (lambda: lax.cond(X > 0, np.sin, np.cos, X), "the condition must be a scalar"),
        (lambda: lax.cond(True, np.sin, np.cos, X, operand=X), "not both"),
        (lambda: lax.switch(0, [], X), "at least one branch"),
        (lambda: lax.switch(0, [1], X), "branch 0 is int 1"),
        (lambda: lax.switch(0.5, [np.sin, np.cos], X), "must be an integer scalar"),
        (lambda: lax.map(np.sin, X, batch_size=0), "batch_size must be a positive integer"),
        (lambda: lax.associative_scan(1, X), "takes a function first"),
        (lambda: lax.associative_scan(np.add, (X, X[:2])), "different lengths along axis 0"),
        (lambda: lax.associative_scan(np.add, X, axis=1), "has no axis 1"),
        (lambda: lax.associative_scan(lambda a, b: (a, b), X), "another structure than it takes"),
        (
            lambda: lax.associative_scan(lambda a, b: a[:1], np.ones(5)),
            r">>> elems  f64\[2\]  f64\[1\]",
        ),
        (lambda: lax.cumsum(X, axis=1), "has no axis 1"),
        (lambda: lax.select(np.ones(2, bool), X, X), "select takes arrays of one shape"),
        (lambda: lax.top_k(X, 4), "between 0 and 3"),
        (lambda: lax.sort((X, X), num_keys=3), "between 1 and 2"),
        (lambda: lax.index_in_dim(X, 3), "out of range"),
        (lambda: lax.select_n(X), "at least one case"),
    ],
)
def test_arguments(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(ArgumentError, match=text):
        call()


def test_conditions_under_a_trace() -> None:
    for condition, text in (
        (lambda c: c > 0, r"boolean scalar, not bool\[3\]"),
        (lambda c: np.sum(c), r"boolean scalar, not f64\[\]"),
        (lambda c: (np.sum(c) > 0,), "must return a boolean scalar"),
    ):
        loop = fg.jit(lambda x, condition=condition: lax.while_loop(condition, lambda c: c, x))
        with pytest.raises(ArgumentError, match=text):
            loop(X)


def test_branches_that_differ() -> None:
    @fg.jit
    def structures(x: Any) -> Any:
        return lax.cond(np.sum(x) > 0, lambda x: {"a": x, "b": 1}, lambda x: {"a": x, "c": x}, x)

    with pytest.raises(ArgumentError) as error:
        structures(X)
    message = str(error.value)
    assert "have different structures" in message
    assert "key 'c' only in false_fun; key 'b' only in true_fun" in message
    assert ">>> ['c']  f64[3]     -" in message

    @fg.jit
    def types(i: Any, x: Any) -> Any:
        return lax.switch(i, [lambda x: x, lambda x: x[:2], lambda x: x], x)

    with pytest.raises(ArgumentError) as error:
        types(1, X)
    message = str(error.value)
    assert "have different types" in message
    assert ">>> result  f64[3]    f64[2]" in message


def test_python_conditions_in_bodies() -> None:
    def body(c: Any, _: Any) -> Any:
        return (c if c > 0 else -c), None

    with pytest.raises(TracedBoolError, match="which changes from step to step of the loop"):
        fg.grad(lambda x: lax.scan(body, x, length=2)[0])(1.0)


def test_writing_to_a_carry() -> None:
    def body(c: Any, _: Any) -> Any:
        c[0] = 1.0
        return c, None

    start = np.zeros(3)
    with pytest.raises(ValueError, match="read-only"):
        lax.scan(body, start, length=2)
    with pytest.raises(ValueError, match="in-place update"):
        fg.jit(lambda x: lax.scan(body, x, length=2))(start)
    np.testing.assert_array_equal(start, 0.0)


def test_loops_that_are_not_linear() -> None:
    def loop(x: Any) -> Any:
        return lax.while_loop(lambda c: c < 10.0, lambda c: c * 2.0, x)

    with pytest.raises(fg.errors.NoDerivativeError, match="the loop is not linear"):
        fg.linear_transpose(loop, 1.0)(1.0)
