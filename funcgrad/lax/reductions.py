"""Reductions and the places of extrema under JAX's names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.tree import tree_flatten
from funcgrad.numpy.arguments import operand as array_operand

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


def _number(operand: Any) -> Any:
    """The dtype that sums have: that of the array, where NumPy's are wider for narrow integers; None for booleans."""
    dtype = typeof(operand).dtype
    return None if dtype == np.bool_ else dtype


def reduce_sum(operand: Any, axes: Axes) -> Any:
    """The sum over axes, in the dtype of the array.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce_sum(np.ones((2, 3)), (1,))
    array([3., 3.])
    """
    return np.sum(operand, axis=tuple(axes), dtype=_number(operand))


def reduce_prod(operand: Any, axes: Axes) -> Any:
    """The product over axes, in the dtype of the array.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce_prod(2.0 * np.ones((2, 3)), (1,))
    array([8., 8.])
    """
    return np.prod(operand, axis=tuple(axes), dtype=_number(operand))


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


def reduce_xor(operand: Any, axes: Any) -> Any:
    """The exclusive or of all elements along axes.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.reduce_xor(np.array([[1, 3], [4, 4]]), (1,))
    array([2, 0])
    """
    x = operand
    for axis in sorted([a % typeof(x).ndim for a in axes], reverse=True):
        x = np.bitwise_xor.reduce(x, axis=axis)
    return x


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
