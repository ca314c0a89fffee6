"""Slices whose start is traced: JAX's `dynamic_slice` and `dynamic_update_slice`.

The size is known when the equation is recorded. Starts are clamped so that the slice fits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Linear, Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import instantiate, zeros
from funcgrad.ops.gather import gather
from funcgrad.ops.indexing import batched_target
from funcgrad.ops.scatter import scatter


def _window(shape: tuple[int, ...], starts: Any, sizes: tuple[int, ...]) -> tuple[slice, ...]:
    window = []
    for n, start, size in zip(shape, starts, sizes, strict=True):
        first = min(max(int(start), 0), n - size)
        window.append(slice(first, first + size))
    return tuple(window)


def _check(name: str, x: ShapedArray, sizes: tuple[int, ...], starts: Any) -> None:
    if len(starts) != x.ndim or len(sizes) != x.ndim:
        raise ArgumentError(
            f"{name}: an array of shape {x.shape} needs one start and one size per axis, "
            f"not {len(starts)} and {len(sizes)}{here()}"
        )
    if any(size > n for size, n in zip(sizes, x.shape, strict=True)):
        raise ArgumentError(
            f"{name}: a slice of shape {sizes} does not fit into shape {x.shape}{here()}"
        )


def _abstract_slice(
    x: ShapedArray, *starts: ShapedArray, slice_sizes: tuple[int, ...]
) -> ShapedArray:
    _check("dynamic_slice", x, slice_sizes, starts)
    return ShapedArray(slice_sizes, x.dtype)


def _places(
    shape: tuple[int, ...], starts: Any, batched: Any, sizes: tuple[int, ...]
) -> tuple[list[Any], list[bool]]:
    """Starts (batched or not) as index arrays for `gather`, and which of them are batched."""
    places = []
    for d, (n, start, size, b) in enumerate(zip(shape, starts, sizes, batched, strict=True)):
        offsets = np.arange(size).reshape([size if a == d else 1 for a in range(len(shape))])
        first = np.clip(start, 0, n - size)
        if b:
            first = first.reshape((typeof(start).shape[0],) + (1,) * len(shape))
        places.append(np.add(first, offsets))
    return places, list(batched)


def _slice_batch(
    axis: BatchAxis, operands: Any, batched: Any, slice_sizes: tuple[int, ...]
) -> tuple[Any, bool]:
    x, *starts = operands
    if not any(batched[1:]):
        return dynamic_slice(x, np.intp(0), *starts, slice_sizes=(axis.size, *slice_sizes)), True
    shape = typeof(x).shape[batched[0] :]
    places, flags = _places(shape, starts, batched[1:], slice_sizes)
    axes = tuple(range(len(shape)))
    return gather.batch(axis, (x, *places), (batched[0], *flags), axes=axes, position=0)  # type: ignore[misc]


dynamic_slice = Primitive(
    "dynamic_slice",
    impl=lambda x, *starts, slice_sizes: x[_window(x.shape, starts, slice_sizes)],
    abstract=_abstract_slice,
    jvp=lambda primals, tangents, slice_sizes: (
        dynamic_slice(*primals, slice_sizes=slice_sizes),
        None
        if tangents[0] is None
        else dynamic_slice(tangents[0], *primals[1:], slice_sizes=slice_sizes),
    ),
    transpose=lambda ct, x, *starts, slice_sizes: (
        dynamic_update_slice(zeros(x.aval.strip_weak_type()), ct, *starts),
        *[None] * len(starts),
    ),
    batch=_slice_batch,
    view=True,
)


def _abstract_update(x: ShapedArray, update: ShapedArray, *starts: ShapedArray) -> ShapedArray:
    _check("dynamic_update_slice", x, update.shape, starts)
    if x.dtype != update.dtype:
        raise ArgumentError(f"dynamic_update_slice: the dtypes of {x} and {update} differ{here()}")
    return ShapedArray(x.shape, x.dtype)


def _update_impl(x: Any, update: Any, *starts: Any) -> Any:
    out = np.array(x, order="C")
    out[_window(out.shape, starts, np.shape(update))] = update
    return out


def _update_jvp(primals: Any, tangents: Any) -> tuple[Any, Any]:
    (x, update, *starts), (tx, tu, *_) = primals, tangents
    tx, tu = [instantiate(t, typeof(p).strip_weak_type()) for t, p in ((tx, x), (tu, update))]
    return dynamic_update_slice(*primals), dynamic_update_slice(tx, tu, *starts)


def _update_transpose(ct: Any, x: Any, update: Any, *starts: Any) -> tuple[Any, ...]:
    sizes = update.shape
    ct_x = ct_update = None
    if type(x) is Linear:
        ct_x = dynamic_update_slice(ct, zeros(ShapedArray(sizes, ct.dtype)), *starts)
    if type(update) is Linear:
        ct_update = dynamic_slice(ct, *starts, slice_sizes=sizes)
    return ct_x, ct_update, *[None] * len(starts)


def _update_batch(axis: BatchAxis, operands: Any, batched: Any) -> tuple[Any, bool]:
    x, update, *starts = operands
    if not any(batched[2:]):
        x = batched_target(axis, x, batched[0])
        update = batched_target(axis, update, batched[1])
        return dynamic_update_slice(x, update, np.intp(0), *starts), True
    shape = typeof(x).shape[batched[0] :]
    sizes = typeof(update).shape[batched[1] :]
    places, flags = _places(shape, starts, batched[2:], sizes)
    axes = tuple(range(len(shape)))
    return scatter.batch(  # type: ignore[misc]
        axis,
        (x, update, *places),
        (batched[0], batched[1], *flags),
        axes=axes,
        position=0,
        unique=True,
    )


dynamic_update_slice = Primitive(
    "dynamic_update_slice",
    impl=_update_impl,
    abstract=_abstract_update,
    jvp=_update_jvp,
    transpose=_update_transpose,
    batch=_update_batch,
)
