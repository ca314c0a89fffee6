"""The arguments that JAX's forms of NumPy's functions have beyond NumPy's, against JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.numpy import jax_arguments

X = np.array([[0.5, -1.5, 2.0, 2.0], [3.0, 0.0, -1.0, 0.25]])
INDICES = np.array([[0, 3], [2, 1]])
CALLS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "sum without a mask": ("sum", (X,), {"where": None, "initial": None, "axis": 1}),
    "sum of integers": ("sum", (INDICES,), {"promote_integers": True}),
    "sum of narrow integers": (
        "sum",
        (INDICES.astype(np.int8),),
        {"promote_integers": False, "axis": 0},
    ),
    "product of narrow integers": (
        "prod",
        (INDICES.astype(np.uint8),),
        {"promote_integers": False},
    ),
    "diff without ends": ("diff", (X,), {"prepend": None, "append": None}),
    "polymul": ("polymul", (np.array([0.0, 1.0]), X[0]), {"trim_leading_zeros": False}),
    "polymul, trimmed": ("polymul", (X[1], X[0]), {"trim_leading_zeros": True}),
    "sum over a list of axes": ("sum", (X,), {"axis": [0, 1]}),
    "mean over a list of axes": ("mean", (X,), {"axis": [-1], "keepdims": True}),
    "max without a start": ("max", (X,), {"where": None, "initial": None}),
    "nanmean without a mask": ("nanmean", (X,), {"where": None}),
    "dot of a precision": ("dot", (X, X.T), {"precision": "highest"}),
    "vdot": ("vdot", (X, X), {"precision": jax.lax.Precision.HIGHEST}),
    "einsum": ("einsum", ("ij,kj->ik", X, X), {"precision": "high"}),
    "matmul to another dtype": ("matmul", (X, X.T), {"preferred_element_type": np.float32}),
    "sort, descending": ("sort", (X,), {"axis": 0, "descending": True}),
    "sort, flat": ("sort", (X,), {"axis": None, "descending": True}),
    "argsort, descending": ("argsort", (X,), {"axis": 1, "descending": True}),
    "argsort, flat": ("argsort", (X,), {"axis": None, "descending": True}),
    "roots": ("roots", (np.array([1.0, 2.0, 3.0, 0.0]),), {"strip_zeros": False}),
    "roots of a lower degree": (
        "roots",
        (np.array([0.0, 2.0, 3.0, 1.0]),),
        {"strip_zeros": False},
    ),
    "roots of zero": ("roots", (np.zeros(3),), {"strip_zeros": False}),
    "roots of a constant": ("roots", (np.array([2.0]),), {"strip_zeros": False}),
    "astype": ("astype", (X, np.float32), {}),
    "searchsorted": ("searchsorted", (np.sort(X[0]), X[1]), {"method": "scan"}),
    "isin": ("isin", (INDICES, np.array([1, 2])), {"method": "sort"}),
    "take, filled": ("take", (X, np.array([1, 7, -1])), {"axis": 1, "mode": "fill"}),
    "take, filled with a value": (
        "take",
        (X, np.array([1, 17])),
        {"mode": "fill", "fill_value": 9.0},
    ),
    "take, clipped": ("take", (X, np.array([1, 7])), {"axis": 0, "mode": "clip"}),
    "take_along_axis, filled": ("take_along_axis", (X, INDICES + 2), {"axis": 1, "mode": "fill"}),
    "take_along_axis, clipped": ("take_along_axis", (X, INDICES + 2), {"axis": 1, "mode": "clip"}),
    "bincount": ("bincount", (np.array([1, 4, 1, 0]),), {"length": 3}),
    "bincount, weighted": (
        "bincount",
        (np.array([1, 0, 1]), np.array([0.5, 1.0, 2.0])),
        {"length": 4},
    ),
    "clip from below": ("clip", (X, 0.0), {}),
    "clip from above": ("clip", (X,), {"max": 0.5}),
    "fill_diagonal": ("fill_diagonal", (X, 7.0), {"inplace": False}),
    "put": ("put", (X, np.array([1, 5]), 7.0), {"inplace": False}),
    "put_along_axis": ("put_along_axis", (X, INDICES, 7.0), {"axis": 1, "inplace": False}),
    "place": ("place", (X, X > 1, np.array([7.0, 8.0])), {"inplace": False}),
}


@pytest.mark.parametrize("name", CALLS)
def test_as_jax(name: str) -> None:
    function, args, kwargs = CALLS[name]
    expected = np.asarray(getattr(jnp, function)(*args, **kwargs))
    ours = getattr(fnp, function)
    result = ours(*args, **kwargs)
    assert np.shape(result) == expected.shape
    np.testing.assert_allclose(result, expected)
    position = next(i for i, a in enumerate(args) if isinstance(a, np.ndarray))

    def of_one(x: Any) -> Any:
        return ours(*args[:position], x, *args[position + 1 :], **kwargs)

    np.testing.assert_allclose(fg.jit(of_one)(args[position]), expected)


def test_nothing_else_differs_from_numpy() -> None:
    assert fnp.fill_diagonal(x := np.zeros((2, 2)), 1.0) is None
    assert x.trace() == 2.0
    np.testing.assert_array_equal(fnp.sort(X, axis=0), np.sort(X, axis=0))
    np.testing.assert_array_equal(fnp.bincount(INDICES.ravel()), np.bincount(INDICES.ravel()))
    with pytest.raises(IndexError):
        fnp.take(X, 100)
    with pytest.raises(TypeError):
        fnp.mean(X, promote_integers=False)


def test_traced_values_are_put_into_a_copy_of_a_plain_array() -> None:
    gradient = fg.grad(lambda t: fnp.sum(fnp.fill_diagonal(np.ones((2, 2)), t, inplace=False) ** 2))
    assert gradient(3.0) == 12.0


def test_every_name_is_listed_in_the_namespace() -> None:
    assert set(jax_arguments.NAMES) == fnp._WITH_JAX_ARGUMENTS


def test_fill_needs_an_array_of_its_own() -> None:
    with pytest.raises(ValueError, match="take: mode='fill' makes a new array; drop out="):
        fnp.take(X, [0], 0, np.zeros(1), "fill")


def test_astype_of_a_number() -> None:
    assert fnp.astype(2.5, np.int64) == jnp.astype(2.5, np.int64)
    assert fnp.astype(True, np.float32).dtype == np.float32
