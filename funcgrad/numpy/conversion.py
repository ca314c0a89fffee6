"""Array-likes as arrays: nested lists with traced values inside become one traced array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.ops.basic import convert, reshape
from funcgrad.ops.shape import stack

Sequence = (list, tuple)


def as_array(value: Any) -> Any:
    """An array-like as a tracer or a plain array; the dtype is what `np.array` chooses."""
    if type(value) is Tracer:
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return value
    if isinstance(value, np.ndarray) and contains_tracer(value):
        value = value.tolist()
    if isinstance(value, Sequence) and contains_tracer(value):
        return _join(value)
    return value if type(value) is Tracer else np.asarray(value)


def contains_tracer(value: Any) -> bool:
    """Whether a nested list, or an array of objects, holds traced values."""
    if type(value) is Tracer:
        return True
    if isinstance(value, Sequence):
        return any(
            type(v) is Tracer or (type(v) is not float and contains_tracer(v)) for v in value
        )
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return any(map(contains_tracer, value.flat))
    return False


def _join(value: Any) -> Any:
    if not any(type(v) in (list, tuple, np.ndarray) for v in value):
        # The common case, `np.array([x[0] * 2, 1.0])`: numbers, at most one list deep.
        avals = [typeof(v) for v in value]
        if not any(aval.shape for aval in avals):
            dtype = avals[0].dtype
            if any(aval.dtype != dtype for aval in avals):
                dtype = np.result_type(*[aval.dtype for aval in avals])
            return stack(*[cast_leaf(v, dtype) for v in value], dimension=0)
    shape = _nested_shape(value)
    leaves = list(_leaves(value, len(shape)))
    dtype = np.result_type(*[typeof(leaf).dtype for leaf in leaves])
    inner = typeof(leaves[0]).shape
    if any(typeof(leaf).shape != inner for leaf in leaves):
        shapes = ", ".join(dict.fromkeys(str(typeof(leaf).shape) for leaf in leaves))
        raise ValueError(
            f"an array of a list needs elements of one shape, not {shapes}{here()}\n  join arrays of "
            "different lengths with np.concatenate"
        )
    out = stack(*[cast_leaf(leaf, dtype) for leaf in leaves], dimension=0)
    return reshape(out, shape + inner)


def cast_leaf(leaf: Any, dtype: np.dtype[Any]) -> Any:
    """A tracer, array or scalar with this dtype."""
    if type(leaf) is Tracer:
        return leaf if leaf.aval.dtype == dtype else convert(leaf, dtype)
    return dtype.type(leaf) if np.ndim(leaf) == 0 else np.asarray(leaf, dtype)


def _nested_shape(value: Any) -> tuple[int, ...]:
    """The lengths of nested lists, as deep as they are all alike and hold traced values."""
    shape: tuple[int, ...] = ()
    level = [value]
    while all(isinstance(v, Sequence) and len(v) == len(level[0]) for v in level) and level[0]:
        shape += (len(level[0]),)
        level = [item for v in level for item in v]
    if any(isinstance(v, Sequence) for v in level):
        raise ValueError(
            "setting an array element with a sequence. The nested list has an inhomogeneous shape "
            f"after {len(shape)} dimensions{here()}"
        )
    return shape


def _leaves(value: Any, depth: int) -> Iterator[Any]:
    if depth:
        for item in value:
            yield from _leaves(item, depth - 1)
    elif type(value) is Tracer or np.ndim(value) == 0:
        yield value[()] if type(value) is np.ndarray else value
    else:
        yield np.asarray(value)


dispatch._AS_ARRAY.append(as_array)
