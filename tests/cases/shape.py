"""Cases: shapes, diagonals, and arrays made like others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.ops import basic, shape
from tests.cases.case import Case

MOVED = ("float64", "int8", "bool", "complex64")
P = dict[str, Any]


def each(fun: Callable[..., Any], variants: list[P], **fields: Any) -> list[Case]:
    return [Case(fun, params=params, **fields) for params in variants]


SHAPES = [
    *each(
        np.reshape,
        [{"shape": (4, 3)}, {"shape": -1}, {"shape": (2, -1, 3)}, {"shape": (6, 2), "order": "F"}],
        dtypes=MOVED,
        complex=True,
    ),
    Case(np.reshape, params={"shape": (6, 2), "order": "A"}, jax=None),
    Case(np.reshape, shapes=((),), params={"shape": (1, 1)}),
    Case(np.reshape, shapes=((1,),), params={"shape": ()}),
    Case(np.reshape, shapes=((0, 3),), params={"shape": (3, 0, 2)}),
    Case(lambda x: np.reshape(x.T, 12, copy=True), name="reshape copy"),
    *each(np.ravel, [{}, {"order": "F"}], dtypes=MOVED),
    *each(np.ravel, [{"order": "A"}, {"order": "K"}], jax=None),
    Case(lambda x: np.ravel(x.T, "K"), name="ravel in memory order", jax=None),
    *each(np.transpose, [{}, {"axes": (1, 0)}], dtypes=MOVED, complex=True),
    Case(np.transpose, shapes=((2, 3, 4),), params={"axes": (1, -1, 0)}),
    Case(np.transpose, params={"axes": np.array([1, 0])}, name="np.transpose by an array of axes"),
    Case(np.permute_dims, shapes=((2, 3, 4),), params={"axes": (1, 2, 0)}),
    Case(np.matrix_transpose, shapes=((2, 3, 4),)),
    Case(lambda x: x.T @ x, name="T"),
    Case(lambda x: x.mT, shapes=((2, 3, 4),), name="mT"),
    Case(np.swapaxes, shapes=((2, 3, 4),), params={"axis1": 0, "axis2": -1}),
    *each(
        np.moveaxis,
        [{"source": 0, "destination": -1}, {"source": (0, 1), "destination": (-1, 0)}],
        shapes=((2, 3, 4),),
    ),
    *each(np.rollaxis, [{"axis": 2}, {"axis": 1, "start": 3}], shapes=((2, 3, 4),)),
    *each(np.squeeze, [{}, {"axis": 0}, {"axis": (0, -1)}], shapes=((1, 3, 1),), dtypes=MOVED),
    *each(np.expand_dims, [{"axis": 0}, {"axis": -1}, {"axis": (0, 2)}]),
    Case(np.atleast_1d, shapes=((),)),
    Case(np.atleast_1d),
    Case(np.atleast_2d, shapes=((3,),)),
    *[Case(np.atleast_3d, shapes=(s,)) for s in ((), (3,), (3, 4), (2, 3, 4))],
    Case(lambda x, y: np.atleast_2d(x, y), shapes=((3,), ()), name="atleast_2d of two", jax=None),
    Case(np.broadcast_to, shapes=((3, 1),), params={"shape": (2, 3, 4)}, dtypes=MOVED),
    Case(np.broadcast_to, shapes=((),), params={"shape": (3,)}),
    Case(
        lambda x, y: np.broadcast_arrays(x, y, 1.0), shapes=((3, 1), (4,)), name="broadcast_arrays"
    ),
    *each(np.flip, [{}, {"axis": 0}, {"axis": (0, -1)}], dtypes=MOVED, complex=True),
    Case(np.fliplr),
    Case(np.flipud),
    *each(np.rot90, [{}, {"k": 2}, {"k": -1}, {"k": 4}]),
    Case(np.rot90, shapes=((2, 3, 4),), params={"axes": (2, 0)}),
    Case(np.copy),
    Case(lambda x: np.astype(x, np.float64), name="astype", dtypes=("float32", "int8")),
    Case(lambda x: np.astype(x, np.int64), name="astype int", grad=False, low=-9.0, high=9.0),
    Case(lambda x: x.astype(complex) * (1 + 2j), name="astype complex"),
    Case(lambda x: x * (np.shape(x)[0] + np.ndim(x) + np.size(x, 1) + np.size(x)), name="size"),
    Case(lambda x: shape.rev(x, dimensions=(1,)), name="rev", jax=None),
    Case(lambda x: basic.transpose(x, (1, 0)), name="basic.transpose", jax=None),
]
DIAGONALS = [
    *[
        Case(np.diag, shapes=(s,), params={"k": k}, dtypes=MOVED)
        for s in ((3,), (3, 4), (4, 2))
        for k in (0, 1, -2)
    ],
    Case(np.diag, shapes=((2, 2),), params={"k": 5}),
    Case(np.diagflat, params={"k": -1}),
    *[
        Case(np.diagonal, shapes=((2, 3, 4),), params=p)
        for p in ({}, {"offset": 1, "axis1": 2, "axis2": 0}, {"offset": -1, "axis1": 1, "axis2": 2})
    ],
    *[
        Case(np.trace, shapes=((2, 3, 4),), params=p, dtypes=("int8", "complex64"))
        for p in ({}, {"offset": 1, "axis1": 2, "axis2": 0})
    ],
    Case(np.trace, params={"dtype": np.float32}, grad=False, jax=None, dtypes=("int32",)),
    *[
        Case(f, shapes=(s,), params={"k": k}, dtypes=MOVED)
        for f in (np.tril, np.triu)
        for s, k in (((3, 4), 0), ((2, 4, 3), -1), ((3, 3), 1))
    ],
    *[
        Case(lambda x, f=f: x[f(x)], shapes=((4, 4),), name=f.__name__)
        for f in (np.tril_indices_from, np.triu_indices_from, np.diag_indices_from)
    ],
]
LIKE = [
    *[
        Case(f, params=p, dtypes=MOVED, grad=False)
        for f in (np.zeros_like, np.ones_like)
        for p in ({}, {"dtype": np.float32}, {"shape": (2,)})
    ],
    Case(lambda x: _filled(np.empty_like(x)), name="empty_like", jax=None, grad=False),
    Case(np.full_like, params={"fill_value": 2.5}, dtypes=("float32", "int8"), grad=False),
    Case(lambda x, v: np.full_like(x, v, shape=(2, 3)), shapes=((4,), ()), name="full_like"),
]


def _filled(x: Any) -> Any:
    x[...] = 7.0
    return x


CASES = [*SHAPES, *DIAGONALS, *LIKE]
