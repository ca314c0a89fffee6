"""Advanced indexing: primitives whose indices are integer arrays and operands, so that they may be traced.

`gather` takes, for each axis in `axes`, an integer array; they broadcast against each other to a shape B, which
stands in the result at `position` among the remaining axes. That is NumPy's `x[:, i, j]` with NumPy's choice
of the position made explicit. The scatter family writes to the same places. An index out of range is an
IndexError; negative ones count from the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.primitive import BatchAxis, Linear, Primitive
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray, is_differentiable
from funcgrad.ops.basic import (
    expand_dims,
    instantiate,
    move_axis,
    reshape,
    shift,
    transpose,
    unbroadcast,
    without,
    zeros,
)
from funcgrad.ops.define import broadcast_shapes
from funcgrad.ops.indexing import align_value, batched_target


def natural_position(axes: Sequence[int]) -> int:
    """Where NumPy puts the indices' axes for slices everywhere but in `axes` (ascending)."""
    return axes[0] if axes[-1] - axes[0] == len(axes) - 1 else 0


def _numpy_index(ndim: int, axes: Sequence[int], indices: Sequence[Any]) -> tuple[Any, ...]:
    index: list[Any] = [slice(None)] * ndim
    for axis, i in zip(axes, indices, strict=True):
        index[axis] = i
    return tuple(index)


def _index_shape(indices: Sequence[Any]) -> tuple[int, ...]:
    return broadcast_shapes("indexing", [np.shape(i) if not hasattr(i, "shape") else i.shape for i in indices])


def _result_shape(
    shape: tuple[int, ...], indices: Sequence[Any], axes: Sequence[int], position: int
) -> tuple[int, ...]:
    rest = without(shape, axes)
    return (*rest[:position], *_index_shape(indices), *rest[position:])


def _gather_impl(x: Any, *indices: Any, axes: tuple[int, ...], position: int) -> Any:
    out = x[_numpy_index(x.ndim, axes, indices)]
    return _move_block(out, natural_position(axes), position, indices)


def _move_block(out: Any, source: int, destination: int, indices: Sequence[Any]) -> Any:
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
    rank = len(_example_index_shape(indices, batched[1:]))
    aligned = [align_value(i, b, rank) for i, b in zip(indices, batched[1:], strict=True)]
    if not batched[0]:
        out = gather(x, *aligned, axes=axes, position=position)
        return move_axis(out, position, 0), True
    # Both: the batch axis is one more indexed axis, whose index counts the examples.
    out = gather(x, _counter(axis.size, rank), *aligned, axes=(0, *shift(axes)), position=0)
    return _block_behind(out, rank, position), True


def _example_index_shape(indices: Sequence[Any], batched: Sequence[bool]) -> tuple[int, ...]:
    return np.broadcast_shapes(
        *[typeof(i).shape[1:] if b else typeof(i).shape for i, b in zip(indices, batched, strict=True)]
    )


def _counter(size: int, rank: int) -> Any:
    return np.arange(size).reshape((size,) + (1,) * rank)


def _block_behind(x: Any, rank: int, position: int) -> Any:
    """From axes (batch, index block, rest) to (batch, rest[:position], index block, rest[position:])."""
    ndim = len(typeof(x).shape)
    block, rest = range(1, 1 + rank), range(1 + rank, ndim)
    return transpose(x, (0, *rest[:position], *block, *rest[position:]))


def _block_front(x: Any, rank: int, position: int) -> Any:
    """The inverse of `_block_behind`."""
    ndim = len(typeof(x).shape)
    block = range(1 + position, 1 + position + rank)
    rest = [d for d in range(1, ndim) if d not in block]
    return transpose(x, (0, *block, *rest))


gather = Primitive(
    "gather",
    impl=_gather_impl,
    abstract=lambda x, *indices, axes, position: ShapedArray(
        _result_shape(x.shape, indices, axes, position), x.dtype
    ),
    jvp=lambda primals, tangents, **where: (
        gather(*primals, **where),
        None if tangents[0] is None else gather(tangents[0], *primals[1:], **where),
    ),
    transpose=lambda ct, x, *indices, **where: (
        scatter_add(zeros(x.aval.strip_weak_type()), ct, *indices, **where),
        *[None] * len(indices),
    ),
    batch=_gather_batch,
)


# Scatters


def _updated(assign: Callable[[Any, Any, Any], None]) -> Callable[..., Any]:
    """The implementation of a scatter: `assign(out, index, value)` in place on a copy."""

    def impl(x: Any, value: Any, *indices: Any, axes: tuple[int, ...], position: int, **_: Any) -> Any:
        out = np.array(x, order="C")
        source = natural_position(axes)
        if source != position and np.ndim(value):
            value = np.broadcast_to(value, _result_shape(out.shape, indices, axes, position))
            value = _move_block(value, position, source, indices)
        assign(out, _numpy_index(out.ndim, axes, indices), value)
        return out

    return impl


