"""NumPy's medians, quantiles and percentiles: sort, take two neighbours, interpolate.

The samples are gathered into the first axis of a matrix, whose second axis counts the results. The
derivative is that of the samples which the result lies between; where the position is computed from
a traced `q`, also that of the position.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError, UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import (
    NOT_GIVEN,
    Axes,
    deliver,
    normalize_axes,
    operand,
    restore_axes,
)
from funcgrad.numpy.moments import mean
from funcgrad.numpy.nan_reductions import nanmean
from funcgrad.numpy.quantile_methods import CONTINUOUS, DISCRETE, as_index, weight_of_next
from funcgrad.ops.basic import broadcast_to, convert, remaining, reshape, transpose
from funcgrad.ops.elementwise import is_nan
from funcgrad.ops.elementwise import where as select

_DOUBLE = np.dtype(np.float64)


def _samples(a: Any, axes: Axes) -> Any:
    """The reduced axes as the first, the others as the second axis of a matrix."""
    shape = typeof(a).shape
    rest = remaining(len(shape), axes)
    count = 1
    for d in axes:
        count *= shape[d]
    columns = 1
    for d in rest:
        columns *= shape[d]
    return reshape(transpose(a, (*axes, *rest)), (count, columns))


def _shaped(
    x: Any, lead: tuple[int, ...], shape: tuple[int, ...], axes: Axes, keepdims: Any
) -> Any:
    """A result (lead..., columns) with the axes that are left of an array of this shape."""
    rest = tuple([shape[d] for d in remaining(len(shape), axes)])
    if not lead and not rest:
        x = x[0]  # a scalar, as NumPy returns it
    else:
        x = reshape(x, (*lead, *rest))
    axes = tuple([d + len(lead) for d in axes])
    return restore_axes(x, (*lead, *shape), axes, keepdims)


def _spoil(result: Any, last: Any) -> Any:
    """NaN, which sorts to the end, makes a result NaN."""
    dtype = typeof(last).dtype
    if dtype.kind not in "fc":
        return result
    shape = typeof(result).shape
    nan = typeof(result).dtype.type(np.nan)
    return select(broadcast_to(is_nan(last), shape), nan, result)


# Medians


@implements(np.median)
def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Any:
    a = operand(a)
    shape = typeof(a).shape
    axes = normalize_axes(axis, len(shape), lists=True)
    x = _samples(a, axes)
    n = typeof(x).shape[0]
    if not n:
        result = mean(x, axis=0)
    else:
        x = np.sort(x, axis=0)
        result = _spoil(mean(x[(n - 1) // 2 : n // 2 + 1], axis=0), x[n - 1])
    return deliver(_shaped(result, (), shape, axes, keepdims), out, "np.median")


@implements(np.nanmedian)
def nanmedian(
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: Any = NOT_GIVEN,
) -> Any:
    a = operand(a)
    if not typeof(a).size:
        return nanmean(a, axis, out=out, keepdims=keepdims)
    if typeof(a).dtype.kind not in "fc":
        return median(a, axis, out, overwrite_input, keepdims)
    shape = typeof(a).shape
    axes = normalize_axes(axis, len(shape), lists=True)
    x = np.sort(_samples(a, axes), axis=0)
    count = _count(x)
    below = np.take_along_axis(x, (count - 1) // 2, axis=0)
    above = np.take_along_axis(x, count // 2, axis=0)
    result = mean(np.concatenate([below, above]), axis=0)
    return deliver(_shaped(result, (), shape, axes, keepdims), out, "np.nanmedian")


def _count(x: Any) -> Any:
    """How many of the samples in each column are not NaN; 1 if none, to take NaN from there."""
    return np.maximum(np.count_nonzero(np.logical_not(is_nan(x)), axis=0, keepdims=True), 1)


# Quantiles


def _implemented(function: Callable[..., Any]) -> Callable[..., Any]:
    """The implementation of one of NumPy's four functions, which differ in the scale of q and in what NaN does."""
    name = f"np.{function.__name__}"

    @implements(function)
    def compute(
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = NOT_GIVEN,
        *,
        weights: Any = None,
        interpolation: Any = None,
    ) -> Any:
        return _quantile(name, a, q, axis, out, interpolation or method, keepdims, weights)

    return compute


quantile, percentile, nanquantile, nanpercentile = map(
    _implemented, (np.quantile, np.percentile, np.nanquantile, np.nanpercentile)
)


def _quantile(
    name: str, a: Any, q: Any, axis: Any, out: Any, method: str, keepdims: Any, weights: Any
) -> Any:
    a = operand(a)
    aval = typeof(a)
    if aval.dtype.kind == "c":
        raise ArgumentError(f"{name} takes real numbers, got {aval}{here()}")
    if method not in DISCRETE and method not in CONTINUOUS:
        known = ", ".join(sorted({**DISCRETE, **CONTINUOUS}))
        raise ArgumentError(f"{name}: {method!r} is not a method{here()}\n  known are {known}")
    if name.startswith("np.nan") and not aval.size:
        return nanmean(a, axis, out=out, keepdims=keepdims)
    weak = type(q) in (int, float)
    percent = name.endswith("percentile")
    q = np.true_divide(operand(q), 100) if percent else operand(q)
    _check_range(name, q, percent)
    axes = normalize_axes(axis, aval.ndim, lists=True)
    lead = typeof(q).shape
    q = reshape(q, (typeof(q).size,)) if lead else q
    dtype = _result_dtype(aval.dtype, typeof(q).dtype, weak or typeof(q).weak_type, method)
    x = _samples(a, axes)
    if not typeof(x).shape[0]:
        raise ArgumentError(f"{name} of an array of shape {aval.shape} without samples{here()}")
    skip_nan = name.startswith("np.nan") and aval.dtype.kind == "f"
    if weights is None:
        result = _interpolated(x, q, method, dtype, skip_nan)
    else:
        if method != "inverted_cdf":
            raise ArgumentError(
                f"{name}: only method='inverted_cdf' takes weights, got {method!r}{here()}"
            )
        weights = _samples(_spread_weights(operand(weights), aval.shape, axis, name), axes)
        result = _weighted(x, q, weights, skip_nan)
    return deliver(_shaped(result, lead, aval.shape, axes, keepdims), out, name)


