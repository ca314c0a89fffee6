"""Pytrees as vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.tree import tree_flatten
from funcgrad.ops.basic import convert

__all__ = ["ravel_pytree"]


def ravel_pytree(pytree: Any) -> tuple[Any, Callable[[Any], Any]]:
    """All leaves of a pytree in one vector, and the function that undoes it.

    Args:
        pytree: arrays and numbers in containers.

    Returns:
        `(vector, unravel)`: a 1-d array in the leaves' common dtype, and a function from such a vector to the
        pytree, with each leaf's shape and dtype.

    >>> import numpy as np
    >>> vector, unravel = ravel_pytree({"b": 1.0, "w": np.array([2.0, 3.0])})
    >>> vector
    array([1., 2., 3.])
    >>> unravel(vector * 2)
    {'b': np.float64(2.0), 'w': array([4., 6.])}
    """
    leaves, treedef = tree_flatten(pytree)
    leaves = [leaf if isinstance(leaf, Tracer) else np.asarray(leaf) for leaf in leaves]
    avals = [typeof(leaf) for leaf in leaves]
    if leaves:
        dtype = np.result_type(*[a.dtype for a in avals])
        vector = np.concatenate([convert(leaf, dtype).reshape(-1) for leaf in leaves])
    else:
        dtype = np.dtype(float)
        vector = np.zeros(0)
    total = sum(a.size for a in avals)

    def unravel(flat: Any) -> Any:
        if typeof(flat).shape != (total,):
            raise ArgumentError(
                f"unravel takes a vector of shape ({total},), not an array of shape {typeof(flat).shape}"
            )
        parts, start = [], 0
        for aval in avals:
            part = flat[start : start + aval.size].reshape(aval.shape)
            part = convert(part, aval.dtype)
            if isinstance(part, np.ndarray):
                part = part.copy()[()] if not aval.shape else part.copy()
            parts.append(part)
            start += aval.size
        return treedef.unflatten(parts)

    return vector, unravel
