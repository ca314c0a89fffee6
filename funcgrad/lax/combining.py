"""Splitting, stacking, repeating and reducing arrays under JAX's names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.tree import tree_flatten
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
    operands: Any,
    init_values: Any,
    computation: Callable[[Any, Any], Any],
    dimensions: Sequence[int],
) -> Any:
    """All elements along axes, combined by a function.

    Args:
        operands: an array, or a pytree of arrays of one shape that are reduced together.
        init_values: a number to start with, or a pytree of them like `operands`.
        computation: an associative and commutative function of two arrays (or pytrees), which is called some log2(n)
            times for n elements.
        dimensions: the axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce(np.array([1.0, 2.0, 4.0]), 1.0, fg.lax.mul, (0,))
    np.float64(8.0)
    """
    leaves, tree = tree_flatten(operands)
    starts, start_tree = tree_flatten(init_values)
    if (
        tree != start_tree
        or not leaves
        or len({typeof(array_operand(x)).shape for x in leaves}) != 1
    ):
        raise ArgumentError(
            f"reduce takes arrays of one shape and as many numbers, not {tree} and {start_tree}{here()}"
        )
    n, rows, first = 0, [], []
    for leaf, start in zip(leaves, starts, strict=True):
        x = array_operand(leaf)
        aval = typeof(x)
        axes = sorted([d % aval.ndim for d in dimensions])
        n = math.prod([aval.shape[d] for d in axes])
        x = np.moveaxis(x, axes, range(len(axes)))
        rows.append(np.reshape(x, (n, *typeof(x).shape[len(axes) :])))
        same = hasattr(start, "dtype") and typeof(start).dtype == aval.dtype
        first.append(start if same else aval.dtype.type(start))

    def combine(xs: list[Any], ys: list[Any]) -> list[Any]:
        return tree_flatten(computation(tree.unflatten(xs), tree.unflatten(ys)))[0]

    if not n:
        shapes = [typeof(x).shape[1:] for x in rows]
        return tree.unflatten([np.broadcast_to(*pair) for pair in zip(first, shapes, strict=True)])
    while n > 1:  # the two halves, and what is left over
        half = n // 2
        paired = combine([x[:half] for x in rows], [x[half : 2 * half] for x in rows])
        if n % 2:
            pairs = zip(paired, rows, strict=True)
            paired = [np.concatenate([done, x[2 * half :]]) for done, x in pairs]
        rows, n = paired, half + n % 2
    return tree.unflatten(combine(first, [x[0] for x in rows]))


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
