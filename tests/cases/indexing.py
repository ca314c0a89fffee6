"""Cases: reading and storing by index, and functions that take elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.cases.case import Case

I = np.array([[0, 2], [1, -1]])  # noqa: E741
J = np.array([3, 0])
MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
ROWS = np.array([True, False, True])
DTYPES = ("float64", "int8", "complex64")

READS: dict[str, Any] = {
    "int": 1,
    "negative": -1,
    "two ints": (1, -2),
    "slice": slice(1, 3),
    "backwards": (slice(None, None, -1), slice(3, 0, -2)),
    "empty slice": slice(2, 1),
    "ellipsis": (..., 0),
    "newaxis": (None, slice(None), None, 1),
    "everything": ...,
    "rows": np.array([2]),
    "rows twice": np.array([0, 2, 0]),
    "matrix of rows": I,
    "columns": (slice(None), I),
    "pairs": (np.array([0, 2]), J),
    "open mesh": np.ix_([0, 2], [1, 3, 3]),
    "array and slice": (J[1:], slice(1, 3)),
    "array and int": (np.array([0, 2]), 1),
    "list": [0, 2],
    "mask": MASK,
    "rows by mask": ROWS,
    "mask and int": (ROWS, 1),
    "columns by mask": (slice(1, None), np.array([True, False, True, True])),
    "empty array": np.array([], int),
}
READS_3D: dict[str, Any] = {
    "separated": (np.array([0, 1]), slice(None), np.array([[1], [3]])),
    "separated by int": (0, slice(None), np.array([1, 3])),
    "adjacent": (slice(None), np.array([0, 2]), np.array([[1], [3]])),
    "int beside": (slice(None), 1, np.array([1, 3])),
    "newaxis between": (np.array([0, 1]), None, np.array([1, 2])),
    "ellipsis between": (np.array([0, 1]), ..., np.array([1, 2])),
    "mask of two axes": np.array([[True, False, True], [False, True, True]]),
    "mask beside an array": (ROWS[:2], slice(None), np.array([3, 1])),
    "scalar bool": (True, slice(None), 1),
}


def read(key: Any) -> Callable[..., Any]:
    return lambda x: x[key]


def stored(key: Any) -> Callable[..., Any]:
    def store(x: Any, v: Any) -> Any:
        z = x * 1
        z[key] = v
        return z

    return store


def jax_stored(key: Any) -> Callable[..., Any]:
    return lambda x, v: x.at[key].set(v)


def shape_of(key: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    return np.zeros(shape)[key].shape


READING = [
    *[
        Case(read(key), name=f"x[{name}]", dtypes=DTYPES, complex=True, jax=lambda x, k=key: x[k])
        if name != "list"
        else Case(read(key), name=f"x[{name}]", jax=None)
        for name, key in READS.items()
    ],
    *[
        Case(read(key), shapes=((2, 3, 4),), name=f"x[{name}]", jax=lambda x, k=key: x[k])
        for name, key in READS_3D.items()
    ],
    Case(lambda x: x[np.argmax(x[:, 0])], name="x[argmax]"),
    Case(lambda x: x[1, np.argmin(x[0])], name="x[1, argmin]"),
    Case(lambda x: x[np.argsort(x[:, 0])], name="x[argsort]"),
    Case(lambda x: x[np.argsort(x[:, 0]), np.argmax(x[0])], name="x[argsort, argmax]"),
    Case(lambda x: x[:, np.argsort(x[0]), None], name="x[:, argsort, None]"),
    Case(
        lambda x, i: x[i], args=lambda rng: (rng.normal(size=(3, 4)), np.array([2, 0])), name="x[i]"
    ),
    Case(lambda x: x[x > 0.0], name="x[x > 0]", vmap=False, jax=None),
    Case(lambda x: x[x[:, 0] > -9.0, 1:], name="x[rows > 0, 1:]", vmap=False, jax=None),
    Case(lambda x: sum((row[0] * row[1] for row in x), np.float64(0.0)), name="for row in x"),
    Case(lambda x: np.stack([a * b for a, b, _ in x.T[:, :3]]), name="unpacking"),
    Case(lambda x: np.stack([t * t for t in x.flat]), name="flat", jax=None),
    Case(lambda x: x.flat[1:7:2] * x.flat[2], name="flat[]", jax=None),
    Case(lambda x: x.item(1, 2) * x, name="item", jax=None),
]
STORING = [
    *[
        Case(
            stored(key),
            shapes=((3, 4), shape),
            name=f"x[{name}] = v of {shape}",
            jax=jax_stored(key) if name not in ("list", "rows twice", "open mesh") else None,
            dtypes=DTYPES,
        )
        for name, key in READS.items()
        for shape in {(), shape_of(key, (3, 4))}
    ],
    *[
        Case(
            stored(key),
            shapes=((2, 3, 4), shape),
            name=f"x[{name}] = v of {shape}",
            jax=jax_stored(key),
        )
        for name, key in READS_3D.items()
        for shape in {(), shape_of(key, (2, 3, 4)), shape_of(key, (2, 3, 4))[-1:]}
    ],
    Case(stored(1), shapes=((3, 4), (1, 4)), name="x[1] = v with an axis too many", jax=None),
    Case(stored(np.array([0, 2, 0])), shapes=((3, 4), (4,)), name="last write wins", jax=None),
    Case(stored((I, slice(0, 2))), shapes=((3, 4), (2, 2, 2)), name="repeated places", jax=None),
]


TAKING = [
    *[
        Case(np.take, params={"indices": i} | p)
        for i, p in (
            (I, {"axis": 0}),
            (I, {"axis": 1}),
            (J, {}),
            (-1, {"axis": 0}),
            (np.array([5, -7]), {"axis": 0, "mode": "wrap"}),
            (np.array([5, -7]), {"axis": 0, "mode": "clip"}),
        )
    ],
    Case(lambda x: np.take(x, np.argmax(x, axis=1)), name="take traced"),
    *[
        Case(
            np.take_along_axis,
            args=lambda rng, i=i: (rng.normal(size=(3, 4)), i),
            params={"axis": a},
        )
        for i, a in (
            (np.array([[0, 3], [1, 1], [-1, 0]]), 1),
            (np.array([[2, 0, 1, 1]]), 0),
            (np.array([[1]]), 0),
            (np.array([1, 7, 3]), None),
        )
    ],
    Case(lambda x: np.take_along_axis(x, np.argsort(x, 0), 0), name="take_along_axis argsort"),
    *[
        Case(
            lambda x, m=m, k=k: np.choose(np.array(k), [x, x[0] * 2, 3.0], mode=m),
            name=f"choose {m}",
            jax=None if m == "raise" else "auto",
        )
        for m, k in (("raise", [0, 1, 2, 0]), ("wrap", [0, 5, 2, -1]), ("clip", [0, 5, 2, -1]))
    ],
    *[
        Case(
            np.compress,
            args=lambda rng: (np.array([True, False, True]), rng.normal(size=(3, 4))),
            params={"axis": a},
            vmap=False,
            jax=None,
        )
        for a in (0, None)
    ],
    Case(lambda x: np.compress(ROWS, x, axis=0), name="compress", jax=None),
    Case(lambda x: np.extract(MASK, x), name="extract", jax=None),
    Case(lambda x: np.extract(x > 0.0, x), name="extract traced", jax=None, vmap=False),
    *[
        Case(f, args=lambda rng: (rng.integers(-1, 2, (3, 4)) * 1.0,), grad=False, vmap=False)
        for f in (np.nonzero, np.argwhere, np.flatnonzero)
    ],
    Case(lambda x: np.where(x > 0.0), name="where", grad=False, vmap=False),
    Case(lambda x: x[np.nonzero(x > 0.0)], name="x[nonzero]", vmap=False, jax=None),
    Case(lambda x: np.unravel_index(np.argmax(x), (3, 4)), name="unravel_index", grad=False),
    Case(
        np.unravel_index,
        args=lambda rng: (np.array([3, 11, 0]),),
        grad=False,
        params={"shape": (3, 4), "order": "F"},
        jax=None,
    ),
    Case(
        lambda x: np.ravel_multi_index(
            (np.argmax(x, 0), np.array([0, 1, 2, 5])), (3, 4), mode=("raise", "wrap")
        ),
        name="ravel_multi_index",
        grad=False,
        jax=None,
    ),
    Case(
        lambda x: np.ravel_multi_index(
            (np.argmax(x, 0), np.array([0, 1, 2, 3])), (3, 4), order="F"
        ),
        name="ravel_multi_index F",
        grad=False,
        jax=None,
    ),
    Case(lambda x: x[np.ix_(np.array([0, 2]), np.argsort(x[0]))], name="ix_ traced"),
    Case(lambda x: x[np.ix_(x[:, 0] > -9.0, [1, 2])], name="ix_ mask", vmap=False, jax=None),
]
CASES = [*READING, *STORING, *TAKING]
