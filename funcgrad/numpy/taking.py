"""NumPy's functions that take elements at given or found places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.types import SCALAR_AVALS
from funcgrad.numpy.arguments import along, deliver, normalize_axis, operand
from funcgrad.numpy.conversion import cast_leaf
from funcgrad.numpy.index_entries import IndexingError
from funcgrad.numpy.shaping import ravel, transpose
from funcgrad.ops.basic import broadcast_to, convert
from funcgrad.ops.gather import along_axis, gather, take_along
from funcgrad.ops.shape import stack

_SHAPE_NEEDS_VALUES = (
    "give fnp.nonzero, fnp.where, fnp.argwhere or fnp.flatnonzero (import funcgrad.numpy as fnp) a "
    "size=, or use a mask: np.where(condition, x, y), np.sum(x, where=condition)"
)


def in_range(indices: Any, n: int, mode: str, axis: int | None = None) -> Any:
    """Indices into an axis of length n, by NumPy's modes raise, wrap and clip."""
    if typeof(indices).dtype.kind not in "iub":
        raise TypeError(
            f"indices must be integers, not {typeof(indices)}{here()}\n  "
            "convert them with .astype(int)"
        )
    if mode in ("wrap", "clip") and not n:
        raise IndexingError(f"no index is valid for an axis without elements{here()}")
    if mode == "wrap":
        return np.mod(indices, n)
    if mode == "clip":
        return np.clip(indices, 0, n - 1)
    if mode != "raise":
        raise ArgumentError(f"mode must be 'raise', 'wrap' or 'clip', not {mode!r}{here()}")
    if not isinstance(indices, Tracer) and np.size(indices):
        for extreme in (np.min(indices), np.max(indices)):
            if not -n <= extreme < n:
                where = "" if axis is None else f"axis {axis} with "
                raise IndexingError(f"index {extreme} is out of bounds for {where}size {n}{here()}")
    return indices


@implements(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    x, i = operand(a), _integers(indices)
    x, axis = along(x, axis)
    n = typeof(x).shape[axis]
    if not n and typeof(i).size:
        raise IndexingError(f"cannot do a non-empty take from an empty axis.{here()}")
    i = in_range(i, n, mode, axis)
    return deliver(gather(x, i, axes=(axis,), position=axis), out, "np.take")


def _integers(indices: Any) -> Any:
    found = operand(indices)
    if not typeof(found).size and typeof(found).dtype.kind == "f":
        return np.zeros(typeof(found).shape, np.intp)
    return found


def checked_along_axis(shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """The index arrays of `take_along_axis`: the given one, and counters for the other axes."""
    ndim = typeof(indices).ndim
    if ndim != len(shape):
        raise ArgumentError(
            f"`indices` of shape {typeof(indices).shape} and the array of shape {shape} must have "
            f"the same number of dimensions{here()}"
        )
    if typeof(indices).dtype.kind not in "iu":
        raise IndexingError(f"`indices` must be an integer array, not {typeof(indices)}{here()}")
    return along_axis(shape, in_range(indices, shape[axis], "raise", axis), axis)


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    x, i = operand(arr), operand(indices)
    if axis is None:
        if typeof(i).ndim != 1:
            raise ArgumentError(f"when axis=None, `indices` must have a single dimension.{here()}")
        x, axis = ravel(x), 0
    shape = typeof(x).shape
    axis = normalize_axis(axis, len(shape))
    places = checked_along_axis(shape, i, axis)
    return gather(x, *places, axes=tuple(range(len(shape))), position=0)


@implements(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    which = operand(a)
    if typeof(which).dtype.kind == "b":
        which = convert(which, np.dtype(np.intp))
    xs = [operand(x) for x in choices]
    shape = np.broadcast_shapes(typeof(which).shape, *[typeof(x).shape for x in xs])
    dtype = np.result_type(
        *[x if type(x) in SCALAR_AVALS else typeof(operand(x)).dtype for x in choices]
    )
    stacked = stack(*[broadcast_to(cast_leaf(x, dtype), shape) for x in xs], dimension=0)
    if not isinstance(which, Tracer) and mode == "raise" and np.any(np.less(which, 0)):
        raise ValueError(f"invalid entry in choice array{here()}")
    which = broadcast_to(in_range(which, len(xs), mode), shape)
    picked = take_along(stacked, np.expand_dims(which, 0), 0)
    return deliver(picked[0], out, "np.choose")


@implements(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    if typeof(operand(condition)).ndim != 1:
        raise ArgumentError(f"condition must be a 1-d array{here()}")
    return take(a, flatnonzero(condition), axis, out)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return take(ravel(arr), flatnonzero(condition))


# Where elements are nonzero: the values are needed, or a size


def values_of(x: Any, what: str) -> Any:
    """The values of an array, which a data-dependent shape needs."""
    return x._concrete(what, _SHAPE_NEEDS_VALUES) if isinstance(x, Tracer) else np.asarray(x)


@implements(np.nonzero)
def nonzero(a: Any, *, size: int | None = None, fill_value: Any = None) -> tuple[Any, ...]:
    """NumPy's `nonzero`. With `size`, the results have that length whatever the values are.

    >>> import numpy as np
    >>> nonzero(np.array([3, 0, 5]), size=4)
    (array([0, 2, 0, 0]),)
    """
    x = operand(a)
    if not typeof(x).ndim:
        raise ArgumentError(f"nonzero takes arrays with axes; use np.atleast_1d(x){here()}")
    if size is None:
        return np.nonzero(values_of(x, "nonzero elements"))
    fills = fill_value if isinstance(fill_value, tuple) else (fill_value,) * typeof(x).ndim
    flat, found = first_true(ravel(np.not_equal(x, 0)), size)
    places = np.unravel_index(np.arange(typeof(x).size), typeof(x).shape)
    return tuple(
        [
            np.where(found, take(place, flat, mode="clip"), 0 if fill is None else fill)
            if typeof(x).size
            else np.full(size, 0 if fill is None else fill)
            for place, fill in zip(places, fills, strict=True)
        ]
    )


def first_true(mask: Any, size: int) -> tuple[Any, Any]:
    """The indices of the first `size` true elements of a 1-d mask, and which of them exist.

    An index is found by searching its number in the running count, so that it may all be traced.
    """
    counts = np.cumsum(mask)
    numbers = np.arange(1, size + 1)
    total = counts[-1] if typeof(mask).size else 0
    return np.searchsorted(counts, numbers), np.less_equal(numbers, total)


@implements(np.flatnonzero)
def flatnonzero(a: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """NumPy's `flatnonzero`, of a fixed length if `size` is given."""
    return nonzero(ravel(a), size=size, fill_value=fill_value)[0]


@implements(np.argwhere)
def argwhere(a: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """NumPy's `argwhere`, with a fixed number of rows if `size` is given."""
    x = operand(a)
    if not typeof(x).ndim:
        return argwhere(np.atleast_1d(x), size=size, fill_value=fill_value)[:, :0]
    return transpose(_stacked(nonzero(x, size=size, fill_value=fill_value)))


def _stacked(arrays: Sequence[Any]) -> Any:
    return stack(*arrays, dimension=0)
