"""Advanced indexing: the indices are integer arrays and operands, so that they may be traced.

`gather` takes, for each axis in `axes` (ascending), an integer array; they broadcast against each
other to a shape B, which stands in the result at `position` among the remaining axes. That is
NumPy's `x[:, i, j]` with NumPy's choice of the position made explicit. The scatters (scatter.py)
write to the same places. An index out of range is an IndexError; negative ones count from the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Linear, Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import (
    expand_dims,
    instantiate,
    move_axis,
    shift,
    transpose,
    unbroadcast,
    without,
    zeros,
)
from funcgrad.ops.indexing import align_value, batched_target
from funcgrad.ops.recording import broadcast_shapes


def natural_position(axes: Sequence[int]) -> int:
    """Where NumPy puts the indices' axes for slices everywhere but in `axes` (ascending)."""
    return axes[0] if axes[-1] - axes[0] == len(axes) - 1 else 0


def indexed_by(ndim: int, axes: Sequence[int], indices: Sequence[Any]) -> tuple[Any, ...]:
    index: list[Any] = [slice(None)] * ndim
    for axis, i in zip(axes, indices, strict=True):
        index[axis] = i
    return tuple(index)


def index_shape(indices: Sequence[Any]) -> tuple[int, ...]:
    return broadcast_shapes(
        "indexing", [np.shape(i) if not hasattr(i, "shape") else i.shape for i in indices]
    )


def gathered_shape(
    shape: tuple[int, ...], indices: Sequence[Any], axes: Sequence[int], position: int
) -> tuple[int, ...]:
    rest = without(shape, axes)
    return (*rest[:position], *index_shape(indices), *rest[position:])


def _gather_impl(x: Any, *indices: Any, axes: tuple[int, ...], position: int) -> Any:
    out = x[indexed_by(x.ndim, axes, indices)]
    return move_block(out, natural_position(axes), position, indices)


def move_block(out: Any, source: int, destination: int, indices: Sequence[Any]) -> Any:
    """Move the block of index axes, which starts at `source`, to start at `destination`."""
    if source == destination:
        return out
    n = max([np.ndim(i) for i in indices])
    return np.moveaxis(out, range(source, source + n), range(destination, destination + n))


def _gather_batch(
    axis: BatchAxis, operands: Any, batched: Any, axes: tuple[int, ...], position: int
) -> tuple[Any, bool]:
    x, *indices = operands
    if not any(batched[1:]):
        return gather(x, *indices, axes=shift(axes), position=position + 1), True
    rank = len(example_index_shape(indices, batched[1:]))
    aligned = [align_value(i, b, rank) for i, b in zip(indices, batched[1:], strict=True)]
    if not batched[0]:
        out = gather(x, *aligned, axes=axes, position=position)
        return move_axis(out, position, 0), True
    # Both: the batch axis is one more indexed axis, whose index counts the examples.
    out = gather(x, counter(axis.size, rank), *aligned, axes=(0, *shift(axes)), position=0)
    return _block_behind(out, rank, position), True


def example_index_shape(indices: Sequence[Any], batched: Sequence[bool]) -> tuple[int, ...]:
    return np.broadcast_shapes(
        *[
            typeof(i).shape[1:] if b else typeof(i).shape
            for i, b in zip(indices, batched, strict=True)
        ]
    )


def counter(size: int, rank: int) -> Any:
    return np.arange(size).reshape((size,) + (1,) * rank)


def _block_behind(x: Any, rank: int, position: int) -> Any:
    """From axes (batch, index block, rest) to (batch, rest with the block at `position`)."""
    ndim = len(typeof(x).shape)
    block, rest = range(1, 1 + rank), range(1 + rank, ndim)
    return transpose(x, (0, *rest[:position], *block, *rest[position:]))


gather = Primitive(
    "gather",
    impl=_gather_impl,
    abstract=lambda x, *indices, axes, position: ShapedArray(
        gathered_shape(x.shape, indices, axes, position), x.dtype
    ),
    jvp=lambda primals, tangents, **place: (
        gather(*primals, **place),
        None if tangents[0] is None else gather(tangents[0], *primals[1:], **place),
    ),
    transpose=lambda ct, x, *indices, **place: (
        scatter_add(zeros(x.aval.strip_weak_type()), ct, *indices, **place),
        *[None] * len(indices),
    ),
    batch=_gather_batch,
)


def along_axis(shape: Sequence[int], indices: Any, axis: int) -> tuple[Any, ...]:
    """Index arrays for all axes: the given one for `axis`, counters for the others."""
    ndim = len(shape)
    return tuple(
        [
            indices
            if d == axis
            else np.arange(n).reshape([n if e == d else 1 for e in range(ndim)])
            for d, n in enumerate(shape)
        ]
    )


def take_along(x: Any, indices: Any, axis: int) -> Any:
    """`np.take_along_axis`."""
    places = along_axis(typeof(x).shape, indices, axis)
    return gather(x, *places, axes=tuple(range(len(places))), position=0)


# Updates

# Flat indices cost a pass over the array, which pays from one write per this many rows on.
_FEW = 8
# So many flat indices at a time stay in the cache, with what is written there.
_PIECE = 1 << 17


