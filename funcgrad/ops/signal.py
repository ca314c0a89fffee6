"""Convolution along the last axis, in a form that is closed under differentiation.

`convolve` gives a window of the full convolution: the elements from `start` on, zero beyond its ends. Its
cotangents are windows of convolutions with the reversed other operand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Linear, Primitive
from funcgrad.core.source import here
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import add_any, unbroadcast
from funcgrad.ops.define import align_ranks
from funcgrad.ops.shape import rev


def _abstract(a: ShapedArray, v: ShapedArray, start: int, size: int) -> ShapedArray:
    if a.dtype != v.dtype or not a.ndim or not v.ndim:
        raise ArgumentError(f"convolve of {a} and {v}: one axis and one dtype are needed{here()}")
    stack = np.broadcast_shapes(a.shape[:-1], v.shape[:-1])
    return ShapedArray((*stack, size), a.dtype)


def _window(a: Any, v: Any, start: int, size: int) -> Any:
    short, long = sorted((len(a), len(v)))
    first, last = 0, short + long - 1
    if not short:
        return np.zeros(size, a.dtype)
    if short - 1 <= start and start + size <= long:
        first, mode = short - 1, "valid"
        last = long
    else:
        mode = "full"
    if first == start and last - first == size:
        return np.convolve(a, v, mode)
    out = np.zeros(size, a.dtype)
    low, high = max(first, start), min(last, start + size)
    if low < high:
        out[low - start : high - start] = np.convolve(a, v, mode)[low - first : high - first]
    return out


def _impl(a: Any, v: Any, start: int, size: int) -> Any:
    if a.ndim == v.ndim == 1:
        return _window(a, v, start, size)
    stack = np.broadcast_shapes(a.shape[:-1], v.shape[:-1])
    a = np.broadcast_to(a, stack + a.shape[-1:])
    v = np.broadcast_to(v, stack + v.shape[-1:])
    out = np.empty((*stack, size), a.dtype)
    for index in np.ndindex(stack):
        out[index] = _window(a[index], v[index], start, size)
    return out


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> tuple[Any, Any]:
    (a, v), (ta, tv) = primals, tangents
    parts = [convolve_p(ta, v, **params)] if ta is not None else []
    if tv is not None:
        parts.append(convolve_p(a, tv, **params))
    return convolve_p(a, v, **params), parts[0] if len(parts) == 1 else add_any(*parts)


def _transpose(ct: Any, a: Any, v: Any, start: int, size: int) -> tuple[Any, Any]:
    def against(other: Any, x: Linear) -> Any:
        ndim, m = len(other.shape), other.shape[-1]
        turned = rev(other, dimensions=(ndim - 1,))
        found = convolve_p(ct, turned, start=m - 1 - start, size=x.shape[-1])
        return unbroadcast(found, x.aval)

    if type(a) is Linear:
        return against(v, a), None
    return None, against(a, v)


def _batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], **params: Any
) -> tuple[Any, bool]:
    return convolve_p(*align_ranks(operands, batched), **params), True


# Elements `start` to `start + size` of the full convolution along the last axis; other axes broadcast.
convolve_p = Primitive(
    "convolve",
    impl=_impl,
    abstract=_abstract,
    jvp=_jvp,
    transpose=_transpose,
    batch=_batch,
)


def convolve(a: Any, v: Any, start: int, size: int) -> Any:
    """Elements `start` to `start + size` of the full convolution of `a` and `v` (..., n) and (..., m)."""
    return convolve_p(a, v, start=start, size=size)
