"""Every transform of every program with control flow, against JAX."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from tests.control.programs import PROGRAMS, Program


def every(programs: list[Program] = PROGRAMS) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("program", programs, ids=[p.name for p in programs])


def ours(program: Program) -> Callable[..., Any]:
    return program.make(np, fg.lax)


@functools.cache
def expected(name: str) -> dict[str, Any]:
    """Values and derivatives by JAX, in one compiled program."""
    import jax

    program = next(p for p in PROGRAMS if p.name == name)
    fun = (program.reference or program.make)(jax.numpy, jax.lax)
    argnums = tuple(range(len(program.args)))

    def everything(*args: Any) -> dict[str, Any]:
        return {
            "value": fun(*args),
            "grad": jax.grad(fun, argnums)(*args),
            "jvp": jax.jvp(fun, args, args)[1],
            "hessian": jax.hessian(fun, argnums)(*args),
        }

    return jax.tree.map(np.asarray, jax.jit(everything)(*program.args))


def close(got: Any, want: Any) -> None:
    got, want = fg.tree.leaves(got), fg.tree.leaves(want)
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * (1.0 + np.abs(b).max(initial=0.0)))


@every()
def test_value(program: Program, way: str) -> None:
    close(ours(program)(*program.args), expected(program.name)["value"])
    close(fg.jit(ours(program))(*program.args), expected(program.name)["value"])


@every()
def test_grad(program: Program, way: str) -> None:
    argnums = tuple(range(len(program.args)))
    gradient = fg.grad(ours(program), argnums)
    close(gradient(*program.args), expected(program.name)["grad"])
    close(fg.jit(gradient)(*program.args), expected(program.name)["grad"])


@every()
def test_jvp(program: Program, way: str) -> None:
    got = fg.jvp(ours(program), program.args, program.args)[1]
    close(got, expected(program.name)["jvp"])
    got = fg.linearize(ours(program), *program.args)[1](*program.args)
    close(got, expected(program.name)["jvp"])


@every()
def test_vjp(program: Program, way: str) -> None:
    _, pullback = fg.vjp(ours(program), *program.args)
    close(pullback(1.0), expected(program.name)["grad"])


@every()
def test_second_order(program: Program, way: str) -> None:
    argnums = tuple(range(len(program.args)))
    want = expected(program.name)["hessian"]
    gradient = fg.grad(ours(program), argnums)
    close(fg.jacfwd(gradient, argnums)(*program.args), want)
    close(fg.jacrev(gradient, argnums)(*program.args), want)


@every([p for p in PROGRAMS if p.name in ("rnn", "branches, second", "counted", "until_large")])
def test_forward_over_forward(program: Program) -> None:
    argnums = tuple(range(len(program.args)))
    close(
        fg.jacfwd(fg.jacfwd(ours(program), argnums), argnums)(*program.args),
        expected(program.name)["hessian"],
    )


def batch_of(arg: Any) -> Any:
    """Three examples, which take different branches and numbers of steps."""
    return np.stack([np.asarray(arg), -np.asarray(arg), 0.3 * np.asarray(arg)])


def by_loop(fun: Callable[..., Any], args: tuple[Any, ...], batched: tuple[bool, ...]) -> Any:
    results = [
        fun(*[a[i] if b else a for a, b in zip(args, batched, strict=True)]) for i in range(3)
    ]
    leaves = [fg.tree.leaves(r) for r in results]
    return [np.stack(column) for column in zip(*leaves, strict=True)]


@every()
def test_vmap(program: Program, way: str) -> None:
    fun = ours(program)
    n = len(program.args)
    for chosen in [*[tuple(i == k for i in range(n)) for k in range(n)], (True,) * n]:
        args = tuple([batch_of(a) if b else a for a, b in zip(program.args, chosen, strict=True)])
        axes = tuple([0 if b else None for b in chosen])
        close(fg.vmap(fun, axes)(*args), by_loop(fun, args, chosen))


@every()
def test_vmap_of_grad_and_grad_of_vmap(program: Program) -> None:
    n = len(program.args)
    gradient = fg.grad(ours(program), tuple(range(n)))
    for k in range(n):
        chosen = tuple(i == k for i in range(n))
        args = tuple([batch_of(a) if b else a for a, b in zip(program.args, chosen, strict=True)])
        axes = tuple([0 if b else None for b in chosen])
        per_example = by_loop(gradient, args, chosen)
        close(fg.vmap(gradient, axes)(*args), per_example)

        def total(*args: Any, axes: Any = axes) -> Any:
            return np.sum(fg.vmap(ours(program), axes)(*args))

        want = [g if b else g.sum(0) for g, b in zip(per_example, chosen, strict=True)]
        close(fg.grad(total, tuple(range(n)))(*args), want)


@every([p for p in PROGRAMS if p.name in ("rnn", "fori_with_branches", "counted", "until_large")])
def test_vmap_of_hessian_vector_products(program: Program) -> None:
    gradient = fg.grad(ours(program))
    first, *rest = program.args
    args = batch_of(first)

    def product(x: Any) -> Any:
        return fg.jvp(lambda x: gradient(x, *rest), (x,), (np.ones_like(x),))[1]

    want = np.stack([product(args[i]) for i in range(3)])
    close(fg.vmap(product)(args), want)


def test_third_order() -> None:
    fun = PROGRAMS[0].make(np, fg.lax)
    w, h, xs = PROGRAMS[0].args
    scalar = lambda t: fun(w, h * t, xs)
    third = fg.grad(fg.grad(fg.grad(scalar)))(0.7)
    step = 1e-4
    second = fg.grad(fg.grad(scalar))
    np.testing.assert_allclose(
        third, (second(0.7 + step) - second(0.7 - step)) / (2 * step), rtol=1e-6
    )


def test_while_to_third_order() -> None:
    fun = ours(next(p for p in PROGRAMS if p.name == "counted"))
    w, b = fg.tree.leaves((PROGRAMS[0].args[0], PROGRAMS[0].args[1]))
    scalar = lambda t: fun(w, b * t)
    third = fg.grad(fg.grad(fg.grad(scalar)))(0.7)
    second = fg.grad(fg.grad(scalar))
    step = 1e-4
    np.testing.assert_allclose(
        third, (second(0.7 + step) - second(0.7 - step)) / (2 * step), rtol=1e-6
    )
