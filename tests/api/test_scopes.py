"""`named_scope`, `named_call`, `ensure_compile_time_eval`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax
from funcgrad.errors import ArgumentError, ConcretizationError, NonFiniteError


@fg.named_scope("outer")
def scoped(x: Any) -> Any:
    y = np.cos(x)
    with fg.named_scope("inner"):
        z = lax.scan(lambda c, _: (np.sin(c), None), y, length=2)[0]
    return np.sqrt(z)


def lines(jaxpr: Any, primitive: str) -> list[str]:
    text = jaxpr.pretty_print(source_info=True)
    return [line for line in text.splitlines() if f"= {primitive} " in line]


def test_scopes_are_shown() -> None:
    jaxpr = fg.make_jaxpr(scoped)(1.0)
    assert "(outer/scoped)" in lines(jaxpr, "cos")[0]
    assert "(outer/scoped)" in lines(jaxpr, "sqrt")[0]
    assert "(outer/inner/scoped.<locals>.<lambda>)" in lines(jaxpr, "sin")[0]
    assert "(outer/inner/scoped)" in jaxpr.pretty_print(source_info=True)


@pytest.mark.parametrize(
    "transform",
    [
        fg.grad,
        fg.jit,
        lambda f: fg.jit(fg.grad(f)),
        fg.hessian,
        lambda f: lambda x: fg.vmap(f)(np.full(2, x)),
    ],
)
def test_scopes_change_nothing_else(transform: Any) -> None:
    plain = lambda x: np.sqrt(np.sin(np.sin(np.cos(x))))
    np.testing.assert_allclose(transform(scoped)(0.5), transform(plain)(0.5))


def test_backward_equations_have_the_scope_of_the_forward_line() -> None:
    with (
        fg.debug_nans(),
        pytest.raises(NonFiniteError, match=r"in the backward pass.*\n.* in outer/"),
    ):
        fg.grad(fg.named_scope("outer")(lambda x: np.sqrt(x) * 0.0))(0.0)


def test_the_same_function_in_two_scopes() -> None:
    def f(x: Any) -> Any:
        return np.sin(x)

    for name in ("first", "second", "first"):
        jaxpr = fg.make_jaxpr(fg.named_call(f, name=name))(1.0)
        assert f"({name}/test_the_same" in lines(jaxpr, "sin")[0]
    assert "(f/test_the_same" in lines(fg.make_jaxpr(fg.named_call(f))(1.0), "sin")[0]


def test_scopes_end_with_errors() -> None:
    with pytest.raises(KeyError), fg.named_scope("a"):
        raise KeyError("k")
    assert "(a/" not in fg.make_jaxpr(lambda x: np.sin(x))(1.0).pretty_print(source_info=True)


def test_a_scope_needs_a_name() -> None:
    with pytest.raises(ArgumentError, match=r"named_scope takes a name, not int 3\n  at "):
        fg.named_scope(3)  # type: ignore[arg-type]


def test_compile_time_evaluation() -> None:
    def f(x: Any) -> Any:
        with fg.ensure_compile_time_eval():
            n = lax.while_loop(lambda n: n * n < 50, lambda n: n + 1, 0)
            zeros = np.zeros(3)
            zeros[0] = 1.0
            y = x * 2.0  # depends on a traced value: part of the program
        assert isinstance(int(n), int)
        assert type(zeros) is np.ndarray
        with pytest.raises(ConcretizationError) if jitted else pytest.raises(AssertionError):
            assert int(y[0]) < 0
        return np.sum(y[:n]) * zeros[0]

    x = np.arange(10.0)
    jitted = True
    assert fg.jit(f)(x) == 56.0
    assert "while" not in str(fg.make_jaxpr(fg.jit(f))(x))
    jitted = False
    np.testing.assert_array_equal(fg.grad(f)(x), [2.0] * 8 + [0.0] * 2)
    with fg.ensure_compile_time_eval():
        assert fg.grad(np.sin)(0.0) == 1.0


def test_compile_time_evaluation_of_transformations() -> None:
    @fg.jit
    def f(x: Any) -> Any:
        with fg.ensure_compile_time_eval():
            slope = fg.grad(np.sin)(0.0)
            assert float(slope) == 1.0
        return x * slope

    assert f(3.0) == 3.0
