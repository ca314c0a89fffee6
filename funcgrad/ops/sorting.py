"""Primitives that sort and search. Derivatives follow the elements to their new places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray, is_differentiable
from funcgrad.ops.basic import move_axis
from funcgrad.ops.gather import take_along
from funcgrad.ops.shape import batch_all, to_front

_INT = np.dtype(np.intp)


def _sort_jvp(primals: Any, tangents: Any, dimension: int) -> tuple[Any, Any]:
    (x,), (t,) = primals, tangents
    if not is_differentiable(typeof(x).dtype):
        return sort(x, dimension=dimension), None
    order = argsort(x, dimension=dimension, kind="stable")
    return take_along(x, order, dimension), take_along(t, order, dimension)


# NumPy's order: NaN last, complex numbers by real, then imaginary part.
sort = Primitive(
    "sort",
    impl=lambda x, dimension: np.sort(x, axis=dimension),
    abstract=lambda x, dimension: ShapedArray(x.shape, x.dtype),
    jvp=_sort_jvp,
    batch=lambda axis, operands, batched, dimension: (
        sort(operands[0], dimension=dimension + 1),
        True,
    ),
)


def _no_tangent(primitive_of: Any) -> Any:
    """The forward rule of a primitive with integer results."""
    return lambda primals, tangents, **params: (primitive_of()(*primals, **params), None)


argsort = Primitive(
    "argsort",
    impl=lambda x, dimension, kind: np.argsort(x, axis=dimension, kind=kind),
    abstract=lambda x, dimension, kind: ShapedArray(x.shape, _INT),
    jvp=_no_tangent(lambda: argsort),
    batch=lambda axis, operands, batched, dimension, kind: (
        argsort(operands[0], dimension=dimension + 1, kind=kind),
        True,
    ),
    properties=frozenset(("no_derivative",)),
)

argpartition = Primitive(
    "argpartition",
    impl=lambda x, dimension, kth: np.argpartition(x, kth, axis=dimension),
    abstract=lambda x, dimension, kth: ShapedArray(x.shape, _INT),
    jvp=_no_tangent(lambda: argpartition),
    batch=lambda axis, operands, batched, dimension, kth: (
        argpartition(operands[0], dimension=dimension + 1, kth=kth),
        True,
    ),
    properties=frozenset(("no_derivative",)),
)

# The order by the last key, ties by the one before, and so on.
lexsort = Primitive(
    "lexsort",
    impl=lambda *keys, dimension: np.lexsort(keys, axis=dimension),
    abstract=lambda *keys, dimension: ShapedArray(keys[0].shape, _INT),
    jvp=_no_tangent(lambda: lexsort),
    batch=lambda axis, operands, batched, dimension: (
        lexsort(*batch_all(axis, operands, batched), dimension=dimension + 1),
        True,
    ),
    properties=frozenset(("no_derivative",)),
)


def _search_impl(a: Any, v: Any, side: str, batch_dims: int) -> Any:
    if not batch_dims:
        return np.searchsorted(a, v, side=side)
    out = np.empty(v.shape, _INT)
    for index in np.ndindex(a.shape[:batch_dims]):
        out[index] = np.searchsorted(a[index], v[index], side=side)
    return out


def _search_batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], side: str, batch_dims: int
) -> tuple[Any, bool]:
    a, v = operands
    if batched[0]:
        v = v if batched[1] else to_front(v, axis.size)
        return searchsorted(a, v, side=side, batch_dims=batch_dims + 1), True
    v = move_axis(v, 0, batch_dims)
    return move_axis(searchsorted(a, v, side=side, batch_dims=batch_dims), batch_dims, 0), True


# Where to insert the elements of `v` into the sorted last axis of `a`; `batch_dims` axes are common.
searchsorted = Primitive(
    "searchsorted",
    impl=_search_impl,
    abstract=lambda a, v, side, batch_dims: ShapedArray(v.shape, _INT),
    jvp=_no_tangent(lambda: searchsorted),
    batch=_search_batch,
    properties=frozenset(("no_derivative",)),
)
