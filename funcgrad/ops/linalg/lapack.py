"""SciPy's LAPACK, where it is installed: an optional speed path for large single matrices.

NumPy alone can do everything here; it factorises a triangular matrix anew to solve with it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

# Below this size a triangular solve through NumPy costs less than the import of SciPy is worth.
LARGE = 64
_PREFIX = {"f": "s", "d": "d", "F": "c", "D": "z"}


@cache
def lapack() -> Any:
    """`scipy.linalg.lapack`, or None if SciPy is not installed."""
    try:
        from scipy.linalg import lapack
    except ImportError:
        return None
    return lapack


def routine(name: str, dtype: np.dtype[Any]) -> Any:
    """The LAPACK routine of this name for this dtype."""
    return getattr(lapack(), _PREFIX[dtype.char] + name)


def triangular_solve(a: Any, b: Any, lower: bool, transpose: bool, unit_diagonal: bool) -> Any:
    """Solve `a x = b`, or `aᵀ x = b`, for one matrix of which one triangle is read."""
    trtrs = routine("trtrs", a.dtype)
    if a.flags.c_contiguous:
        # Read where it lies: it is the transpose in the order of Fortran.
        a, lower, transpose = a.T, not lower, not transpose
    x, info = trtrs(a, b, lower=lower, trans=int(transpose), unitdiag=unit_diagonal)
    if info > 0:
        raise np.linalg.LinAlgError("Singular matrix")
    return x
