"""Cases: np.pad in all its modes."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.ops import shape
from tests.cases.case import Case

WIDTHS = ((1, 2), (0, 3))
CASES = [
    *[
        Case(np.pad, params={"pad_width": w, "mode": mode}, dtypes=("float64", "int32"))
        for mode in (
            "constant",
            "edge",
            "reflect",
            "symmetric",
            "wrap",
            "linear_ramp",
            "mean",
            "maximum",
            "minimum",
            "median",
        )
        for w in (2, WIDTHS)
    ],
    Case(np.pad, params={"pad_width": ((5, 7), (0, 9)), "mode": "reflect"}),
    Case(np.pad, params={"pad_width": ((5, 7), (0, 9)), "mode": "symmetric"}),
    Case(np.pad, params={"pad_width": ((5, 7), (0, 9)), "mode": "wrap"}),
    *[
        Case(np.pad, params={"pad_width": w, "mode": m, "reflect_type": "odd"})
        for m in ("reflect", "symmetric")
        for w in (WIDTHS, 5)
    ],
    Case(np.pad, params={"pad_width": WIDTHS, "constant_values": ((1.0, 2.0), (3.0, 4.0))}),
    Case(
        np.pad,
        params={"pad_width": WIDTHS, "mode": "linear_ramp", "end_values": (5.0, -4.0)},
        dtypes=("int32",),
    ),
    Case(np.pad, params={"pad_width": WIDTHS, "mode": "mean", "stat_length": 2}, dtypes=("int32",)),
    Case(np.pad, params={"pad_width": WIDTHS, "mode": "maximum", "stat_length": ((1, 2), (3, 4))}),
    Case(lambda x, c: np.pad(x, 1, constant_values=c), shapes=((3, 4), ()), name="pad value"),
    Case(
        lambda x, c: np.pad(x, ((1, 2), (0, 1)), constant_values=((c[0], 1.0), (2.0, c[1]))),
        shapes=((3, 4), (2,)),
        name="pad values",
        jax=None,
    ),
    Case(lambda x: np.pad(x, ((1, 2), (0, 1)), _fill), name="pad by a function", jax=None),
    Case(lambda x: np.pad(x, (2, 1), "empty")[2:-1], shapes=((4,),), name="pad empty"),
    Case(
        lambda x, v: shape.pad(x, v, padding_config=((1, -1, 0), (-1, 2, 1))),
        shapes=((3, 4), ()),
        jax=None,
        name="pad interior",
    ),
    Case(
        lambda x, v: shape.pad(x, v, padding_config=((-2, -3, 2), (-5, 0, 1))),
        shapes=((3, 4), ()),
        jax=None,
        name="pad negative",
    ),
]


def _fill(vector: Any, width: tuple[int, int], axis: int, kwargs: dict[str, Any]) -> None:
    vector[: width[0]] = axis + 1.0
    if width[1]:
        vector[-width[1] :] = vector[width[0]] * 2.0