def _set(out: Any, index: Any, value: Any) -> None:
    out[index] = value


def _accumulate(ufunc: np.ufunc) -> Callable[[Any, Any, Any], None]:
    """`ufunc.at`, by way of flat indices where that reaches its fast path (2 to 4 times faster)."""

    def assign(out: Any, index: Any, value: Any) -> None:
        if out.ndim > 1 and out.size:
            # Basic indexing of an array of positions checks the range and broadcasts as NumPy does.
            places = np.arange(out.size).reshape(out.shape)[index]
            value = np.broadcast_to(value, places.shape)
            out, index = out.reshape(-1), places.reshape(-1)
            value = value.reshape(-1)
        ufunc.at(out, index, value)

    return assign


def _scatter_batch(primitive_of: Callable[[], Primitive]) -> Callable[..., tuple[Any, bool]]:
    def batch(
        axis: BatchAxis,
        operands: Any,
        batched: Any,
        axes: tuple[int, ...],
        position: int,
        **hints: Any,
    ) -> tuple[Any, bool]:
        x, value, *indices = operands
        rank = len(_example_index_shape(indices, batched[2:]))
        ndim = len(typeof(x).shape) - batched[0] - len(axes) + rank
        x = batched_target(axis, x, batched[0])
        value = align_value(value, batched[1], ndim)
        if not any(batched[2:]):
            out = primitive_of()(x, value, *indices, axes=shift(axes), position=position + 1, **hints)
            return out, True
        aligned = [align_value(i, b, rank) for i, b in zip(indices, batched[2:], strict=True)]
        if typeof(value).shape:
            missing = ndim + 1 - len(typeof(value).shape)
            value = _block_front(expand_dims(value, range(missing)), rank, position)
        counter = _counter(axis.size, rank)
        out = primitive_of()(
            x, value, counter, *aligned, axes=(0, *shift(axes)), position=0, **hints
        )
        return out, True

    return batch


def _abstract_scatter(x: ShapedArray, value: ShapedArray, *indices: Any, **where: Any) -> ShapedArray:
    return ShapedArray(x.shape, x.dtype)


def _zero_like(x: Any) -> Any:
    return zeros(typeof(x).strip_weak_type())


def _transpose_of_value(ct: Any, value: Any, indices: Any, axes: Any, position: int) -> Any:
    if type(value) is not Linear:
        return None
    return unbroadcast(gather(ct, *indices, axes=axes, position=position), value.aval)


def _scatter_jvp(primals: Any, tangents: Any, **where: Any) -> tuple[Any, Any]:
    (x, value, *indices), (tx, tv, *_) = primals, tangents
    out = scatter(x, value, *indices, **where)
    tx = instantiate(tx, typeof(out).strip_weak_type())
    tv = out.dtype.type(0) if tv is None else tv
    return out, scatter(tx, tv, *indices, **where)


def _scatter_transpose(
    ct: Any, x: Any, value: Any, *indices: Any, axes: Any, position: int, unique: bool
) -> tuple[Any, ...]:
    where = {"axes": axes, "position": position}
    ct_x = ct_value = None
    if type(x) is Linear:
        ct_x = scatter(ct, ct.dtype.type(0), *indices, **where, unique=unique)
    if type(value) is Linear:
        ct_value = gather(ct, *indices, **where)
        if not unique:
            ct_value = np.where(_wins(ct.shape, indices, axes, position), ct_value, ct.dtype.type(0))
        ct_value = unbroadcast(ct_value, value.aval)
    return ct_x, ct_value, *[None] * len(indices)


def _wins(shape: tuple[int, ...], indices: Any, axes: Any, position: int) -> Any:
    """Which elements of the written value remain: where an index is repeated, the last write does."""
    result = _result_shape(shape, [typeof(i) for i in indices], axes, position)
    numbers = np.arange(math.prod(result)).reshape(result)
    written = zeros(ShapedArray(shape, numbers.dtype))
    where = {"axes": axes, "position": position}
    written = scatter(written, numbers, *indices, **where, unique=True)
    return np.equal(gather(written, *indices, **where), numbers)


# `x[i] = value`. `unique` promises that no place is written twice.
scatter = Primitive(
    "scatter",
    impl=_updated(_set),
    abstract=_abstract_scatter,
    jvp=_scatter_jvp,
    transpose=_scatter_transpose,
    batch=_scatter_batch(lambda: scatter),
)


