"""Cumulative operations along one axis, from either end, and the recurrence that is their calculus.

Element i of the result combines the elements up to i (from i on if `reverse`). The derivatives of
all but `cumsum` are first-order linear recurrences h[i] = a[i] h[i-1] + b[i], whose derivative and
transpose are recurrences again; so they are right at zeros, at ties, and at every order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import add_any, broadcast_in_dim, convert
from funcgrad.ops.selection import where
from funcgrad.ops.shape import pad

# A recurrence over columns fewer than this is faster on Python's numbers than on rows of arrays.
_FEW_COLUMNS = 8


def previous(x: Any, axis: int, *, fill: Any, reverse: bool = False) -> Any:
    """Element i - 1 at position i (i + 1 if `reverse`), and `fill` where there is none."""
    aval = typeof(x)
    config = [(0, 0, 0)] * aval.ndim
    if aval.shape[axis]:
        config[axis] = (-1, 1, 0) if reverse else (1, -1, 0)
    return pad(x, aval.dtype.type(fill), padding_config=tuple(config))


def _flipped(x: Any, axis: int) -> Any:
    return x[(slice(None),) * axis + (slice(None, None, -1),)]


def _cumulative(
    name: str,
    ufunc: np.ufunc,
    *,
    jvp: Callable[..., Any],
    transpose: Callable[..., Any] | None = None,
) -> Primitive:
    """A primitive that accumulates with a ufunc; `jvp(t, ans, x, axis, reverse)`: its tangent."""

    def impl(x: Any, axis: int, reverse: bool) -> Any:
        if reverse:
            x = _flipped(x, axis)
        out = ufunc.accumulate(x, axis=axis, dtype=x.dtype)
        return _flipped(out, axis) if reverse else out

    def jvp_rule(
        primals: Sequence[Any], tangents: Sequence[Any], axis: int, reverse: bool
    ) -> tuple[Any, Any]:
        (x,), (t,) = primals, tangents
        ans = primitive(x, axis=axis, reverse=reverse)
        return ans, jvp(t, ans, x, axis, reverse)

    def batch(
        batch_axis: BatchAxis,
        operands: Sequence[Any],
        batched: Sequence[bool],
        axis: int,
        reverse: bool,
    ) -> tuple[Any, bool]:
        return primitive(operands[0], axis=axis + 1, reverse=reverse), True

    primitive = Primitive(
        name,
        impl=impl,
        abstract=lambda x, axis, reverse: ShapedArray(x.shape, x.dtype),
        jvp=jvp_rule,
        transpose=transpose,
        batch=batch,
        properties=frozenset({"cumulative"}),
    )
    return primitive


# Recurrences


def _recurrence_impl(a: Any, b: Any, axis: int, reverse: bool) -> Any:
    out = np.empty_like(b)
    if not b.size:
        return out
    rows_a, rows_b, rows = (np.moveaxis(x, axis, 0) for x in (a, b, out))
    if reverse:
        rows_a, rows_b, rows = rows_a[::-1], rows_b[::-1], rows[::-1]
    if b.size < _FEW_COLUMNS * len(rows):
        for column in np.ndindex(rows.shape[1:]):
            at = (slice(None), *column)
            first, *rest = rows_b[at].tolist()
            pairs = zip(rows_a[at].tolist()[1:], rest, strict=True)
            rows[at] = list(accumulate(pairs, _step, initial=first))
        return out
    rows[0] = rows_b[0]
    for i in range(1, len(rows)):
        np.multiply(rows_a[i], rows[i - 1], out=rows[i, ...])
        rows[i] += rows_b[i]
    return out


def _step(h: Any, pair: tuple[Any, Any]) -> Any:
    return pair[0] * h + pair[1]


def _recurrence_abstract(a: ShapedArray, b: ShapedArray, axis: int, reverse: bool) -> ShapedArray:
    if a.shape != b.shape or a.dtype != b.dtype:
        raise ArgumentError(f"linear_recurrence: types {a} and {b} differ{here()}")
    return ShapedArray(b.shape, b.dtype)


def _recurrence_jvp(
    primals: Sequence[Any], tangents: Sequence[Any], axis: int, reverse: bool
) -> tuple[Any, Any]:
    (a, b), (ta, tb) = primals, tangents
    ans = linear_recurrence(a, b, axis=axis, reverse=reverse)
    if ta is not None:
        step = ta * previous(ans, axis, fill=0, reverse=reverse)
        tb = step if tb is None else add_any(tb, step)
    return ans, linear_recurrence(a, tb, axis=axis, reverse=reverse)


def _recurrence_transpose(ct: Any, a: Any, b: Any, axis: int, reverse: bool) -> tuple[None, Any]:
    following = previous(a, axis, fill=0, reverse=not reverse)
    return None, linear_recurrence(following, ct, axis=axis, reverse=not reverse)


def _recurrence_batch(
    batch_axis: BatchAxis,
    operands: Sequence[Any],
    batched: Sequence[bool],
    axis: int,
    reverse: bool,
) -> tuple[Any, bool]:
    a, b = [
        x if is_batched else _repeat(x, batch_axis.size)
        for x, is_batched in zip(operands, batched, strict=True)
    ]
    return linear_recurrence(a, b, axis=axis + 1, reverse=reverse), True


def _repeat(x: Any, size: int) -> Any:
    shape = typeof(x).shape
    dims = tuple(range(1, len(shape) + 1))
    return broadcast_in_dim(x, shape=(size, *shape), broadcast_dimensions=dims)


# h[i] = a[i] h[i-1] + b[i], with h = 0 before the first. Linear in b.
linear_recurrence = Primitive(
    "linear_recurrence",
    impl=_recurrence_impl,
    abstract=_recurrence_abstract,
    jvp=_recurrence_jvp,
    transpose=_recurrence_transpose,
    batch=_recurrence_batch,
)


# The cumulative operations


def _cumprod_jvp(t: Any, ans: Any, x: Any, axis: int, reverse: bool) -> Any:
    before = previous(ans, axis, fill=1, reverse=reverse)
    return linear_recurrence(x, before * t, axis=axis, reverse=reverse)


def _cumextremum_jvp(t: Any, ans: Any, x: Any, axis: int, reverse: bool) -> Any:
    """Equal extrema share the derivative, as in `reduce_max`.

    With n[i] of them up to i, h[i] n[i] = h[i-1] n[i-1] (if they last) + t[i] (if there is a new one).
    """
    dtype = typeof(ans).dtype
    new = convert(x == ans, dtype)
    # Filled with NaN, which equals nothing, since nothing comes before the first.
    lasts = convert(previous(ans, axis, fill=np.nan, reverse=reverse) == ans, dtype)
    count = linear_recurrence(lasts, new, axis=axis, reverse=reverse)
    kept = lasts * (previous(count, axis, fill=1, reverse=reverse) / count)
    return linear_recurrence(kept, t * (new / count), axis=axis, reverse=reverse)


def _cumlogsumexp_jvp(t: Any, ans: Any, x: Any, axis: int, reverse: bool) -> Any:
    before = previous(ans, axis, fill=-np.inf, reverse=reverse)
    # Where all elements so far are -inf, so is their sum, and the differences would be NaN.
    nothing = ans == -np.inf
    safe = where(nothing, 0.0, ans)
    return linear_recurrence(
        where(nothing, 0.0, np.exp(before - safe)),
        t * where(nothing, 0.0, np.exp(x - safe)),
        axis=axis,
        reverse=reverse,
    )


cumsum = _cumulative(
    "cumsum",
    np.add,
    jvp=lambda t, ans, x, axis, reverse: cumsum(t, axis=axis, reverse=reverse),
    transpose=lambda ct, x, axis, reverse: (cumsum(ct, axis=axis, reverse=not reverse),),
)
cumprod = _cumulative("cumprod", np.multiply, jvp=_cumprod_jvp)
cummax = _cumulative("cummax", np.maximum, jvp=_cumextremum_jvp)
cummin = _cumulative("cummin", np.minimum, jvp=_cumextremum_jvp)
cumlogsumexp = _cumulative("cumlogsumexp", np.logaddexp, jvp=_cumlogsumexp_jvp)
