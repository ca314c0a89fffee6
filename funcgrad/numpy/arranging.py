"""NumPy's functions that repeat, shift, insert and delete elements, and that make grids of them."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as numpy_windows

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import along, normalize_axis, operand
from funcgrad.numpy.indexing import cast_value, fit_value
from funcgrad.numpy.joining import concatenate
from funcgrad.numpy.shaping import as_shape, broadcast_arrays, moveaxis, ravel
from funcgrad.numpy.taking import in_range, take, values_of
from funcgrad.numpy.views import view
from funcgrad.ops.basic import broadcast_in_dim, broadcast_to, move_axis, reshape
from funcgrad.ops.gather import gather
from funcgrad.ops.indexing import Index, Slice, getitem, whole
from funcgrad.ops.shape import concatenate as concatenate_p


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:
    x = operand(A)
    times = as_shape(reps) if np.ndim(reps) else (operator.index(reps),)
    shape = typeof(x).shape
    ndim = max(len(shape), len(times))
    shape = (1,) * (ndim - len(shape)) + shape
    times = (1,) * (ndim - len(times)) + times
    x = reshape(x, shape)
    if all(t == 1 for t in times):
        return x._copy() if isinstance(x, Tracer) else np.array(x)
    spread = tuple([n for pair in zip(times, shape, strict=True) for n in pair])
    dims = tuple(range(1, 2 * ndim, 2))
    x = broadcast_in_dim(x, shape=spread, broadcast_dimensions=dims)
    return reshape(x, tuple([t * n for t, n in zip(times, shape, strict=True)]))


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    x, axis = along(operand(a), axis)
    shape = typeof(x).shape
    counts = values_of(operand(repeats), "repeats")
    if np.size(counts) != 1:
        return take(x, np.repeat(np.arange(shape[axis]), counts), axis)
    times = int(np.ravel(counts)[0])
    if times < 0:
        raise ArgumentError(f"repeats may not contain negative values, not {times}{here()}")
    spread = (*shape[: axis + 1], times, *shape[axis + 1 :])
    dims = tuple([d for d in range(len(spread)) if d != axis + 1])
    x = broadcast_in_dim(x, shape=spread, broadcast_dimensions=dims)
    return reshape(x, (*shape[:axis], shape[axis] * times, *shape[axis + 1 :]))


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    x = operand(a)
    if axis is None:
        return reshape(roll(ravel(x), np.sum(shift) if np.ndim(shift) else shift, 0), x.shape)
    if type(shift) is int and type(axis) is int:  # as stencils are written
        x = _rolled(x, shift, normalize_axis(axis, typeof(x).ndim))
    else:
        shifts, axes = np.broadcast_arrays(operand(shift), np.asarray(axis))
        if typeof(shifts).ndim > 1:
            raise ArgumentError("'shift' and 'axis' should be scalars or 1D sequences" + here())
        for by, d in zip(np.ravel(shifts), np.ravel(axes), strict=True):
            x = _rolled(x, by, normalize_axis(d, typeof(x).ndim))
    return x._copy() if x is a and isinstance(x, Tracer) else x


def _rolled(x: Any, by: Any, axis: int) -> Any:
    shape = typeof(x).shape
    n = shape[axis]
    if not n:
        return x
    if isinstance(by, Tracer):
        return gather(x, np.mod(np.arange(n) - by, n), axes=(axis,), position=axis)
    by = int(by) % n
    if not by:
        return x
    before, after = whole(shape[:axis]), whole(shape[axis + 1 :])
    low, high = [
        getitem(x, index=Index((*before, Slice(start, stop, 1), *after)))
        for start, stop in ((0, n - by), (n - by, n))
    ]
    return concatenate_p(high, low, dimension=axis)


# Inserting and deleting


def _flat_or_axis(arr: Any, axis: Any) -> tuple[Any, int]:
    return along(operand(arr), axis, scalar_axis=False)


def _positions(obj: Any) -> Any:
    found = values_of(operand(obj), "positions")
    return found.astype(np.intp) if not found.size and isinstance(obj, (list, tuple)) else found


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    x, axis = _flat_or_axis(arr, axis)
    shape = typeof(x).shape
    n = shape[axis]
    if isinstance(obj, slice):
        positions = np.arange(*obj.indices(n))
    else:
        positions = _positions(obj)
        if positions.dtype.kind == "b" and positions.ndim == 1:
            (positions,) = np.nonzero(positions)
    values = cast_value(operand(values), typeof(x).dtype)
    # NumPy tells where things go, by inserting marks into counters.
    if positions.size == 1:
        extra = len(shape) - typeof(values).ndim
        values = reshape(values, (1,) * extra + typeof(values).shape) if extra > 0 else values
        if positions.ndim == 0:
            values = moveaxis(values, 0, axis)
        count = typeof(values).shape[axis]
        order = np.insert(np.arange(n), positions, np.full(count, -1))
        which = np.arange(count)
    else:
        count = positions.size
        order = np.insert(np.arange(n), positions, -1)
        # The k-th value goes to the k-th position, and these need not come in order.
        which = np.argsort(np.where(positions < 0, positions + n, positions), kind="stable")
    order[order < 0] = n + which
    new_shape = (*shape[:axis], count, *shape[axis + 1 :])
    values = broadcast_to(fit_value(values, new_shape), new_shape)
    return take(concatenate((x, values), axis), order, axis)


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    x, axis = _flat_or_axis(arr, axis)
    if not isinstance(obj, slice):
        obj = _positions(obj)
    return take(x, np.delete(np.arange(typeof(x).shape[axis]), obj), axis)


@implements(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    shape = as_shape(new_shape)
    x = ravel(a)
    n, size = typeof(x).shape[0], math.prod(shape)
    if any(m < 0 for m in shape):
        raise ArgumentError(f"all elements of `new_shape` must be non-negative{here()}")
    if not n or not size:
        return np.zeros(shape, typeof(x).dtype)
    if size > n:
        x = concatenate((x,) * -(-size // n))
    x = reshape(x[:size], shape)
    return x._copy() if isinstance(x, Tracer) else x


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    x = operand(filt)
    places = np.nonzero(values_of(np.not_equal(x, 0), "nonzero elements"))
    ndim = typeof(x).ndim
    axes = range(ndim) if axis is None else np.atleast_1d(axis)
    index = [slice(None)] * ndim
    for d in [normalize_axis(d, ndim) for d in axes]:
        n = typeof(x).shape[d]
        first, last = (places[d].min(), places[d].max() + 1) if places[d].size else (n, n)
        start = first if "f" in trim.lower() else 0
        stop = max(last, start) if "b" in trim.lower() and places[d].size else n
        index[d] = slice(int(start), int(stop) if places[d].size else int(start))
    return x[tuple(index)]


# Grids


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"Valid values for `indexing` are 'xy' and 'ij'.{here()}")
    xs = [operand(x) for x in xi]
    order = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        order[:2] = [1, 0]
    grids: Any = [
        np.reshape(x, (1,) * d + (-1,) + (1,) * (len(xs) - 1 - d))
        for x, d in zip(xs, order, strict=True)
    ]
    if not sparse:
        grids = broadcast_arrays(*grids)
    if copy:
        grids = [x._copy() if isinstance(x, Tracer) else x.copy() for x in grids]
    return tuple(grids)


@implements(np.ix_)
def ix_(*args: Any) -> Any:
    out = []
    for d, sequence in enumerate(args):
        x = operand(sequence)
        if typeof(x).ndim != 1:
            raise ArgumentError(f"Cross index must be 1 dimensional{here()}")
        if typeof(x).dtype.kind == "b":
            (x,) = np.nonzero(values_of(x, "selected elements"))
        out.append(np.reshape(x, (1,) * d + (-1,) + (1,) * (len(args) - d - 1)))
    return tuple(out)


@implements(np.unravel_index)
def unravel_index(indices: Any, shape: Any, order: str = "C") -> Any:
    rest, sizes = operand(indices), as_shape(shape)
    rest = in_range(rest, math.prod(sizes), "raise")
    found = []
    for n in reversed(sizes) if order == "C" else sizes:
        found.append(np.mod(rest, n))
        rest = np.floor_divide(rest, n)
    return tuple(reversed(found)) if order == "C" else tuple(found)


@implements(np.ravel_multi_index)
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    sizes = as_shape(dims)
    modes = mode if isinstance(mode, tuple) else (mode,) * len(sizes)
    flat: Any = 0
    axes = range(len(sizes)) if order == "C" else range(len(sizes))[::-1]
    for d in axes:
        flat = flat * sizes[d] + in_range(operand(multi_index[d]), sizes[d], modes[d], d)
    return flat


@implements(numpy_windows)
def sliding_window_view(
    x: Any,
    window_shape: Any,
    axis: Any = None,
    *,
    subok: bool = False,
    writeable: bool = False,
) -> Any:
    array = operand(x)
    ndim = typeof(array).ndim
    sizes = as_shape(window_shape)
    given = range(ndim) if axis is None else as_shape(axis)
    if len(sizes) != len(given):
        raise ArgumentError(
            f"window_shape {sizes} needs one length for each of the axes {tuple(given)}{here()}"
        )
    axes = [normalize_axis(d, ndim) for d in given]
    left = list(typeof(array).shape)
    for d, size in zip(axes, sizes, strict=True):
        left[d] -= size - 1
        if size < 0 or left[d] < 1:
            raise ArgumentError(
                f"a window of shape {sizes} does not fit into shape {typeof(array).shape}{here()}"
            )

    def read(p: Any) -> Any:
        for d, size in zip(axes, sizes, strict=True):
            n = typeof(p).shape[d] - size + 1
            places = np.arange(n)[:, None] + np.arange(size)
            p = gather(p, places, axes=(d,), position=d)
            p = move_axis(p, d + 1, typeof(p).ndim - 1)
        return p

    if not isinstance(array, Tracer):
        return read(array)
    return view(array, read, None, lambda a: numpy_windows(a, sizes, tuple(axes)))
