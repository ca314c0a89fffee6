"""JAX's general gather: slices of an array at traced places.

Its arguments are XLA's (https://openxla.org/xla/operation_semantics#gather). NumPy's `x[i, j]` is the simpler way to
write it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand as array_operand
from funcgrad.numpy.updates import default_fill
from funcgrad.ops import gather as gathers
from funcgrad.ops.basic import convert, reshape, transpose
from funcgrad.ops.shape import pad

Ints = tuple[int, ...]


class GatherDimensionNumbers(NamedTuple):
    """What the axes of a gather mean.

    Attributes:
        offset_dims: the axes of the result that run within a slice.
        collapsed_slice_dims: the axes of the operand along which slices have length 1 and which the result lacks.
        start_index_map: for each component of an index, the axis of the operand that it belongs to.
        operand_batching_dims, start_indices_batching_dims: axes of operand and indices that run in parallel.

    >>> import funcgrad as fg
    >>> fg.lax.GatherDimensionNumbers((1,), (0,), (0,)).offset_dims
    (1,)
    """

    offset_dims: Ints
    collapsed_slice_dims: Ints
    start_index_map: Ints
    operand_batching_dims: Ints = ()
    start_indices_batching_dims: Ints = ()


def index_mode(mode: Any, default: str) -> str:
    """What a mode is in JAX and here: "clip" or "fill" (also for "drop")."""
    name = default if mode is None else str(getattr(mode, "name", mode)).lower()
    known = {
        "clip": "clip",
        "promise_in_bounds": "clip",
        "fill": "fill",
        "drop": "fill",
        "fill_or_drop": "fill",
    }
    if name not in known:
        raise ArgumentError(
            f"mode is 'clip', 'fill', 'drop' or 'promise_in_bounds', not {mode!r}{here()}"
        )
    return known[name]


def window_axes(ndim: int, numbers: GatherDimensionNumbers) -> list[int]:
    """The axes of an operand that run within a slice."""
    left_out = (*numbers.collapsed_slice_dims, *numbers.operand_batching_dims)
    return [d for d in range(ndim) if d not in left_out]


def flat_places(
    shape: Ints,
    indices: Any,
    numbers: GatherDimensionNumbers,
    slice_sizes: Ints,
    mode: str,
) -> tuple[Any, Ints]:
    """The positions in the flat operand of all elements of all slices (batch..., offsets...), and the number of
    batch axes; with mode "fill", slices that do not fit have positions behind the end.
    """
    aval = typeof(indices)
    batch = aval.shape[:-1]
    window = window_axes(len(shape), numbers)
    ndim = len(batch) + len(window)
    strides = [math.prod(shape[d + 1 :]) for d in range(len(shape))]
    total: Any = np.zeros((1,) * ndim, np.intp)
    fits: Any = None
    for component, d in enumerate(numbers.start_index_map):
        start = convert(indices[..., component], np.intp)
        last = shape[d] - slice_sizes[d]
        if mode == "clip":
            start = np.clip(start, 0, last)
        else:
            inside = np.logical_and(start >= 0, start <= last)
            fits = inside if fits is None else np.logical_and(fits, inside)
        total = total + np.reshape(start * strides[d], batch + (1,) * len(window))
    for d, axis in zip(
        numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True
    ):
        line = np.arange(batch[axis]) * strides[d]
        total = total + line.reshape([-1 if a == axis else 1 for a in range(ndim)])
    for i, d in enumerate(window):
        line = np.arange(slice_sizes[d]) * strides[d]
        total = total + line.reshape([-1 if a == len(batch) + i else 1 for a in range(ndim)])
    full = batch + tuple([slice_sizes[d] for d in window])
    total = np.broadcast_to(total, full)
    if fits is not None:
        beyond = math.prod(shape)
        fits = np.reshape(fits, batch + (1,) * len(window))
        total = np.where(np.broadcast_to(fits, full), total, beyond)
    return total, batch


def gather(
    operand: Any,
    start_indices: Any,
    dimension_numbers: GatherDimensionNumbers,
    slice_sizes: Sequence[int],
    *,
    unique_indices: bool = False,
    indices_are_sorted: bool = False,
    mode: Any = None,
    fill_value: Any = None,
) -> Any:
    """Slices of an array at many places.

    Args:
        operand: the array.
        start_indices: where slices start; the components of an index run along the last axis.
        dimension_numbers: what the axes mean.
        slice_sizes: the size of a slice along each axis of the operand.
        unique_indices: accepted for JAX's sake; without effect.
        indices_are_sorted: as `unique_indices`.
        mode: "clip" (the default) moves slices that do not fit; "fill" gives `fill_value` for them.
        fill_value: by default NaN, or the largest or (signed) least integer.

    >>> import numpy as np, funcgrad as fg
    >>> rows = fg.lax.GatherDimensionNumbers((1,), (0,), (0,))
    >>> fg.lax.gather(np.arange(6).reshape(3, 2), np.array([[2], [0]]), rows, (1, 2))
    array([[4, 5],
           [0, 1]])
    """
    x, indices = array_operand(operand), array_operand(start_indices)
    shape, dtype = typeof(x).shape, typeof(x).dtype
    numbers = GatherDimensionNumbers(*dimension_numbers)
    sizes = tuple(map(int, slice_sizes))
    if len(sizes) != len(shape):
        raise ArgumentError(
            f"gather: slice_sizes {sizes} need an entry for each axis of shape {shape}{here()}"
        )
    kind = index_mode(mode, "clip")
    places, batch = flat_places(shape, indices, numbers, sizes, kind)
    flat = reshape(x, (math.prod(shape),))
    if kind == "fill":
        if fill_value is None:
            fill_value = default_fill(dtype)
        flat = pad(flat, dtype.type(fill_value), padding_config=((0, 1, 0),))
    out = gathers.gather(flat, places, axes=(0,), position=0)
    return transpose(out, _order(len(batch), numbers.offset_dims))


def _order(n_batch: int, offset_dims: Ints) -> Ints:
    """The permutation that puts the axes (batch..., offsets...) to their places in the result."""
    ndim = n_batch + len(offset_dims)
    batch, offsets = iter(range(n_batch)), iter(range(n_batch, ndim))
    return tuple([next(offsets) if d in offset_dims else next(batch) for d in range(ndim)])
