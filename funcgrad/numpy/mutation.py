"""NumPy's functions that write into an array that they are given."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError, TracingError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.numpy.attributes import FlatIterator
from funcgrad.numpy.index_entries import IndexingError
from funcgrad.numpy.indexing import cast_value, fit_value
from funcgrad.numpy.indexing import put as put_at
from funcgrad.numpy.places import broadcast_indices
from funcgrad.numpy.taking import checked_along_axis, in_range, values_of
from funcgrad.ops.basic import broadcast_to
from funcgrad.ops.elementwise import where as select
from funcgrad.ops.scatter import scatter


def traced_target(x: Any, name: str) -> Tracer:
    """The array to be written to, which must be traced."""
    if not isinstance(x, Tracer):
        raise TracingError(
            f"{name} cannot write traced values into a plain array{here()}\n  make the array with "
            "np.zeros_like(x) of a traced x, or with fnp.zeros(...) (import funcgrad.numpy as fnp)"
        )
    return x


@implements(np.copyto)
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    target, value = traced_target(dst, "np.copyto"), operand(src)
    if not np.can_cast(typeof(value).dtype, target.dtype, casting) and typeof(value).ndim:
        raise TypeError(
            f"Cannot cast array data from {typeof(value).dtype!r} to {target.dtype!r} according to "
            f"the rule {casting!r}{here()}"
        )
    value = fit_value(cast_value(value, target.dtype), target.shape)
    if where is not True:
        value = select(broadcast_to(operand(where), target.shape), value, target)
    put_at(target, ..., value) if target.shape else target.fill(value)


@implements(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    target = traced_target(a, "np.put")
    indices, values = np.ravel(operand(ind)), np.ravel(operand(v))
    if not typeof(indices).size:
        return
    if not target.size:
        raise IndexingError(f"cannot replace elements of an empty array{here()}")
    if not typeof(values).size:
        return
    indices = in_range(indices, target.size, mode)
    FlatIterator(target)[indices] = np.resize(values, typeof(indices).shape)


@implements(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    target = traced_target(arr, "np.place")
    where, values = operand(mask), np.ravel(operand(vals))
    if typeof(where).size != target.size:
        raise ArgumentError(f"place: mask and data must be the same size{here()}")
    where = np.reshape(np.not_equal(where, 0), target.shape)
    if typeof(values).size == 1:
        put_at(target, where, values[0])
        return
    where = values_of(where, "elements selected by the mask")
    n = int(np.count_nonzero(where))
    if n and not typeof(values).size:
        raise ArgumentError(f"Cannot insert from an empty array!{here()}")
    if n:
        put_at(target, where, np.resize(values, (n,)))


@implements(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    target = traced_target(a, "np.putmask")
    where, values = operand(mask), np.ravel(operand(values))
    if typeof(where).size != target.size:
        raise ArgumentError(f"putmask: mask and data must be the same size{here()}")
    if typeof(values).size:
        where = np.reshape(np.not_equal(where, 0), target.shape)
        new = cast_value(np.resize(values, target.shape), target.dtype)
        put_at(target, ..., select(where, new, target))


@implements(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    target, i = traced_target(arr, "np.put_along_axis"), operand(indices)
    if axis is None:
        if typeof(i).ndim != 1:
            raise ArgumentError(f"when axis=None, `indices` must have a single dimension.{here()}")
        # `flat` would repeat values; fancy indexing, which NumPy uses here, broadcasts them.
        value = fit_value(cast_value(operand(values), target.dtype), typeof(i).shape)
        FlatIterator(target)[i] = value
        return
    axis = normalize_axis(axis, target.ndim)
    places = checked_along_axis(target.shape, i, axis)
    shape = broadcast_indices(places)
    value = fit_value(cast_value(operand(values), target.dtype), shape)
    axes = tuple(range(target.ndim))
    target._assign(scatter(target, value, *places, axes=axes, position=0, unique=False))


@implements(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    target = traced_target(a, "np.fill_diagonal")
    if target.ndim < 2:
        raise ArgumentError(f"array must be at least 2-d{here()}")
    stop = None
    if target.ndim == 2:
        step = target.shape[1] + 1
        if not wrap:
            stop = target.shape[1] * target.shape[1]
    else:
        if len(set(target.shape)) != 1:
            raise ArgumentError(
                f"All dimensions of input must be of equal length, not {target.shape}{here()}"
            )
        step = 1 + int(np.cumprod(target.shape[:-1]).sum())
    FlatIterator(target)[:stop:step] = np.ravel(operand(val))
