"""Primitives that arrange elements anew without computing: joining, padding, reversing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Linear, Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import (
    broadcast_in_dim,
    expand_dims,
    instantiate,
    linear_jvp,
    sum_axes,
    zeros,
)
from funcgrad.ops.indexing import Slice, getitem, whole
from funcgrad.ops.selection import where

PaddingConfig = tuple[tuple[int, int, int], ...]


def tangents_of(primals: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
    """Tangents with zeros for those that are symbolically zero."""
    return [
        instantiate(t, typeof(p).strip_weak_type()) for p, t in zip(primals, tangents, strict=True)
    ]


def batch_all(axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    """Operands that all have the batch axis."""
    return [x if b else to_front(x, axis.size) for x, b in zip(operands, batched, strict=True)]


def to_front(x: Any, size: int) -> Any:
    """A value repeated along a new leading axis."""
    shape = typeof(x).shape
    dims = tuple(range(1, len(shape) + 1))
    return broadcast_in_dim(x, shape=(size, *shape), broadcast_dimensions=dims)


def _same_type(name: str, avals: Sequence[ShapedArray]) -> None:
    dtype = avals[0].dtype
    if any(a.dtype != dtype for a in avals):
        listed = ", ".join(map(str, avals))
        raise ArgumentError(f"{name}: the dtypes of {listed} differ{here()}")


# Joining


def _abstract_concatenate(*avals: ShapedArray, dimension: int) -> ShapedArray:
    _same_type("concatenate", avals)
    shape = list(avals[0].shape)
    for aval in avals[1:]:
        if len(aval.shape) != len(shape) or any(
            m != n for d, (m, n) in enumerate(zip(aval.shape, shape, strict=True)) if d != dimension
        ):
            listed = " and ".join(str(a.shape) for a in avals)
            raise ArgumentError(
                f"shapes {listed} cannot be joined along axis {dimension}: "
                f"all other axes must have the same length{here()}"
            )
    shape[dimension] = sum(a.shape[dimension] for a in avals)
    return ShapedArray(tuple(shape), avals[0].dtype)


def _concatenate_transpose(ct: Any, *operands: Any, dimension: int) -> tuple[Any, ...]:
    cts = []
    start = 0
    for x in operands:
        shape = typeof(x).shape if type(x) is not Linear else x.shape
        stop = start + shape[dimension]
        if type(x) is Linear:
            index = list(whole(ct.shape))
            index[dimension] = Slice(start, stop, 1)
            cts.append(getitem(ct, index=tuple(index)))
        else:
            cts.append(None)
        start = stop
    return tuple(cts)


concatenate = Primitive(
    "concatenate",
    impl=lambda *xs, dimension: np.concatenate(xs, axis=dimension),
    abstract=_abstract_concatenate,
    jvp=lambda primals, tangents, dimension: (
        concatenate(*primals, dimension=dimension),
        concatenate(*tangents_of(primals, tangents), dimension=dimension),
    ),
    transpose=_concatenate_transpose,
    batch=lambda axis, operands, batched, dimension: (
        concatenate(*batch_all(axis, operands, batched), dimension=dimension + 1),
        True,
    ),
    properties=frozenset({"moves"}),
)


def _abstract_stack(*avals: ShapedArray, dimension: int) -> ShapedArray:
    _same_type("stack", avals)
    shape = avals[0].shape
    if any(a.shape != shape for a in avals):
        listed = ", ".join(str(a.shape) for a in avals)
        raise ArgumentError(f"all arrays to stack must have the same shape, not {listed}{here()}")
    return ShapedArray((*shape[:dimension], len(avals), *shape[dimension:]), avals[0].dtype)


def _stack_impl(*xs: Any, dimension: int) -> Any:
    # np.array is three times as fast on scalars, of which ODE right-hand sides are made.
    return np.array(xs) if np.ndim(xs[0]) == 0 else np.stack(xs, axis=dimension)


def _stack_transpose(ct: Any, *operands: Any, dimension: int) -> tuple[Any, ...]:
    index = list(whole(ct.shape))
    cts = []
    for i, x in enumerate(operands):
        index[dimension] = i
        cts.append(getitem(ct, index=tuple(index)) if type(x) is Linear else None)
    return tuple(cts)


# Joins along a new axis. One equation for `np.array([x[0] * 2, 1.0, ...])`.
stack = Primitive(
    "stack",
    impl=_stack_impl,
    abstract=_abstract_stack,
    jvp=lambda primals, tangents, dimension: (
        stack(*primals, dimension=dimension),
        stack(*tangents_of(primals, tangents), dimension=dimension),
    ),
    transpose=_stack_transpose,
    batch=lambda axis, operands, batched, dimension: (
        stack(*batch_all(axis, operands, batched), dimension=dimension + 1),
        True,
    ),
    properties=frozenset({"moves"}),
)


# Padding


def _padded(n: int, low: int, high: int, interior: int) -> int:
    return low + n + high + max(n - 1, 0) * interior


def _abstract_pad(x: ShapedArray, value: ShapedArray, padding_config: PaddingConfig) -> ShapedArray:
    shape = tuple([_padded(n, *c) for n, c in zip(x.shape, padding_config, strict=True)])
    if any(n < 0 for n in shape):
        raise ArgumentError(
            f"padding an array of shape {x.shape} by {padding_config} (low, high, interior per "
            f"axis) gives a negative length{here()}"
        )
    return ShapedArray(shape, x.dtype)


def pad_array(x: Any, value: Any, padding_config: PaddingConfig) -> Any:
    """An ndarray, padded."""
    shape = tuple([_padded(n, *c) for n, c in zip(x.shape, padding_config, strict=True)])
    out = np.full(shape, value, x.dtype)
    source, target = [], []
    for n, m, (low, _, interior) in zip(x.shape, shape, padding_config, strict=True):
        step = interior + 1
        first = max(0, -(low // step))  # the first element that is not cut off by negative padding
        last = min(n, -((low - m) // step))
        count = max(0, last - first)
        start = low + first * step
        source.append(slice(first, first + count))
        target.append(slice(start, start + count * step, step) if count else slice(0, 0))
    out[tuple(target)] = x[tuple(source)]
    return out


def _pad_jvp(primals: Any, tangents: Any, padding_config: PaddingConfig) -> tuple[Any, Any]:
    return (
        pad(*primals, padding_config=padding_config),
        pad(*tangents_of(primals, tangents), padding_config=padding_config),
    )


def _pad_transpose(ct: Any, x: Any, value: Any, padding_config: PaddingConfig) -> tuple[Any, Any]:
    # Padding backwards: negative padding removes the borders, a strided slice the interior.
    zero = zeros(ShapedArray((), ct.dtype))
    shape = typeof(x).shape if type(x) is not Linear else x.shape
    cut = pad(ct, zero, padding_config=tuple([(-low, -high, 0) for low, high, _ in padding_config]))
    index = tuple(
        [Slice(0, n * (c[2] + 1), c[2] + 1) for n, c in zip(shape, padding_config, strict=True)]
    )
    ct_x = getitem(cut, index=index) if index != whole(cut.shape) else cut
    ct_value = None
    if type(value) is Linear:
        everywhere = tuple(range(len(shape)))
        ct_value = sum_axes(ct, everywhere) - sum_axes(ct_x, everywhere)
    return (ct_x if type(x) is Linear else None), ct_value


def _pad_batch(
    axis: BatchAxis, operands: Any, batched: Any, padding_config: PaddingConfig
) -> tuple[Any, bool]:
    x, value = operands
    if not batched[0]:
        x = to_front(x, axis.size)
    config = ((0, 0, 0), *padding_config)
    if not batched[1]:
        return pad(x, value, padding_config=config), True
    out = pad(x, zeros(ShapedArray((), typeof(x).dtype)), padding_config=config)
    inside = pad_array(np.ones(typeof(x).shape[1:], bool), False, padding_config)
    value = expand_dims(value, tuple(range(1, len(config))))
    return where(inside, out, value), True


# JAX's pad: `(low, high, interior)` per axis; negative low and high cut elements off.
pad = Primitive(
    "pad",
    impl=pad_array,
    abstract=_abstract_pad,
    jvp=_pad_jvp,
    transpose=_pad_transpose,
    batch=_pad_batch,
    properties=frozenset({"moves"}),
)


# Reversing

rev = Primitive(
    "rev",
    impl=lambda x, dimensions: np.flip(x, dimensions),
    abstract=lambda x, dimensions: ShapedArray(x.shape, x.dtype),
    jvp=linear_jvp(lambda: rev),
    transpose=lambda ct, x, dimensions: (rev(ct, dimensions=dimensions),),
    batch=lambda axis, operands, batched, dimensions: (
        rev(operands[0], dimensions=tuple([d + 1 for d in dimensions])),
        True,
    ),
    view=True,
    properties=frozenset({"moves"}),
)
