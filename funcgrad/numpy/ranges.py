"""NumPy's `linspace`, `logspace` and `geomspace`, whose ends may be traced."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.tracing import typeof
from funcgrad.core.types import WEAK_TYPES
from funcgrad.numpy.arguments import number_or_operand
from funcgrad.ops.basic import broadcast_to, convert


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    div = num - 1 if endpoint else num
    start, stop = number_or_operand(start), number_or_operand(stop)
    computed = _floating_type(start, stop)
    start, stop = convert(start, computed), convert(stop, computed)
    delta = np.subtract(stop, start)
    shape = typeof(delta).shape
    steps = np.arange(num, dtype=computed).reshape((num,) + (1,) * len(shape))
    step = np.divide(delta, computed.type(div)) if div > 0 else np.nan
    samples = steps * (step if div > 0 else delta) + start
    if endpoint and num > 1:
        samples = _with_ends(samples, None, broadcast_to(stop, shape))
    if dtype is not None:
        whole = np.issubdtype(dtype, np.integer)
        samples = convert(np.floor(samples) if whole else samples, dtype)
    samples = np.moveaxis(samples, 0, axis) if axis else samples
    return (samples, step) if retstep else samples


@implements(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    start, stop, base = [number_or_operand(x) for x in (start, stop, base)]
    if typeof(base).shape:
        ndim = max(len(typeof(x).shape) for x in (start, stop, base))
        start, stop, base = [_with_ndim(x, ndim) for x in (start, stop, base)]
        base = np.expand_dims(base, axis)
    powers = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return powers if dtype is None else convert(powers, dtype)


@implements(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    # As in NumPy, the computation is done in double precision at least.
    start, stop = number_or_operand(start), number_or_operand(stop)
    computed = np.result_type(_floating_type(start, stop), np.zeros((), dtype))
    start, stop = convert(start, computed), convert(stop, computed)
    sign = np.sign(start)
    # Divided by its sign, the first end is positive; so is the last one if it has the same sign.
    start, stop = start / sign, stop / sign
    out = np.logspace(np.log10(start), np.log10(stop), num, endpoint)
    shape = typeof(out).shape[1:]
    if num > 0:
        last = broadcast_to(stop, shape) if num > 1 and endpoint else None
        out = _with_ends(out, broadcast_to(start, shape), last)
    out = out * sign
    out = np.moveaxis(out, 0, axis) if axis else out
    return convert(out, computed if dtype is None else dtype)


def _floating_type(*bounds: Any) -> np.dtype[Any]:
    """The type of samples between these: as NumPy promotes them, and floating."""
    avals = [typeof(x) for x in bounds]
    return np.result_type(*[WEAK_TYPES[a.dtype](0) if a.weak_type else a.dtype for a in avals], 0.0)


def _with_ends(samples: Any, first: Any, last: Any) -> Any:
    """Samples of which the outermost are exactly these, whatever rounding says."""
    inner = samples[first is not None : typeof(samples).shape[0] - (last is not None)]
    parts = [np.expand_dims(end, 0) for end in (first, last) if end is not None]
    return np.concatenate([*parts[: first is not None], inner, *parts[first is not None :]])


def _with_ndim(x: Any, ndim: int) -> Any:
    shape = typeof(x).shape
    return np.reshape(x, (1,) * (ndim - len(shape)) + shape)
