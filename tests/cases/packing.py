"""Cases: bits, and functions of dtypes."""

from __future__ import annotations

import numpy as np

from tests.cases.case import Case

CASES = [
    *[
        Case(np.packbits, shapes=((3, 11),), params=p, dtypes=("bool", "uint8"), grad=False)
        for p in ({}, {"axis": 0}, {"axis": 1, "bitorder": "little"})
    ],
    *[
        Case(np.unpackbits, high=255.0, params=p, dtypes=("uint8",), grad=False)
        for p in (
            {},
            {"axis": 0},
            {"axis": 1, "bitorder": "little"},
        )
    ],
    # Not for empty arrays: there NumPy returns bits that nobody wrote.
    *[
        Case(
            np.unpackbits,
            args=lambda rng: (rng.integers(0, 256, (3, 4), dtype=np.uint8),),
            params=p,
            grad=False,
        )
        for p in ({"axis": 1, "count": 5}, {"axis": 1, "count": -3}, {"count": 100})
    ],
    Case(
        lambda x: x.astype(np.result_type(x, np.float32, 1.0)),
        dtypes=("int8", "float32"),
        name="result_type",
        jax=None,  # promotes float64 and float32 to float32
    ),
    Case(lambda x: x * np.can_cast(x, np.float64), name="can_cast", jax=None),
    Case(
        lambda x: x.astype(np.common_type(x, x[0])),
        dtypes=("int8", "float32"),
        name="common_type",
        jax=None,
    ),
    Case(
        lambda x: x.astype(np.min_scalar_type(x)),
        dtypes=("int8",),
        name="min_scalar_type",
        jax=None,
    ),
]