def updated(assign: Callable[[Any, Any, Any], None]) -> Callable[..., Any]:
    """The implementation of a scatter: `assign(out, index, value)` in place on a copy."""

    def impl(
        x: Any, value: Any, *indices: Any, axes: tuple[int, ...], position: int, **_: Any
    ) -> Any:
        out = np.array(x, order="C")
        source = natural_position(axes)
        if source != position and np.ndim(value):
            value = np.broadcast_to(value, gathered_shape(out.shape, indices, axes, position))
            value = move_block(value, position, source, indices)
        assign(out, indexed_by(out.ndim, axes, indices), value)
        return out

    return impl


def accumulate(ufunc: np.ufunc) -> Callable[[Any, Any, Any], None]:
    """`ufunc.at`, by way of flat indices where that reaches its fast path (2 to 4 times faster)."""

    def assign(out: Any, index: Any, value: Any) -> None:
        axes = [d for d, i in enumerate(index) if type(i) is not slice]
        block = np.broadcast_arrays(*[index[d] for d in axes])
        n = len(block[0]) if block[0].ndim else 1
        if out.ndim < 2 or _FEW * block[0].size <= len(out):
            ufunc.at(out, index, value)
            return
        # An array of positions, indexed alike, checks the range and broadcasts as NumPy does.
        positions = np.arange(out.size).reshape(out.shape)
        at = natural_position(axes)
        shape = gathered_shape(out.shape, block, axes, at)
        value = np.broadcast_to(value, shape)
        step = max(1, _PIECE * n // max(1, math.prod(shape)))
        for start in range(0, n, step):
            if step < n:
                piece = slice(start, start + step)
                index = indexed_by(out.ndim, axes, [i[piece] for i in block])
                part = value[(slice(None),) * at + (piece,)]
            else:
                part = value
            ufunc.at(out.reshape(-1), positions[index].reshape(-1), part.reshape(-1))

    return assign


def scatter_batch(primitive_of: Callable[[], Primitive]) -> Callable[..., tuple[Any, bool]]:
    def batch(
        axis: BatchAxis,
        operands: Any,
        batched: Any,
        axes: tuple[int, ...],
        position: int,
        **hints: Any,
    ) -> tuple[Any, bool]:
        x, value, *indices = operands
        rank = len(example_index_shape(indices, batched[2:]))
        ndim = len(typeof(x).shape) - batched[0] - len(axes) + rank
        x = batched_target(axis, x, batched[0])
        value = align_value(value, batched[1], ndim)
        if not any(batched[2:]):
            out = primitive_of()(
                x, value, *indices, axes=shift(axes), position=position + 1, **hints
            )
            return out, True
        aligned = [align_value(i, b, rank) for i, b in zip(indices, batched[2:], strict=True)]
        if typeof(value).shape:
            missing = ndim + 1 - len(typeof(value).shape)
            value = _block_front(expand_dims(value, range(missing)), rank, position)
        examples = counter(axis.size, rank)
        out = primitive_of()(
            x, value, examples, *aligned, axes=(0, *shift(axes)), position=0, **hints
        )
        return out, True

    return batch


def _block_front(x: Any, rank: int, position: int) -> Any:
    """From axes (batch, rest with an index block at `position`) to (batch, index block, rest)."""
    ndim = len(typeof(x).shape)
    block = range(1 + position, 1 + position + rank)
    rest = [d for d in range(1, ndim) if d not in block]
    return transpose(x, (0, *block, *rest))


def abstract_scatter(
    x: ShapedArray, value: ShapedArray, *indices: Any, **place: Any
) -> ShapedArray:
    target = gathered_shape(x.shape, indices, place["axes"], place["position"])
    try:
        fits = np.broadcast_shapes(value.shape, target) == target
    except ValueError:
        fits = False
    if not fits:
        raise ArgumentError(
            f"a value of shape {value.shape} cannot be broadcast to the indexed {target}{here()}"
        )
    return ShapedArray(x.shape, x.dtype)


def zero_like(x: Any) -> Any:
    return zeros(typeof(x).strip_weak_type())


def _transpose_of_value(ct: Any, value: Any, indices: Any, axes: Any, position: int) -> Any:
    if type(value) is not Linear:
        return None
    return unbroadcast(gather(ct, *indices, axes=axes, position=position), value.aval)


def _scatter_add_jvp(primals: Any, tangents: Any, **place: Any) -> tuple[Any, Any]:
    (_, _, *indices), (tx, tv, *_) = primals, tangents
    out = scatter_add(*primals, **place)
    if tv is None:
        return out, tx
    tx = instantiate(tx, typeof(out).strip_weak_type())
    return out, scatter_add(tx, tv, *indices, **place)


# `np.add.at(x, i, value)`: repeated indices add up.
scatter_add = Primitive(
    "scatter_add",
    impl=updated(accumulate(np.add)),
    abstract=abstract_scatter,
    jvp=_scatter_add_jvp,
    transpose=lambda ct, x, value, *indices, **place: (
        ct if type(x) is Linear else None,
        _transpose_of_value(ct, value, indices, **place),
        *[None] * len(indices),
    ),
    batch=scatter_batch(lambda: scatter_add),
)
