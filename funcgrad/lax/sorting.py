"""Sorting under JAX's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof


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
