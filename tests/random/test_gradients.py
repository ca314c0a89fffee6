"""Derivatives of random numbers with respect to the parameters of their distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

import funcgrad as fg
from funcgrad.errors import NoDerivativeError
from funcgrad.ops.random.gamma_slope import digamma, log_sample_slope, trigamma

jax = pytest.importorskip("jax")

A = np.array([0.02, 0.3, 0.9, 1.0, 2.5, 30.0, 400.0])
KEY = fg.random.key(42)
QUANTILES = [1e-6, 0.01, 0.5, 0.99, 1.0 - 1e-6]

OF_PARAMETERS: list[tuple[str, tuple[Any, ...]]] = [
    ("gamma", (A,)),
    ("loggamma", (A,)),
    ("beta", (A, np.array(2.0))),
    ("dirichlet", (A,)),
    ("chisquare", (A,)),
    ("t", (A,)),
    ("f", (A, np.array(3.0))),
    ("generalized_normal", (np.array(1.5),)),
]


@pytest.mark.parametrize(("name", "parameters"), OF_PARAMETERS, ids=[n for n, _ in OF_PARAMETERS])
def test_derivatives_are_jaxs(name: str, parameters: tuple[Any, ...]) -> None:
    argnums = tuple(range(1, 1 + len(parameters)))
    weights = np.linspace(1.0, 2.0, A.size if parameters[0].ndim else 1)

    def loss(random: Any, xp: Any) -> Any:
        function = getattr(random, name)
        return lambda key, *xs: xp.sum(function(key, *xs) * weights)

    got = fg.grad(loss(fg.random, np), argnums)(KEY, *parameters)
    jax_key = jax.random.wrap_key_data(KEY)
    expected = jax.grad(loss(jax.random, jax.numpy), argnums)(jax_key, *parameters)
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-10)


@pytest.mark.parametrize("impl", ["threefry2x32", "philox"])
def test_gamma_variables_move_along_their_quantile(impl: str) -> None:
    key = fg.random.key(3, impl=impl)
    a = np.array([0.3, 1.0, 2.5, 30.0])
    x = fg.random.gamma(key, a)
    u = special.gammainc(a, x)
    h = 1e-4 * a
    around = [special.gammaincinv(a + k * h, u) for k in (-2, -1, 0, 1, 2)]
    first = (around[0] - 8 * around[1] + 8 * around[3] - around[4]) / (12 * h)
    second = (-around[0] + 16 * around[1] - 30 * x + 16 * around[3] - around[4]) / (12 * h * h)

    def total(a: Any) -> Any:
        return np.sum(fg.random.gamma(key, a))

    np.testing.assert_allclose(fg.grad(total)(a), first, rtol=1e-8)
    np.testing.assert_allclose(np.diag(fg.hessian(total)(a)), second, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("u", QUANTILES)
def test_slope_of_log_samples(u: float) -> None:
    a = np.array([0.05, 0.3, 1.0, 2.5, 10.0, 80.0])

    def s(shift: Any) -> Any:
        return np.log(special.gammaincinv(a + shift, u))

    def derivative(f: Any) -> Any:
        h = 1e-4 * a
        return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)

    slope = log_sample_slope(a, s(0.0))
    np.testing.assert_allclose(slope, derivative(s), rtol=1e-8)
    partial = [log_sample_slope(a, s(0.0), by) for by in ("a", "s")]
    along = derivative(lambda shift: log_sample_slope(a + shift, s(shift)))
    np.testing.assert_allclose(partial[0] + partial[1] * slope, along, rtol=1e-8)


def test_logarithms_of_gamma_variables_have_slopes_where_the_variables_underflow() -> None:
    a = 1e-4
    slope = fg.grad(lambda a: fg.random.loggamma(KEY, a))(a)
    # s is almost log(u) / a.
    np.testing.assert_allclose(slope, -fg.random.loggamma(KEY, a) / a, rtol=1e-3)
    assert fg.grad(lambda a: fg.random.gamma(KEY, a))(a) == 0.0


def test_third_derivatives_of_gamma_variables_are_refused() -> None:
    third = fg.grad(fg.grad(fg.grad(lambda a: fg.random.gamma(KEY, a))))
    with pytest.raises(NoDerivativeError, match="first and second derivatives"):
        third(2.0)


def test_polygammas() -> None:
    x = np.logspace(-4, 5, 400)
    np.testing.assert_allclose(digamma(x), special.psi(x), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(trigamma(x), special.polygamma(1, x), rtol=1e-13)


def test_derivatives_under_vmap_over_keys() -> None:
    keys = fg.random.split(KEY, 3)

    def slope(key: Any, a: Any) -> Any:
        return fg.grad(lambda a: np.sum(fg.random.gamma(key, a, (2,))))(a)

    expected = [slope(key, 1.5) for key in keys]
    np.testing.assert_allclose(fg.vmap(slope, in_axes=(0, None))(keys, 1.5), expected)
    np.testing.assert_allclose(fg.jit(fg.vmap(slope, in_axes=(0, None)))(keys, 1.5), expected)


def test_reparametrised_gradient_of_an_expectation() -> None:
    # E[(mu + sigma z)^2] = mu^2 + sigma^2
    z = fg.random.normal(KEY, (200_000,))
    slope = fg.grad(lambda p: np.mean((p[0] + p[1] * z) ** 2))(np.array([0.5, 2.0]))
    np.testing.assert_allclose(slope, [1.0, 4.0], rtol=0.02)
