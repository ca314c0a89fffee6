"""NumPy's functions that join arrays and take them apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.types import SCALAR_AVALS
from funcgrad.numpy.arguments import deliver, normalize_axis, number_or_operand, operand
from funcgrad.numpy.conversion import cast_leaf
from funcgrad.numpy.shaping import atleast_1d, atleast_2d, atleast_3d, ravel, reshape
from funcgrad.ops import shape as ops


def common_dtype(
    arrays: Sequence[Any], dtype: Any = None, casting: Any = "same_kind", name: str = "concatenate"
) -> np.dtype[Any]:
    """The dtype of joined arrays; that of the arguments, if given, must allow the casts."""
    if dtype is None:
        return np.result_type(*[x if type(x) in SCALAR_AVALS else typeof(x).dtype for x in arrays])
    dtype = np.dtype(dtype)
    for each in [typeof(x).dtype for x in arrays]:
        if not np.can_cast(each, dtype, casting):
            raise TypeError(
                f"{name}: cannot cast array data from {each!r} to {dtype!r} according to the rule "
                f"{casting!r}{here()}"
            )
    return dtype


@implements(np.concatenate)
def concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    given = list(arrays)
    xs = [operand(x) for x in given]
    if not xs:
        raise ArgumentError(f"need at least one array to concatenate{here()}")
    if axis is None:
        xs, axis = [ravel(x) for x in xs], 0
    ndim = typeof(xs[0]).ndim
    if not ndim:
        raise ArgumentError(
            f"zero-dimensional arrays cannot be concatenated{here()}\n  "
            "join scalars with np.stack, np.array or np.hstack"
        )
    axis = normalize_axis(axis, ndim)
    # Python scalars, which axis=None allows, give way to the dtypes of arrays.
    to = common_dtype([number_or_operand(x) for x in given], dtype, casting)
    xs = [cast_leaf(x, to) for x in xs]
    joined = ops.concatenate(*xs, dimension=axis) if len(xs) > 1 else xs[0]
    if len(xs) == 1 and isinstance(joined, Tracer):
        joined = joined._copy()
    return deliver(joined, out, "np.concatenate")


@implements(np.stack)
def stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    xs = [operand(x) for x in arrays]
    if not xs:
        raise ArgumentError(f"need at least one array to stack{here()}")
    axis = normalize_axis(axis, typeof(xs[0]).ndim + 1)
    to = common_dtype(xs, dtype, casting, "stack")
    joined = ops.stack(*[cast_leaf(x, to) for x in xs], dimension=axis)
    return deliver(joined, out, "np.stack")


def _all(arrays: Sequence[Any], at_least: Any) -> list[Any]:
    found = at_least(*arrays)
    return list(found) if isinstance(found, tuple) else [found]


@implements(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    return concatenate(_all(tup, atleast_2d), 0, dtype=dtype, casting=casting)


@implements(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    xs = _all(tup, atleast_1d)
    axis = 0 if xs and typeof(xs[0]).ndim == 1 else 1
    return concatenate(xs, axis, dtype=dtype, casting=casting)


@implements(np.dstack)
def dstack(tup: Any) -> Any:
    return concatenate(_all(tup, atleast_3d), 2)


@implements(np.column_stack)
def column_stack(tup: Any) -> Any:
    columns = [operand(x) for x in tup]
    columns = [reshape(x, (-1, 1)) if typeof(x).ndim < 2 else x for x in columns]
    return concatenate(columns, 1)


@implements(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    if axis is None:
        return concatenate((ravel(arr), ravel(values)))
    return concatenate((arr, values), axis)


# Blocks


@implements(np.block)
def block(arrays: Any) -> Any:
    depth = _depth(arrays)
    ndim = max(depth, *[typeof(x).ndim for x in _block_leaves(arrays)], 0)
    joined = _join_block(arrays, depth, ndim)
    return joined._copy() if isinstance(joined, Tracer) else joined


def _depth(arrays: Any) -> int:
    if isinstance(arrays, tuple):
        raise TypeError(f"np.block takes lists of arrays, not tuples{here()}")
    if not isinstance(arrays, list):
        return 0
    if not arrays:
        raise ArgumentError(f"np.block: lists cannot be empty{here()}")
    depths = {_depth(a) for a in arrays}
    if len(depths) > 1:
        raise ArgumentError(f"np.block: list depths are mismatched{here()}")
    return depths.pop() + 1


def _block_leaves(arrays: Any) -> list[Any]:
    if isinstance(arrays, list):
        return [leaf for a in arrays for leaf in _block_leaves(a)]
    return [operand(arrays)]


def _join_block(arrays: Any, depth: int, ndim: int) -> Any:
    if not depth:
        x = operand(arrays)
        shape = typeof(x).shape
        return reshape(x, (1,) * (ndim - len(shape)) + shape)
    return concatenate([_join_block(a, depth - 1, ndim) for a in arrays], ndim - depth)


# Taking apart


def _cut(x: Any, axis: int, start: int, stop: int) -> Any:
    return x[(slice(None),) * axis + (slice(start, stop),)]


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    x = operand(ary)
    ndim = typeof(x).ndim
    axis = normalize_axis(axis, ndim)
    n = typeof(x).shape[axis]
    if np.ndim(indices_or_sections):
        points = [0, *[int(i) for i in indices_or_sections], n]
    else:
        sections = int(indices_or_sections)
        if sections <= 0:
            raise ArgumentError(f"number sections must be larger than 0.{here()}")
        each, extra = divmod(n, sections)
        points = [i * each + min(i, extra) for i in range(sections + 1)]
    return [_cut(x, axis, a, b) for a, b in pairwise(points)]


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    x = operand(ary)
    if not np.ndim(indices_or_sections):
        n = typeof(x).shape[normalize_axis(axis, typeof(x).ndim)]
        if n % int(indices_or_sections):
            raise ArgumentError(
                f"array split does not result in an equal division: axis {axis} of shape "
                f"{typeof(x).shape} into {indices_or_sections} sections{here()}"
            )
    return array_split(x, indices_or_sections, axis)


def _split_along(ary: Any, indices_or_sections: Any, axis: int, at_least: int, name: str) -> Any:
    if typeof(operand(ary)).ndim < at_least:
        raise ArgumentError(f"{name} only works on arrays of {at_least} or more dimensions{here()}")
    return split(ary, indices_or_sections, axis)


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> Any:
    axis = 1 if typeof(operand(ary)).ndim > 1 else 0
    return _split_along(ary, indices_or_sections, axis, 1, "hsplit")


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> Any:
    return _split_along(ary, indices_or_sections, 0, 2, "vsplit")


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> Any:
    return _split_along(ary, indices_or_sections, 2, 3, "dsplit")


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    x = operand(x)
    if not typeof(x).ndim:
        raise ArgumentError(f"input array must be at least 1-d.{here()}")
    axis = normalize_axis(axis, typeof(x).ndim)
    at = (slice(None),) * axis
    return tuple([x[(*at, i)] for i in range(typeof(x).shape[axis])])


if hasattr(np, "unstack"):  # NumPy 2.1
    implements(np.unstack)(unstack)
