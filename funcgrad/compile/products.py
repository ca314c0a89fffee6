"""Large products of matrices, shared out among our threads.

OpenBLAS is kept to one thread meanwhile (`blas_threads`). The pieces depend on the shapes alone, so that results
do not depend on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.compile.blas_threads import blas_use, limit
from funcgrad.compile.costs import work_of
from funcgrad.compile.memory import empty
from funcgrad.compile.threads import for_blocks
from funcgrad.core.jaxpr import Equation

# Multiplications of a piece, and its least number of rows or columns: each piece reads the other matrix anew.
_LEAST_WORK = 1 << 21
_LEAST_LENGTH = 128
_MOST_PIECES = 8
# Nanoseconds per multiplication on one thread, of matrices, and of a matrix and a vector (which memory limits).
_TIME, _VECTOR_TIME = 0.05, 0.25


def is_shared(eqn: Equation) -> bool:
    """Whether a contraction is large enough for `product`."""
    return blas_use(eqn) == "single" and work_of(eqn) >= 2 * _LEAST_WORK


def _rows(k: int, i: int, j: int, scratch: Any, x: Any, y: Any, out: Any) -> None:
    np.matmul(x[i:j], y, out[i:j])


def _columns(k: int, i: int, j: int, scratch: Any, x: Any, y: Any, out: Any) -> None:
    np.matmul(x, y[:, i:j], out[:, i:j])


def _matrices(k: int, i: int, j: int, scratch: Any, x: Any, y: Any, out: Any) -> None:
    np.matmul(x[i:j], y[i:j], out[i:j])


def product(x: Any, y: Any, out: Any = None) -> Any:
    """`np.matmul(x, y, out)` of two arrays of the same leading axes, in pieces if they are large.

    Of vectors only `y` may be one.
    """
    if out is None:
        out = empty((*x.shape[:-1], *y.shape[x.ndim - 1 :]), x.dtype)
    work = out.size * x.shape[-1]
    pieces = min(_MOST_PIECES, work // _LEAST_WORK)
    if pieces < 2 or not (limit.running and limit.threads):
        return np.matmul(x, y, out)
    kernel, length, least = _matrices, x.shape[0], 1
    if x.ndim == 2:
        kernel, least = _rows, _LEAST_LENGTH
        if y.ndim == 2 and y.shape[1] > length:
            kernel, length = _columns, y.shape[1]
    pieces = min(pieces, length // least)
    if pieces < 2:
        return np.matmul(x, y, out)
    edges = [length * p // pieces for p in range(pieces + 1)]
    bounds = [(k, edges[k], edges[k + 1]) for k in range(pieces)]
    cost = work * (_TIME if y.ndim > 1 else _VECTOR_TIME)
    for_blocks(kernel, bounds, (), (x, y, out), cost if limit.threads > 1 else 0.0)
    return out


def dot(x: Any, y: Any) -> Any:
    """`product` of matrices or vectors."""
    if x.ndim > 1:
        return product(x, y)
    return product(y.T, x) if y.ndim > 1 else x.dot(y)
