"""Operations on whole arrays under JAX's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.checking import checked
from funcgrad.ops import basic
from funcgrad.ops.contraction import dot_general_p
from funcgrad.ops.shape import pad as _pad

Axes = Sequence[int]


def argmax(operand: Any, axis: int, index_dtype: Any = None) -> Any:
    """The position of the largest element along an axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.argmax(np.array([1.0, 3.0, 2.0]), 0)
    np.int64(1)
    """
    out = np.argmax(operand, axis)
    return out if index_dtype is None else out.astype(index_dtype)


def argmin(operand: Any, axis: int, index_dtype: Any = None) -> Any:
    """The position of the smallest element along an axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.argmin(np.array([1.0, 3.0, 2.0]), 0)
    np.int64(0)
    """
    out = np.argmin(operand, axis)
    return out if index_dtype is None else out.astype(index_dtype)


def broadcast(operand: Any, sizes: Axes) -> Any:
    """The array repeated along new leading axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.broadcast(np.arange(2), (3,)).shape
    (3, 2)
    """
    return np.broadcast_to(operand, (*sizes, *typeof(operand).shape))


@checked
def broadcast_in_dim(operand: Any, shape: Axes, broadcast_dimensions: Axes) -> Any:
    """The array with its axes put to the given places of a larger shape, and repeated along the others.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.broadcast_in_dim(np.arange(2), (2, 3), (0,))
    array([[0, 0, 0],
           [1, 1, 1]])
    """
    return basic.broadcast_in_dim(
        operand, shape=tuple(shape), broadcast_dimensions=tuple(broadcast_dimensions)
    )


def collapse(operand: Any, start_dimension: int, stop_dimension: int | None = None) -> Any:
    """The array with consecutive axes made one.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.collapse(np.ones((2, 3, 4)), 0, 2).shape
    (6, 4)
    """
    shape = typeof(operand).shape
    start, stop, _ = slice(start_dimension, stop_dimension).indices(len(shape))
    return np.reshape(operand, (*shape[:start], -1, *shape[stop:]))


@checked
def concatenate(operands: Sequence[Any], dimension: int) -> Any:
    """Arrays joined along an axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.concatenate([np.zeros(1), np.ones(2)], 0)
    array([0., 1., 1.])
    """
    return np.concatenate(operands, axis=dimension)


@checked
def dot(
    lhs: Any,
    rhs: Any,
    *,
    dimension_numbers: Any = None,
    precision: Any = None,
    preferred_element_type: Any = None,
) -> Any:
    """The product of vectors or matrices, or `dot_general` if there are dimension numbers.

    Args:
        lhs: the arrays.
        rhs: as `lhs`.
        dimension_numbers: as in `dot_general`.
        precision: accepted for JAX's sake; without effect.
        preferred_element_type: the dtype of the result.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.dot(np.ones(3), np.ones(3))
    np.float64(3.0)
    """
    if dimension_numbers is not None:
        return dot_general(lhs, rhs, dimension_numbers, precision, preferred_element_type)
    out = np.dot(lhs, rhs)
    return out if preferred_element_type is None else out.astype(preferred_element_type)


@checked
def dot_general(
    lhs: Any,
    rhs: Any,
    dimension_numbers: Any,
    precision: Any = None,
    preferred_element_type: Any = None,
) -> Any:
    """The sum of products over given axes of both arrays, for each index of their batch axes.

    Args:
        lhs: the arrays.
        rhs: as `lhs`.
        dimension_numbers: `((lhs contracting, rhs contracting), (lhs batch, rhs batch))` axes.
        precision: accepted for JAX's sake; without effect.
        preferred_element_type: the dtype of the result.

    Returns:
        An array with the batch axes, then the other axes of `lhs`, then those of `rhs`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.dot_general(np.ones((2, 3)), np.ones((2, 3)), (((1,), (1,)), ((0,), (0,))))
    array([3., 3.])
    """
    (lc, rc), (lb, rb) = dimension_numbers
    numbers = ((tuple(lc), tuple(rc)), (tuple(lb), tuple(rb)))
    out = dot_general_p(lhs, rhs, dimension_numbers=numbers)
    return out if preferred_element_type is None else out.astype(preferred_element_type)


@checked
def expand_dims(array: Any, dimensions: Axes) -> Any:
    """The array with axes of length 1 at the given places of the result.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.expand_dims(np.ones(3), (0, 2)).shape
    (1, 3, 1)
    """
    return np.expand_dims(array, tuple(dimensions))


def full(shape: Axes | int, fill_value: Any, dtype: Any = None) -> Any:
    """An array filled with a value.

    >>> import funcgrad as fg
    >>> fg.lax.full((2,), 7.0)
    array([7., 7.])
    """
    value = fill_value if dtype is None else np.asarray(fill_value).astype(dtype)
    return np.broadcast_to(value, shape) + np.zeros((), typeof(value).dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
    """An array of the shape and dtype of another, filled with a value.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.full_like(np.zeros(2), 7.0)
    array([7., 7.])
    """
    aval = typeof(x)
    return full(
        aval.shape if shape is None else shape, fill_value, aval.dtype if dtype is None else dtype
    )


def zeros_like_array(x: Any) -> Any:
    """Zeros of the shape and dtype of an array.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.zeros_like_array(np.ones(2))
    array([0., 0.])
    """
    return np.zeros(typeof(x).shape, typeof(x).dtype)


def iota(dtype: Any, size: int) -> Any:
    """The integers from 0 on.

    >>> import funcgrad as fg
    >>> fg.lax.iota(float, 3)
    array([0., 1., 2.])
    """
    return np.arange(size, dtype=dtype)


def broadcasted_iota(dtype: Any, shape: Axes, dimension: int) -> Any:
    """An array that holds in each place its index along an axis.

    >>> import funcgrad as fg
    >>> fg.lax.broadcasted_iota(int, (2, 2), 0)
    array([[0, 0],
           [1, 1]])
    """
    line = np.arange(shape[dimension], dtype=dtype)
    line = line.reshape([-1 if d == dimension % len(shape) else 1 for d in range(len(shape))])
    return np.broadcast_to(line, shape).copy()


def pad(operand: Any, padding_value: Any, padding_config: Sequence[tuple[int, int, int]]) -> Any:
    """The array with a value before, behind and between the elements of each axis.

    Args:
        operand: the array.
        padding_value: a scalar of its dtype.
        padding_config: `(low, high, interior)` per axis; negative low and high cut elements off.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.pad(np.array([1.0, 2.0]), 0.0, [(1, 0, 1)])
    array([0., 1., 0., 2.])
    """
    config = tuple([(int(low), int(high), int(inner)) for low, high, inner in padding_config])
    if len(config) != typeof(operand).ndim or any(inner < 0 for _, _, inner in config):
        raise ArgumentError(
            f"pad: padding_config has (low, high, interior >= 0) for each axis of {typeof(operand)}, not {config}"
            f"{here()}"
        )
    value = padding_value
    if not hasattr(value, "dtype"):
        value = typeof(operand).dtype.type(value)
    return _pad(operand, value, padding_config=config)


def reduce_sum(operand: Any, axes: Axes) -> Any:
    """The sum over axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce_sum(np.ones((2, 3)), (1,))
    array([3., 3.])
    """
    return np.sum(operand, axis=tuple(axes))


def reduce_prod(operand: Any, axes: Axes) -> Any:
    """The product over axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce_prod(2.0 * np.ones((2, 3)), (1,))
    array([8., 8.])
    """
    return np.prod(operand, axis=tuple(axes))


def reduce_max(operand: Any, axes: Axes) -> Any:
    """The maximum over axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce_max(np.array([[1.0, 2.0]]), (1,))
    array([2.])
    """
    return np.max(operand, axis=tuple(axes))


def reduce_min(operand: Any, axes: Axes) -> Any:
    """The minimum over axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce_min(np.array([[1.0, 2.0]]), (1,))
    array([1.])
    """
    return np.min(operand, axis=tuple(axes))


def reduce_and(operand: Any, axes: Axes) -> Any:
    """Whether all elements along axes are true.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce_and(np.array([[True, False]]), (1,))
    array([False])
    """
    return np.all(operand, axis=tuple(axes))


def reduce_or(operand: Any, axes: Axes) -> Any:
    """Whether any element along axes is true.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce_or(np.array([[True, False]]), (1,))
    array([ True])
    """
    return np.any(operand, axis=tuple(axes))


@checked
def reshape(operand: Any, new_sizes: Axes, dimensions: Axes | None = None) -> Any:
    """The array with another shape, after a transposition if `dimensions` is given.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reshape(np.arange(4), (2, 2))
    array([[0, 1],
           [2, 3]])
    """
    if dimensions is not None:
        operand = np.transpose(operand, tuple(dimensions))
    return np.reshape(operand, tuple(new_sizes))


def rev(operand: Any, dimensions: Axes) -> Any:
    """The array with axes in reverse order.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.rev(np.arange(3), (0,))
    array([2, 1, 0])
    """
    return np.flip(operand, tuple(dimensions))


@checked
def squeeze(array: Any, dimensions: Axes) -> Any:
    """The array without the given axes, of length 1.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.squeeze(np.ones((1, 3)), (0,)).shape
    (3,)
    """
    return np.squeeze(array, tuple(dimensions))


@checked
def transpose(operand: Any, permutation: Axes) -> Any:
    """The array with its axes permuted.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.transpose(np.ones((2, 3)), (1, 0)).shape
    (3, 2)
    """
    return np.transpose(operand, tuple(permutation))


def sort(operand: Any, dimension: int = -1, is_stable: bool = True, num_keys: int = 1) -> Any:
    """The array in ascending order along an axis; or several arrays by the order of the first `num_keys`.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.sort((np.array([2, 1]), np.array([10.0, 20.0])))
    (array([1, 2]), array([20., 10.]))
    """
    if not isinstance(operand, (tuple, list)):
        return np.sort(operand, axis=dimension, kind="stable" if is_stable else None)
    if not 1 <= num_keys <= len(operand):
        raise ArgumentError(
            f"sort: num_keys must be between 1 and {len(operand)}, not {num_keys}{here()}"
        )
    shapes = {typeof(x).shape for x in operand}
    if len(shapes) > 1:
        raise ArgumentError(
            f"sort: arrays are sorted together if they have one shape, not {sorted(shapes)}{here()}"
        )
    order = np.lexsort(tuple(operand[:num_keys])[::-1], axis=dimension)
    return tuple([np.take_along_axis(x, order, axis=dimension) for x in operand])


def sort_key_val(keys: Any, values: Any, dimension: int = -1, is_stable: bool = True) -> Any:
    """Keys in ascending order, and values in the order of their keys.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.sort_key_val(np.array([2, 1]), np.array([10.0, 20.0]))
    (array([1, 2]), array([20., 10.]))
    """
    return sort((keys, values), dimension, is_stable)


def top_k(operand: Any, k: int, *, axis: int = -1) -> tuple[Any, Any]:
    """The `k` largest elements along an axis in descending order, and their positions.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.top_k(np.array([1.0, 3.0, 2.0]), 2)
    (array([3., 2.]), array([1, 2]))
    """
    n = typeof(operand).shape[axis]
    if not 0 <= k <= n:
        raise ArgumentError(f"top_k: k must be between 0 and {n}, not {k}{here()}")
    # Descending, and equal elements in their order: the ascending order of the reversed array, reversed.
    order = np.argsort(np.flip(operand, axis), axis=axis, kind="stable")
    order = np.take(np.flip(n - 1 - order, axis), np.arange(k), axis=axis)
    return np.take_along_axis(operand, order, axis=axis), order
