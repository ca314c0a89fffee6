"""All-pole filters along the last axis: y with a * y = x (convolution). They need SciPy.

Linear in x; the transpose filters backwards in time.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import unbroadcast
from funcgrad.ops.define import align_ranks
from funcgrad.ops.shape import rev
from funcgrad.ops.signal import convolve


def _abstract(a: ShapedArray, x: ShapedArray) -> ShapedArray:
    stack = np.broadcast_shapes(a.shape[:-1], x.shape[:-1])
    return ShapedArray((*stack, x.shape[-1]), x.dtype)


def _impl(a: Any, x: Any) -> Any:
    filter_ = importlib.import_module("scipy.signal").lfilter
    one = np.ones(1, x.dtype)
    if a.ndim == 1:
        return filter_(one, a, x, axis=-1).astype(x.dtype, copy=False)
    stack = np.broadcast_shapes(a.shape[:-1], x.shape[:-1])
    a, x = np.broadcast_to(a, stack + a.shape[-1:]), np.broadcast_to(x, stack + x.shape[-1:])
    out = np.empty(x.shape, x.dtype)
    for index in np.ndindex(stack):
        out[index] = filter_(one, a[index], x[index])
    return out


def _jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    (a, x), (ta, tx) = primals, tangents
    y = allpole_p(a, x)
    if ta is None:
        return y, allpole_p(a, tx)
    change = convolve(ta, y, 0, x.shape[-1])
    return y, allpole_p(a, -change if tx is None else tx - change)


def _transpose(ct: Any, a: Any, x: Any) -> tuple[None, Any]:
    last = (len(ct.shape) - 1,)
    found = rev(allpole_p(a, rev(ct, dimensions=last)), dimensions=last)
    return None, unbroadcast(found, x.aval)


def _batch(axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool]) -> tuple[Any, bool]:
    return allpole_p(*align_ranks(operands, batched)), True


allpole_p = Primitive(
    "allpole_filter",
    impl=_impl,
    abstract=_abstract,
    jvp=_jvp,
    transpose=_transpose,
    batch=_batch,
)
