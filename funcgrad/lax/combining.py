"""Splitting, stacking and repeating arrays under JAX's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand as array_operand


def split(operand: Any, sizes: Sequence[int], axis: int = 0) -> list[Any]:
    """The array cut into pieces of these lengths along an axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.split(np.arange(5), (2, 3))
    [array([0, 1]), array([2, 3, 4])]
    """
    n = typeof(operand).shape[axis]
    if sum(sizes) != n or any(s < 0 for s in sizes):
        raise ArgumentError(
            f"split: pieces of lengths {tuple(sizes)} do not make up the {n} of axis {axis}{here()}"
        )
    return list(np.split(operand, np.cumsum(sizes)[:-1].tolist(), axis))


def stack(operands: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.stack([np.zeros(2), np.ones(2)])
    array([[0., 0.],
           [1., 1.]])
    """
    return np.stack(operands, axis)


def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """The slices of an array along an axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.unstack(np.eye(2))
    (array([1., 0.]), array([0., 1.]))
    """
    return tuple(np.moveaxis(x, axis, 0))


def tile(operand: Any, reps: Sequence[int]) -> Any:
    """The array repeated along each axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.tile(np.arange(2), (2,))
    array([0, 1, 0, 1])
    """
    return np.tile(operand, tuple(reps))


def broadcast_like(arr: Any, like_arr: Any) -> Any:
    """An array repeated to the shape of another.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.broadcast_like(np.arange(2), np.zeros((2, 2)))
    array([[0, 1],
           [0, 1]])
    """
    return np.broadcast_to(arr, typeof(like_arr).shape)


def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape that arrays of these shapes broadcast to.

    >>> import funcgrad as fg
    >>> fg.lax.broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    return np.broadcast_shapes(*[tuple(s) for s in shapes])


def broadcast_to_rank(x: Any, rank: int) -> Any:
    """The array with axes of length 1 in front, so that it has `rank` axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.broadcast_to_rank(np.ones(3), 2).shape
    (1, 3)
    """
    shape = typeof(x).shape
    return np.reshape(x, (1,) * (rank - len(shape)) + shape)


def empty(shape: Sequence[int], dtype: Any) -> Any:
    """An array whose values do not matter (zeros, so that they are the same each time).

    >>> import funcgrad as fg
    >>> fg.lax.empty((2,), float).shape
    (2,)
    """
    return np.zeros(tuple(shape), dtype)


def dtype(x: Any) -> np.dtype[Any]:
    """The dtype of an array or number.

    >>> import funcgrad as fg
    >>> fg.lax.dtype(1.0)
    dtype('float64')
    """
    return typeof(array_operand(x)).dtype


def optimization_barrier(operand: Any) -> Any:
    """The operand; in JAX a hint for its compiler.

    >>> import funcgrad as fg
    >>> fg.lax.optimization_barrier(1.0)
    1.0
    """
    return operand
