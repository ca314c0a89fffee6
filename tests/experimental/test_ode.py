"""`experimental.ode.odeint` against JAX's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

pytest.importorskip("scipy")

from jax.experimental.ode import odeint as jax_odeint

import funcgrad as fg
from funcgrad.errors import ArgumentError
from funcgrad.experimental.ode import odeint

TIMES = np.linspace(0.0, 2.0, 5)
CLOSE = {"rtol": 1e-10, "atol": 1e-10}


def pendulum(solve: Any, xp: Any) -> Any:
    def slope(y: Any, t: Any, a: Any) -> Any:
        return {"angle": y["speed"], "speed": -a * xp.sin(y["angle"])}

    return lambda y0, a, t=TIMES: solve(slope, y0, t, a, **CLOSE)


def test_pendulum() -> None:
    results = []
    for library, solve, xp in ((fg, odeint, np), (jax, jax_odeint, jnp)):
        f = pendulum(solve, xp)
        start = {"angle": 1.0, "speed": 0.0}
        of_t = lambda t, f=f, start=start: f(start, 2.0, t)["angle"][-1]
        found = [
            f(start, 2.0),
            library.grad(lambda a, f=f, start=start: f(start, a)["angle"][-1])(2.0),
            library.grad(lambda y, f=f, xp=xp: xp.sum(f(y, 2.0)["speed"] ** 2))(start),
            library.grad(of_t)(TIMES),
            library.jit(f)(start, 3.0),
        ]
        results.append(library.tree.leaves(found))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


def test_kinds_of_states() -> None:
    rotation = odeint(lambda y, t: 1j * y, np.array([1.0 + 0j, 2.0]), TIMES)
    np.testing.assert_allclose(rotation[:, 1], 2.0 * np.exp(1j * TIMES), rtol=1e-6)
    decays = fg.vmap(lambda a: odeint(lambda y, t, a: -a * y, 1.0, TIMES, a))(np.array([1.0, 2.0]))
    np.testing.assert_allclose(decays, np.exp(-np.outer([1.0, 2.0], TIMES)), rtol=1e-6)
    back = odeint(lambda y, t: 0.0 * y + 1.0, np.float32(1.0), -TIMES.astype(np.float32))
    np.testing.assert_allclose(back, 1.0 - TIMES, rtol=1e-6, atol=1e-6)
    assert back.dtype == np.float32


def test_errors() -> None:
    with pytest.raises(ArgumentError, match="the times are a vector, not f64"):
        odeint(lambda y, t: y, 1.0, 2.0)
    with pytest.raises(ArgumentError, match="y0 consists of real and complex numbers, not i64"):
        odeint(lambda y, t: y, 1, TIMES)
    with pytest.raises(ArgumentError, match="must give the structure of y0"):
        odeint(lambda y, t: (y,), 1.0, TIMES)
