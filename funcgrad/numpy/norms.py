"""NumPy's norms on traced values.

At zero, where a norm has no derivative, its gradient is zero: the element of least norm among the
subgradients, and finite.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray
from funcgrad.numpy.arguments import inexact, normalize_axis, operand, restore_axes
from funcgrad.ops.arithmetic import abs_
from funcgrad.ops.basic import (
    convert,
    move_axis,
    reshape,
    sum_axes,
    transpose,
    without,
    zeros,
)
from funcgrad.ops.complex import real_dtype
from funcgrad.ops.linalg.svd import svdvals_p
from funcgrad.ops.power import power, safe_sqrt, squared_magnitude
from funcgrad.ops.reduction import reduce_max, reduce_min
from funcgrad.ops.selection import where

Axes = tuple[int, ...]


def _euclidean(x: Any, axes: Axes) -> Any:
    return safe_sqrt(sum_axes(squared_magnitude(x), axes))


def _maximum(x: Any, axes: Axes) -> Any:
    """The maximum of values that are not negative; 0 of none."""
    shape = typeof(x).shape
    if 0 in [shape[d] for d in axes]:
        return zeros(ShapedArray(without(shape, axes), typeof(x).dtype))
    return reduce_max(x, axes=axes)


def _minimum(x: Any, axes: Axes) -> Any:
    return reduce_min(x, axes=axes)


def _p_norm(x: Any, axes: Axes, p: Any) -> Any:
    total = sum_axes(power(abs_(x), p), axes)
    at_zero = total == 0.0
    root = power(where(at_zero, 1.0, total), 1.0 / p)
    return where(at_zero, 0.0 if p > 0 else np.inf, root)


def _vector_norm(x: Any, ord: Any, axes: Axes) -> Any:
    if ord is None or ord == 2:
        return _euclidean(x, axes)
    if ord == np.inf:
        return _maximum(abs_(x), axes)
    if ord == -np.inf:
        return _minimum(abs_(x), axes)
    if ord == 0:
        return sum_axes(convert(x != 0, real_dtype(typeof(x).dtype)), axes)
    if ord == 1:
        return sum_axes(abs_(x), axes)
    if isinstance(ord, str):
        raise ArgumentError(
            f"Invalid norm order '{ord}' for vectors{here()}\n  "
            "'fro' and 'nuc' are norms of matrices: give two axes"
        )
    return _p_norm(x, axes, ord)


def _extreme_sum(x: Any, ord: Any, row: int, column: int) -> Any:
    """The largest or smallest sum of magnitudes of a column (±1) or of a row (±inf)."""
    summed, rest = (row, column) if abs(ord) == 1 else (column, row)
    sums = sum_axes(abs_(x), (summed,))
    pick: Callable[..., Any] = _maximum if ord > 0 else _minimum
    return pick(sums, (rest - (rest > summed),))


def _matrix_norm(x: Any, ord: Any, row: int, column: int) -> Any:
    if ord is None or ord in ("fro", "f"):
        return _euclidean(x, tuple(sorted((row, column))))
    if not isinstance(ord, str) and abs(ord) in (1, np.inf):
        return _extreme_sum(x, ord, row, column)
    if ord in (2, -2, "nuc"):
        last = len(typeof(x).shape) - 1
        if row > column:
            # Singular values are those of the transpose as well.
            row, column = column, row
        matrices = move_axis(move_axis(x, column, last), row, last - 1)
        s = svdvals_p(matrices, hermitian=False)
        axes = (len(s.shape) - 1,)
        if ord == "nuc":
            return sum_axes(s, axes)
        return _maximum(s, axes) if ord == 2 else _minimum(s, axes)
    raise ArgumentError(
        f"Invalid norm order {ord!r} for matrices{here()}\n  "
        "use 'fro', 'nuc', 1, -1, 2, -2, np.inf or -np.inf"
    )


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm`."""
    x = inexact(x)
    shape = typeof(x).shape
    ndim = len(shape)
    if axis is None:
        everything = tuple(range(ndim))
        if (
            ord is None
            or (ndim == 2 and ord in ("f", "fro"))
            or (ndim == 1 and not isinstance(ord, str) and ord == 2)
        ):
            return restore_axes(_euclidean(x, everything), shape, everything, keepdims)
        axis = everything
    elif not isinstance(axis, tuple):
        try:
            axis = (operator.index(axis),)
        except TypeError:
            raise ArgumentError(
                f"'axis' must be None, an integer or a tuple of integers, not {axis!r}{here()}"
            ) from None
    axes = tuple([normalize_axis(a, ndim) for a in axis])
    if len(axes) == 1:
        result = _vector_norm(x, ord, axes)
    elif len(axes) == 2:
        if axes[0] == axes[1]:
            raise ArgumentError(f"Duplicate axes given: {axis}{here()}")
        result = _matrix_norm(x, ord, *axes)
    else:
        raise ArgumentError(
            f"Improper number of dimensions to norm: {len(axes)} axes of {typeof(x)}{here()}\n  "
            "give one axis for norms of vectors or two for norms of matrices"
        )
    return restore_axes(result, shape, tuple(sorted(axes)), keepdims)


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """`np.linalg.vector_norm`."""
    x = operand(x)
    shape = typeof(x).shape
    if axis is None:
        axes = tuple(range(len(shape)))
        flat = reshape(x, (typeof(x).size,))
    elif isinstance(axis, tuple):
        axes = tuple([normalize_axis(a, len(shape)) for a in axis])
        rest = [d for d in range(len(shape)) if d not in axes]
        size = int(np.prod([shape[d] for d in axes]))
        flat = reshape(transpose(x, (*axes, *rest)), (size, *[shape[d] for d in rest]))
    else:
        axes = (normalize_axis(axis, len(shape)),)
        flat = move_axis(x, axes[0], 0)
    return restore_axes(norm(flat, ord=ord, axis=0), shape, tuple(sorted(axes)), keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """`np.linalg.matrix_norm`."""
    return norm(x, ord=ord, axis=(-2, -1), keepdims=keepdims)
