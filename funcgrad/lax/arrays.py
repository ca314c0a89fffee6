"""Arrays, and the shapes of arrays, under JAX's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.checking import checked
from funcgrad.ops import basic
from funcgrad.ops.shape import pad as _pad

Axes = Sequence[int]


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
