"""NumPy's means and variances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import (
    NOT_GIVEN,
    Axes,
    deliver,
    normalize_axes,
    operand,
    restore_axes,
)
from funcgrad.numpy.reductions import as_mask, is_mask, masked
from funcgrad.ops.basic import broadcast_to, convert, reduce_sum, reshape, transpose
from funcgrad.ops.elementwise import max_
from funcgrad.ops.power import safe_sqrt, squared_magnitude

_HALF = np.dtype(np.float16)
_SINGLE = np.dtype(np.float32)
_DOUBLE = np.dtype(np.float64)


def _working_dtype(dtype: Any, given: np.dtype[Any]) -> tuple[np.dtype[Any], np.dtype[Any] | None]:
    """The dtype to compute in, and that of the result if it is another: half precision is too
    coarse for sums."""
    if dtype is not None:
        dtype = np.dtype(dtype)
        return dtype, None if dtype.kind in "fc" else dtype
    if given.kind in "biu":
        return _DOUBLE, None
    return (_SINGLE, _HALF) if given == _HALF else (given, None)


def _count(shape: tuple[int, ...], axes: Axes, where: Any, name: str) -> Any:
    """How many elements go into each result."""
    if not is_mask(where):
        count = 1
        for d in axes:
            count *= shape[d]
        return count
    mask = convert(broadcast_to(as_mask(where, shape, name), shape), np.dtype(np.intp))
    return reduce_sum(mask, axes=axes)


def ratio(total: Any, count: Any) -> Any:
    """A sum over a count, in the dtype of the sum."""
    return total / (count if isinstance(count, int) else convert(count, typeof(total).dtype))


@implements(np.mean)
def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    *,
    where: Any = NOT_GIVEN,
) -> Any:
    a = operand(a)
    aval = typeof(a)
    axes = normalize_axes(axis, aval.ndim)
    dtype, final = _working_dtype(dtype, aval.dtype)
    total = reduce_sum(masked(convert(a, dtype), where, 0, "np.mean"), axes=axes)
    result = ratio(total, _count(aval.shape, axes, where, "np.mean"))
    if final is not None:
        result = convert(result, final)
    return deliver(restore_axes(result, aval.shape, axes, keepdims), out, "np.mean")


def variance(
    name: str, a: Any, axis: Any, dtype: Any, ddof: Any, where: Any, given_mean: Any
) -> tuple[Any, Axes]:
    """The variance, without the reduced axes, and these."""
    aval = typeof(a)
    axes = normalize_axes(axis, aval.ndim)
    dtype, final = _working_dtype(dtype, aval.dtype)
    count = _count(aval.shape, axes, where, name)
    if given_mean is NOT_GIVEN:
        total = reduce_sum(masked(convert(a, dtype), where, 0, name), axes=axes)
        given_mean = restore_axes(ratio(total, count), aval.shape, axes, True)
    squares = squared_magnitude(a - operand(given_mean))
    dtype = typeof(squares).dtype if dtype.kind == "c" else dtype
    total = reduce_sum(masked(convert(squares, dtype), where, 0, name), axes=axes)
    if is_mask(where):
        result = ratio(total, max_(count - ddof, 0))
    else:
        result = total / max(count - ddof, 0)
    return (result if final is None else convert(result, final)), axes


def implement_spread(
    function: Callable[..., Any],
    variance: Callable[..., tuple[Any, Axes]],
    finish: Callable[[Any], Any],
) -> None:
    """Register np.var, np.std or one of their kin: `finish` of a variance, computed by a function like `variance`."""
    name = f"np.{function.__name__}"

    @implements(function)
    def compute(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: Any = NOT_GIVEN,
        *,
        where: Any = NOT_GIVEN,
        mean: Any = NOT_GIVEN,
        correction: Any = NOT_GIVEN,
    ) -> Any:
        if correction is not NOT_GIVEN:
            if ddof != 0:
                raise ArgumentError(f"{name}: give ddof or correction, not both{here()}")
            ddof = correction
        a = operand(a)
        result, axes = variance(name, a, axis, dtype, ddof, where, mean)
        result = finish(result)
        if dtype is not None:
            result = convert(result, np.dtype(dtype))
        return deliver(restore_axes(result, typeof(a).shape, axes, keepdims), out, name)


implement_spread(np.var, variance, lambda variance: variance)
# The derivative of the deviation of constant data is 0, not NaN.
implement_spread(np.std, variance, safe_sqrt)


@implements(np.average)
def average(
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = NOT_GIVEN,
) -> Any:
    """As NumPy's, but weights that sum to 0 give NaN or infinity instead of an error, since their
    values are not known while tracing."""
    a = operand(a)
    aval = typeof(a)
    axes = normalize_axes(axis, aval.ndim, lists=True)
    axis = tuple(axis) if isinstance(axis, list) else axis
    if weights is None:
        result = mean(a, axis, keepdims=keepdims)
        scale = typeof(result).dtype.type(aval.size / typeof(result).size)
    else:
        weights = _aligned_weights(operand(weights), aval.shape, axis)
        dtype = np.result_type(
            aval.dtype, typeof(weights).dtype, *["f8"] * (aval.dtype.kind in "biu")
        )
        weights = convert(weights, dtype)
        total = restore_axes(
            reduce_sum(convert(a, dtype) * weights, axes=axes), aval.shape, axes, keepdims
        )
        spread = broadcast_to(weights, aval.shape)
        if not all(aval.shape[d] for d in axes) and typeof(total).size:
            raise ArgumentError(
                f"np.average: the weights of no elements sum to zero, for an array of shape "
                f"{aval.shape} and axis {axis}{here()}"
            )
        scale = restore_axes(reduce_sum(spread, axes=axes), aval.shape, axes, keepdims)
        result = total / scale
    if returned:
        return result, broadcast_to(scale, typeof(result).shape)
    return result


def _aligned_weights(weights: Any, shape: tuple[int, ...], axis: Any) -> Any:
    """Weights with the axes of the array: those of `axis`, and length 1 elsewhere."""
    given = typeof(weights).shape
    if given == shape:
        return weights
    if axis is None:
        raise ArgumentError(
            f"np.average: give axis= when weights of shape {given} belong to an array of shape "
            f"{shape}{here()}"
        )
    along = [d % len(shape) for d in (axis if isinstance(axis, tuple) else (axis,))]
    if given != tuple([shape[d] for d in along]):
        raise ArgumentError(
            f"np.average: weights of shape {given} do not fit an array of shape {shape} "
            f"along axis {axis}{here()}"
        )
    order = sorted(range(len(along)), key=along.__getitem__)
    ordered = transpose(weights, order)
    return reshape(ordered, tuple([n if d in along else 1 for d, n in enumerate(shape)]))
