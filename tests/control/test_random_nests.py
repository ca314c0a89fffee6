"""Random nests of loops and branches under random transforms, against JAX."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import funcgrad as fg

jax = pytest.importorskip("jax")
jnp = jax.numpy

# A step of a program: of a vector of 3 and a scalar, gives a vector of 3.
Step = Callable[[Any, Any], Any]
# Makes a step from a library's `numpy` and `lax`.
Maker = Callable[[Any, Any], Step]
MOST_STEPS = 12  # of loops of unknown length

LEAVES: list[Maker] = [
    lambda np, lax: lambda x, s: np.sin(x) * s + x,
    lambda np, lax: lambda x, s: x * np.flip(x) * 0.3 + s,
    lambda np, lax: lambda x, s: np.tanh(x * s) - 0.1 * x,
    lambda np, lax: lambda x, s: np.cumsum(x) * 0.3,
    lambda np, lax: lambda x, s: np.take(x, np.argsort(x)) * s,
]


def _scan(f: Maker, g: Maker, rng: random.Random) -> Maker:
    n, reverse = rng.randint(1, 4), rng.random() < 0.5

    def make(np: Any, lax: Any) -> Step:
        def run(x: Any, s: Any) -> Any:
            xs = np.stack([g(np, lax)(x * (i + 1.0), s) for i in range(n)])
            step = lambda c, y: (f(np, lax)(c, s) * 0.5 + y * 0.5, np.sum(c * y))
            c, ys = lax.scan(step, x, xs, reverse=reverse)
            return c + np.sum(ys) * 0.1

        return run

    return make


def _pair(f: Maker, g: Maker, rng: random.Random) -> Maker:
    n = rng.randint(1, 4)

    def make(np: Any, lax: Any) -> Step:
        def run(x: Any, s: Any) -> Any:
            step = lambda c, _: ((f(np, lax)(*c), c[1] * 0.9), g(np, lax)(c[0], s))
            c, ys = lax.scan(step, (x, s), None, length=n)
            return c[0] * c[1] + np.mean(ys, axis=0)

        return run

    return make


def _cond(f: Maker, g: Maker, rng: random.Random) -> Maker:
    limit = rng.uniform(-0.5, 0.5)

    def make(np: Any, lax: Any) -> Step:
        first, second = (
            (lambda s: lambda x: f(np, lax)(x, s)),
            (lambda s: lambda x: g(np, lax)(x, 2.0 * s)),
        )
        return lambda x, s: lax.cond(np.sum(x) * s > limit, first(s), second(s), x)

    return make


def _switch(f: Maker, g: Maker, rng: random.Random) -> Maker:
    def make(np: Any, lax: Any) -> Step:
        def run(x: Any, s: Any) -> Any:
            which = (np.abs(x[0]) * 3.0).astype(int)
            branches = [lambda x: f(np, lax)(x, s), lambda x: g(np, lax)(x, s), lambda x: x * s]
            return lax.switch(which, branches, x)

        return run

    return make


def _fori(f: Maker, g: Maker, rng: random.Random) -> Maker:
    n = rng.randint(1, 4)

    def make(np: Any, lax: Any) -> Step:
        body = lambda x, s: lambda i, c: f(np, lax)(c, s) * (i + 1) * 0.2 + g(np, lax)(x, s) * 0.1
        return lambda x, s: lax.fori_loop(0, n, body(x, s), x)

    return make


def _while(f: Maker, g: Maker, rng: random.Random) -> Maker:
    """JAX has no reverse mode of it, and gets a scan that stands still at the end."""

    def make(np: Any, lax: Any) -> Step:
        def run(x: Any, s: Any) -> Any:
            limit = np.abs(s) * 2.0 + 1.0
            body = lambda c: (c[0] + 1, f(np, lax)(c[1], s) * 0.7 + 0.1 * g(np, lax)(x, s))
            if lax is fg.lax:
                return lax.while_loop(lambda c: c[0] < limit, body, (0, x))[1]

            def masked(c: Any, _: Any) -> Any:
                new = body(c)
                return tuple(
                    np.where(c[0] < limit, b, a) for a, b in zip(c, new, strict=True)
                ), None

            return lax.scan(masked, (0, x), None, length=MOST_STEPS)[0][1]

        return run

    return make


def _map(f: Maker, g: Maker, rng: random.Random) -> Maker:
    def make(np: Any, lax: Any) -> Step:
        each = lambda x, s: lambda t: np.sum(f(np, lax)(x * t, s) * g(np, lax)(x, t))
        return lambda x, s: lax.map(each(x, s), x)

    return make


NESTS = [_scan, _pair, _cond, _switch, _fori, _while, _map]


def program(rng: random.Random, depth: int) -> Maker:
    if not depth:
        return rng.choice(LEAVES)
    first, second = program(rng, depth - 1), program(rng, rng.randint(0, depth - 1))
    return rng.choice(NESTS)(first, second, rng)


def transformed(name: str, lib: Any, np_: Any, f: Step) -> Callable[..., Any]:
    """A function of x of shape (4, 3), and s of shape (4,)."""
    loss = lambda x, s: np_.sum(f(x, s) ** 2)
    gradient = lib.grad(loss, argnums=(0, 1))
    ones = np.ones(3)
    return {
        "jit": lambda x, s: lib.jit(f)(x[0], s[0]),
        "jit of grad": lambda x, s: lib.jit(gradient)(x[0], s[0]),
        "vmap of grad": lambda x, s: lib.vmap(gradient)(x, s),
        "jit of vmap of grad": lambda x, s: lib.jit(lib.vmap(gradient, in_axes=(0, None)))(x, s[0]),
        "grad of vmap": lambda x, s: lib.grad(lambda x, s: np_.sum(lib.vmap(f)(x, s) ** 2), (0, 1))(
            x, s
        ),
        "jvp of grad": lambda x, s: lib.jvp(lambda x: gradient(x, s[0]), (x[0],), (ones,)),
        "vmap of jvp": lambda x, s: lib.vmap(lambda x, s: lib.jvp(f, (x, s), (x, s)))(x, s),
        "vmap of vmap": lambda x, s: lib.vmap(lib.vmap(f, (None, 0)), (0, None))(x, s),
    }[name]


TRANSFORMS = [
    "jit", "jit of grad", "vmap of grad", "jit of vmap of grad", "grad of vmap", "jvp of grad", "vmap of jvp",
    "vmap of vmap",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(24))
def test_as_in_jax(seed: int) -> None:
    make = program(random.Random(seed), 2)
    rng = np.random.default_rng(seed)
    x, s = rng.normal(size=(4, 3)), rng.uniform(0.3, 1.2, size=4)
    name = TRANSFORMS[seed % len(TRANSFORMS)]
    want = transformed(name, jax, jnp, make(jnp, jax.lax))(jnp.asarray(x), jnp.asarray(s))
    ours = transformed(name, fg, np, make(np, fg.lax))
    for _ in range(2):  # interpreted, then compiled
        got = ours(x, s)
        for a, b in zip(fg.tree.leaves(got), jax.tree.leaves(want), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)
