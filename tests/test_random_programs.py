"""Random programs under random transforms: interpreted, compiled, and in JAX.

`HYPOTHESIS_PROFILE=explore pytest tests/test_random_programs.py` looks for programs that no one has tried.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from hypothesis import given, note, settings

import funcgrad as fg
from tests.compare import assert_close
from tests.oracle import namespace
from tests.programs import BINARY, RESHAPING, TRANSFORMS, UNARY, build, programs

SCALES = np.array([0.5, 1.0])
EXPLORE = os.environ.get("HYPOTHESIS_PROFILE") == "explore"


def point(shape: tuple[int, ...]) -> Any:
    n = int(np.prod(shape))
    return (np.linspace(-1.1, 1.3, n + 2)[1:-1] * np.where(np.arange(n) % 2, 1.0, -0.7)).reshape(
        shape
    )


def interpreted(fun: Any, x: Any) -> Any:
    closed = fg.make_jaxpr(fun)(x)
    return fg.eval_jaxpr(closed.jaxpr, closed.consts, x)[0]


def count(n: int) -> Any:
    return settings() if EXPLORE else settings(max_examples=n)


@count(60)
@given(programs(max_steps=8, max_transforms=0))
def test_values_are_numpys(program: tuple[str, tuple[int, ...]]) -> None:
    source, shape = program
    note(source)
    x = point(shape)
    fun = build(source, np, fg, SCALES)
    expected = fun(x)
    assert_close(interpreted(fun, x), expected, 1e-12, "interpreted")
    assert_close(fg.jit(fun)(x), expected, 1e-12, "compiled")


@count(300)
@given(programs())
def test_compiled_is_interpreted(program: tuple[str, tuple[int, ...]]) -> None:
    source, shape = program
    note(source)
    x = point(shape)
    fun = build(source, np, fg, SCALES)
    expected = interpreted(fun, x)
    for _ in range(3):  # a program is compiled when it is met again
        assert_close(fun(x), expected, 1e-10, "as called")
    assert_close(fg.jit(fun)(x), expected, 1e-10, "under jit")
    assert_close(fg.vmap(fun)(x[None])[0], expected, 1e-10, "under vmap")


@count(60)
@given(programs())
def test_derivatives_are_jaxs(program: tuple[str, tuple[int, ...]]) -> None:
    source, shape = program
    note(source)
    jax = namespace("jax")
    x = point(shape)
    got = build(source, np, fg, SCALES)(x)
    expected = jax.jit(build(source, jax.numpy, jax, SCALES))(x)
    assert_close(got, expected, 1e-7, "against JAX")


def test_there_are_many_kinds_of_operations_and_all_transforms() -> None:
    assert len(UNARY) + len(BINARY) + len(RESHAPING) >= 20
    text = " ".join(TRANSFORMS.values())
    names = ("grad", "jvp", "vjp", "linearize", "vmap", "jit", "jacfwd", "jacrev", "hessian")
    assert all(f"fg.{name}" in text for name in names)
