"""`np.interp`: piecewise linear interpolation, with derivatives in all of its arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert, reshape
from funcgrad.ops.complex import is_complex
from funcgrad.ops.gather import gather

_DOUBLE = np.dtype(np.float64)
_COMPLEX = np.dtype(np.complex128)


@implements(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """As NumPy's. At a knot the derivative is that of the piece to the right, as in JAX."""
    x, xp, fp = operand(x), operand(xp), operand(fp)
    for name, value in (("x", x), ("xp", xp)):
        if is_complex(value):
            raise TypeError(f"np.interp: {name} is {typeof(value)}, which has no order{here()}")
    shapes = typeof(xp).shape, typeof(fp).shape
    if len(shapes[0]) != 1 or shapes[0] != shapes[1] or not typeof(xp).size:
        raise ArgumentError(
            f"np.interp: xp of shape {shapes[0]} and fp of shape {shapes[1]} must be vectors of the "
            f"same length, which is not 0{here()}"
        )
    shape = typeof(x).shape
    dtype = _COMPLEX if typeof(fp).dtype.kind == "c" else _DOUBLE
    x = reshape(convert(x, _DOUBLE), (typeof(x).size,))
    xp, fp = convert(xp, _DOUBLE), convert(fp, dtype)
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, period)
        left = right = None
    result = _interpolate(x, xp, fp)
    if left is not None:
        result = np.where(x < xp[0], convert(operand(left), dtype), result)
    if right is not None:
        result = np.where(x > xp[-1], convert(operand(right), dtype), result)
    return reshape(result, shape) if shape else result[0]


def _take(x: Any, index: Any) -> Any:
    return gather(x, index, axes=(0,), position=0)


def _periodic(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """The data sorted within one period, with a neighbour from the next period at each end."""
    period = np.abs(period)
    if typeof(period).shape:
        raise ArgumentError(f"np.interp: the period must be a scalar{here()}")
    x, xp = np.mod(x, period), np.mod(xp, period)
    order = np.argsort(xp)
    xp, fp = _take(xp, order), _take(fp, order)
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, np.concatenate([fp[-1:], fp, fp[:1]])


def _interpolate(x: Any, xp: Any, fp: Any) -> Any:
    """The values at a vector `x`; those of the first and last knot outside."""
    n = typeof(xp).size
    if n == 1:
        return np.where(np.isnan(x), x, fp)
    place = np.searchsorted(xp, x, side="right") - 1
    knot = np.clip(place, 0, n - 1)
    piece = np.clip(place, 0, n - 2)
    slopes = np.subtract(fp[1:], fp[:-1]) / np.subtract(xp[1:], xp[:-1])
    # From the last knot itself, not from the one before, so that its value is exact.
    x0, y0 = _take(xp, knot), _take(fp, knot)
    value = _take(slopes, piece) * np.subtract(x, x0) + y0
    return np.where((x < xp[0]) | (x > xp[-1]), y0, value)
