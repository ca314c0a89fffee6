"""Updates at places that integer arrays give, with the axes and the position of `gather`.

Each scatter is the functional form of an in-place operation of NumPy, for repeated indices too:
`x[i] = v` (the last write wins), `np.multiply.at`, `np.minimum.at`, `np.maximum.at`. `np.add.at`
stands next to its dual in gather.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.primitive import Linear, Primitive
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray, is_differentiable
from funcgrad.ops.basic import instantiate, unbroadcast, zeros
from funcgrad.ops.gather import (
    abstract_scatter,
    accumulate,
    gather,
    gathered_shape,
    scatter_add,
    scatter_batch,
    updated,
    zero_like,
)
from funcgrad.ops.selection import where


def _set(out: Any, index: Any, value: Any) -> None:
    out[index] = value


def _scatter_jvp(primals: Any, tangents: Any, **place: Any) -> tuple[Any, Any]:
    (x, value, *indices), (tx, tv, *_) = primals, tangents
    out = scatter(x, value, *indices, **place)
    tx = instantiate(tx, typeof(out).strip_weak_type())
    tv = out.dtype.type(0) if tv is None else tv
    return out, scatter(tx, tv, *indices, **place)


def _scatter_transpose(
    ct: Any, x: Any, value: Any, *indices: Any, axes: Any, position: int, unique: bool
) -> tuple[Any, ...]:
    place = {"axes": axes, "position": position}
    ct_x = ct_value = None
    if type(x) is Linear:
        ct_x = scatter(ct, ct.dtype.type(0), *indices, **place, unique=unique)
    if type(value) is Linear:
        ct_value = gather(ct, *indices, **place)
        if not unique:
            ct_value = where(_wins(ct.shape, indices, axes, position), ct_value, ct.dtype.type(0))
        ct_value = unbroadcast(ct_value, value.aval)
    return ct_x, ct_value, *[None] * len(indices)


def _wins(shape: tuple[int, ...], indices: Any, axes: Any, position: int) -> Any:
    """Which elements of the written value remain: of those for the same place, the last."""
    result = gathered_shape(shape, [typeof(i) for i in indices], axes, position)
    numbers = np.arange(math.prod(result)).reshape(result)
    written = zeros(ShapedArray(shape, numbers.dtype))
    place = {"axes": axes, "position": position}
    written = scatter(written, numbers, *indices, **place, unique=True)
    return np.equal(gather(written, *indices, **place), numbers)


# `x[i] = value`. `unique` promises that no place is written twice.
scatter = Primitive(
    "scatter",
    impl=updated(_set),
    abstract=abstract_scatter,
    jvp=_scatter_jvp,
    transpose=_scatter_transpose,
    batch=scatter_batch(lambda: scatter),
)


def _scatter_mul_jvp(primals: Any, tangents: Any, **place: Any) -> tuple[Any, Any]:
    (x, value, *indices), (tx, tv, *_) = primals, tangents
    out = scatter_mul(x, value, *indices, **place)
    total = None if tx is None else scatter_mul(tx, value, *indices, **place)
    if tv is not None:
        term = tv * _product_of_others(x, value, indices, place) * gather(x, *indices, **place)
        base = zero_like(out) if total is None else total
        total = scatter_add(base, term, *indices, **place)
    return out, total


def _product_of_others(x: Any, value: Any, indices: Any, place: Any) -> Any:
    """For each factor, the product of the other factors that meet it at the same place.

    By division, which zeros forbid; so zeros are counted, left out of the product, and stand in
    `slopes`, which is 0 but has their derivatives: thereby the result and its derivative are right
    with any number of zeros.
    """
    shape = typeof(gather(x, *indices, **place)).shape
    dtype = typeof(x).dtype
    value = np.broadcast_to(value, shape)
    is_zero = np.equal(value, dtype.type(0))
    safe = where(is_zero, dtype.type(1), value)
    none = zeros(ShapedArray(typeof(x).shape, dtype))
    ones = none + dtype.type(1)
    product = gather(scatter_mul(ones, safe, *indices, **place), *indices, **place) / safe
    counts = scatter_add(none, where(is_zero, dtype.type(1), dtype.type(0)), *indices, **place)
    other_zeros = gather(counts, *indices, **place) - where(is_zero, dtype.type(1), dtype.type(0))
    slope = where(is_zero, value, dtype.type(0))
    slopes = gather(scatter_add(none, slope, *indices, **place), *indices, **place) - slope
    return where(
        np.equal(other_zeros, dtype.type(0)),
        product,
        where(np.equal(other_zeros, dtype.type(1)), product * slopes, dtype.type(0)),
    )


# `np.multiply.at(x, i, value)`.
scatter_mul = Primitive(
    "scatter_mul",
    impl=updated(accumulate(np.multiply)),
    abstract=abstract_scatter,
    jvp=_scatter_mul_jvp,
    transpose=lambda ct, x, value, *indices, **place: (
        scatter_mul(ct, value, *indices, **place) if type(x) is Linear else None,
        None,
        *[None] * len(indices),
    ),
    batch=scatter_batch(lambda: scatter_mul),
)


def _extremal(name: str, ufunc: np.ufunc) -> Primitive:
    """`np.minimum.at` or `np.maximum.at`: equal candidates share the derivative."""

    def jvp(primals: Any, tangents: Any, **place: Any) -> tuple[Any, Any]:
        (x, value, *indices), (tx, tv, *_) = primals, tangents
        out = primitive(x, value, *indices, **place)
        if not is_differentiable(typeof(out).dtype):
            return out, None
        one, zero = out.dtype.type(1), out.dtype.type(0)
        from_x = np.equal(x, out)
        from_value = np.equal(value, gather(out, *indices, **place))
        shares = where(from_value, one, zero)
        winners = scatter_add(where(from_x, one, zero), shares, *indices, **place)
        total = zero_like(out) if tx is None else where(from_x, tx, zero)
        if tv is not None:
            total = scatter_add(total, where(from_value, tv, zero), *indices, **place)
        return out, total / winners

    primitive = Primitive(
        name,
        impl=updated(accumulate(ufunc)),
        abstract=abstract_scatter,
        jvp=jvp,
        batch=scatter_batch(lambda: primitive),
    )
    return primitive


scatter_min = _extremal("scatter_min", np.minimum)
scatter_max = _extremal("scatter_max", np.maximum)
