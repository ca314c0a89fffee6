"""Initial weights are JAX's for the same key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError

jax = pytest.importorskip("jax")

KEY = fg.random.key(42)
NAMED = [
    f"{author}_{distribution}"
    for author in ("glorot", "he", "kaiming", "lecun", "xavier")
    for distribution in ("uniform", "normal")
]
CALLS: list[tuple[str, tuple[Any, ...], tuple[int, ...], Any]] = [
    *[(name, (), (4, 5), None) for name in NAMED],
    *[(name, (), (3, 3, 4, 5), "float32") for name in NAMED[:2]],
    *[(name, (), (4, 5), "complex128") for name in NAMED[:2]],
    ("glorot_normal", (0, (1, 2), 3), (4, 2, 3, 5), None),
    ("constant", (0.3,), (2, 3), "float32"),
    ("uniform", (2.0,), (2, 3), None),
    ("normal", (2.0,), (2, 3), None),
    ("normal", (2.0,), (2, 3), "complex64"),
    ("truncated_normal", (2.0, None, -1.0, 3.0), (2, 3), None),
    ("variance_scaling", (2.0, "fan_out", "normal"), (4, 5), "complex128"),
    ("variance_scaling", (2.0, "fan_geo_avg", "uniform"), (4, 5), None),
    ("orthogonal", (2.0,), (4, 5), None),
    ("orthogonal", (2.0, 0), (3, 2, 4), None),
    ("orthogonal", (), (0, 4), None),
    ("delta_orthogonal", (), (3, 2, 4), None),
    ("delta_orthogonal", (0.5,), (3, 4, 2, 2), None),
    ("delta_orthogonal", (), (3, 2, 1, 2, 2), None),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda c: f"{c[0]}{c[1]}{c[2]}{c[3]}".replace(" ", ""))
def test_weights(call: Any) -> None:
    name, args, shape, dtype = call
    init = getattr(fg.nn.initializers, name)(*args)
    jax_key = jax.random.wrap_key_data(KEY)
    expected = np.asarray(getattr(jax.nn.initializers, name)(*args)(jax_key, shape, dtype))
    rtol = 1e3 * np.finfo(expected.dtype).eps
    for got in (init(KEY, shape, dtype), fg.jit(lambda k: init(k, shape, dtype))(KEY)):
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol)


def test_zeros_and_ones() -> None:
    for name in ("zeros", "ones"):
        got = getattr(fg.nn.initializers, name)(KEY, (2, 3), "float32")
        expected = getattr(jax.nn.initializers, name)(None, (2, 3), "float32")
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


def test_results_are_the_callers() -> None:
    init = fg.nn.initializers.constant(1.0)
    weights = init(KEY, (3,))
    weights[0] = 2.0
    np.testing.assert_array_equal(init(KEY, (3,)), np.ones(3))


def test_errors() -> None:
    init = fg.nn.initializers
    with pytest.raises(ArgumentError, match="mode is one of fan_in"):
        init.variance_scaling(1.0, "fan", "normal")
    with pytest.raises(ArgumentError, match="distribution is one of truncated_normal"):
        init.variance_scaling(1.0, "fan_in", "cauchy")
    with pytest.raises(ArgumentError, match=r"weights of shape \(3,\)"):
        init.he_normal()(KEY, (3,))
    with pytest.raises(ArgumentError, match="two axes or more"):
        init.orthogonal()(KEY, (3,))
    with pytest.raises(ArgumentError, match="kernels"):
        init.delta_orthogonal()(KEY, (3, 3))
