"""NumPy's differences, and what is built from them: gradients, integrals, unwrapped phases."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.numpy.arguments import NOT_GIVEN, normalize_axes, normalize_axis, operand
from funcgrad.ops.basic import broadcast_to, convert, move_axis, reduce_sum, reshape

_BOOL = np.dtype(bool)
_DOUBLE = np.dtype(np.float64)


@implements(np.diff)
def diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = NOT_GIVEN, append: Any = NOT_GIVEN
) -> Any:
    if n < 0:
        raise ArgumentError(f"np.diff: the order must not be negative, got {n}{here()}")
    x = operand(a)
    if n == 0:
        return x
    if not typeof(x).shape:
        raise ArgumentError(f"np.diff of {typeof(x)}: it needs an axis{here()}")
    axis = normalize_axis(axis, typeof(x).ndim)
    borders = [_border(b, typeof(x).shape, axis) for b in (prepend, append)]
    parts = [*borders[0], x, *borders[1]]
    if len(parts) > 1:
        x = np.concatenate(parts, axis=axis)
    for _ in range(n):
        later, earlier = along(x, axis, slice(1, None)), along(x, axis, slice(None, -1))
        x = (
            np.not_equal(later, earlier)
            if typeof(x).dtype == _BOOL
            else np.subtract(later, earlier)
        )
    return x


def _border(given: Any, shape: tuple[int, ...], axis: int) -> list[Any]:
    """What to put before or behind an array of this shape; a scalar counts for all rows."""
    if given is NOT_GIVEN:
        return []
    border = operand(given)
    if typeof(border).shape:
        return [border]
    return [broadcast_to(border, tuple([1 if d == axis else n for d, n in enumerate(shape)]))]


def along(x: Any, axis: int, index: Any) -> Any:
    """`x` with an index in one axis."""
    return x[(slice(None),) * axis + (index,)]


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    x = operand(ary)
    x = reshape(x, (typeof(x).size,))
    dtype = typeof(x).dtype
    parts = [np.subtract(x[1:], x[:-1])]
    for name, given in (("to_begin", to_begin), ("to_end", to_end)):
        if given is None:
            continue
        border = operand(given)
        if not np.can_cast(typeof(border).dtype, dtype, "same_kind"):
            raise ArgumentError(
                f"np.ediff1d: {name} of dtype {typeof(border).dtype} does not fit differences of "
                f"dtype {dtype}{here()}"
            )
        border = reshape(convert(border, dtype), (typeof(border).size,))
        parts.insert(0 if name == "to_begin" else len(parts), border)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


# Gradients


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    x = operand(f)
    aval = typeof(x)
    axes = (
        normalize_axes(None, aval.ndim)
        if axis is None
        else tuple([normalize_axis(a, aval.ndim) for a in (axis if np.ndim(axis) else (axis,))])
    )
    spacings = _spacings(varargs, aval.shape, axes)
    if edge_order > 2:
        raise ArgumentError(f"np.gradient: edge_order is 1 or 2, got {edge_order}{here()}")
    dtype = aval.dtype if aval.dtype.kind in "fc" else _DOUBLE
    x = convert(x, _DOUBLE) if aval.dtype.kind in "iu" else x
    found = []
    for d, h in zip(axes, spacings, strict=True):
        if aval.shape[d] < edge_order + 1:
            raise ArgumentError(
                f"np.gradient with edge_order {edge_order} needs {edge_order + 1} elements along "
                f"axis {d}, got shape {aval.shape}{here()}"
            )
        slopes = _slopes(move_axis(x, d, 0), h, edge_order)
        parts = [convert(part, dtype) for part in slopes]
        found.append(move_axis(np.concatenate(parts), 0, d))
    return found[0] if len(axes) == 1 else tuple(found)


def _spacings(given: tuple[Any, ...], shape: tuple[int, ...], axes: tuple[int, ...]) -> list[Any]:
    """The distance between neighbours along each axis: a scalar, or one per pair of neighbours."""
    if not given:
        return [1.0] * len(axes)
    if len(given) == 1 and not np.ndim(given[0]):
        return [given[0]] * len(axes)
    if len(given) != len(axes):
        raise ArgumentError(
            f"np.gradient: {len(given)} spacings are given for {len(axes)} axes{here()}\n  "
            "give one for all, or one per axis"
        )
    found = []
    for h, d in zip(given, axes, strict=True):
        if not np.ndim(h):
            found.append(h)
            continue
        places = operand(h)
        if typeof(places).shape != (shape[d],):
            raise ArgumentError(
                f"np.gradient: coordinates of shape {typeof(places).shape} do not fit axis {d} of "
                f"an array of shape {shape}{here()}"
            )
        if typeof(places).dtype.kind in "iu":
            places = convert(places, _DOUBLE)
        steps = np.subtract(places[1:], places[:-1])
        equal = not isinstance(steps, Tracer) and bool((steps == steps[:1]).all())
        found.append(steps[0] if equal else steps)
    return found


def _slopes(x: Any, h: Any, edge_order: int) -> list[Any]:
    """The slopes of the first, the inner and the last points along the first axis.

    They are those of the parabola through three neighbours, at the ends that of a line for
    `edge_order` 1.
    """
    if np.ndim(h):
        h = reshape(h, (-1 + typeof(x).shape[0], *(1,) * (typeof(x).ndim - 1)))
        before, after = h[:-1], h[1:]
        inner = (
            -after / (before * (before + after)) * x[:-2]
            + (after - before) / (before * after) * x[1:-1]
            + before / (after * (before + after)) * x[2:]
        )
        first, second, fourth, last = h[:1], h[1:2], h[-2:-1], h[-1:]
    else:
        inner = np.subtract(x[2:], x[:-2]) / (2.0 * h)
        first = second = fourth = last = h
    if edge_order == 1:
        return [
            np.subtract(x[1:2], x[:1]) / first,
            inner,
            np.subtract(x[-1:], x[-2:-1]) / last,
        ]
    if not np.ndim(h):
        left = (-1.5 / h) * x[:1] + (2.0 / h) * x[1:2] + (-0.5 / h) * x[2:3]
        right = (0.5 / h) * x[-3:-2] + (-2.0 / h) * x[-2:-1] + (1.5 / h) * x[-1:]
        return [left, inner, right]
    left = (
        -(2.0 * first + second) / (first * (first + second)) * x[:1]
        + (first + second) / (first * second) * x[1:2]
        - first / (second * (first + second)) * x[2:3]
    )
    right = (
        last / (fourth * (fourth + last)) * x[-3:-2]
        - (last + fourth) / (fourth * last) * x[-2:-1]
        + (2.0 * last + fourth) / (last * (fourth + last)) * x[-1:]
    )
    return [left, inner, right]


# Integrals


# The second name is that of NumPy before 2.0, gone in 2.4.
@implements(np.trapezoid, *[getattr(np, name) for name in ("trapz",) if hasattr(np, name)])
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = operand(y)
    ndim = typeof(y).ndim
    d = normalize_axis(axis, ndim)
    width = dx
    if x is not None:
        x = operand(x)
        if typeof(x).ndim == 1:
            width = diff(x)
            width = reshape(width, (typeof(width).size, *(1,) * (ndim - 1 - d)))
        else:
            width = diff(x, axis=axis)
    heights = np.add(along(y, d, slice(1, None)), along(y, d, slice(None, -1)))
    areas = np.multiply(width, heights) / 2.0
    return reduce_sum(areas, axes=(normalize_axis(axis, typeof(areas).ndim),))


# Phases


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    p = operand(p)
    axis = normalize_axis(axis, typeof(p).ndim)
    step = diff(p, axis=axis)
    if discont is None:
        discont = period / 2
    weak = type(period) in (int, float)
    dtype = np.result_type(typeof(step).dtype, period if weak else typeof(operand(period)).dtype)
    if dtype.kind in "iu":
        high, remainder = divmod(period, 2)
        ambiguous = remainder == 0
    else:
        high, ambiguous = period / 2, True
    low = -high
    inside = np.mod(step - low, period) + low
    if ambiguous:
        inside = np.where((inside == low) & (step > 0), high, inside)
    jump = np.where(np.abs(step) < discont, np.zeros((), typeof(inside).dtype), inside - step)
    start = convert(along(p, axis, slice(None, 1)), dtype)
    rest = convert(along(p, axis, slice(1, None)) + np.cumsum(jump, axis=axis), dtype)
    return np.concatenate([start, rest], axis=axis)
