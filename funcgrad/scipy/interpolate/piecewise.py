"""Piecewise polynomials: their values, and cubic splines through traced samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import funcgrad.numpy as fnp
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import convert, move_axis
from funcgrad.ops.linalg.banded import solve_banded_p
from funcgrad.scipy.mirror import HoldsTraced, has_tracer, mirrors, scipy_module


def evaluate(
    c: Any, breaks: Any, x: Any, nu: int = 0, extrapolate: Any = True, axis: int = 0
) -> Any:
    """The polynomials with coefficients `c` (degree first, then intervals) at `x`, or their derivatives."""
    x, breaks, c = convert(operand(x), np.float64), operand(breaks), operand(c)
    size, intervals, *rest = typeof(c).shape
    for _ in range(nu):
        powers = np.arange(size - 1, 0, -1.0).reshape((-1, *(1,) * (1 + len(rest))))
        c = c[:-1] * powers if size > 1 else 0.0 * c
        size = max(size - 1, 1)
    within = (x >= breaks[0]) & (x <= breaks[-1])
    if isinstance(extrapolate, str) and extrapolate == "periodic":
        x = breaks[0] + np.mod(x - breaks[0], breaks[-1] - breaks[0])
    piece = np.clip(np.searchsorted(breaks, x, side="right") - 1, 0, intervals - 1)
    ndim = typeof(x).ndim
    step = (x - fnp.take(breaks, piece)).reshape((*typeof(x).shape, *(1,) * len(rest)))
    out = fnp.take(c[0], piece, axis=0)
    for k in range(1, size):
        out = out * step + fnp.take(c[k], piece, axis=0)
    if not extrapolate:
        out = e.where(within.reshape((*typeof(x).shape, *(1,) * len(rest))), out, math.nan)
    if axis:
        order = [*range(ndim, ndim + axis), *range(ndim), *range(ndim + axis, ndim + len(rest))]
        out = np.transpose(out, order)
    return out


class PiecewisePolynomial(HoldsTraced):
    """A polynomial on each interval between breakpoints, of traced coefficients or breakpoints."""

    def __init__(self, c: Any, x: Any, extrapolate: Any = True, axis: int = 0) -> None:
        self.c, self.x, self.extrapolate, self.axis = c, x, extrapolate, axis

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """Its values at `x`, or those of its derivative of order `nu`."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        return evaluate(self.c, self.x, x, nu, extrapolate, self.axis)

    def derivative(self, nu: int = 1) -> PiecewisePolynomial:
        """The derivative of order `nu`."""
        c = self.c
        for _ in range(nu):
            size = typeof(c).shape[0]
            powers = np.arange(size - 1, 0, -1.0).reshape((-1, *(1,) * (typeof(c).ndim - 1)))
            c = c[:-1] * powers if size > 1 else 0.0 * c
        return PiecewisePolynomial(c, self.x, self.extrapolate, self.axis)

    def antiderivative(self) -> PiecewisePolynomial:
        """The integral from the first breakpoint."""
        size, _, *rest = typeof(self.c).shape
        powers = np.arange(size, 0, -1.0).reshape((-1, 1, *(1,) * len(rest)))
        c = self.c / powers
        h = np.diff(self.x).reshape((-1, *(1,) * len(rest)))
        whole: Any = 0.0
        for k in range(size):
            whole = (whole + c[k]) * h
        start = np.concatenate([0.0 * whole[:1], np.cumsum(whole, axis=0)[:-1]])
        return PiecewisePolynomial(
            np.concatenate([c, start[None]]), self.x, self.extrapolate, self.axis
        )

    def integrate(self, a: Any, b: Any) -> Any:
        """The integral from `a` to `b`."""
        whole = self.antiderivative()
        return whole(b) - whole(a)


def _samples(name: str, x: Any, y: Any, axis: int) -> tuple[Any, Any, int]:
    """Positions, and samples along the first axis."""
    x, y = convert(operand(x), np.float64), operand(y)
    if typeof(y).dtype.kind != "c":
        y = convert(y, np.float64)
    axis = normalize_axis(axis, typeof(y).ndim)
    if typeof(x).ndim != 1 or typeof(x).shape[0] != typeof(y).shape[axis] or typeof(x).shape[0] < 2:
        raise ArgumentError(
            f"{name}: x has shape {typeof(x).shape}, and y {typeof(y).shape[axis]} samples along axis {axis}; "
            f"they should be as many, two at least{here()}"
        )
    return x, move_axis(y, axis, 0), axis


