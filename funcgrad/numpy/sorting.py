"""NumPy's functions that sort and search."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError, UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import along, normalize_axis, operand
from funcgrad.numpy.taking import take
from funcgrad.ops import sorting as ops
from funcgrad.ops.basic import convert
from funcgrad.ops.complex import is_complex
from funcgrad.ops.elementwise import where
from funcgrad.ops.gather import take_along


def _along(
    a: Any, axis: Any, order: Any, name: str, *, scalar_axis: bool = False
) -> tuple[Any, int]:
    """The array and the axis along which it is sorted; the flat array for None."""
    if order is not None:
        raise UnsupportedError(f"{name}: order= is for fields, which traced arrays lack{here()}")
    return along(operand(a), axis, scalar_axis=scalar_axis)


def _copied(x: Any) -> Any:
    return x._copy() if isinstance(x, Tracer) else np.array(x)


def _check_kind(kind: Any, stable: Any) -> None:
    if kind is not None and stable is not None:
        raise ArgumentError(
            f"`kind` and `stable` parameters can't be provided at the same time{here()}"
        )
    if kind is not None and str(kind)[:1].lower() not in ("q", "h", "m", "s"):
        raise ArgumentError(
            f"sort kind must be one of 'quicksort', 'heapsort', 'mergesort' or 'stable', not {kind!r}{here()}"
        )


@implements(np.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    x, axis = _along(a, axis, order, "np.sort")
    _check_kind(kind, stable)
    return ops.sort(x, dimension=axis) if typeof(x).shape[axis] > 1 else _copied(x)


@implements(np.argsort)
def argsort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    x, axis = _along(a, axis, order, "np.argsort", scalar_axis=True)
    _check_kind(kind, stable)
    return ops.argsort(x, dimension=axis, kind="stable" if stable else kind or "quicksort")


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    x = sort(operand(a))
    dtype = typeof(x).dtype
    if dtype.kind == "c":
        return x
    small = dtype.kind in "iu" and dtype.itemsize < 4
    return convert(x, np.complex64 if small else np.complex128)


def _kth(kth: Any, n: int) -> tuple[int, ...]:
    found = []
    for k in np.atleast_1d(np.asarray(kth)):
        if not -n <= k < n:
            raise ArgumentError(f"kth(={k}) out of bounds ({n}){here()}")
        found.append(int(k) % n)
    return tuple(sorted(found))


@implements(np.argpartition)
def argpartition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Any:
    x, axis = _along(a, axis, order, "np.argpartition", scalar_axis=True)
    if not typeof(x).size:
        return np.zeros(typeof(x).shape, np.intp)
    return ops.argpartition(x, dimension=axis, kth=_kth(kth, typeof(x).shape[axis]))


@implements(np.partition)
def partition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Any:
    x, axis = _along(a, axis, order, "np.partition")
    return take_along(x, argpartition(x, kth, axis), axis)


@implements(np.lexsort)
def lexsort(keys: Any, axis: int = -1) -> Any:
    columns = [operand(key) for key in keys]
    if not columns:
        raise TypeError("need sequence of keys with len > 0 in lexsort" + here())
    if any(typeof(key).shape != typeof(columns[0]).shape for key in columns):
        raise ArgumentError(f"all keys need to be the same shape{here()}")
    if not typeof(columns[0]).ndim:
        return np.intp(0)
    return ops.lexsort(*columns, dimension=normalize_axis(axis, typeof(columns[0]).ndim))


@implements(np.searchsorted)
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    x, values = operand(a), operand(v)
    if typeof(x).ndim != 1:
        raise ArgumentError(f"searchsorted: the sorted array must be 1-d{here()}")
    if side not in ("left", "right"):
        raise ArgumentError(f"search side must be 'left' or 'right' (got '{side}'){here()}")
    if sorter is not None:
        x = take(x, sorter)
    return ops.searchsorted(x, values, side=side, batch_dims=0)


@implements(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    values = operand(x)
    edges: Any = operand(bins)
    side = "left" if right else "right"
    if is_complex(values):
        raise TypeError(f"np.digitize: x may not be complex, got {typeof(values)}{here()}")
    if typeof(edges).ndim != 1:
        raise ArgumentError(f"bins must be a 1-d array{here()}")
    if not isinstance(edges, Tracer):
        steps = np.diff(edges)
        if np.any(steps < 0) and np.any(steps > 0):
            raise ArgumentError(f"bins must be monotonically increasing or decreasing{here()}")
        if np.any(steps < 0):
            return len(edges) - searchsorted(edges[::-1], values, side)
        return searchsorted(edges, values, side)
    n = typeof(edges).shape[0]
    rises = searchsorted(edges, values, side)
    if n < 2:
        return rises
    ends = take(edges, np.array([0, -1]))
    falls = n - searchsorted(np.flip(edges), values, side)
    return where(ends[0] > ends[1], falls, rises)
