"""Conventions of activation functions: derivatives at corners, values far out, dtypes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError

jax = pytest.importorskip("jax")

CORNERS = np.array([-4.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0, 7.0])
FAR = np.array([-1e4, -800.0, -40.0, 40.0, 800.0, 1e4])
NAMES = [
    "celu",
    "elu",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "identity",
    "leaky_relu",
    "log_sigmoid",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_sign",
    "softplus",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
]


@pytest.mark.parametrize("name", NAMES)
def test_values_and_slopes_are_jaxs_at_corners_and_far_out(name: str) -> None:
    ours, theirs = getattr(fg.nn, name), getattr(jax.nn, name)
    for x in (CORNERS, FAR):
        np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-12, atol=1e-300)
        slopes = fg.vmap(fg.grad(ours))(x)
        np.testing.assert_allclose(slopes, jax.vmap(jax.grad(theirs))(x), rtol=1e-11, atol=1e-16)
        assert np.isfinite(slopes).all()


@pytest.mark.parametrize("name", NAMES)
def test_dtypes(name: str) -> None:
    function = getattr(fg.nn, name)
    for dtype in ("float16", "float32", "float64"):
        x = np.array([-1.5, 0.0, 2.0], dtype)
        assert function(x).dtype == dtype
        assert fg.jit(function)(x).dtype == dtype
    exact = name in ("relu", "hard_tanh", "identity")
    assert function(np.array([-1, 2])).dtype == (int if exact else float)
    assert fg.jit(function)(np.array([-1, 2])).dtype == (int if exact else float)


def test_nan_stays_nan() -> None:
    for name in NAMES:
        with np.errstate(all="ignore"):  # NumPy warns of NaN
            assert np.isnan(getattr(fg.nn, name)(np.array([np.nan]))).all(), name


def test_relu_is_one_equation() -> None:
    jaxpr = fg.make_jaxpr(fg.nn.relu)(np.ones(3)).jaxpr
    assert [eqn.primitive.name for eqn in jaxpr.eqns] == ["relu"]


def test_compiled_relu_of_large_arrays() -> None:
    x = np.random.default_rng(0).normal(size=(300, 400))
    x[0, 0] = 0.0
    loss = fg.jit(fg.value_and_grad(lambda x: np.sum(fg.nn.relu(x * 2.0) * 3.0)))
    for _ in range(3):  # interpreted first, compiled when it comes again
        value, slope = loss(x)
        np.testing.assert_allclose(value, 6.0 * np.maximum(x, 0.0).sum())
        np.testing.assert_array_equal(slope, 6.0 * (x > 0.0))


def test_log1mexp_near_zero_and_far_out() -> None:
    x = np.array([1e-300, 1e-10, 0.5, 0.6931, 0.6932, 40.0, 800.0])
    np.testing.assert_allclose(fg.nn.log1mexp(x), jax.nn.log1mexp(x), rtol=1e-13)
    slopes = fg.vmap(fg.grad(fg.nn.log1mexp))(x)
    np.testing.assert_allclose(slopes, 1.0 / np.expm1(np.minimum(x, 700.0)), rtol=1e-9, atol=1e-300)


def test_glu_needs_halves() -> None:
    with pytest.raises(ArgumentError, match="the length of axis 1 is 3"):
        fg.nn.glu(np.ones((2, 3)))


def test_lists_are_arrays() -> None:
    np.testing.assert_array_equal(fg.nn.relu([-1.0, 2.0]), [0.0, 2.0])
    np.testing.assert_array_equal(fg.jit(lambda x: fg.nn.relu([x, -x]))(1.0), [1.0, 0.0])


def test_scipy_is_not_needed() -> None:
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import funcgrad as fg\n"
        "for name in fg.nn.__all__:\n"
        "    getattr(fg.nn, name)\n"
        "print(fg.nn.gelu(0.3, approximate=False), fg.grad(lambda x: fg.nn.gelu(x, False))(0.3))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    expected = [fg.nn.gelu(0.3, False), fg.grad(lambda x: fg.nn.gelu(x, False))(0.3)]
    np.testing.assert_allclose(np.array(ended.stdout.split(), float), expected, rtol=1e-14)
