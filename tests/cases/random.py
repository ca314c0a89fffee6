"""Cases: random numbers, as functions of a key and of the parameters of their distribution."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

import funcgrad as fg
from funcgrad.ops.random.gamma import random_gamma_grad
from tests.cases.case import Case

A = np.array([0.3, 0.9, 1.0, 2.5, 30.0])
ROOT = np.array([[2.0, 0.5, 0.1], [-0.5, 1.0, 0.3], [0.1, 0.3, 1.5]])
KEY = fg.random.key(42)


def case(
    name: str,
    *parameters: Any,
    key: Any = KEY,
    compare: bool = True,
    stop: bool = False,
    fields: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Case:
    """A case of `fg.random.name(key, *parameters, **kwargs)`; of the parameters, arrays are varied.

    `stop`: without derivatives. Those of gamma variables are implicit ones, which finite differences do not see,
    since the number of rejected proposals jumps; tests/random/test_gradients.py has them.
    """
    arrays = [p for p in parameters if isinstance(p, np.ndarray)]
    places = [i for i, p in enumerate(parameters) if isinstance(p, np.ndarray)]

    def call(function: Any, key: Any, xs: Any) -> Any:
        given = list(parameters)
        for i, x in zip(places, xs, strict=True):
            given[i] = x
        return function(key, *given, **kwargs)

    def jax(key: Any, *xs: Any) -> Any:
        random = importlib.import_module("jax.random")
        return call(getattr(random, name), random.wrap_key_data(key), xs)

    varied = [np.shape(p) if isinstance(p, np.ndarray) else p for p in parameters]
    shown = ", ".join(map(str, [*varied, *kwargs.values(), fg.random.key_impl(key)]))
    return Case(
        lambda key, *xs: call(
            getattr(fg.random, name), key, [fg.stop_gradient(x) for x in xs] if stop else xs
        ),
        args=lambda rng: (key, *arrays),
        name=f"random.{name}({shown})",
        jax=jax if compare else None,  # JAX has no philox on NumPy's generator
        **({"grad": False} if stop or not arrays else {}),
        **(fields or {}),
    )


WORDS = fg.random.key(42, impl="philox")
# XLA's inverse of the error function is only accurate to some 1e-13.
ROUGH = {"rtol": 1e-11}
INTEGERS = {"grad": False}

CASES = [
    case("bits"),
    case("bits", (2, 3), "uint8"),
    case("split"),
    case("split", (2, 3)),
    Case(
        lambda key, data: fg.random.fold_in(key, data),
        args=lambda rng: (KEY, np.array(7)),
        name="random.fold_in",
        grad=False,
    ),
    Case(
        lambda seed: fg.random.key(seed),
        args=lambda rng: (np.array(-7),),
        name="random.key",
        grad=False,
    ),
    Case(
        lambda seed: fg.random.key(seed, impl="philox"),
        args=lambda rng: (np.array(7),),
        name="random.key(philox)",
        grad=False,
    ),
    case("uniform", (2, 3)),
    case("uniform", (2, 3), None, np.array([-1.0, 0.0, 2.0]), np.array([3.0, 1.0, 2.5])),
    case("normal", (2, 3)),
    case("normal", (3,), "complex128"),
    case("normal", (3,), "float32"),
    case("truncated_normal", np.array([-1.0, 0.2]), np.array([0.5, 3.0]), fields=ROUGH),
    case("lognormal", np.array([0.5, 1.5]), fields=ROUGH),
    Case(  # of a root, which keeps the covariance symmetric
        lambda key, mean, root: fg.random.multivariate_normal(key, mean, root @ root.T),
        args=lambda rng: (KEY, np.arange(3.0), ROOT),
        name="random.multivariate_normal",
        jax=None,  # tests/random compares it
    ),
    case("maxwell", (4,)),
    case("double_sided_maxwell", np.array([1.0, 0.0]), np.array([2.0, 3.0]), fields=ROUGH),
    case("wald", np.array([0.5, 2.0]), fields=ROUGH),
    case("orthogonal", 3),
    case("exponential", (4,)),
    case("gumbel", (4,)),
    case("laplace", (4,)),
    case("logistic", (4,)),
    case("cauchy", (4,)),
    case("pareto", A),
    case("weibull_min", np.array(2.0), np.array(1.5), (4,)),
    case("rayleigh", np.array([1.0, 2.0])),
    case("triangular", np.array([0.0, 0.5]), np.array([1.0, 0.6]), np.array([2.0, 0.9])),
    case("geometric", np.array([0.1, 0.5]), fields=INTEGERS),
    case("gamma", A, stop=True),
    case("gamma", A, (2, 5), stop=True),
    case("loggamma", A, stop=True),
    case("beta", A, np.array(2.0), stop=True),
    case("dirichlet", A, stop=True),
    case("chisquare", A, stop=True),
    case("t", A, stop=True, fields=ROUGH),
    case("f", A, np.array(3.0), stop=True),
    case("generalized_normal", np.array(1.5), (4,), stop=True),
    case("ball", 3, np.array(1.5), stop=True),
    Case(
        lambda a, s: random_gamma_grad(a, s, by=""),
        args=lambda rng: (A, np.log(A * np.array([0.1, 0.9, 4.0, 1.5, 0.8]))),
        name="random.gamma_grad",
        order=1,  # it has no more, being itself the first of gamma's two
        jax=None,  # it is not public there
    ),
    case("randint", (5,), 0, 10),
    case("randint", (3,), np.array([0, 1, 2]), np.array([5, 100, 2]), fields=INTEGERS),
    case("bernoulli", np.array([0.2, 0.8]), fields=INTEGERS),
    case("rademacher", (5,)),
    case("permutation", 6),
    case("permutation", np.arange(6.0).reshape(3, 2)),
    case("permutation", np.arange(6.0).reshape(3, 2), 0, True),
    case("choice", np.arange(6.0).reshape(3, 2), (2, 2)),
    case("choice", np.arange(6.0).reshape(3, 2), (2,), False),
    case("choice", 3, (4,), True, np.array([0.2, 0.3, 0.5]), fields=INTEGERS),
    case("categorical", np.log([[0.2, 0.3, 0.5], [0.5, 0.3, 0.2]]), fields=INTEGERS),
    case("poisson", np.array([0.5, 3.0, 50.0]), fields=INTEGERS),
    case("binomial", np.array([3.0, 10.0, 100.0]), np.array([0.5, 0.2, 0.6]), fields=INTEGERS),
    case("multinomial", np.array(7.0), np.array([0.2, 0.3, 0.5]), fields=INTEGERS),
    *[
        case(
            name,
            *args,
            key=WORDS,
            compare=False,
            stop=name in ("gamma", "loggamma", "beta", "t"),
            fields=fields,
        )
        for name, args, fields in [
            ("bits", (), None),
            ("bits", ((5,), "uint16"), None),
            ("split", (3,), None),
            ("uniform", ((2, 3),), None),
            ("uniform", ((2, 3), "float16"), None),
            ("normal", ((2, 3), "float32"), None),
            ("truncated_normal", (np.array([-1.0, 0.2]), np.array([0.5, 3.0])), None),
            ("gamma", (A,), None),
            ("loggamma", (A,), None),
            ("beta", (A, np.array(2.0)), None),
            ("t", (A,), None),
            ("permutation", (6,), None),
            ("poisson", (np.array([0.5, 3.0, 50.0]),), INTEGERS),
            ("binomial", (np.array([3.0, 100.0]), np.array([0.5, 0.6])), INTEGERS),
        ]
    ],
]
