"""NumPy's reductions that leave NaN out. A NaN that is left out has the derivative 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import NOT_GIVEN, Axes, deliver, normalize_axes, operand, restore_axes
from funcgrad.numpy.cumulative import cumprod_, cumsum_
from funcgrad.numpy.moments import implement_spread, ratio, variance
from funcgrad.numpy.moments import mean as plain_mean
from funcgrad.numpy.reductions import (
    argmax,
    argmin,
    as_mask,
    implement_extremum,
    is_mask,
    masked,
    prod,
    sum_,
)
from funcgrad.ops import reduction
from funcgrad.ops.basic import convert, reduce_sum
from funcgrad.ops.complex import is_complex
from funcgrad.ops.elementwise import is_nan, logical_and, logical_not
from funcgrad.ops.elementwise import where as select
from funcgrad.ops.power import safe_sqrt, squared_magnitude

_INT = np.dtype(np.intp)


def split_nan(a: Any, fill: Any) -> tuple[Any, Any]:
    """`a` with `fill` for NaN, and where NaN was (None for a dtype that has none)."""
    a = operand(a)
    dtype = typeof(a).dtype
    if dtype.kind not in "fc":
        return a, None
    nan = is_nan(a)
    return select(nan, dtype.type(fill), a), nan


@implements(np.nansum)
def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:
    return sum_(split_nan(a, 0)[0], axis, dtype, out, keepdims, initial, where)


@implements(np.nanprod)
def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:
    return prod(split_nan(a, 1)[0], axis, dtype, out, keepdims, initial, where)


@implements(np.nancumsum)
def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return cumsum_(split_nan(a, 0)[0], axis, dtype, out)


@implements(np.nancumprod)
def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return cumprod_(split_nan(a, 1)[0], axis, dtype, out)


implement_extremum(np.nanmax, largest=True, skip_nan=True)
implement_extremum(np.nanmin, largest=False, skip_nan=True)


@implements(np.nanargmax)
def nanargmax(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = NOT_GIVEN) -> Any:
    """As NumPy's, but -1 (as JAX has it), not an error, where there is nothing but NaN: that depends
    on values, which are not known while tracing."""
    return _nan_position("np.nanargmax", argmax, -np.inf, a, axis, out, keepdims)


@implements(np.nanargmin)
def nanargmin(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = NOT_GIVEN) -> Any:
    """As NumPy's, but -1 (as JAX has it), not an error, where there is nothing but NaN: that depends
    on values, which are not known while tracing."""
    return _nan_position("np.nanargmin", argmin, np.inf, a, axis, out, keepdims)


def _nan_position(
    name: str, position: Any, fill: float, a: Any, axis: Any, out: Any, keepdims: Any
) -> Any:
    filled, nan = split_nan(a, fill)
    result = position(filled, axis)
    aval = typeof(filled)
    axes = normalize_axes(axis, aval.ndim, scalar_axis=True)
    if nan is not None:
        # Where everything was NaN, and so became the same, the position found is 0.
        result = result - convert(reduction.reduce_and(nan, axes=axes), _INT)
    return deliver(restore_axes(result, aval.shape, axes, keepdims), out, name)


def _count(nan: Any, axis: Any, mask: Any, name: str) -> tuple[Any, Any]:
    """How many elements are not NaN, and the axes over which they are counted."""
    aval = typeof(nan)
    axes = normalize_axes(axis, aval.ndim, scalar_axis=True)
    counted = logical_not(nan)
    if is_mask(mask):
        counted = logical_and(counted, as_mask(mask, aval.shape, name))
    return reduce_sum(convert(counted, _INT), axes=axes), axes


@implements(np.nanmean)
def nanmean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    *,
    where: Any = NOT_GIVEN,
) -> Any:
    filled, nan = split_nan(a, 0)
    if nan is None:
        return plain_mean(filled, axis, dtype, out, keepdims, where=where)
    _check_dtype(dtype, "np.nanmean")
    count, axes = _count(nan, axis, where, "np.nanmean")
    result = ratio(sum_(filled, axis, dtype, where=where), count)
    return deliver(restore_axes(result, typeof(nan).shape, axes, keepdims), out, "np.nanmean")


def _check_dtype(dtype: Any, name: str) -> None:
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        raise ArgumentError(
            f"{name}: the dtype must be inexact for an array with NaN, got {np.dtype(dtype)}{here()}"
        )


def _nan_variance(
    name: str, a: Any, axis: Any, dtype: Any, ddof: Any, mask: Any, mean: Any
) -> tuple[Any, Axes]:
    """The variance of what is not NaN, and the reduced axes; NaN where too little is left."""
    filled, nan = split_nan(a, 0)
    if nan is None:
        return variance(name, filled, axis, dtype, ddof, mask, mean)
    _check_dtype(dtype, name)
    count, axes = _count(nan, axis, mask, name)
    if mean is NOT_GIVEN:
        mean = ratio(sum_(filled, axis, dtype, where=mask), count)
        mean = restore_axes(mean, typeof(nan).shape, axes, True)
    deviation = filled - operand(mean)
    deviation = select(nan, typeof(deviation).dtype.type(0), deviation)
    squares = squared_magnitude(deviation)
    dtype = None if is_complex(deviation) else dtype
    total = sum_(masked(squares, mask, 0, name), axis, dtype)
    freedom = count - ddof
    enough = freedom > 0
    number = typeof(total).dtype.type
    # Added, not selected, so that the derivative stays finite.
    spoilt = select(enough, number(0), number(np.nan))
    return ratio(total, select(enough, freedom, 1)) + spoilt, axes


implement_spread(np.nanvar, _nan_variance, lambda variance: variance)
implement_spread(np.nanstd, _nan_variance, safe_sqrt)
