"""The methods of ufuncs on tracers: reduce, accumulate, reduceat, outer, at.

Those that NumPy has as functions of their own (`np.add.reduce` is `np.sum`) are these functions. The
others fold the array: associative ones pair by pair, with as many equations as the logarithm of its
length, the others element by element.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core import dispatch
from funcgrad.core.errors import ArgumentError, TracingError
from funcgrad.core.source import here
from funcgrad.core.tracing import Tracer, typeof
from funcgrad.core.types import ShapedArray
from funcgrad.numpy.arguments import deliver, normalize_axes, operand, restore_axes
from funcgrad.numpy.updates import AtIndex
from funcgrad.numpy.updates import at as functional_at
from funcgrad.ops.basic import convert, move_axis
from funcgrad.ops.cumulative import cumlogsumexp, cummax, cummin
from funcgrad.ops.operators import check_cast

_REDUCTIONS: dict[np.ufunc, Any] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.fmax: np.nanmax,
    np.fmin: np.nanmin,
}
_ACCUMULATIONS: dict[np.ufunc, Any] = {np.add: np.cumsum, np.multiply: np.cumprod}
_CUMULATIVE: dict[np.ufunc, Any] = {
    np.maximum: cummax,
    np.minimum: cummin,
    np.logaddexp: cumlogsumexp,
}
_ASSOCIATIVE = frozenset(
    {
        *(np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin),
        *(np.logaddexp, np.logaddexp2, np.hypot, np.gcd, np.lcm),
        *(np.logical_and, np.logical_or, np.logical_xor),
        *(np.bitwise_and, np.bitwise_or, np.bitwise_xor),
    }
)
_NOT_GIVEN: Any = np._NoValue
_ALL: Any = slice(None)


def reduce(
    ufunc: np.ufunc,
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = _NOT_GIVEN,
    where: Any = True,
) -> Any:
    """`ufunc.reduce(array, axis, ...)`."""
    if ufunc in _REDUCTIONS:
        options: dict[str, Any] = {} if initial is _NOT_GIVEN else {"initial": initial}
        if dtype is not None:
            if ufunc in (np.add, np.multiply):
                options["dtype"] = dtype
            else:
                array = convert(operand(array), dtype)
        if where is not True:
            options["where"] = where
        # NumPy's function would not see that `where` alone is traced.
        function = dispatch.find_function(_REDUCTIONS[ufunc])
        return function(array, axis=axis, out=_single(out), keepdims=keepdims, **options)
    array = operand(array)
    aval = typeof(array)
    axes = normalize_axes(axis, aval.ndim, scalar_axis=True)
    if len(axes) > 1 and ufunc not in _ASSOCIATIVE:
        raise ValueError(
            f"reduction operation '{ufunc.__name__}' is not reorderable, so at most one axis may be "
            f"specified{here()}"
        )
    x = _in_loop_dtype(ufunc, array, dtype)
    given = initial is not _NOT_GIVEN and initial is not None
    identity = initial if ufunc.identity is None and given else ufunc.identity
    if where is not True and identity is None:
        raise ValueError(
            f"reduction operation '{ufunc.__name__}' does not have an identity, so to use a where mask "
            f"one has to specify 'initial'{here()}"
        )
    if ufunc not in _ASSOCIATIVE and axes:
        x = _fold_first(ufunc, x, axes[0], initial if given else _NOT_GIVEN, where)
        return deliver(
            restore_axes(x, aval.shape, axes, keepdims), out, f"np.{ufunc.__name__}.reduce"
        )
    if where is not True:
        x = np.where(where, x, typeof(x).dtype.type(identity))
    for a in reversed(axes):
        x = _reduce_first(ufunc, move_axis(x, a, 0), identity)
    if given:
        x = ufunc(typeof(x).dtype.type(initial), x)
    return deliver(restore_axes(x, aval.shape, axes, keepdims), out, f"np.{ufunc.__name__}.reduce")


def _single(out: Any) -> Any:
    return out[0] if isinstance(out, tuple) else out


def _in_loop_dtype(ufunc: np.ufunc, array: Any, dtype: Any) -> Any:
    """The array in the dtype in which it is reduced."""
    if ufunc in (np.logical_and, np.logical_or, np.logical_xor):
        return np.not_equal(array, 0)
    if dtype is not None:
        return convert(array, dtype)
    loop = ufunc.resolve_dtypes((None, typeof(array).dtype, None), reduction=True)
    return convert(array, loop[1])


def _fold_first(ufunc: np.ufunc, x: Any, axis: int, initial: Any, where: Any) -> Any:
    """Reduce an axis element by element, from `initial` on, without the elements that `where` leaves out."""
    aval = typeof(x)
    n = aval.shape[axis]
    rows = move_axis(x, axis, 0)
    first = 0
    if initial is _NOT_GIVEN:
        if n == 0:
            raise _no_identity(ufunc)
        total, first = rows[0], 1
    else:
        shape = aval.shape[:axis] + aval.shape[axis + 1 :]
        total = np.full(shape, initial, aval.dtype)
    taken = None if where is True else move_axis(np.broadcast_to(where, aval.shape), axis, 0)
    for i in range(first, n):
        following = ufunc(total, rows[i])
        total = following if taken is None else np.where(taken[i], following, total)
    return total


def _no_identity(ufunc: np.ufunc) -> ArgumentError:
    return ArgumentError(
        f"zero-size array to reduction operation {ufunc.__name__} which has no identity{here()}"
    )


def _reduce_first(ufunc: np.ufunc, x: Any, identity: Any) -> Any:
    """Reduce the first axis by an associative operation."""
    n = typeof(x).shape[0]
    if n == 0:
        if identity is None:
            raise _no_identity(ufunc)
        aval = typeof(x)
        return np.full(aval.shape[1:], identity, aval.dtype)
    while n > 1:
        half = n // 2
        rest = x[2 * half :]
        x = ufunc(x[0 : 2 * half : 2], x[1 : 2 * half : 2])
        if n % 2:
            x = np.concatenate([x, rest])
        n -= half
    return x[0]


def accumulate(
    ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    """`ufunc.accumulate(array, axis, ...)`."""
    array = operand(array)
    (axis,) = normalize_axes(axis, typeof(array).ndim)
    if ufunc in _ACCUMULATIONS:
        return _ACCUMULATIONS[ufunc](array, axis=axis, dtype=dtype, out=_single(out))
    x = _in_loop_dtype(ufunc, array, dtype)
    if ufunc in _CUMULATIVE:
        result = _CUMULATIVE[ufunc](x, axis=axis, reverse=False)
        return deliver(result, out, f"np.{ufunc.__name__}.accumulate")
    x = move_axis(x, axis, 0)
    n = typeof(x).shape[0]
    if ufunc in _ASSOCIATIVE:
        step = 1
        while step < n:
            x = np.concatenate([x[:step], ufunc(x[:-step], x[step:])])
            step *= 2
    elif n > 1:
        rows = [x[0]]
        for i in range(1, n):
            rows.append(ufunc(rows[-1], x[i]))
        x = np.stack(rows)
    return deliver(move_axis(x, 0, axis), out, f"np.{ufunc.__name__}.accumulate")


def reduceat(
    ufunc: np.ufunc, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    """`ufunc.reduceat(array, indices, axis, ...)`: reduce the segments that start at the indices."""
    array = operand(array)
    (axis,) = normalize_axes(axis, typeof(array).ndim)
    n = typeof(array).shape[axis]
    starts = [int(i) for i in (indices if np.ndim(indices) else [indices])]
    for i in starts:
        if not 0 <= i < n:
            raise IndexError(
                f"index {i} out-of-bounds in {ufunc.__name__}.reduceat [0, {n}){here()}"
            )
    parts = []
    for start, stop in zip(starts, [*starts[1:], n], strict=True):
        segment = array[(_ALL,) * axis + (slice(start, max(stop, start + 1)),)]
        parts.append(reduce(ufunc, segment, axis, dtype))
    return deliver(np.stack(parts, axis), out, f"np.{ufunc.__name__}.reduceat")


def outer(ufunc: np.ufunc, a: Any, b: Any, **kwargs: Any) -> Any:
    """`ufunc.outer(a, b, ...)`: all pairs of elements."""
    a, b = operand(a), operand(b)
    a = np.reshape(a, (*typeof(a).shape, *(1,) * typeof(b).ndim))
    return ufunc(a, b, **kwargs)


def at(ufunc: np.ufunc, a: Any, indices: Any, b: Any = None) -> None:
    """`ufunc.at(a, indices, b)`: the operation in place, once per occurrence of an index."""
    name = f"np.{ufunc.__name__}.at"
    if type(a) is not Tracer:
        raise TracingError(
            f"{name} cannot write traced values into a plain array{here()}\n  make the array with "
            "np.zeros_like(x) or fnp.zeros(...)"
        )
    operands = () if ufunc.nin == 1 else (operand(b),)
    asked = [a.dtype, *[typeof(x).dtype for x in operands], None]
    result = ShapedArray((), ufunc.resolve_dtypes(tuple(asked))[-1])
    check_cast(result, a.aval, name)
    update = _UPDATES.get(ufunc)
    if update is not None:
        a._assign(update(functional_at(a)[indices], *operands))
    else:
        a._assign(_one_by_one(ufunc, a, indices, operands))


_UPDATES: dict[np.ufunc, Callable[..., Any]] = {
    np.add: AtIndex.add,
    np.subtract: AtIndex.subtract,
    np.multiply: AtIndex.multiply,
    np.maximum: AtIndex.max,
    np.minimum: AtIndex.min,
}


def _one_by_one(ufunc: np.ufunc, a: Tracer, indices: Any, operands: tuple[Any, ...]) -> Any:
    """Rounds of updates of different places: the first occurrence of every index, the second, ..."""
    places = np.arange(a.size).reshape(a.shape)[_known_index(indices)]
    operands = tuple([np.ravel(np.broadcast_to(x, places.shape)) for x in operands])
    places = places.ravel()
    order = np.argsort(places, kind="stable")
    by_place = places[order]
    rounds = np.empty(len(places), int)
    rounds[order] = np.arange(len(places)) - np.searchsorted(by_place, by_place)
    x = np.ravel(a)
    for i in range(int(rounds.max(initial=-1)) + 1):
        now = np.flatnonzero(rounds == i)
        value = ufunc(x[places[now]], *[y[now] for y in operands])
        x = functional_at(x)[places[now]].set(value, unique_indices=True)
    return np.reshape(x, a.shape)


def _known_index(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple([_known_index(k) for k in key])
    if type(key) is Tracer:
        return key._concrete("value", "use x.at[index].apply, which updates every place once")
    return key
