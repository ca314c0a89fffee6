"""Cases: `funcgrad.scipy.integrate`, compared with SciPy and with finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad.scipy.integrate as integrate
from tests.cases.case import Case


def case(name: str, fun: Callable[..., Any], *shapes: tuple[int, ...], **fields: Any) -> Case:
    return Case(
        fun,
        args=lambda rng: tuple([rng.normal(size=shape) for shape in shapes]),
        jax=None,
        name=f"integrate.{name}",
        **fields,
    )


def at_points(n: int, *shape: int) -> Any:
    """Samples (shape), and increasing positions (n)."""
    return lambda rng: (rng.normal(size=shape), np.cumsum(rng.uniform(0.5, 1.5, n)))


CASES = [
    case("cumulative_simpson", lambda y: integrate.cumulative_simpson(y, dx=0.5), (2, 6)),
    case("cumulative_simpson of two", lambda y: integrate.cumulative_simpson(y, axis=0), (2, 3)),
    Case(
        lambda y, x: integrate.cumulative_simpson(y, x=x, initial=0),
        args=at_points(5, 2, 5),
        jax=None,
        name="integrate.cumulative_simpson at points",
    ),
    case("trapezoid", integrate.trapezoid, (2, 5)),
    case("trapezoid, axis 0", lambda y: integrate.trapezoid(y, dx=0.5, axis=0), (5, 2)),
    Case(
        integrate.trapezoid, args=at_points(5, 2, 5), jax=None, name="integrate.trapezoid at points"
    ),
    case("cumulative_trapezoid", lambda y: integrate.cumulative_trapezoid(y, dx=0.5), (2, 5)),
    case(
        "cumulative_trapezoid from 0",
        lambda y: integrate.cumulative_trapezoid(y, axis=0, initial=0),
        (5, 2),
    ),
    Case(
        integrate.cumulative_trapezoid,
        args=at_points(5, 2, 5),
        jax=None,
        name="integrate.cumulative_trapezoid at points",
    ),
    *[
        Case(
            lambda y, x: integrate.simpson(y * np.float64(1.0), x * np.float64(1.0)),
            args=at_points(n, 2, n),
            jax=None,
            name=f"integrate.simpson at {n} points",
        )
        for n in (2, 3, 4, 5, 6)
    ],
    *[
        case(f"simpson, {n} samples", lambda y: integrate.simpson(y, dx=0.5), (2, n))
        for n in (2, 3, 4, 7, 8)
    ],
    *[
        case(f"romb, {n} samples", lambda y: integrate.romb(y * np.float64(1.0), dx=0.5), (2, n))
        for n in (2, 3, 5, 9)
    ],
    case("fixed_quad", lambda a, b: integrate.fixed_quad(np.exp, a, b, n=4)[0], (), ()),
]
