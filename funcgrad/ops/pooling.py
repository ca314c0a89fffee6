"""Reductions over windows: sums, maxima, minima.

All axes have a window. It is reduced along one axis after the other, which takes as many passes over the array as the
sum of its lengths, not their product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.core.types import ShapedArray, is_differentiable
from funcgrad.ops.basic import reshape
from funcgrad.ops.gather import gather
from funcgrad.ops.reduction import highest, lowest
from funcgrad.ops.selection import where
from funcgrad.ops.shape import pad_array as pad
from funcgrad.ops.window import Window, windows

_INT = np.dtype(np.intp)


def window_params(spatial: Sequence[Window]) -> dict[str, Any]:
    """Windows as the params of a primitive."""
    return {
        "window_dimensions": tuple([w.size for w in spatial]),
        "window_strides": tuple([w.stride for w in spatial]),
        "padding": tuple([(w.low, w.high) for w in spatial]),
        "base_dilation": tuple([w.base for w in spatial]),
        "window_dilation": tuple([w.dilation for w in spatial]),
    }


def _windows(params: dict[str, Any]) -> list[Window]:
    names = (
        "window_dimensions",
        "window_strides",
        "padding",
        "base_dilation",
        "window_dilation",
    )
    return windows(*[params[name] for name in names])


def positions(shape: Sequence[int], spatial: Sequence[Window]) -> tuple[int, ...]:
    return tuple([w.positions(n) for w, n in zip(spatial, shape, strict=True)])


def abstract_windows(x: ShapedArray, dtype: Any = None, **params: Any) -> ShapedArray:
    """The type of a reduction over windows."""
    for name, values in params.items():
        least = None if name == "padding" else 1
        if len(values) != x.ndim or (least and any(v < least for v in values)):
            raise ArgumentError(
                f"reduce_window of {x}: {name} {values} must have a{' positive' if least else ''} entry for each "
                f"axis{here()}"
            )
    return ShapedArray(positions(x.shape, _windows(params)), dtype or x.dtype)


def padded(x: Any, value: Any, spatial: Sequence[Window]) -> Any:
    """The array with everything around and between its elements that windows see."""
    config = tuple([(w.low, w.high, w.base - 1) for w in spatial])
    return x if all(c == (0, 0, 0) for c in config) else pad(x, value, config)


def taps(n: int, window: Window, axis: int) -> list[tuple[slice, ...]]:
    """For each element of a window the index of what it sees in its `n` positions."""
    reach = (n - 1) * window.stride + 1
    starts = [j * window.dilation for j in range(window.size)]
    return [(slice(None),) * axis + (slice(i, i + reach, window.stride),) for i in starts]


def fold(
    xs: Sequence[Any],
    shape: Sequence[int],
    spatial: Sequence[Window],
    combine: Callable[[Any, Any], Any],
    starts: Sequence[Any],
) -> Any:
    """Combine what each window sees of padded arrays: along the last axis, then along the one before, ..."""
    for axis in reversed(range(len(spatial))):
        window = spatial[axis]
        if window.size == window.stride == 1:
            continue
        first, *rest = taps(shape[axis], window, axis)
        out = [x[first] for x in xs]
        for tap in rest:
            out = combine(out, [x[tap] for x in xs])
        xs = out
    return combine(starts, xs)


def _windowed(
    name: str,
    ufunc: np.ufunc,
    identity: Callable[[np.dtype[Any]], Any],
    *,
    jvp: Callable[..., Any],
    transpose: Callable[..., Any] | None = None,
) -> Primitive:
    def impl(x: Any, **params: Any) -> Any:
        spatial = _windows(params)
        shape = positions(x.shape, spatial)
        if 0 in shape:
            return np.empty(shape, x.dtype)
        out = padded(x, identity(x.dtype), spatial)
        for axis in reversed(range(len(shape))):
            first, *rest = taps(shape[axis], spatial[axis], axis)
            if rest:
                reduced = ufunc(out[first], out[rest[0]])
                for tap in rest[1:]:
                    ufunc(reduced, out[tap], out=reduced)
                out = reduced
            else:
                out = out[first]
        return out

    primitive = Primitive(
        name,
        impl=impl,
        abstract=abstract_windows,
        jvp=jvp,
        transpose=transpose,
        batch=lambda axis, operands, batched, **params: (
            primitive(operands[0], **_on_examples(params)),
            True,
        ),
        view=True,
    )
    return primitive


def _on_examples(params: dict[str, Any]) -> dict[str, Any]:
    return window_params([Window(1, 1, 0, 0, 1, 1), *_windows(params)])


# Sums


def _sum_jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> tuple[Any, Any]:
    return reduce_window_sum(*primals, **params), reduce_window_sum(*tangents, **params)


def _sum_transpose(ct: Any, x: Any, **params: Any) -> tuple[Any]:
    back = [w.back(n) for w, n in zip(_windows(params), x.shape, strict=True)]
    return (reduce_window_sum(ct, **window_params(back)),)


reduce_window_sum = _windowed(
    "reduce_window_sum", np.add, lambda dtype: 0, jvp=_sum_jvp, transpose=_sum_transpose
)


# Extrema: of equal ones the first has the derivative, as in JAX


def _place_impl(x: Any, largest: bool, **params: Any) -> Any:
    spatial = _windows(params)
    shape = positions(x.shape, spatial)
    if 0 in shape:
        return np.empty(shape, _INT)
    values = padded(x, 0, spatial)
    places = padded(np.arange(x.size).reshape(x.shape), -1, spatial)
    better = np.greater if largest else np.less
    for axis in reversed(range(len(shape))):
        first, *rest = taps(shape[axis], spatial[axis], axis)
        best, best_places = values[first].copy(), places[first].copy()
        for tap in rest:
            new, new_places = values[tap], places[tap]
            wins = better(new, best) | (best_places < 0) | ((new != new) & (best == best))
            wins &= new_places >= 0
            np.copyto(best, new, where=wins)
            np.copyto(best_places, new_places, where=wins)
        values, places = best, best_places
    return places


def _place_batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], largest: bool, **params: Any
) -> tuple[Any, bool]:
    (x,) = operands
    places = window_argext(x, largest=largest, **_on_examples(params))
    size = typeof(x).size // max(axis.size, 1)
    before = (np.arange(axis.size) * size).reshape((-1,) + (1,) * (len(places.shape) - 1))
    return where(places < 0, -1, places - before), True


# Where the extremum of a window is, as an index into the flat array; -1 where the window sees nothing of it.
window_argext = Primitive(
    "window_argext",
    impl=_place_impl,
    abstract=lambda x, largest, **params: abstract_windows(x, _INT, **params),
    jvp=lambda primals, tangents, **params: (window_argext(*primals, **params), None),
    batch=_place_batch,
    properties=frozenset({"no_derivative"}),
)


def _extremum_jvp(primitive_of: Callable[[], Primitive], largest: bool) -> Callable[..., Any]:
    def jvp(primals: Sequence[Any], tangents: Sequence[Any], **params: Any) -> tuple[Any, Any]:
        (x,), (t,) = primals, tangents
        out = primitive_of()(x, **params)
        if not is_differentiable(out.dtype):
            return out, None
        if not typeof(x).size:
            return out, None
        places = window_argext(x, largest=largest, **params)
        nothing = places < 0
        flat = reshape(t, (typeof(t).size,))
        chosen = gather(flat, where(nothing, 0, places), axes=(0,), position=0)
        return out, where(nothing, 0.0, chosen)

    return jvp


reduce_window_max = _windowed(
    "reduce_window_max",
    np.maximum,
    lowest,
    jvp=_extremum_jvp(lambda: reduce_window_max, largest=True),
)
reduce_window_min = _windowed(
    "reduce_window_min",
    np.minimum,
    highest,
    jvp=_extremum_jvp(lambda: reduce_window_min, largest=False),
)
