"""The numbers are those of `jax.random` for the same key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg

jax = pytest.importorskip("jax")

SEEDS = (0, 7, -1, 2**40 + 3)
WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4])
LOGITS = np.log(np.outer([1.0, 2.0, 3.0], WEIGHTS))
COV = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.3], [0.1, 0.3, 1.5]])
POINTS = np.arange(12.0).reshape(3, 4)
A = np.array([0.05, 0.7, 1.0, 2.5, 30.0])

# Function, arguments after the key, keyword arguments.
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *[
        ("bits", (shape, dtype), {})
        for shape in ((), (3, 5))
        for dtype in ("uint8", "uint32", None)
    ],
    ("bits", ((9001,), "uint64"), {}),
    ("bits", ((5,), "uint16"), {}),
    ("split", (), {}),
    ("split", (3,), {}),
    ("split", ((2, 3),), {}),
    ("fold_in", (12345,), {}),
    ("uniform", ((),), {}),
    ("uniform", ((3, 4), "float32"), {}),
    ("uniform", ((3, 4), "float16"), {}),
    ("uniform", ((3, 4), None, -2.0, np.arange(1.0, 5.0)), {}),
    ("uniform", ((0, 4),), {}),
    ("normal", ((3, 4),), {}),
    ("normal", ((3, 4), "float32"), {}),
    ("normal", ((3, 4), "complex128"), {}),
    ("normal", ((3, 4), "complex64"), {}),
    ("truncated_normal", (-1.0, np.array([0.5, 3.0])), {}),
    ("truncated_normal", (-2, 2, (4,), "float32"), {}),
    ("randint", ((50,), 0, 10), {}),
    ("randint", ((50,), -(2**63), 2**63 - 1), {}),
    ("randint", ((50,), -5, 2**45), {}),
    ("randint", ((3, 4), np.array([0, 1, 2, 9]), np.array([1, 5, 100, 3])), {}),
    ("randint", ((50,), 0, 256, "uint8"), {}),
    ("randint", ((50,), -128, 127, "int8"), {}),
    ("randint", ((50,), 3, 1000, "int32"), {}),
    ("randint", ((50,), 0, 2**32, "uint32"), {}),
    ("randint", ((50,), 0, 2**31, "int32"), {}),
    ("permutation", (10,), {}),
    ("permutation", (POINTS,), {}),
    ("permutation", (POINTS,), {"axis": 1}),
    ("permutation", (POINTS,), {"axis": -1, "independent": True}),
    ("choice", (10, (4,)), {}),
    ("choice", (POINTS, (2, 2)), {"axis": 1}),
    ("choice", (10, (4,)), {"replace": False}),
    ("choice", (POINTS, (2,)), {"axis": 1, "replace": False}),
    ("choice", (4, (9,)), {"p": WEIGHTS}),
    ("choice", (4, ()), {"p": WEIGHTS}),
    ("choice", (4, (3,)), {"p": WEIGHTS, "replace": False}),
    ("bernoulli", (), {}),
    ("bernoulli", (0.3, (20,)), {}),
    ("bernoulli", (WEIGHTS, (5, 4), "high"), {}),
    ("bernoulli", (WEIGHTS.astype("float32"),), {}),
    ("rademacher", ((20,),), {}),
    ("rademacher", ((20,), "float32"), {}),
    ("categorical", (LOGITS,), {}),
    ("categorical", (LOGITS,), {"axis": 0}),
    ("categorical", (LOGITS,), {"shape": (5, 3)}),
    ("categorical", (LOGITS,), {"axis": 0, "shape": (5, 4), "mode": "high"}),
    ("categorical", (LOGITS,), {"shape": (2, 3), "replace": False}),
    ("exponential", ((20,),), {}),
    ("exponential", ((20,), "float32"), {}),
    ("gumbel", ((20,),), {}),
    ("gumbel", ((20,), "float32", "high"), {}),
    ("laplace", ((20,),), {}),
    ("logistic", ((20,),), {}),
    ("cauchy", ((20,),), {}),
    ("pareto", (A,), {}),
    ("weibull_min", (2.0, 1.5, (20,)), {}),
    ("rayleigh", (np.array([1.0, 2.0]), (3, 2)), {}),
    ("triangular", (0.0, np.array([0.0, 1.0, 2.0]), 2.0, (4, 3)), {}),
    ("geometric", (WEIGHTS, (5, 4)), {}),
    ("lognormal", (0.5, (20,)), {}),
    ("lognormal", (), {}),
    ("multivariate_normal", (np.arange(3.0), COV), {}),
    ("multivariate_normal", (np.zeros((2, 3)), COV, (4, 2)), {}),
    ("multivariate_normal", (np.zeros(3), COV), {"method": "eigh"}),
    ("maxwell", ((5,),), {}),
    ("double_sided_maxwell", (1.0, np.array([2.0, 3.0]), (4,)), {}),
    ("double_sided_maxwell", (1.0, np.array([2.0, 3.0])), {}),
    ("wald", (A,), {}),
    ("orthogonal", (3,), {}),
    ("orthogonal", (3, (2,)), {"m": 5}),
    ("orthogonal", (4, (), "complex128"), {"m": 2}),
    ("gamma", (A,), {}),
    ("gamma", (0.5, (3, 4), "float32"), {}),
    ("loggamma", (A, (3, 5)), {}),
    ("beta", (A, 2.0), {}),
    ("dirichlet", (A,), {}),
    ("dirichlet", (A, (3,)), {}),
    ("chisquare", (A,), {}),
    ("t", (A, (2, 5)), {}),
    ("f", (A, 3.0), {}),
    ("generalized_normal", (1.5, (6,)), {}),
    ("ball", (3,), {"p": 1.0, "shape": (2,)}),
    ("ball", (3,), {}),
    ("poisson", (np.array([0.0, 0.5, 3.0, 9.9]), (6, 4)), {}),
    ("binomial", (np.array([0, 1, 10, 20]), WEIGHTS, (6, 4)), {}),
    ("binomial", (1000, 0.4), {}),
    ("poisson", (np.array([3.0, 12.0, 50.0, 400.0]), (60, 4)), {}),
    ("binomial", (np.array([5, 100, 1000]), 0.7, (60, 3)), {}),
    ("binomial", (np.array([np.nan, 3.0, -1.0, np.inf]), np.array([0.5, np.nan, 0.5, 0.5])), {}),
    ("multinomial", (8, WEIGHTS), {}),
    ("multinomial", (np.array([3, 5]), WEIGHTS), {"shape": (2,)}),
]


def plain(x: Any) -> np.ndarray[Any, Any]:
    is_key = hasattr(x, "dtype") and jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(x) if is_key else x)


@pytest.mark.parametrize("seed", SEEDS)
def test_keys(seed: int) -> None:
    key = fg.random.key(seed)
    np.testing.assert_array_equal(key, plain(jax.random.key(seed)))
    np.testing.assert_array_equal(fg.jit(fg.random.key)(np.int64(seed)), key)


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint32", "int64", "uint64"])
def test_keys_of_typed_seeds(dtype: str) -> None:
    for number in (5, -3):
        seed = np.array(number).astype(dtype)
        expected = plain(jax.random.key(seed))
        np.testing.assert_array_equal(fg.random.key(seed), expected)
        np.testing.assert_array_equal(fg.random.key(seed[()]), expected)
        np.testing.assert_array_equal(fg.jit(fg.random.key)(seed), expected)


def call_id(call: tuple[str, tuple[Any, ...], dict[str, Any]]) -> str:
    name, args, kwargs = call
    shown = [np.shape(a) if isinstance(a, np.ndarray) else a for a in (*args, *kwargs.items())]
    return f"{name}({', '.join(map(str, shown))})".replace(" ", "")


@pytest.mark.parametrize("call", CALLS, ids=call_id)
def test_numbers(call: tuple[str, tuple[Any, ...], dict[str, Any]]) -> None:
    name, args, kwargs = call
    seed = 42
    theirs = kwargs
    if name == "multinomial" and "shape" in kwargs and jax.__version_info__ < (0, 12):
        theirs = {"shape": (*kwargs["shape"], 4)}  # contrary to its documentation
    expected = plain(getattr(jax.random, name)(jax.random.key(seed), *args, **theirs))
    if name == "categorical":
        expected = expected.astype(int)  # what comes from JAX's top_k has 32 bits
    function = getattr(fg.random, name)
    key = fg.random.key(seed)
    with np.errstate(all="ignore"):
        got = function(key, *args, **kwargs)
    compare(got, expected)
    compare(fg.jit(lambda k: function(k, *args, **kwargs))(key), expected)


def test_vmap_over_keys() -> None:
    keys = fg.random.split(fg.random.key(1), 3)
    for name, args, kwargs in CALLS:
        function = getattr(fg.random, name)
        with np.errstate(all="ignore"):
            expected = np.stack([function(k, *args, **kwargs) for k in keys])
        compare(fg.vmap(lambda k: function(k, *args, **kwargs))(keys), expected)


def compare(got: Any, expected: Any) -> None:
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    if expected.dtype.kind in "fc":
        eps = np.finfo(expected.dtype).eps
        # XLA's inverse of the error function is only accurate to some 1e-13.
        np.testing.assert_allclose(got, expected, rtol=2e3 * eps, atol=2e3 * eps)
    else:
        np.testing.assert_array_equal(got, expected)
