"""Traced values that outlive their functions: each use is an error that names the function and the line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.errors import LeakedTracerError

X = np.array([0.5, -1.5, 2.0])

TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: fg.grad(f)(2.0),
    "jvp": lambda f: fg.jvp(f, (2.0,), (1.0,)),
    "vjp": lambda f: fg.vjp(f, 2.0),
    "linearize": lambda f: fg.linearize(f, 2.0),
    "vmap": lambda f: fg.vmap(f)(X),
    "jit": lambda f: fg.jit(f)(2.0),
    "make_jaxpr": lambda f: fg.make_jaxpr(f)(2.0),
    "jacfwd": lambda f: fg.jacfwd(f)(2.0),
    "hessian": lambda f: fg.hessian(f)(2.0),
}
USES: dict[str, Callable[[Any], Any]] = {
    "operator": lambda t: t + 1.0,
    "ufunc": lambda t: np.sin(t),
    "function": lambda t: np.sum(t),
    "truth": lambda t: bool(t > 0),
    "in another trace": lambda t: fg.grad(lambda x: x * t)(2.0),
    "as an argument": lambda t: fg.jit(lambda x: x * 2.0)(t),
    "under vmap": lambda t: fg.vmap(lambda x: x * t)(X),
}
LEAK = (
    r"a traced value was used after {name} \({file}:\d+\) that traced it had returned\n  at {file}:\d+ in "
    r".*\n  return values from the function instead of storing them in globals, attributes or containers"
)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("use", USES)
def test_leaks_name_the_function_and_the_line(transform: str, use: str) -> None:
    leaked: list[Any] = []

    def careless(x: Any) -> Any:
        leaked.append(x * 2.0)
        return x * x

    TRANSFORMS[transform](careless)
    name = r"test_leaks_name_the_function_and_the_line\.<locals>\.careless"
    message = LEAK.format(name=name, file=re.escape(__file__))
    with pytest.raises(LeakedTracerError, match=message):
        USES[use](leaked[0])


def test_a_leaked_value_prints_as_leaked() -> None:
    leaked: list[Any] = []
    fg.grad(lambda x: (leaked.append(x), x)[1])(2.0)
    assert repr(leaked[0]) == "Tracer<f64[]>(leaked)"


def test_a_result_may_not_be_a_leaked_value() -> None:
    leaked: list[Any] = []
    fg.grad(lambda x: (leaked.append(x), x)[1])(2.0)
    with pytest.raises(LeakedTracerError):
        fg.grad(lambda x: leaked[0])(3.0)


def test_an_error_in_the_function_leaves_no_open_trace() -> None:
    def broken(x: Any) -> Any:
        raise KeyError("mine")

    for transform in TRANSFORMS.values():
        with pytest.raises(KeyError, match="mine"):
            transform(broken)
        np.testing.assert_allclose(fg.grad(lambda x: x * x)(3.0), 6.0)


def test_the_inner_function_leaks_to_the_outer_one() -> None:
    def outer(x: Any) -> Any:
        kept: list[Any] = []
        fg.grad(lambda y: (kept.append(y * x), y * x)[1])(1.0)
        return kept[0] * x

    with pytest.raises(LeakedTracerError, match=r"that traced it had returned"):
        fg.grad(outer)(2.0)
