"""Interpolation in tables: along a line, and on regular grids."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import funcgrad.numpy as fnp
from funcgrad.core.errors import ArgumentError, UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import inexact, normalize_axis, operand
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import convert, move_axis
from funcgrad.scipy.interpolate.piecewise import CubicSpline, evaluate
from funcgrad.scipy.interpolate.splines import basis_pieces, make_interp_spline
from funcgrad.scipy.mirror import mirrors


def _steps(kind: str, x: Any, y: Any, at: Any) -> Any:
    """Values of the nearest, the previous or the next sample."""
    if kind.startswith("nearest"):
        side = "right" if kind == "nearest-up" else "left"
        place = np.searchsorted((x[1:] + x[:-1]) / 2.0, at, side)
    elif kind == "previous":
        place = np.searchsorted(x, at, "right") - 1
    else:
        place = np.searchsorted(x, at, "left")
    return fnp.take(y, np.clip(place, 0, typeof(x).shape[0] - 1), axis=0)


class _Interpolant:
    """What `interp1d` makes of traced samples."""

    def __init__(self, x: Any, y: Any, kind: Any, axis: int, below: Any, above: Any) -> None:
        self.x, self.y, self.kind, self.axis = x, y, kind, axis
        self.below, self.above = below, above

    def __call__(self, x: Any) -> Any:
        at = convert(operand(x), np.float64)
        y = move_axis(self.y, self.axis, 0)
        rest, ndim = typeof(y).ndim - 1, typeof(at).ndim
        kind = {1: "linear", 3: "cubic", 0: "zero"}.get(self.kind, self.kind)
        if kind in ("linear", "slinear"):
            h = np.diff(self.x).reshape((-1, *(1,) * rest))
            out = evaluate(np.stack([np.diff(y, axis=0) / h, y[:-1]]), self.x, at)
        elif kind == "cubic":
            out = CubicSpline(self.x, y)(at)
        elif kind in ("quadratic", 2):
            out = make_interp_spline(self.x, y, 2)(at)
        elif kind in ("nearest", "nearest-up", "previous", "next", "zero"):
            out = _steps("previous" if kind == "zero" else kind, self.x, y, at)
        else:
            raise UnsupportedError(
                f"interp1d of kind {self.kind!r} takes no traced values{here()}\n  use linear or cubic"
            )
        column = at.reshape((*typeof(at).shape, *(1,) * rest))
        if self.below is not None:
            out = e.where(column < self.x[0], self.below, out)
            out = e.where(column > self.x[-1], self.above, out)
        axes = [*range(ndim, ndim + self.axis), *range(ndim), *range(ndim + self.axis, ndim + rest)]
        return np.transpose(out, axes) if self.axis else out


@mirrors("interpolate")
def interp1d(
    x: Any, y: Any, kind: Any = "linear", axis: int = -1, copy: bool = True,
    bounds_error: Any = None, fill_value: Any = math.nan, assume_sorted: bool = False,
) -> Any:  # fmt: skip
    """`scipy.interpolate.interp1d` of traced samples; beyond the bounds it gives NaN where SciPy raises.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda y: fg.scipy.interpolate.interp1d(np.arange(3.0), y)(1.25)
    >>> fg.grad(f)(np.ones(3))
    array([0.  , 0.75, 0.25])
    """
    x, y = convert(operand(x), np.float64), inexact(y)
    axis = normalize_axis(axis, typeof(y).ndim)
    if not assume_sorted:
        order = np.argsort(x, kind="stable")
        x, y = x[order], fnp.take(y, order, axis=axis)
    if isinstance(fill_value, str):
        return _Interpolant(x, y, kind, axis, None, None)
    below, above = fill_value if isinstance(fill_value, tuple) else (fill_value, fill_value)
    return _Interpolant(x, y, kind, axis, below, above)


def interpolate_along(self: Any, x: Any) -> Any:
    """SciPy's `interp1d` object, made of plain arrays, at traced positions."""
    kind = self._kind
    if kind == "spline":
        kind = self._spline.k
    if kind in ("linear", 1, 2, 3, "nearest", "nearest-up", "previous", "next"):
        if self._extrapolate:
            return _Interpolant(self.x, self.y, kind, self.axis, None, None)(x)
        # SciPy keeps one value per column, in an array of one axis also where there are no columns.
        rest = self.y.shape[: self.axis] + self.y.shape[self.axis + 1 :]
        below, above = (
            np.broadcast_to(fill, rest or (1,)).reshape(rest)
            for fill in (self._fill_value_below, self._fill_value_above)
        )
        return _Interpolant(self.x, self.y, kind, self.axis, below, above)(x)
    raise UnsupportedError(
        f"interp1d of kind {kind!r} takes no traced positions{here()}\n  use CubicSpline or make_interp_spline"
    )


