"""Attention agrees with JAX's, up to its single precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError

jax = pytest.importorskip("jax")

RNG = np.random.default_rng(0)
Q = RNG.normal(size=(2, 3, 4, 5))
K, V = RNG.normal(size=(2, 2, 6, 2, 5))
LENGTHS = np.array([2, 3], "int32")
CALLS: list[dict[str, Any]] = [
    {},
    {"scale": 0.7},
    {"is_causal": True},
    {"local_window_size": 1},
    {"local_window_size": (2, 0)},
    {"bias": RNG.normal(size=(1, 4, 3, 6))},
    {"mask": RNG.random((2, 4, 3, 6)) < 0.7},
    {"mask": RNG.random((2, 1, 3, 6)) < 0.7, "is_causal": True},
    {"query_seq_lengths": LENGTHS, "key_value_seq_lengths": LENGTHS + 1},
]


@pytest.mark.parametrize("kwargs", CALLS, ids=lambda kwargs: "+".join(kwargs) or "plain")
def test_values_and_derivatives(kwargs: dict[str, Any]) -> None:
    def loss(function: Any, np: Any) -> Any:
        return lambda *xs: np.sum(np.sin(function(*xs, **kwargs)))

    ours, theirs = fg.nn.dot_product_attention, jax.nn.dot_product_attention
    np.testing.assert_allclose(ours(Q, K, V, **kwargs), theirs(Q, K, V, **kwargs), atol=2e-6)
    got = fg.grad(loss(ours, np), (0, 1, 2))(Q, K, V)
    for g, e in zip(got, jax.grad(loss(theirs, jax.numpy), (0, 1, 2))(Q, K, V), strict=True):
        np.testing.assert_allclose(g, e, atol=5e-6)


def test_residuals() -> None:
    got = fg.nn.dot_product_attention(Q, K, V, return_residual=True)
    expected = jax.nn.dot_product_attention(Q, K, V, return_residual=True)
    for g, e in zip(got, expected, strict=True):
        assert g.shape == e.shape
        np.testing.assert_allclose(g, e, atol=2e-6)


def test_without_examples() -> None:
    got = fg.nn.dot_product_attention(Q[0], K[0], V[0])
    np.testing.assert_allclose(got, fg.nn.dot_product_attention(Q, K, V)[0])


def test_errors() -> None:
    with pytest.raises(ArgumentError, match=r"query has 3 or 4 axes.*not shape \(2, 3\)"):
        fg.nn.dot_product_attention(np.ones((2, 3)), K, V)
    with pytest.raises(ArgumentError, match="must agree"):
        fg.nn.dot_product_attention(Q, K, V[:, :2])
    with pytest.raises(ArgumentError, match="the 4 heads of the queries are no multiple of the 3"):
        fg.nn.dot_product_attention(Q, np.ones((2, 6, 3, 5)), np.ones((2, 6, 3, 5)))
    with pytest.raises(ArgumentError, match="a mask holds booleans, not f64"):
        fg.nn.dot_product_attention(Q, K, V, mask=np.zeros((2, 4, 3, 6)))
