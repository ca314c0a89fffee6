"""NumPy's functions of diagonals and triangles."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.numpy.shaping import ravel
from funcgrad.numpy.views import view
from funcgrad.ops.basic import reshape, transpose
from funcgrad.ops.elementwise import where
from funcgrad.ops.indexing import Index, Slice, embed, getitem, whole


def _diagonal(x: Any, offset: int, axis1: int, axis2: int) -> Any:
    """The diagonal as every (n + 1)-th element of the flat matrix."""
    shape = typeof(x).shape
    rest = [d for d in range(len(shape)) if d not in (axis1, axis2)]
    rows, columns = shape[axis1], shape[axis2]
    x = reshape(transpose(x, (*rest, axis1, axis2)), (*[shape[d] for d in rest], rows * columns))
    start = offset if offset >= 0 else -offset * columns
    length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    step = columns + 1
    along = Slice(start, start + length * step, step) if length else Slice(0, 0, 1)
    return getitem(x, index=Index((*whole(typeof(x).shape[:-1]), along)))


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    x = operand(a)
    ndim = typeof(x).ndim
    if ndim < 2:
        raise ArgumentError(f"diag requires an array of at least two dimensions{here()}")
    i, j = normalize_axis(axis1, ndim, "axis1"), normalize_axis(axis2, ndim, "axis2")
    if i == j:
        raise ArgumentError(f"axis1 and axis2 cannot be the same{here()}")
    offset = int(offset)
    if not isinstance(x, Tracer):
        return np.diagonal(x, offset, i, j)
    layout = lambda a: np.diagonal(a, offset, i, j)
    return view(x, lambda p: _diagonal(p, offset, i, j), None, layout)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    x = operand(v)
    ndim = typeof(x).ndim
    if ndim == 2:
        return diagonal(x, k)
    if ndim != 1:
        raise ArgumentError(f"Input must be 1- or 2-d, not {ndim}-d{here()}")
    k = int(k)
    length = typeof(x).shape[0]
    n = length + abs(k)
    if not length:
        return np.zeros((n, n), typeof(x).dtype)
    start = k if k >= 0 else -k * n
    along = Slice(start, start + length * (n + 1), n + 1)
    return reshape(embed(x, shape=(n * n,), index=Index((along,))), (n, n))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    return diag(ravel(v), k)


def _triangle(m: Any, k: int, upper: bool) -> Any:
    x = operand(m)
    aval = typeof(x)
    if not aval.ndim:
        raise ArgumentError(f"a triangle needs an array with axes, not a scalar{here()}")
    rows, columns = aval.shape[-2:] if aval.ndim > 1 else aval.shape * 2
    mask = np.tri(rows, columns, int(k) - upper, dtype=bool)
    return where(mask ^ upper, x, aval.dtype.type(0))


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    return _triangle(m, k, False)


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    return _triangle(m, k, True)


def _shape_of_matrix(arr: Any) -> tuple[int, ...]:
    shape = typeof(operand(arr)).shape
    if len(shape) != 2:
        raise ArgumentError(f"input array must be 2-d{here()}")
    return shape


@implements(np.tril_indices_from)
def tril_indices_from(arr: Any, k: int = 0) -> Any:
    rows, columns = _shape_of_matrix(arr)
    return np.tril_indices(rows, k, columns)


@implements(np.triu_indices_from)
def triu_indices_from(arr: Any, k: int = 0) -> Any:
    rows, columns = _shape_of_matrix(arr)
    return np.triu_indices(rows, k, columns)


@implements(np.diag_indices_from)
def diag_indices_from(arr: Any) -> Any:
    return np.diag_indices_from(np.broadcast_to(0, typeof(operand(arr)).shape))
