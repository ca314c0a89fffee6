"""Cases: polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import polynomial

from tests.cases.case import Case

DTYPES = ("float64", "float32", "int32", "complex128")


# Their quotients are exact in every precision.
FACTORS = [-4.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 4.0]


def away_from_zero(*sizes: int) -> Any:
    """Coefficients none of which is small, so that no leading one is taken for zero."""
    return lambda rng: tuple([rng.choice(FACTORS, n) for n in sizes])


def with_complex_roots(rng: np.random.Generator) -> tuple[Any, ...]:
    return (np.array([1.0, 0.3, 2.0, 0.5]) * rng.uniform(0.9, 1.1, 4),)


def with_real_roots(rng: np.random.Generator) -> tuple[Any, ...]:
    return (np.poly(np.array([-2.0, 0.5, 1.0]) + rng.uniform(-0.1, 0.1, 3)),)


def data(*shape: int) -> Any:
    """Distinct points, and values there."""
    return lambda rng: (
        np.linspace(-1.0, 1.0, shape[0]) + rng.uniform(-0.1, 0.1, shape[0]),
        rng.normal(size=shape),
    )


WEIGHTS = np.array([1.0, 2.0, 0.5, 1.5, 1.0, 0.7])

CASES = [
    Case(np.polyval, shapes=((4,), (3, 2)), dtypes=DTYPES, complex=True),
    Case(np.polyval, shapes=((1,), (3,))),
    Case(np.polyval, shapes=((3,), ())),
    *[
        Case(function, args=away_from_zero(n, m), name=f"{function.__name__}, {n} and {m}")
        for function in (np.polyadd, np.polysub, np.polymul)
        for n, m in ((4, 2), (2, 4), (3, 3))
    ],
    # JAX keeps the zeros in front of the remainder.
    Case(np.polydiv, args=away_from_zero(4, 2), jax=None),
    Case(np.polydiv, args=away_from_zero(2, 3), jax=None, name="polydiv by a longer one"),
    Case(np.polyder, shapes=((5,),), dtypes=DTYPES, complex=True),
    Case(np.polyder, shapes=((5,),), params={"m": 2}),
    Case(np.polyint, shapes=((4,),), dtypes=DTYPES, complex=True),
    Case(np.polyint, shapes=((4,),), params={"m": 2, "k": 0.5}),
    Case(
        lambda p, k: np.polyint(p, 2, k=k),
        shapes=((4,), (2,)),
        jax=None,
        name="polyint with constants",
    ),
    Case(np.poly, args=lambda rng: (rng.uniform(-2.0, 2.0, 4),)),
    Case(np.poly, args=lambda rng: (rng.integers(-2, 3, 4),), grad=False, name="poly of integers"),
    Case(
        lambda x: np.poly(x + x.T) * (1.0 + 0.0j),
        shapes=((3, 3),),
        jax=None,
        vmap=False,
        name="poly of a matrix",
    ),
    Case(lambda p: np.roots(p) * (1.0 + 0.0j), args=with_real_roots, jax=None, name="roots"),
    Case(np.roots, args=with_complex_roots, jax=None, name="roots, complex"),
    Case(np.vander, shapes=((4,),), dtypes=DTYPES, complex=True),
    Case(np.vander, shapes=((4,),), params={"N": 3, "increasing": True}),
    Case(np.vander, shapes=((4,),), params={"N": 40}, low=-0.9, high=0.9),
    Case(np.polyfit, args=data(6), params={"deg": 2}),
    Case(np.polyfit, args=data(6, 2), params={"deg": 2, "w": WEIGHTS}, name="polyfit with weights"),
    Case(np.polyfit, args=data(6), params={"deg": 1, "cov": True}, name="polyfit with covariance"),
    Case(
        np.polyfit,
        args=data(6, 2),
        params={"deg": 2, "cov": "unscaled"},
        jax=None,
        name="polyfit with covariance, unscaled",
    ),
    Case(
        lambda x, y: np.polyfit(x, y, 2, full=True)[:4],
        args=data(6),
        jax=None,
        name="polyfit with all results",
    ),
    # The functions of numpy.polynomial that NumPy dispatches.
    *[
        Case(function, shapes=((3,),) * n + ((2, 3, 4)[:n],), jax=None)
        for n, function in (
            (2, polynomial.polyval2d),
            (2, polynomial.polygrid2d),
        )
    ],
    *[
        Case(
            lambda x, y, c, function=function: function([x, y], c),
            shapes=((3,), (3,), (2, 3)),
            jax=None,
            name=name,
        )
        for name in ("polyvalnd",)  # since NumPy 2.5
        if (function := getattr(polynomial, name, None)) is not None
    ],
]