def _hermite(x: Any, y: Any, slopes: Any, extrapolate: Any, axis: int) -> PiecewisePolynomial:
    """The cubic polynomials with these values and slopes at the breakpoints."""
    h = np.diff(x).reshape((-1, *(1,) * (typeof(y).ndim - 1)))
    rise = np.diff(y, axis=0) / h
    bend = (slopes[:-1] + slopes[1:] - 2.0 * rise) / h
    c = np.stack([bend / h, (rise - slopes[:-1]) / h - bend, slopes[:-1], y[:-1]])
    return PiecewisePolynomial(c, x, True if extrapolate is None else extrapolate, axis)


def _end(h: Any, rise: Any, condition: Any, width: Any) -> tuple[Any, Any, Any]:
    """The equation of the slopes at an end: factors of the two slopes there, and the right side.

    `h` and `rise` are those of the two intervals next to the end, counted from it.
    """
    if isinstance(condition, str):
        condition = {"clamped": (1, 0.0), "natural": (2, 0.0)}.get(condition, condition)
    if condition == "not-a-knot":
        total = h[0] + h[1]
        right = ((h[0] + 2.0 * total) * h[1] * rise[0] + h[0] ** 2 * rise[1]) / total
        return h[1], total, right
    order, value = condition
    one = 1.0 + 0.0 * h[0]
    if order == 1:
        return one, 0.0 * h[0], value + 0.0 * rise[0]
    return 2.0 * one, one, 3.0 * rise[0] - 0.5 * width * value


@mirrors("interpolate")
def CubicSpline(
    x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None
) -> PiecewisePolynomial:
    """`scipy.interpolate.CubicSpline` through traced samples, at traced positions.

    Args:
        x: increasing positions (n,).
        y: samples, n along `axis`.
        axis: that of the samples.
        bc_type: "not-a-knot", "clamped", "natural" or (order, value), also a pair of them for the two ends.
        extrapolate: whether to go on beyond the ends; or "periodic".

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda y: fg.scipy.interpolate.CubicSpline(np.arange(4.0), y)(1.5)
    >>> fg.grad(f)(np.ones(4))
    array([-0.0625,  0.5625,  0.5625, -0.0625])
    """
    x, y, axis = _samples("CubicSpline", x, y, axis)
    n = typeof(x).shape[0]
    pair = isinstance(bc_type, (tuple, list)) and not isinstance(bc_type[0], int)
    start, end = bc_type if pair else (bc_type, bc_type)
    if "periodic" in (start, end):
        return _periodic(x, y, extrapolate, axis)
    spread = (-1, *(1,) * (typeof(y).ndim - 1))
    h = np.diff(x).reshape(spread)
    rise = np.diff(y, axis=0) / h
    if n == 2:
        start, end = [(1, rise[0]) if c == "not-a-knot" else c for c in (start, end)]
    if n == 3 and (start, end) == ("not-a-knot", "not-a-knot"):
        bend = (rise[1] - rise[0]) / (h[0] + h[1])  # the parabola through the three
        slopes = np.stack([rise[0] - bend * h[0], rise[0] + bend * h[0], rise[1] + bend * h[1]])
        return _hermite(x, y, slopes, extrapolate, axis)
    first = _end(h[:2], rise[:2], start, h[0])
    last = _end(h[::-1][:2], rise[::-1][:2], end, -h[-1])
    diagonal = [first[0][None], 2.0 * (h[:-1] + h[1:]), last[0][None]]
    above, below = [first[1][None], h[:-1]], [h[1:], last[1][None]]
    inner = 3.0 * (h[1:] * rise[:-1] + h[:-1] * rise[1:])
    right = np.concatenate([first[2][None], inner, last[2][None]])
    zero = np.zeros(1)
    bands = np.stack([
        np.concatenate([zero, *[np.ravel(part) for part in above]]),
        np.concatenate([np.ravel(part) for part in diagonal]),
        np.concatenate([*[np.ravel(part) for part in below], zero]),
    ])  # fmt: skip
    slopes = solve_banded_p(bands, np.reshape(right, (n, -1)), lower=1, upper=1)
    return _hermite(x, y, np.reshape(slopes, typeof(y).shape), extrapolate, axis)


