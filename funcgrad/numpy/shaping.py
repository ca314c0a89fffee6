"""NumPy's functions that give an array another shape. Their results are views where NumPy's are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import NOT_GIVEN, normalize_axis, operand
from funcgrad.numpy.views import (
    axes_view,
    copy_layout,
    own,
    ravel_view,
    reshape_view,
    transpose_view,
    view,
    whole_view,
)
from funcgrad.ops import basic
from funcgrad.ops.shape import rev


def as_shape(shape: Any) -> tuple[int, ...]:
    """A shape argument: an int or a sequence of ints."""
    if isinstance(shape, (tuple, list)):
        return tuple([n.__index__() for n in shape])
    if isinstance(shape, np.ndarray):
        return tuple(map(int, np.atleast_1d(shape)))
    return (shape.__index__(),)


@implements(np.reshape)
def reshape(
    a: Any,
    /,
    shape: Any = None,
    order: str = "C",
    *,
    newshape: Any = NOT_GIVEN,
    copy: bool | None = None,
) -> Any:
    if newshape is not NOT_GIVEN:
        shape = newshape
    if shape is None:
        raise TypeError("reshape() missing 1 required positional argument: 'shape'")
    x, new = operand(a), as_shape(shape)
    if not isinstance(x, Tracer):
        return np.reshape(x, new, order)
    out = reshape_view(x, new, order)
    if copy is False and (out._view is None or out._view.parent is None):
        raise ValueError(f"unable to avoid creating a copy while reshaping {x.aval}{here()}")
    return out._copy() if copy else out


@implements(np.ravel)
def ravel(a: Any, order: Any = "C") -> Any:
    x = operand(a)
    if not isinstance(x, Tracer):
        return np.ravel(x, order)
    return ravel_view(x, order)


@implements(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Any:
    x = operand(a)
    if axes is None:
        order = tuple(range(typeof(x).ndim))[::-1]
    else:
        axes = axes if np.iterable(axes) else (axes,)
        order = tuple([normalize_axis(axis, typeof(x).ndim) for axis in axes])
        if len(order) != typeof(x).ndim:
            raise ArgumentError(
                f"axes {tuple(axes)} do not match an array of shape {typeof(x).shape}{here()}"
            )
        if len(set(order)) != len(order):
            raise ArgumentError(f"repeated axis in transpose: {tuple(axes)}{here()}")
    return transpose_view(x, order) if isinstance(x, Tracer) else np.transpose(x, order)


@implements(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    x = operand(x)
    ndim = typeof(x).ndim
    if ndim < 2:
        raise ArgumentError(
            f"matrix_transpose needs at least two axes, not shape {typeof(x).shape}{here()}"
        )
    return transpose(x, (*range(ndim - 2), ndim - 1, ndim - 2))


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    x = operand(a)
    order = list(range(typeof(x).ndim))
    i = normalize_axis(axis1, len(order), "axis1")
    j = normalize_axis(axis2, len(order), "axis2")
    order[i], order[j] = order[j], order[i]
    return transpose(x, order)


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    x = operand(a)
    ndim = typeof(x).ndim
    sources, destinations = [
        [normalize_axis(i, ndim, name) for i in (axis if np.ndim(axis) else (axis,))]
        for axis, name in ((source, "source axis"), (destination, "destination axis"))
    ]
    for axes, name in ((sources, "source"), (destinations, "destination")):
        if len(set(axes)) != len(axes):
            raise ArgumentError(f"repeated axis in `{name}` argument{here()}")
    if len(sources) != len(destinations):
        raise ArgumentError(
            f"`source` and `destination` must have the same number of elements{here()}"
        )
    order = [d for d in range(ndim) if d not in sources]
    for d, s in sorted(zip(destinations, sources, strict=True)):
        order.insert(d, s)
    return transpose(x, order)


@implements(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    x = operand(a)
    ndim = typeof(x).ndim
    axis = normalize_axis(axis, ndim)
    if not -ndim <= start <= ndim:
        raise np.exceptions.AxisError(
            f"'start' arg requires {-ndim} <= start < {ndim + 1}, but {start} was passed in{here()}"
        )
    start = start + ndim if start < 0 else start
    order = [d for d in range(ndim) if d != axis]
    order.insert(start - (axis < start), axis)
    return transpose(x, order)


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    x = operand(a)
    shape = typeof(x).shape
    if axis is None or (not shape and axis in (0, -1)):
        axes = [d for d, n in enumerate(shape) if n == 1]
    else:
        axes = [normalize_axis(i, len(shape)) for i in (axis if np.ndim(axis) else (axis,))]
        if any(shape[d] != 1 for d in axes):
            raise ArgumentError(
                f"cannot select an axis to squeeze out which has size not equal to one: axis "
                f"{axis} of shape {shape}{here()}"
            )
    if not isinstance(x, Tracer):
        return np.squeeze(x, tuple(axes))
    return axes_view(x, basic.without(shape, axes), lambda a: np.squeeze(a, tuple(axes)))


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    x = operand(a)
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    ndim = typeof(x).ndim + len(axes)
    places = [normalize_axis(i, ndim) for i in axes]
    if len(set(places)) != len(places):
        raise ArgumentError(f"repeated axis in expand_dims: {axes}{here()}")
    if not isinstance(x, Tracer):
        return np.expand_dims(x, axes)
    old = iter(x.shape)
    shape = tuple([1 if d in places else next(old) for d in range(ndim)])
    return axes_view(x, shape, lambda a: np.expand_dims(a, axes))


def _at_least(x: Any, ndim: int, new_axes: Any) -> Any:
    """`x`, or a view of it with more axes."""
    x = operand(x)
    if not isinstance(x, Tracer):
        return getattr(np, f"atleast_{ndim}d")(x)
    if x.ndim >= ndim:
        return whole_view(x)
    if not x.ndim:
        return axes_view(x, (1,) * ndim, lambda a: np.reshape(a, (1,) * ndim))
    return expand_dims(x, new_axes(x.ndim))


def _at_least_all(arrays: Sequence[Any], ndim: int, new_axes: Any) -> Any:
    found = tuple([_at_least(x, ndim, new_axes) for x in arrays])
    return found[0] if len(found) == 1 else found


@implements(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    return _at_least_all(arys, 1, lambda ndim: ())


@implements(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    return _at_least_all(arys, 2, lambda ndim: (0,))


@implements(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    return _at_least_all(arys, 3, lambda ndim: (0, 2) if ndim == 1 else (2,))


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    x, new = operand(array), as_shape(shape)
    if not isinstance(x, Tracer):
        return np.broadcast_to(x, new)
    basic.broadcast_to(x, new)  # raises where the shapes do not fit
    return view(x, lambda p: basic.broadcast_to(p, new), None, lambda a: np.broadcast_to(a, new))


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    arrays = [operand(x) for x in args]
    shape = np.broadcast_shapes(*[typeof(x).shape for x in arrays])
    return tuple(
        [
            whole_view(x) if isinstance(x, Tracer) and x.shape == shape else broadcast_to(x, shape)
            for x in arrays
        ]
    )


# Reversing


def _flip(x: Tracer, axes: tuple[int, ...]) -> Tracer:
    return view(
        x,
        lambda p: rev(p, dimensions=axes) if axes else p,
        lambda p, v: rev(v, dimensions=axes) if axes else v,
        lambda a: np.flip(a, axes),
    )


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    x = operand(m)
    ndim = typeof(x).ndim
    given = range(ndim) if axis is None else axis if np.ndim(axis) else (axis,)
    axes = tuple(sorted([normalize_axis(i, ndim) for i in given]))
    return _flip(x, axes) if isinstance(x, Tracer) else np.flip(x, axes)


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    if typeof(operand(m)).ndim < 2:
        raise ArgumentError("Input must be >= 2-d." + here())
    return flip(m, 1)


@implements(np.flipud)
def flipud(m: Any) -> Any:
    if typeof(operand(m)).ndim < 1:
        raise ArgumentError("Input must be >= 1-d." + here())
    return flip(m, 0)


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    x = operand(m)
    ndim = typeof(x).ndim
    i, j = [normalize_axis(axis, ndim) for axis in axes]
    if i == j:
        raise ArgumentError(f"Axes={tuple(axes)} must be different.{here()}")
    turns = k % 4
    if turns == 0:
        return whole_view(x) if isinstance(x, Tracer) else np.rot90(x, k, axes)
    if turns == 2:
        return flip(flip(x, i), j)
    return swapaxes(flip(x, j), i, j) if turns == 1 else flip(swapaxes(x, i, j), j)


# What an array is


@implements(np.shape)
def shape(a: Any) -> tuple[int, ...]:
    return typeof(operand(a)).shape


@implements(np.ndim)
def ndim(a: Any) -> int:
    return typeof(operand(a)).ndim


@implements(np.size)
def size(a: Any, axis: Any = None) -> int:
    found = typeof(operand(a)).shape
    if axis is None:
        return math.prod(found)
    axes = axis if isinstance(axis, tuple) else (axis,)
    return math.prod([found[normalize_axis(i, len(found))] for i in axes])


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    x = operand(a)
    return (
        own(x._copy(), copy_layout(x, order)) if isinstance(x, Tracer) else np.array(x, order=order)
    )


@implements(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    x = operand(x)
    if not isinstance(x, Tracer):
        return np.asarray(x).astype(dtype, copy=copy)
    return x.astype(dtype, copy=copy)