def interpolate_on_grid(grid: Any, values: Any, xi: Any, method: str, fill: Any) -> Any:
    """Multilinear interpolation, or the nearest sample, on a grid of positions per axis."""
    if method not in ("linear", "slinear", "nearest", *_DEGREES):
        raise UnsupportedError(
            f"RegularGridInterpolator by {method!r} takes no traced values{here()}\n  "
            f"use 'linear', 'nearest', {', '.join(map(repr, _DEGREES))}"
        )
    at = np.stack(np.broadcast_arrays(*xi), axis=-1) if isinstance(xi, tuple) else operand(xi)
    at = at if typeof(at).ndim > 1 else at.reshape(-1, len(grid))
    values = operand(values)
    if method in _DEGREES:
        return _by_splines(grid, values, at, _DEGREES[method], fill)
    rest = typeof(values).ndim - len(grid)
    lower, upper, inside = [], [], True
    for axis, line in enumerate(grid):
        line = operand(line)
        t = at[..., axis]
        n = typeof(line).shape[0]
        inside = inside & (t >= line[0]) & (t <= line[-1])
        i = np.clip(np.searchsorted(line, t, side="right") - 1, 0, n - 2)
        start = fnp.take(line, i)
        w = (t - start) / (fnp.take(line, i + 1) - start)
        if method == "nearest":
            w = np.where(w <= 0.5, 0.0, 1.0)
        w = w.reshape((*typeof(w).shape, *(1,) * rest))
        lower.append((i, 1.0 - w))
        upper.append((i + 1, w))
    # Of all samples in one row, so that traced places can be taken from plain ones.
    sizes = typeof(values).shape[: len(grid)]
    row = np.reshape(values, (-1, *typeof(values).shape[len(grid) :]))
    total: Any = 0.0
    for corner in np.ndindex(*(2,) * len(grid)):
        ends = [(lower, upper)[end][axis] for axis, end in enumerate(corner)]
        place: Any = 0
        for (i, _), size in zip(ends, sizes, strict=True):
            place = place * size + i
        term = fnp.take(row, place, axis=0)
        for _, w in ends:
            term = term * w
        total = total + term
    if fill is None:
        return total
    return e.where(operand(inside).reshape((*typeof(inside).shape, *(1,) * rest)), total, fill)


# Splines along each axis
_DEGREES = {"cubic": 3, "quintic": 5}


def _by_splines(grid: Any, values: Any, at: Any, degree: int, fill: Any) -> Any:
    """Interpolation by splines along one axis after the other: linear in the samples."""
    inside: Any = True
    out: Any = values
    for axis, line in enumerate(grid):
        t = at[..., axis]
        inside = inside & (t >= line[0]) & (t <= line[-1])
        # What each sample contributes at each point.
        weights = make_interp_spline(line, np.eye(len(line)), degree)
        share = evaluate(*_pieces_of(weights), t.reshape(-1))
        out = np.einsum("pi,i...->p..." if axis == 0 else "pi,pi...->p...", share, out)
    out = out.reshape((*typeof(at).shape[:-1], *typeof(values).shape[len(grid) :]))
    if fill is None:
        return out
    spread = operand(inside).reshape(
        (*typeof(inside).shape, *(1,) * (typeof(values).ndim - len(grid)))
    )
    return e.where(spread, out, fill)


def _pieces_of(spline: Any) -> tuple[Any, Any]:
    """The polynomials and breakpoints of SciPy's spline with a coefficient vector per sample."""
    n = len(spline.c)
    pieces = np.tensordot(basis_pieces(spline.t, n, spline.k), spline.c, axes=1)
    return pieces, spline.t[spline.k : n + 1]


@mirrors("interpolate")
def interpn(
    points: Any, values: Any, xi: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = math.nan,
) -> Any:  # fmt: skip
    """`scipy.interpolate.interpn`: interpolation on a grid, as `RegularGridInterpolator` does it.

    >>> import numpy as np, funcgrad as fg
    >>> grid, table = (np.arange(2.0), np.arange(2.0)), np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> fg.grad(lambda x: fg.scipy.interpolate.interpn(grid, table, x)[0])(np.array([0.5, 0.5]))
    array([2., 1.])
    """
    fill = math.nan if bounds_error else fill_value
    return interpolate_on_grid(points, values, xi, method, fill)


class _GridInterpolant:
    """What `RegularGridInterpolator` makes of traced samples."""

    def __init__(self, points: Any, values: Any, method: str, fill: Any) -> None:
        self.grid, self.values, self.method, self.fill = points, values, method, fill

    def __call__(self, xi: Any, method: Any = None) -> Any:
        return interpolate_on_grid(self.grid, self.values, xi, method or self.method, self.fill)


@mirrors("interpolate")
def RegularGridInterpolator(
    points: Any, values: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = math.nan,
) -> Any:  # fmt: skip
    """`scipy.interpolate.RegularGridInterpolator` of traced samples, linear or nearest.

    Beyond the bounds it gives NaN where SciPy raises.

    >>> import numpy as np, funcgrad as fg
    >>> grid = (np.arange(2.0), np.arange(2.0))
    >>> f = lambda v: fg.scipy.interpolate.RegularGridInterpolator(grid, v)(np.array([0.5, 0.25]))[
    ...     0
    ... ]
    >>> fg.grad(f)(np.ones((2, 2)))
    array([[0.375, 0.125],
           [0.375, 0.125]])
    """
    if typeof(operand(values)).ndim < len(points):
        raise ArgumentError(
            f"RegularGridInterpolator: {len(points)} axes of points for {typeof(values)}{here()}"
        )
    return _GridInterpolant(points, values, method, math.nan if bounds_error else fill_value)
