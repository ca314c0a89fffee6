"""The error function, its complement and its inverse, with or without SciPy.

With SciPy these are the primitives of its ufuncs (ops/special); without it they compute with Python's `math`,
which is as accurate and several times as slow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.ops.define import elementwise
from funcgrad.ops.elementwise import exp
from funcgrad.ops.random.quantile import erf_inv as _erf_inv

try:
    from funcgrad.ops.special.error_function import erf, erfc, erfinv
except ImportError:

    def _each(function: Callable[[float], float]) -> Callable[[Any], Any]:
        """A function of Python's floats as one of arrays."""

        def compute(x: Any) -> Any:
            x = np.asarray(x)
            values = np.fromiter(map(function, x.ravel().tolist()), float, x.size)
            return values.astype(_loop(x.dtype)).reshape(x.shape)[()]

        return compute

    def _loop(dtype: np.dtype[Any]) -> np.dtype[Any]:
        if dtype.kind == "f":
            return np.dtype(np.float32) if dtype.itemsize < 4 else dtype
        if dtype.kind in "biu":
            return np.dtype(np.float64)
        raise TypeError

    def _dtypes(asked: Sequence[Any]) -> tuple[Sequence[Any], Any]:
        dtype = _loop(np.dtype(asked[0]))
        return (dtype,), dtype

    _2_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)
    _ROOT_PI_OVER_2 = math.sqrt(math.pi) / 2.0
    erf = elementwise(
        "erf",
        _each(math.erf),
        dtypes=_dtypes,
        jvp=lambda t, ans, x: t * (_2_OVER_ROOT_PI * exp(-x * x)),
    )
    erfc = elementwise(
        "erfc",
        _each(math.erfc),
        dtypes=_dtypes,
        jvp=lambda t, ans, x: -t * (_2_OVER_ROOT_PI * exp(-x * x)),
    )
    erfinv = elementwise(
        "erf_inv",
        _erf_inv,
        dtypes=_dtypes,
        jvp=lambda t, ans, x: t * (_ROOT_PI_OVER_2 * exp(ans * ans)),
    )

erf_inv = erfinv

__all__ = ["erf", "erf_inv", "erfc"]
