"""`np.pad` in all its modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.numpy.indexing import cast_value
from funcgrad.numpy.joining import concatenate
from funcgrad.numpy.taking import take
from funcgrad.ops.basic import broadcast_to, convert
from funcgrad.ops.shape import pad as pad_p

Widths = list[tuple[int, int]]
_STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": np.max,
    "minimum": np.min,
    "mean": np.mean,
    "median": np.median,
}
_OPTIONS = {
    "empty": (),
    "edge": (),
    "wrap": (),
    "constant": ("constant_values",),
    "linear_ramp": ("end_values",),
    **dict.fromkeys(_STATISTICS, ("stat_length",)),
    "reflect": ("reflect_type",),
    "symmetric": ("reflect_type",),
}


def _pairs(value: Any, ndim: int) -> list[tuple[Any, Any]]:
    """A (before, after) pair per axis, from a scalar, a pair or one pair per axis."""
    if value is not None:
        value = operand(value)
    shape = () if value is None else typeof(value).shape
    if shape in ((), (1,), (1, 1)):
        one = value if shape == () else np.reshape(value, ())
        return [(one, one)] * ndim
    if shape == (2,):
        return [(value[0], value[1])] * ndim
    if shape == (1, 2):
        return [(value[0, 0], value[0, 1])] * ndim
    if shape == (ndim, 1):
        return [(row[0], row[0]) for row in value]
    if shape != (ndim, 2):
        raise ArgumentError(
            f"np.pad takes one pair (before, after) per axis or for all axes, not {value}{here()}"
        )
    return [(row[0], row[1]) for row in value]


def _widths(pad_width: Any, ndim: int) -> Widths:
    if isinstance(pad_width, dict):
        by_axis = {normalize_axis(axis, ndim): width for axis, width in pad_width.items()}
        pad_width = [
            width if np.ndim(width) else (width, width)
            for width in [by_axis.get(d, (0, 0)) for d in range(ndim)]
        ]
    if np.asarray(pad_width).dtype.kind not in "iu":
        raise TypeError(f"`pad_width` must be of integral type.{here()}")
    widths = [(int(before), int(after)) for before, after in _pairs(pad_width, ndim)]
    if any(width < 0 for pair in widths for width in pair):
        raise ArgumentError(f"pad widths cannot be negative: {widths}{here()}")
    return widths


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    x = operand(array)
    ndim = typeof(x).ndim
    widths = _widths(pad_width, ndim)
    if callable(mode):
        return _pad_by_call(x, widths, mode, kwargs)
    if mode not in _OPTIONS:
        raise ArgumentError(f"mode '{mode}' is not supported{here()}")
    unknown = set(kwargs) - set(_OPTIONS[mode])
    if unknown:
        raise ArgumentError(f"unsupported keyword arguments for mode '{mode}': {unknown}{here()}")
    if mode in ("constant", "empty"):
        return _pad_constant(x, widths, kwargs.get("constant_values", 0))
    if mode == "linear_ramp":
        ends = _pairs(kwargs.get("end_values", 0), ndim)
        return _axis_by_axis(x, widths, lambda p, d, w: _ramp(p, d, w, ends[d]))
    if mode in _STATISTICS:
        lengths = _pairs(kwargs.get("stat_length"), ndim)
        statistic = _STATISTICS[mode]
        return _axis_by_axis(x, widths, lambda p, d, w: _stat(p, d, w, lengths[d], statistic))
    kind = kwargs.get("reflect_type", "even")
    return _axis_by_axis(x, widths, lambda p, d, w: _by_counters(p, d, w, mode, kind))


def _axis_by_axis(x: Any, widths: Widths, pad_axis: Callable[[Any, int, Any], Any]) -> Any:
    for d, width in enumerate(widths):
        if width != (0, 0):
            if not typeof(x).shape[d]:
                raise ArgumentError(
                    f"can't extend empty axis {d} using modes other than 'constant' or 'empty'{here()}"
                )
            x = pad_axis(x, d, width)
    return x


def _pad_constant(x: Any, widths: Widths, constants: Any) -> Any:
    dtype = typeof(x).dtype
    pairs = [
        tuple([cast_value(operand(value), dtype) for value in pair])
        for pair in _pairs(constants, len(widths))
    ]
    if typeof(operand(constants)).ndim == 0 and pairs:
        config = tuple([(before, after, 0) for before, after in widths])
        return pad_p(x, pairs[0][0], padding_config=config)
    for d, (before, after) in enumerate(widths):
        for side, width in enumerate((before, after)):
            config = tuple(
                [
                    ((width, 0, 0), (0, width, 0))[side] if e == d else (0, 0, 0)
                    for e in range(len(widths))
                ]
            )
            if width:
                x = pad_p(x, pairs[d][side], padding_config=config)
    return x


def _by_counters(x: Any, axis: int, width: tuple[int, int], mode: str, kind: str) -> Any:
    """Edge, wrap, reflect and symmetric: NumPy tells where each element comes from."""
    n = typeof(x).shape[axis]
    if kind == "even" or mode not in ("reflect", "symmetric"):
        return take(x, np.pad(np.arange(n), width, mode), axis)
    # Odd reflection, 2 * edge - x, is linear: NumPy tells the coefficients.
    matrix = np.pad(np.eye(n), (width, (0, 0)), mode, reflect_type="odd")
    dtype = typeof(x).dtype
    out = np.tensordot(matrix.astype(dtype), x, axes=(1, axis))
    return convert(np.moveaxis(out, 0, axis), dtype)


def _edge(x: Any, axis: int, start: int, stop: int) -> Any:
    return x[(slice(None),) * axis + (slice(start, stop),)]


def _ramp(x: Any, axis: int, width: tuple[int, int], ends: tuple[Any, Any]) -> Any:
    n, dtype = typeof(x).shape[axis], typeof(x).dtype
    before, after = width
    first, last = _edge(x, axis, 0, 1), _edge(x, axis, n - 1, n)
    parts = [
        _line(ends[0], first, before, axis, dtype),
        x,
        np.flip(_line(ends[1], last, after, axis, dtype), axis),
    ]
    return concatenate(parts, axis)


def _line(end: Any, edge: Any, count: int, axis: int, dtype: np.dtype[Any]) -> Any:
    """`count` steps from `end` towards the edge, which is not reached."""
    edge = np.squeeze(edge, axis)
    shape = (count,) + (1,) * typeof(edge).ndim
    fractions = (np.arange(count) / max(count, 1)).reshape(shape)
    if dtype.kind in "fc":
        fractions = fractions.astype(dtype)
        end = cast_value(operand(end), dtype)
    line = end + (edge - end) * fractions
    if dtype.kind in "iu":
        line = np.floor(line)
    return np.moveaxis(convert(line, dtype), 0, axis)


def _stat(
    x: Any, axis: int, width: tuple[int, int], lengths: tuple[Any, Any], statistic: Any
) -> Any:
    n, dtype = typeof(x).shape[axis], typeof(x).dtype
    sides = []
    for side, (count, length) in enumerate(zip(width, lengths, strict=True)):
        length = n if length is None else min(int(length), n)
        if length == 0 and statistic in (np.max, np.min):
            raise ArgumentError(f"stat_length of 0 yields no value for padding{here()}")
        part = _edge(x, axis, 0, length) if side == 0 else _edge(x, axis, n - length, n)
        value = statistic(part, axis=axis, keepdims=True)
        if dtype.kind in "iu" and statistic in (np.mean, np.median):
            value = np.round(value)
        shape = list(typeof(x).shape)
        shape[axis] = count
        sides.append(broadcast_to(convert(value, dtype), tuple(shape)))
    return concatenate((sides[0], x, sides[1]), axis)


def _pad_by_call(x: Any, widths: Widths, function: Any, kwargs: dict[str, Any]) -> Any:
    """The user's function fills the borders of each vector in place."""
    padded = _pad_constant(x, widths, 0)
    for axis in range(typeof(x).ndim):
        vectors = np.moveaxis(padded, axis, -1)
        for index in np.ndindex(typeof(vectors).shape[:-1]):
            function(vectors[index], widths[axis], axis, kwargs)
    return padded
