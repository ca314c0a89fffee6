"""Reductions: products, extrema, truth, and where the extrema are. (`reduce_sum` is in `basic`.)

Each takes the axes to reduce, non-negative and in order, and drops them. Of equal extrema each has
an equal share of the derivative, which is JAX's convention.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import (
    broadcast_in_dim,
    convert,
    remaining,
    reshape,
    shift,
    sum_axes,
    transpose,
    without,
)
from funcgrad.ops.cumulative import cumprod, previous

Axes = tuple[int, ...]


def lowest(dtype: np.dtype[Any]) -> Any:
    """What no number of a dtype is less than."""
    if dtype.kind == "b":
        return False
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def highest(dtype: np.dtype[Any]) -> Any:
    """What no number of a dtype exceeds."""
    if dtype.kind == "b":
        return True
    return np.iinfo(dtype).max if dtype.kind in "iu" else np.inf


def _reduction(
    name: str, ufunc: np.ufunc, *, tangent: Callable[..., Any] | None = None, out: Any = None
) -> Primitive:
    """A primitive that reduces with a ufunc.

    Args:
        tangent: `tangent(t, ans, x, axes)`; left out for results without one.
        out: dtype of the result; that of the operand otherwise.
    """

    def abstract(x: ShapedArray, axes: Axes) -> ShapedArray:
        shape = without(x.shape, axes)
        if ufunc.identity is None and not all(x.shape[d] for d in axes) and 0 not in shape:
            raise ArgumentError(
                f"zero-size array to reduction operation {ufunc.__name__} which has no identity: "
                f"shape {x.shape} over {_axes_text(axes, x.ndim)}{here()}\n  give one with initial="
            )
        return ShapedArray(shape, out or x.dtype)

    def jvp(primals: Sequence[Any], tangents: Sequence[Any], axes: Axes) -> tuple[Any, Any]:
        (x,), (t,) = primals, tangents
        ans = primitive(x, axes=axes)
        return ans, tangent(t, ans, x, axes) if tangent else None

    def batch(
        axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], axes: Axes
    ) -> tuple[Any, bool]:
        return primitive(operands[0], axes=shift(axes)), True

    primitive = Primitive(
        name,
        impl=lambda x, axes: ufunc.reduce(x, axis=axes, dtype=out or typeof(x).dtype),
        abstract=abstract,
        jvp=jvp,
        batch=batch,
        properties=frozenset({"reduction"}),
    )
    return primitive


def _axes_text(axes: Axes, ndim: int) -> str:
    if len(axes) == ndim:
        return "all of its axes" if ndim > 1 else "its axis"
    return f"axis {axes[0]}" if len(axes) == 1 else f"the axes {axes}"


def keep_axes(x: Any, like: Any, axes: Axes) -> Any:
    """A result of a reduction over `axes`, spread over the shape of the operand `like` again."""
    shape = typeof(like).shape
    return broadcast_in_dim(x, shape=shape, broadcast_dimensions=remaining(len(shape), axes))


def _extremum_tangent(t: Any, ans: Any, x: Any, axes: Axes, least: float = 0.0) -> Any:
    chosen = convert(x == keep_axes(ans, x, axes), ans.dtype)
    count = sum_axes(chosen, axes)
    return sum_axes(t * chosen, axes) / (np.maximum(count, least) if least else count)


def _nan_extremum_tangent(t: Any, ans: Any, x: Any, axes: Axes) -> Any:
    # Of nothing but NaN, which is equal to nothing, the derivative is 0.
    return _extremum_tangent(t, ans, x, axes, least=1.0)


def _prod_tangent(t: Any, ans: Any, x: Any, axes: Axes) -> Any:
    if not axes:
        return t
    # The product of all others, from those before and those after, since a factor may be zero.
    x, t = _last_axis(x, axes), _last_axis(t, axes)
    last = len(typeof(x).shape) - 1
    before = previous(cumprod(x, axis=last, reverse=False), last, fill=1)
    after = previous(cumprod(x, axis=last, reverse=True), last, fill=1, reverse=True)
    return sum_axes(t * (before * after), (last,))


def _last_axis(x: Any, axes: Axes) -> Any:
    """`x` with these axes gathered into one, the last."""
    shape = typeof(x).shape
    rest = remaining(len(shape), axes)
    size = 1
    for d in axes:
        size *= shape[d]
    return reshape(transpose(x, (*rest, *axes)), (*[shape[d] for d in rest], size))


reduce_prod = _reduction("reduce_prod", np.multiply, tangent=_prod_tangent)
reduce_max = _reduction("reduce_max", np.maximum, tangent=_extremum_tangent)
reduce_min = _reduction("reduce_min", np.minimum, tangent=_extremum_tangent)
# Those that leave NaN out.
reduce_fmax = _reduction("reduce_fmax", np.fmax, tangent=_nan_extremum_tangent)
reduce_fmin = _reduction("reduce_fmin", np.fmin, tangent=_nan_extremum_tangent)
reduce_and = _reduction("reduce_and", np.logical_and, out=np.dtype(bool))
reduce_or = _reduction("reduce_or", np.logical_or, out=np.dtype(bool))


def _arg_extremum(name: str, function: Callable[..., Any]) -> Primitive:
    """The position of the first extremum along one axis, `axes=(axis,)`."""

    def abstract(x: ShapedArray, axes: Axes, index_dtype: np.dtype[Any]) -> ShapedArray:
        shape = without(x.shape, axes)
        if not x.shape[axes[0]] and 0 not in shape:
            raise ArgumentError(
                f"attempt to get {name} of an empty sequence: shape {x.shape} along axis {axes[0]}"
                f"{here()}"
            )
        return ShapedArray(shape, index_dtype)

    def jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> tuple[Any, None]:
        return primitive(*primals, **params), None

    def batch(
        axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], axes: Axes, **params: Any
    ) -> tuple[Any, bool]:
        return primitive(operands[0], axes=shift(axes), **params), True

    primitive = Primitive(
        name,
        impl=lambda x, axes, index_dtype: function(x, axis=axes[0]),
        abstract=abstract,
        jvp=jvp,
        batch=batch,
    )
    return primitive


argmax = _arg_extremum("argmax", np.argmax)
argmin = _arg_extremum("argmin", np.argmin)
