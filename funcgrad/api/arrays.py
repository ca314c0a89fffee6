"""JAX's names for arrays and for what becomes of them: Array, typeof, device_get, device_put, block_until_ready.

There is one device, and results are there when a function returns, so that most of these have nothing to do. They
are here for code that is to run on both libraries.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.leaves import leaf_aval, shown
from funcgrad.core.local_array import LocalArray
from funcgrad.core.source import here
from funcgrad.core.tracer import Tracer
from funcgrad.core.tree import tree_map
from funcgrad.core.types import ShapedArray


class _ArrayType(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, (np.ndarray, np.generic, Tracer, LocalArray))


class Array(metaclass=_ArrayType):
    """What `isinstance` asks for: an ndarray, a NumPy scalar, or a traced array.

    >>> import numpy as np, funcgrad as fg
    >>> isinstance(np.ones(3), fg.Array), isinstance(1.0, fg.Array)
    (True, False)
    >>> fg.grad(lambda x: x if isinstance(x, fg.Array) else 0.0)(1.0)
    np.float64(1.0)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Array:
        raise ArgumentError(f"fg.Array is a type to ask for; np.array makes arrays{here()}")


def typeof(x: Any) -> ShapedArray:
    """The shape and dtype of an array, traced or not, or of a number.

    >>> import numpy as np, funcgrad as fg
    >>> fg.typeof(np.ones((2, 3)))
    f64[2,3]
    """
    aval = leaf_aval(x)
    if aval is None:
        raise ArgumentError(f"typeof takes an array or a number, not {shown(x)}{here()}")
    return aval


def block_until_ready(x: Any) -> Any:
    """The pytree as it is: results are there when a function returns.

    >>> import numpy as np, funcgrad as fg
    >>> fg.block_until_ready({"a": np.zeros(2)})
    {'a': array([0., 0.])}
    """
    return x


def device_put(
    x: Any, device: Any = None, *, src: Any = None, donate: bool = False, may_alias: Any = None
) -> Any:
    """The pytree with an array of its own for each leaf.

    Args:
        x: arrays and numbers.
        device: accepted for JAX's sake; without effect.
        src: likewise.
        donate: likewise.
        may_alias: likewise.

    >>> import funcgrad as fg
    >>> fg.device_put([1.0, [2]])
    [array(1.), [array(2)]]
    """
    return tree_map(lambda leaf: leaf if type(leaf) is Tracer else np.array(leaf), x)


def device_get(x: Any) -> Any:
    """The pytree with an ndarray for each leaf.

    >>> import funcgrad as fg
    >>> fg.device_get([1.0, [2]])
    [array(1.), [array(2)]]
    """
    return tree_map(np.asarray, x)
