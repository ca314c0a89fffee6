"""`bitcast_convert_type`: the same bits, read as numbers of another dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import Primitive
from funcgrad.core.source import here
from funcgrad.core.types import ShapedArray


def _abstract(x: ShapedArray, new_dtype: np.dtype[Any]) -> ShapedArray:
    old, new = x.dtype.itemsize, new_dtype.itemsize
    if "b" in (x.dtype.kind, new_dtype.kind) and x.dtype != new_dtype:
        raise ArgumentError(f"the bits of {x} cannot be read as {new_dtype}{here()}")
    if old == new:
        return ShapedArray(x.shape, new_dtype)
    if old > new:
        return ShapedArray((*x.shape, old // new), new_dtype)
    if not x.shape or x.shape[-1] * old != new:
        raise ArgumentError(
            f"the bits of {x} cannot be read as {new_dtype}{here()}\n  a wider dtype needs a last axis of length "
            f"{new // old}"
        )
    return ShapedArray(x.shape[:-1], new_dtype)


def _impl(x: Any, new_dtype: np.dtype[Any]) -> Any:
    x = np.asarray(x)
    old, new = x.dtype.itemsize, new_dtype.itemsize
    if old == new:
        return x.view(new_dtype)[()]
    if old > new:
        return np.ascontiguousarray(x)[..., None].view(new_dtype).reshape(*x.shape, old // new)
    return np.ascontiguousarray(x).view(new_dtype)[..., 0][()]


# To a narrower dtype adds an axis at the end, to a wider one takes it.
bitcast_convert_type = Primitive(
    "bitcast_convert_type",
    impl=_impl,
    abstract=_abstract,
    jvp=lambda primals, tangents, new_dtype: (
        bitcast_convert_type(*primals, new_dtype=new_dtype),
        None,
    ),
    batch=lambda axis, operands, batched, new_dtype: (
        bitcast_convert_type(*operands, new_dtype=new_dtype),
        True,
    ),
    view=True,
    properties=frozenset({"no_derivative"}),
)
