"""NumPy's reductions: sums, products, extrema, truth, and where the extrema are."""

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
    deliver,
    normalize_axes,
    normalize_axis,
    operand,
    restore_axes,
)
from funcgrad.ops import reduction
from funcgrad.ops.basic import broadcast_to, convert, reduce_sum, reshape, without
from funcgrad.ops.elementwise import fmax, fmin, max_, min_, ne
from funcgrad.ops.elementwise import where as select
from funcgrad.ops.reduction import highest, lowest

_BOOL = np.dtype(bool)
_INT = np.dtype(np.intp)
_UINT = np.dtype(np.uintp)


def accumulator(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which NumPy adds and multiplies: at least the machine's integer."""
    if dtype.kind in "bi" and dtype.itemsize < _INT.itemsize:
        return _INT
    if dtype.kind == "u" and dtype.itemsize < _UINT.itemsize:
        return _UINT
    return dtype


def is_mask(where: Any) -> bool:
    """Whether a `where` argument leaves anything out."""
    return where is not NOT_GIVEN and where is not True


def as_mask(where: Any, shape: tuple[int, ...], name: str) -> Any:
    """A `where` argument as a boolean array that broadcasts to this shape."""
    if where is None:
        raise ArgumentError(
            f"{name}: where=None leaves out everything in NumPy, and nothing in JAX{here()}\n  leave `where` out, or "
            "call the function of funcgrad.numpy, which takes it as JAX does"
        )
    mask = operand(where)
    if typeof(mask).dtype != _BOOL:
        raise ArgumentError(f"{name}: where must be boolean, got {typeof(mask)}{here()}")
    try:
        fits = np.broadcast_shapes(typeof(mask).shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ArgumentError(
            f"{name}: where of shape {typeof(mask).shape} does not broadcast to the shape {shape} "
            f"of the array{here()}"
        )
    return mask


def masked(x: Any, where: Any, fill: Any, name: str) -> Any:
    """`x` with `fill` where the mask is False."""
    if not is_mask(where):
        return x
    aval = typeof(x)
    return select(as_mask(where, aval.shape, name), x, aval.dtype.type(fill))


def _combine(
    name: str,
    primitive: Callable[..., Any],
    start: int,
    combine: Callable[[Any, Any], Any],
    a: Any,
    axis: Any,
    dtype: Any,
    out: Any,
    keepdims: Any,
    initial: Any,
    where: Any,
) -> Any:
    """A sum or product: `start` is its neutral element."""
    a = operand(a)
    aval = typeof(a)
    axes = normalize_axes(axis, aval.ndim, scalar_axis=True)
    dtype = accumulator(aval.dtype) if dtype is None else np.dtype(dtype)
    x = masked(convert(a, dtype), where, start, name)
    result = primitive(x, axes=axes)
    if initial is not NOT_GIVEN and initial is not None:
        result = combine(result, convert(operand(initial), dtype))
    return deliver(restore_axes(result, aval.shape, axes, keepdims), out, name)


@implements(np.sum)
def sum_(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:
    add = lambda x, y: x + y
    return _combine("np.sum", reduce_sum, 0, add, a, axis, dtype, out, keepdims, initial, where)


@implements(np.prod)
def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:
    times = lambda x, y: x * y
    return _combine(
        "np.prod",
        reduction.reduce_prod,
        1,
        times,
        a,
        axis,
        dtype,
        out,
        keepdims,
        initial,
        where,
    )


def _extremum(
    name: str,
    a: Any,
    axis: Any,
    out: Any,
    keepdims: Any,
    initial: Any,
    where: Any,
    largest: bool,
    skip_nan: bool,
) -> Any:
    """The maximum or minimum (of what is not NaN), with all of NumPy's arguments."""
    a = operand(a)
    aval = typeof(a)
    axes = normalize_axes(axis, aval.ndim, scalar_axis=True)
    starts = initial is not NOT_GIVEN and initial is not None
    if is_mask(where):
        if not starts:
            raise ArgumentError(
                f"{name}: the reduction operation does not have an identity, so to use a where mask "
                f"one has to specify 'initial'{here()}"
            )
        a = masked(a, where, (lowest if largest else highest)(aval.dtype), name)
    if skip_nan:
        primitive, pair = (
            (reduction.reduce_fmax, fmax) if largest else (reduction.reduce_fmin, fmin)
        )
    else:
        primitive, pair = (reduction.reduce_max, max_) if largest else (reduction.reduce_min, min_)
    if starts:
        initial = convert(operand(initial), aval.dtype)
        shape = without(aval.shape, axes)
        if not all(aval.shape[d] for d in axes):
            result = broadcast_to(initial, shape)
        else:
            result = pair(primitive(a, axes=axes), initial)
    else:
        result = primitive(a, axes=axes)
    return deliver(restore_axes(result, aval.shape, axes, keepdims), out, name)


def implement_extremum(
    *functions: Callable[..., Any], largest: bool, skip_nan: bool = False
) -> Callable[..., Any]:
    """Register the implementation of np.max, np.min or one of their kin."""
    name = f"np.{functions[0].__name__}"

    @implements(*functions)
    def compute(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = NOT_GIVEN,
        initial: Any = NOT_GIVEN,
        where: Any = NOT_GIVEN,
    ) -> Any:
        return _extremum(name, a, axis, out, keepdims, initial, where, largest, skip_nan)

    return compute


amax = implement_extremum(np.max, np.amax, largest=True)
amin = implement_extremum(np.min, np.amin, largest=False)


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = NOT_GIVEN) -> Any:
    spread = np.subtract(amax(a, axis, None, keepdims), amin(a, axis, None, keepdims))
    return deliver(spread, out, "np.ptp")


def _truth(
    name: str, primitive: Any, start: bool, a: Any, axis: Any, out: Any, keepdims: Any, where: Any
) -> Any:
    a = operand(a)
    aval = typeof(a)
    axes = normalize_axes(axis, aval.ndim, scalar_axis=True)
    x = a if aval.dtype == _BOOL else ne(a, 0)
    result = primitive(masked(x, where, start, name), axes=axes)
    return deliver(restore_axes(result, aval.shape, axes, keepdims), out, name)


@implements(np.any)
def any_(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = NOT_GIVEN, *, where: Any = NOT_GIVEN
) -> Any:
    return _truth("np.any", reduction.reduce_or, False, a, axis, out, keepdims, where)


@implements(np.all)
def all_(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = NOT_GIVEN, *, where: Any = NOT_GIVEN
) -> Any:
    return _truth("np.all", reduction.reduce_and, True, a, axis, out, keepdims, where)


def _position(name: str, primitive: Any, a: Any, axis: Any, out: Any, keepdims: Any) -> Any:
    a = operand(a)
    shape = typeof(a).shape
    if axis is None or (not shape and axis in (0, -1)):
        axes = tuple(range(len(shape)))
        a, along = reshape(a, (typeof(a).size,)), 0
    else:
        along = normalize_axis(axis, len(shape))
        axes = (along,)
    result = primitive(a, axes=(along,), index_dtype=_INT)
    return deliver(restore_axes(result, shape, axes, keepdims), out, name)


@implements(np.argmax)
def argmax(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = NOT_GIVEN) -> Any:
    return _position("np.argmax", reduction.argmax, a, axis, out, keepdims)


@implements(np.argmin)
def argmin(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = NOT_GIVEN) -> Any:
    return _position("np.argmin", reduction.argmin, a, axis, out, keepdims)


@implements(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    a = operand(a)
    aval = typeof(a)
    axes = normalize_axes(axis, aval.ndim, scalar_axis=True)
    x = a if aval.dtype == _BOOL else ne(a, 0)
    return restore_axes(reduce_sum(convert(x, _INT), axes=axes), aval.shape, axes, keepdims)