def _periodic(x: Any, y: Any, extrapolate: Any, axis: int) -> PiecewisePolynomial:
    """The periodic spline through samples at plain positions, on which it is linear; the last is the first."""
    if has_tracer(x):
        raise ArgumentError(f'CubicSpline: bc_type="periodic" takes no traced positions{here()}')
    n = len(x)
    units = np.eye(n - 1)
    spline = scipy_module("interpolate").CubicSpline(
        x, np.concatenate([units, units[:1]]), bc_type="periodic"
    )
    pieces = np.tensordot(spline.c, y[: n - 1], axes=1)
    return PiecewisePolynomial(pieces, x, "periodic" if extrapolate is None else extrapolate, axis)


@mirrors("interpolate")
def CubicHermiteSpline(
    x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None
) -> PiecewisePolynomial:
    """`scipy.interpolate.CubicHermiteSpline`: cubic polynomials with given values and slopes."""
    x, values, axis = _samples("CubicHermiteSpline", x, y, axis)
    slopes = move_axis(operand(dydx), axis, 0)
    return _hermite(x, values, slopes, extrapolate, axis)


def _end_slope(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """The three-point formula, kept monotone (C. Moler, Numerical Computing with MATLAB, 3.6)."""
    d = ((2.0 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    steep = (np.sign(m0) != np.sign(m1)) & (np.abs(d) > 3.0 * np.abs(m0))
    return e.where(np.sign(d) != np.sign(m0), 0.0, e.where(steep, 3.0 * m0, d))


@mirrors("interpolate")
def Akima1DInterpolator(
    x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None
) -> PiecewisePolynomial:
    """`scipy.interpolate.Akima1DInterpolator` of traced samples, by "akima" or "makima".

    H. Akima, A new method of interpolation and smooth curve fitting based on local procedures, J. ACM 17 (1970).
    """
    if method not in ("akima", "makima"):
        raise ArgumentError(
            f"Akima1DInterpolator: method is 'akima' or 'makima', not {method!r}{here()}"
        )
    x, y, axis = _samples("Akima1DInterpolator", x, y, axis)
    h = np.diff(x).reshape((-1, *(1,) * (typeof(y).ndim - 1)))
    m = np.diff(y, axis=0) / h
    if typeof(x).shape[0] == 2:
        return _hermite(x, y, np.concatenate([m, m]), bool(extrapolate), axis)
    before, after = [2.0 * m[0] - m[1]], [2.0 * m[-1] - m[-2]]
    before.insert(0, 2.0 * before[0] - m[0])
    after.append(2.0 * after[0] - m[-1])
    m = np.concatenate([np.stack(before), m, np.stack(after)])
    change = np.abs(np.diff(m, axis=0))
    if method == "makima":
        change = change + np.abs(m[1:] + m[:-1]) / 2.0
    left, right = change[2:], change[:-2]
    total = left + right
    flat = total <= 1e-9 * np.max(total)
    mean = 0.5 * (m[3:] + m[:-3]) if method == "akima" else 0.0 * m[3:]
    weighted = (left * m[1:-2] + right * m[2:-1]) / e.where(flat, 1.0, total)
    slopes = e.where(flat, mean, weighted)
    return _hermite(x, y, slopes, False if extrapolate is None else extrapolate, axis)


@mirrors("interpolate")
def PchipInterpolator(
    x: Any, y: Any, axis: int = 0, extrapolate: Any = None
) -> PiecewisePolynomial:
    """`scipy.interpolate.PchipInterpolator`: monotone cubic interpolation of traced samples.

    F. N. Fritsch, J. Butland, A method for constructing local monotone piecewise cubic interpolants, SIAM J. Sci. Stat.
    Comput. 5 (1984).
    """
    x, y, axis = _samples("PchipInterpolator", x, y, axis)
    h = np.diff(x).reshape((-1, *(1,) * (typeof(y).ndim - 1)))
    m = np.diff(y, axis=0) / h
    if typeof(x).shape[0] == 2:
        return _hermite(x, y, np.concatenate([m, m]), extrapolate, axis)
    flat = (np.sign(m[1:]) != np.sign(m[:-1])) | (m[1:] == 0) | (m[:-1] == 0)
    w1, w2 = 2.0 * h[1:] + h[:-1], h[1:] + 2.0 * h[:-1]
    before, after = e.where(flat, 1.0, m[:-1]), e.where(flat, 1.0, m[1:])
    inner = e.where(flat, 0.0, (w1 + w2) / (w1 / before + w2 / after))
    first = _end_slope(h[0], h[1], m[0], m[1])[None]
    last = _end_slope(h[-1], h[-2], m[-1], m[-2])[None]
    return _hermite(x, y, np.concatenate([first, inner, last]), extrapolate, axis)
