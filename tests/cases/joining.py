"""Cases: joining arrays, taking them apart, repeating, inserting and deleting elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tests.cases.case import Case

MOVED = ("float64", "int8", "bool", "complex64")


def arrays(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    """One argument: a list of arrays."""
    return lambda rng: ([rng.uniform(-2, 2, s) for s in shapes],)


JOINED = [
    *[
        Case(np.concatenate, args=arrays((2, 3), (1, 3)), params=params, dtypes=MOVED[:1])
        for params in ({}, {"axis": None})
    ],
    Case(np.concatenate, args=arrays((2, 3), (2, 1), (2, 0)), params={"axis": -1}),
    Case(np.concat, args=arrays((2,), (3,))),
    Case(
        lambda x, y: np.concatenate([x, y, np.ones(2)]),
        shapes=((3,), (2,)),
        complex=True,
        dtypes=(("int8", "float32"), ("bool", "int32")),
        name="concatenate mixed",
    ),
    Case(lambda x: np.concatenate(x), name="concatenate rows"),
    Case(lambda x: np.concatenate([x]) * 2.0, name="concatenate one"),
    Case(
        lambda x: np.concatenate([x, x], dtype=np.float64),
        name="concatenate dtype",
        dtypes=("float32", "int8"),
    ),
    *[Case(np.stack, args=arrays((2, 3), (2, 3)), params={"axis": a}) for a in (0, 1, -1)],
    Case(lambda x: np.stack([x, np.sin(x), 1.0]), shapes=((),), name="stack scalars"),
    *[Case(np.vstack, args=arrays(*s)) for s in (((3,), (3,)), ((2, 3), (3,)))],
    *[Case(np.hstack, args=arrays(*s)) for s in (((3,), (2,)), ((2, 3), (2, 1)), ((), (2,)))],
    *[Case(np.dstack, args=arrays(*s)) for s in (((3,), (3,)), ((2, 3), (2, 3, 2)))],
    Case(np.column_stack, args=arrays((3,), (3, 2))),
    *[
        Case(np.append, shapes=s, params=p)
        for s, p in ((((2, 3), (2,)), {}), (((2, 3), (1, 3)), {"axis": 0}))
    ],
    Case(
        lambda x, y: np.block([[x, np.eye(2)], [1.0, 2.0, y, y]]),
        shapes=((2, 2), (1, 1)),
        name="block",
    ),
    Case(lambda x: np.block([x, x[0, 0], x]), shapes=((1, 3),), name="block of a list"),
    Case(
        lambda x, y: np.stack([y[0], 1.0, x[0] * 2]), shapes=((3,), (2,)), name="stack of elements"
    ),
    *[
        Case(f, params={"indices_or_sections": i})
        for f, i in ((np.split, 3), (np.array_split, 2), (np.vsplit, [1, 2]), (np.hsplit, 2))
    ],
    Case(np.split, params={"indices_or_sections": np.array([1, 1, 3]), "axis": 1}, jax=None),
    Case(np.array_split, params={"indices_or_sections": 3, "axis": 1}),
    Case(np.hsplit, shapes=((4,),), params={"indices_or_sections": 2}),
    Case(np.dsplit, shapes=((2, 3, 4),), params={"indices_or_sections": 2}),
]
if hasattr(np, "unstack"):
    JOINED.append(Case(np.unstack, params={"axis": 1}))
# NumPy's own names do not dispatch: they stand for others while a function is traced.
NAMES = [
    Case(lambda x: np.r_[0.0, x, x[0] * 2, 1:3], shapes=((3,),), name="r_"),
    Case(
        lambda x: np.r_[x, np.ones(2, np.int8), 1.0],
        shapes=((2,),),
        dtypes=("float32", "int8"),
        name="r_ of dtypes",
        jax=None,
    ),
    Case(lambda x: np.r_["-1", x, x], name="r_ along an axis"),
    Case(lambda x: np.r_["0,2", x, x[0], x[1]], name="r_ of rows"),
    Case(lambda x: np.r_["1,3,0", x[0], x[1], 0:4], name="r_ placed", jax=None),
    Case(lambda x: np.r_[-1:1:3j, x[0]], name="r_ with a line"),
    Case(lambda x: np.c_[x, x[:, 0], np.ones(3)], name="c_"),
    Case(lambda x: np.c_[x[0], 0:4], name="c_ of vectors"),
    Case(
        lambda x: sum([i * j * t for (i, j), t in np.ndenumerate(x)], np.float64(0.0)),
        name="ndenumerate",
        jax=None,
    ),
    Case(lambda x: np.vectorize(lambda t: t * t)(x), name="np.vectorize", jax=None),
]
REPEATED = [
    *[Case(np.tile, params={"reps": reps}) for reps in (2, (2, 1), (2, 1, 3), (1, 1), (0, 2))],
    Case(np.tile, shapes=((),), params={"reps": (2, 2)}),
    *[
        Case(np.repeat, params=p)
        for p in (
            {"repeats": 2},
            {"repeats": 3, "axis": 1},
            {"repeats": 0, "axis": 0},
            {"repeats": np.array([1, 0, 2]), "axis": 0},
        )
    ],
    *[
        Case(np.roll, params=p)
        for p in (
            {"shift": 2},
            {"shift": -1, "axis": 1},
            {"shift": (1, 5), "axis": (0, 1)},
            {"shift": 2, "axis": (0, 1)},
            {"shift": 0, "axis": 0},
            {"shift": (1, 1), "axis": 1},
        )
    ],
    Case(lambda x: np.roll(x, np.argmax(x[0]), 1), name="roll by a traced shift"),
    *[Case(np.resize, params={"new_shape": s}) for s in ((2, 3), (5, 4), 7, (0, 2))],
    *[
        Case(
            lambda x, t=t, mask=mask: np.trim_zeros(x * np.array(mask), t),
            shapes=((len(mask),),),
            low=0.5,
            name=f"trim_zeros {t} {mask}",
            vmap=False,
            jax=None,
        )
        for t in ("fb", "f", "b")
        for mask in ([0.0, 0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 0.0])
    ],
    *[
        Case(
            lambda x, v, p=p, a=a: np.insert(x, p, v, a),
            shapes=((3, 4), v),
            name=f"insert at {p} along {a} values {v}",
            jax=None,
        )
        for p, a, v in (
            (1, 0, ()),
            (1, 1, (3,)),
            (-1, 0, (4,)),
            ([1, 3], 1, (3, 2)),
            ([3, 0, 1], 0, (3, 4)),
            (slice(0, 3, 2), 1, ()),
            ([1], 0, (1, 4)),
            (5, None, (2,)),
            ([2, 2, -1], None, (3,)),
            (np.array([True, False, True]), 0, (4,)),
            (np.array([False, False, True]), 0, (2, 4)),
            (1, 0, (2, 4)),
        )
    ],
    *[
        Case(lambda x, p=p, a=a: np.delete(x, p, a), name=f"delete {p} along {a}", jax=None)
        for p, a in (
            (1, 0),
            (-1, 1),
            ([0, 2], 1),
            (slice(0, 3, 2), 0),
            (5, None),
            (np.array([True, False, True]), 0),
            ([], 0),
        )
    ],
    *[
        Case(np.meshgrid, shapes=((3,), (2,)), params=p)
        for p in ({}, {"indexing": "ij"}, {"sparse": True, "copy": True})
    ],
    Case(lambda x: np.meshgrid(x)[0], shapes=((3,),), name="meshgrid of one"),
    *[
        Case(sliding_window_view, params={"window_shape": w, "axis": a}, jax=None)
        for w, a in (((2, 3), None), (2, 0), ((2, 2), (1, 1)))
    ],
]
CASES = [*JOINED, *NAMES, *REPEATED]
