"""Splines through the samples of images, at any coordinates.

The B-spline coefficients solve banded systems (M. Unser, Splines: a perfect fit for signal and image processing, IEEE
Signal Processing Magazine 16, 1999), which SciPy does by recursive filters that it starts approximately.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import funcgrad.numpy as fnp
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops.basic import convert, move_axis
from funcgrad.ops.linalg.banded import solve_banded_p
from funcgrad.ops.linalg.solve import solve_p
from funcgrad.scipy.conditions import both
from funcgrad.scipy.mirror import mirrors
from funcgrad.scipy.ndimage.edges import PADS, in_dtype, mode_name

_SAMPLES = {
    2: np.array([1.0, 6.0, 1.0]) / 8.0,
    3: np.array([1.0, 4.0, 1.0]) / 6.0,
    4: np.array([1.0, 76.0, 230.0, 76.0, 1.0]) / 384.0,
    5: np.array([1.0, 26.0, 66.0, 26.0, 1.0]) / 120.0,
}
# How the coefficients of splines go on beyond the edges.
_SPLINE_EDGES = {"reflect": "reflect", "nearest": "reflect", "grid-wrap": "grid-wrap"}


def _fold(i: Any, n: int, edges: str) -> Any:
    """Positions beyond the edges as positions within; of integers or of real numbers."""
    if n == 1:
        return i * 0
    if edges == "grid-wrap":
        return np.mod(i, n)
    if edges == "wrap":
        return np.mod(i, n - 1)
    if edges == "reflect":
        m = np.mod(i, 2 * n)
        return np.where(m >= n, 2 * n - 1 - m, m)
    m = np.mod(i, 2 * n - 2)
    return np.where(m > n - 1, 2 * n - 2 - m, m)


def _prefiltered(x: Any, order: int, axis: int, mode: str) -> Any:
    """The coefficients of the spline through the samples along an axis."""
    n = typeof(x).shape[axis]
    samples = _SAMPLES[order]
    half = len(samples) // 2
    if n == 1:
        return x
    edges = _SPLINE_EDGES.get(mode, "mirror")
    rows = np.repeat(np.arange(n), len(samples))
    columns = _fold((np.arange(n)[:, None] + np.arange(-half, half + 1)).ravel(), n, edges)
    ndim = len(typeof(x).shape)
    moved = move_axis(x, axis, max(ndim - 2, 0)) if ndim > 1 else x[:, None]
    values = np.tile(samples, n)
    if edges == "grid-wrap":
        matrix = np.zeros((n, n))
        np.add.at(matrix, (rows, columns), values)
        found = solve_p(matrix, moved)
    else:
        width = min(half, n - 1)
        ab = np.zeros((2 * width + 1, n))
        np.add.at(ab, (width + rows - columns, columns), values)
        found = solve_banded_p(ab, moved, lower=width, upper=width)
    return move_axis(found, max(ndim - 2, 0), axis) if ndim > 1 else found[:, 0]


def _weights(t: Any, order: int) -> list[Any]:
    """The values of the B-spline at its order + 1 nodes, `t` beyond the middle one (or the one before)."""
    if order == 0:
        return [np.ones_like(t)]
    distances = [t - k for k in range(-(order // 2), order + 1 - order // 2)]
    return [_bspline(np.abs(d), order) for d in distances]


def _bspline(d: Any, order: int) -> Any:
    """The centred B-spline at distance `d` >= 0, as a sum of truncated powers."""
    total: Any = 0.0
    factorial, binomial = 1.0, 1.0
    for k in range(1, order + 1):
        factorial *= k
    for k in range(order + 2):
        if k:
            binomial = binomial * (order + 2 - k) / k
        edge = (order + 1) / 2.0 - k
        if edge <= 0:
            break
        base = np.maximum(edge - d, 0.0)
        total = total + (-1.0) ** k * binomial * base**order
    return total / factorial


def _brought_inside(position: Any, n: int, mode: str) -> tuple[Any, Any]:
    """Positions along an axis of length n where the mode takes them to, and which of them have a value (True: all)."""
    if mode == "constant":
        within = (position >= 0) & (position <= n - 1)
        return np.where(within, position, 0.0), within
    if mode == "nearest":
        return np.clip(position, 0.0, n - 1.0), True
    return _fold(position, n, mode) if mode in ("mirror", "wrap") else position, True


def _taps_inside(taps: Any, n: int, mode: str, order: int) -> tuple[Any, Any]:
    """The coefficients along an axis of length n that taps stand for, and which there are (True: all)."""
    if mode == "grid-constant":
        return np.clip(taps, 0, n - 1), (taps >= 0) & (taps < n)
    if mode == "nearest":
        return _fold(taps, n, "reflect") if order > 1 else np.clip(taps, 0, n - 1), True
    return _fold(taps, n, "mirror" if mode in ("constant", "wrap") else mode), True


@mirrors("ndimage")
def map_coordinates(
    input: Any,
    coordinates: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """`scipy.ndimage.map_coordinates`."""
    x, c = operand(input), convert(operand(coordinates), np.float64)
    dtype = typeof(x).dtype
    mode = mode_name(mode)
    if not 0 <= order <= 5:
        raise ArgumentError(f"spline order not supported: {order}{here()}")
    ndim = len(typeof(x).shape)
    if typeof(c).shape[0] != ndim:
        raise ArgumentError(
            f"map_coordinates: {ndim} coordinates are needed, got {typeof(c)}{here()}"
        )
    x = x if dtype.kind == "c" else convert(x, np.float64)
    pad = 0
    if prefilter and order > 1:
        if mode in ("nearest", "grid-constant"):
            pad = 12
            options = {"constant_values": cval} if mode == "grid-constant" else {}
            x = np.pad(x, pad, mode=PADS[mode], **options)
        for axis in range(ndim):
            x = _prefiltered(x, order, axis, mode)
    shape = typeof(x).shape
    out_ndim = len(typeof(c).shape) - 1
    index, weights, inside, taps_inside = [], [], True, True
    for d in range(ndim):
        position, within = _brought_inside(c[d] + float(pad), shape[d], mode)
        inside = both(inside, within)
        base = np.floor(position + 0.5) if order % 2 == 0 else np.floor(position)
        nodes = np.arange(order + 1) - order // 2
        taps = convert(base, np.int64) + nodes.reshape((-1,) + (1,) * out_ndim)
        taps, ok = _taps_inside(taps, shape[d], mode, order)
        spread = (1,) * d + (order + 1,) + (1,) * (ndim - 1 - d) + typeof(c).shape[1:]
        index.append(np.reshape(taps, spread))
        weights.append(np.reshape(np.stack(_weights(position - base, order)), spread))
        taps_inside = both(taps_inside, ok if ok is True else np.reshape(ok, spread))
    place: Any = 0
    for taps, n in zip(index, shape, strict=True):
        place = place * n + taps
    values = fnp.take(x.reshape(-1), place)  # traced places cannot index a plain image
    if taps_inside is not True:
        values = np.where(taps_inside, values, cval)
    for w in weights:
        values = values * w
    result = np.sum(values, axis=tuple(range(ndim)))
    if inside is not True:
        result = np.where(inside, result, cval)
    return in_dtype(result, output, dtype)


@mirrors("ndimage")
def spline_filter1d(input: Any, order: int = 3, axis: int = -1, output: Any = np.float64,
                    mode: str = "mirror") -> Any:  # fmt: skip
    """`scipy.ndimage.spline_filter1d`: the coefficients of the spline through the samples along an axis."""
    x = operand(input)
    if order in (0, 1):
        return in_dtype(x, output, output)
    if order not in _SAMPLES:
        raise ArgumentError(f"spline order not supported: {order}{here()}")
    axis = normalize_axis(axis, typeof(x).ndim)
    return in_dtype(
        _prefiltered(convert(x, np.float64), order, axis, mode_name(mode)), output, output
    )


@mirrors("ndimage")
def spline_filter(
    input: Any, order: int = 3, output: Any = np.float64, mode: str = "mirror"
) -> Any:
    """`scipy.ndimage.spline_filter`: the coefficients of the spline through the samples of an image."""
    x = operand(input)
    for axis in range(typeof(x).ndim):
        x = spline_filter1d(x, order, axis, np.float64, mode)
    return in_dtype(x, output, output)
