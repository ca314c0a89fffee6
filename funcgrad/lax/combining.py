"""Splitting, stacking, repeating and reducing arrays under JAX's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.arrays import dot_general, top_k
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


def stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.stack([np.zeros(2), np.ones(2)])
    array([[0., 0.],
           [1., 1.]])
    """
    return np.stack(arrays, axis)


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


def batch_matmul(lhs: Any, rhs: Any, precision: Any = None) -> Any:
    """The products of matrices (..., n, k) and (..., k, m) with the same leading axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.batch_matmul(np.ones((2, 1, 3)), np.ones((2, 3, 1))).tolist()
    [[[3.0]], [[3.0]]]
    """
    ndim = len(typeof(lhs).shape)
    if ndim < 3 or len(typeof(rhs).shape) != ndim:
        raise ArgumentError(
            f"batch_matmul takes arrays (..., n, k) and (..., k, m), not {typeof(lhs)} and {typeof(rhs)}{here()}"
        )
    batch = tuple(range(ndim - 2))
    return dot_general(lhs, rhs, (((ndim - 1,), (ndim - 2,)), (batch, batch)))


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


def reduce(
    operand: Any,
    init_value: Any,
    computation: Callable[[Any, Any], Any],
    dimensions: Sequence[int],
) -> Any:
    """All elements along axes, combined by a function.

    Args:
        operand: the array.
        init_value: a number to start with.
        computation: an associative and commutative function of two arrays, which is called some log2(n) times for
            n elements.
        dimensions: the axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce(np.array([1.0, 2.0, 4.0]), 1.0, fg.lax.mul, (0,))
    np.float64(8.0)
    """
    x = array_operand(operand)
    ndim = typeof(x).ndim
    axes = sorted([d % ndim for d in dimensions])
    x = np.moveaxis(x, axes, range(len(axes)))
    x = np.reshape(x, (-1, *typeof(x).shape[len(axes) :]))
    out = init_value
    if typeof(init_value).dtype != typeof(x).dtype or not hasattr(init_value, "dtype"):
        out = typeof(x).dtype.type(init_value)
    n = typeof(x).shape[0]
    if not n:
        return np.broadcast_to(out, typeof(x).shape[1:])
    while n > 1:  # the two halves, and what is left over
        half = n // 2
        paired = computation(x[:half], x[half : 2 * half])
        x = paired if n % 2 == 0 else np.concatenate([paired, x[2 * half :]])
        n = half + n % 2
    return computation(out, x[0])


def approx_max_k(
    operand: Any, k: int, reduction_dimension: int = -1, **options: Any
) -> tuple[Any, Any]:
    """The `k` largest elements along an axis and their positions; JAX may miss some, this does not.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.approx_max_k(np.array([1.0, 3.0, 2.0]), 2)
    (array([3., 2.]), array([1, 2]))
    """
    return top_k(operand, k, axis=reduction_dimension)


def approx_min_k(
    operand: Any, k: int, reduction_dimension: int = -1, **options: Any
) -> tuple[Any, Any]:
    """The `k` smallest elements along an axis and their positions; JAX may miss some, this does not.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.approx_min_k(np.array([1.0, 3.0, 2.0]), 2)
    (array([1., 2.]), array([0, 2]))
    """
    least, places = top_k(-operand, k, axis=reduction_dimension)
    return -least, places
