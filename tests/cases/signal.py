"""Cases: convolution and correlation of vectors."""

from __future__ import annotations

import numpy as np

from tests.cases.case import Case

DTYPES = ("float64", "float32", "int32", "complex128")

CASES = [
    Case(np.convolve, shapes=((5,), (3,)), dtypes=DTYPES, complex=True),
    Case(np.correlate, shapes=((5,), (3,)), dtypes=DTYPES, complex=True),
    *[
        Case(function, shapes=((n,), (m,)), params={"mode": mode})
        for function in (np.convolve, np.correlate)
        for n, m in ((5, 2), (2, 5), (4, 4), (1, 3))
        for mode in ("full", "same", "valid")
    ],
    Case(np.convolve, shapes=((), (3,)), jax=None),
]