def _check_range(name: str, q: Any, percent: bool) -> None:
    if not isinstance(q, Tracer) and not np.all((q >= 0) & (q <= 1)):
        raise ArgumentError(f"{name}: q must be in [0, {100 if percent else 1}]{here()}")


@lru_cache(maxsize=256)
def _result_dtype(
    dtype: np.dtype[Any], q_dtype: np.dtype[Any], weak: bool, method: str
) -> np.dtype[Any]:
    """What NumPy returns, whose rule differs between its versions."""
    q = q_dtype.type(0).item() if weak else np.zeros(1, q_dtype)
    options: Any = {"method": method}
    if dtype.kind == "b" and method in CONTINUOUS:
        raise UnsupportedError(f"quantiles of booleans cannot be interpolated{here()}")
    return np.asarray(np.quantile(np.zeros(1, dtype), q, **options)).dtype


def _interpolated(x: Any, q: Any, method: str, dtype: np.dtype[Any], skip_nan: bool) -> Any:
    x = np.sort(x, axis=0)
    n = _count(x) if skip_nan else typeof(x).shape[0]
    if typeof(q).shape:
        q = reshape(q, (typeof(q).size, 1)) if skip_nan else q
    if method in DISCRETE:
        index = DISCRETE[method](n, q)
        result = _taken(x, np.minimum(index, n - 1), skip_nan)
    else:
        position = CONTINUOUS[method](n, q)
        if method == "linear" and typeof(position).dtype.kind in "iu":
            result = _taken(x, position, skip_nan)
        else:
            result = _between(x, position, n, method, dtype, skip_nan)
    return result if skip_nan else _spoil(result, x[typeof(x).shape[0] - 1])


def _taken(x: Any, index: Any, per_column: bool) -> Any:
    """The samples at these positions, which may differ between the columns."""
    if per_column:
        found = np.take_along_axis(x, index, axis=0)
        return found[0] if typeof(index).shape[0] == 1 else found
    return np.take(x, index, axis=0)


def _between(
    x: Any, position: Any, n: Any, method: str, dtype: np.dtype[Any], skip_nan: bool
) -> Any:
    """Interpolate linearly between the neighbours of a position."""
    below = np.floor(position)
    inside = as_index(np.clip(below, 0, n - 1))
    following = as_index(np.clip(below + 1, 0, n - 1))
    first, second = _taken(x, inside, skip_nan), _taken(x, following, skip_nan)
    weight = weight_of_next(method, position, below)
    if skip_nan:
        weight = weight[0] if typeof(weight).shape[0] == 1 else weight
    elif typeof(weight).shape:
        weight = reshape(weight, (*typeof(weight).shape, 1))
    weight = convert(weight, dtype)
    # Before the first and behind the last sample both neighbours are the same. As in NumPy, the
    # difference is taken from the nearer one.
    step = np.subtract(second, first)
    if not isinstance(weight, Tracer) and not np.ndim(weight):
        near = weight < 0.5
        return first + step * weight if near else second - step * (1 - weight)
    return select(weight >= 0.5, second - step * (1 - weight), first + step * weight)


# Weighted quantiles


def _spread_weights(weights: Any, shape: tuple[int, ...], axis: Any, name: str) -> Any:
    given = typeof(weights).shape
    if given == shape:
        return weights
    if axis is None or isinstance(axis, tuple) or given != (shape[axis],):
        raise ArgumentError(
            f"{name}: weights of shape {given} do not fit an array of shape {shape} with axis "
            f"{axis}{here()}"
        )
    along = axis % len(shape)
    lined = reshape(weights, tuple([n if d == along else 1 for d, n in enumerate(shape)]))
    return broadcast_to(lined, shape)


def _weighted(x: Any, q: Any, weights: Any, skip_nan: bool) -> Any:
    """The first sample at which the cumulative weight reaches the share q of the total."""
    if skip_nan:
        weights = select(is_nan(x), typeof(weights).dtype.type(0), weights)
    order = np.argsort(x, axis=0)
    x = np.take_along_axis(x, order, axis=0)
    n = typeof(x).shape[0]
    reached = np.cumsum(np.take_along_axis(weights, order, axis=0), axis=0, dtype=_DOUBLE)
    reached = reached / reached[n - 1]
    if typeof(q).dtype.kind == "f":
        reached = convert(reached, typeof(q).dtype)
    reached = np.where(reached == 0, -1.0, reached)  # so that q = 0 skips samples without weight
    rows = reshape(q, (typeof(q).size, 1, 1))
    index = np.minimum(np.count_nonzero(reached < rows, axis=1), n - 1)
    result = np.take_along_axis(x, index, axis=0)
    result = result if typeof(q).shape else result[0]
    return result if skip_nan else _spoil(result, x[n - 1])