def _scatter_add_jvp(primals: Any, tangents: Any, **where: Any) -> tuple[Any, Any]:
    (x, value, *indices), (tx, tv, *_) = primals, tangents
    out = scatter_add(x, value, *indices, **where)
    if tv is None:
        return out, tx
    tx = instantiate(tx, typeof(out).strip_weak_type())
    return out, scatter_add(tx, tv, *indices, **where)


# `np.add.at(x, i, value)`: repeated indices add up.
scatter_add = Primitive(
    "scatter_add",
    impl=_updated(_accumulate(np.add)),
    abstract=_abstract_scatter,
    jvp=_scatter_add_jvp,
    transpose=lambda ct, x, value, *indices, **where: (
        ct if type(x) is Linear else None,
        _transpose_of_value(ct, value, indices, **where),
        *[None] * len(indices),
    ),
    batch=_scatter_batch(lambda: scatter_add),
)


def _scatter_mul_jvp(primals: Any, tangents: Any, **where: Any) -> tuple[Any, Any]:
    (x, value, *indices), (tx, tv, *_) = primals, tangents
    out = scatter_mul(x, value, *indices, **where)
    total = None if tx is None else scatter_mul(tx, value, *indices, **where)
    if tv is not None:
        term = tv * _product_of_others(x, value, indices, where) * gather(x, *indices, **where)
        base = _zero_like(out) if total is None else total
        total = scatter_add(base, term, *indices, **where)
    return out, total


def _product_of_others(x: Any, value: Any, indices: Any, where: Any) -> Any:
    """For each factor, the product of the other factors that meet it at the same place.

    By division, which zeros forbid; so zeros are counted, left out of the product, and stand in `slopes`,
    which is 0 but has their derivatives: thereby the result and its derivative are right with any
    number of zeros.
    """
    shape = typeof(gather(x, *indices, **where)).shape
    dtype = typeof(x).dtype
    value = np.broadcast_to(value, shape)
    is_zero = np.equal(value, dtype.type(0))
    safe = np.where(is_zero, dtype.type(1), value)
    none = zeros(ShapedArray(typeof(x).shape, dtype))
    ones = none + dtype.type(1)
    product = gather(scatter_mul(ones, safe, *indices, **where), *indices, **where) / safe
    counts = scatter_add(none, np.where(is_zero, dtype.type(1), dtype.type(0)), *indices, **where)
    other_zeros = gather(counts, *indices, **where) - np.where(is_zero, dtype.type(1), dtype.type(0))
    slope = np.where(is_zero, value, dtype.type(0))
    slopes = gather(scatter_add(none, slope, *indices, **where), *indices, **where) - slope
    return np.where(
        np.equal(other_zeros, dtype.type(0)),
        product,
        np.where(np.equal(other_zeros, dtype.type(1)), product * slopes, dtype.type(0)),
    )


# `np.multiply.at(x, i, value)`.
scatter_mul = Primitive(
    "scatter_mul",
    impl=_updated(_accumulate(np.multiply)),
    abstract=_abstract_scatter,
    jvp=_scatter_mul_jvp,
    transpose=lambda ct, x, value, *indices, **where: (
        scatter_mul(ct, value, *indices, **where) if type(x) is Linear else None,
        None,
        *[None] * len(indices),
    ),
    batch=_scatter_batch(lambda: scatter_mul),
)


def _extremal(name: str, ufunc: np.ufunc) -> Primitive:
    """`np.minimum.at` or `np.maximum.at`: equal candidates share the derivative."""

    def jvp(primals: Any, tangents: Any, **where: Any) -> tuple[Any, Any]:
        (x, value, *indices), (tx, tv, *_) = primals, tangents
        out = primitive(x, value, *indices, **where)
        if not is_differentiable(typeof(out).dtype):
            return out, None
        one, zero = out.dtype.type(1), out.dtype.type(0)
        from_x = np.equal(x, out)
        from_value = np.equal(value, gather(out, *indices, **where))
        shares = np.where(from_value, one, zero)
        winners = scatter_add(np.where(from_x, one, zero), shares, *indices, **where)
        total = _zero_like(out) if tx is None else np.where(from_x, tx, zero)
        if tv is not None:
            total = scatter_add(total, np.where(from_value, tv, zero), *indices, **where)
        return out, total / winners

    primitive = Primitive(
        name,
        impl=_updated(_accumulate(ufunc)),
        abstract=_abstract_scatter,
        jvp=jvp,
        batch=_scatter_batch(lambda: primitive),
    )
    return primitive


scatter_min = _extremal("scatter_min", np.minimum)
scatter_max = _extremal("scatter_max", np.maximum)


def index_vectors(shape: Sequence[int]) -> list[Any]:
    """`np.indices` in open form: one integer array per axis, which broadcast to the shape."""
    return [
        reshape(np.arange(n), tuple([n if a == d else 1 for a in range(len(shape))]))
        for d, n in enumerate(shape)
    ]
