"""Splines of any degree with plain knots: from traced coefficients, through traced samples, at traced positions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError, UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis, operand
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import convert, move_axis
from funcgrad.scipy.interpolate.piecewise import PiecewisePolynomial, evaluate
from funcgrad.scipy.mirror import has_tracer, mirrors, scipy_module


def basis_pieces(t: Any, n: int, k: int) -> Any:
    """The polynomials (degree first, then intervals, then functions) of the n B-splines of degree k."""
    of = scipy_module("interpolate").PPoly.from_spline
    return np.stack([of((t, unit, k)).c[:, k:n] for unit in np.eye(n)], axis=-1)


def basis(t: Any, n: int, k: int, x: Any) -> Any:
    """The values of the B-splines at x: (*x.shape, n)."""
    return evaluate(basis_pieces(t, n, k), t[k : n + 1], x)


def _spline(t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> PiecewisePolynomial:
    """The spline of coefficients along the first axis."""
    n = len(t) - k - 1
    c = operand(c)
    if typeof(c).shape[0] < n:
        raise ArgumentError(
            f"knots {len(t)}, degree {k} and coefficients {typeof(c).shape[0]} are inconsistent{here()}"
        )
    pieces = np.tensordot(basis_pieces(t, n, k), c[:n], axes=1)
    return PiecewisePolynomial(pieces, t[k : n + 1], extrapolate, axis)


def _plain(name: str, what: str, value: Any) -> Any:
    if has_tracer(value):
        raise UnsupportedError(
            f"{name}: traced {what} have no traced implementation{here()}\n  use CubicSpline, which takes them"
        )
    return np.asarray(value, np.float64)


@mirrors("interpolate")
def BSpline(t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> PiecewisePolynomial:
    """`scipy.interpolate.BSpline` of traced coefficients; the knots are plain.

    >>> import numpy as np, funcgrad as fg
    >>> t = np.arange(6.0)
    >>> fg.grad(lambda c: fg.scipy.interpolate.BSpline(t, c, 2)(2.5))(np.ones(3))
    array([0.125, 0.75 , 0.125])
    """
    axis = normalize_axis(axis, typeof(operand(c)).ndim)
    return _spline(
        _plain("BSpline", "knots", t), move_axis(operand(c), axis, 0), k, extrapolate, axis
    )


@mirrors("interpolate")
def PPoly(c: Any, x: Any, extrapolate: Any = True, axis: int = 0) -> PiecewisePolynomial:
    """`scipy.interpolate.PPoly` of traced coefficients or breakpoints.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda c: fg.scipy.interpolate.PPoly(c, np.array([0.0, 1.0]))(0.5)
    >>> fg.grad(f)(np.ones((3, 1))).ravel()
    array([0.25, 0.5 , 1.  ])
    """
    if axis:
        raise UnsupportedError(f"PPoly: only axis 0 has a traced implementation{here()}")
    return PiecewisePolynomial(operand(c), operand(x), extrapolate)


@mirrors("interpolate")
def make_interp_spline(
    x: Any,
    y: Any,
    k: int = 3,
    t: Any = None,
    bc_type: Any = None,
    axis: int = 0,
    check_finite: bool = True,
) -> PiecewisePolynomial:
    """`scipy.interpolate.make_interp_spline` through traced samples at plain positions, on which it is linear.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda y: fg.scipy.interpolate.make_interp_spline(np.arange(4.0), y)(1.5)
    >>> fg.grad(f)(np.ones(4))
    array([-0.0625,  0.5625,  0.5625, -0.0625])
    """
    x = _plain("make_interp_spline", "positions", x)
    y = operand(y)
    axis = normalize_axis(axis, typeof(y).ndim)
    y = move_axis(y, axis, 0)
    if typeof(y).shape[0] != len(x):
        raise ArgumentError(
            f"make_interp_spline: {len(x)} positions, but {typeof(y).shape[0]} samples{here()}"
        )
    unit = scipy_module("interpolate").make_interp_spline(x, np.eye(len(x)), k, t, bc_type)
    c = np.tensordot(unit.c, convert(y, np.result_type(typeof(y).dtype, np.float64)), axes=1)
    return _spline(unit.t, c, k, True, axis)


# FITPACK's interface


@mirrors("interpolate")
def splrep(
    x: Any, y: Any, w: Any = None, xb: Any = None, xe: Any = None, k: int = 3, task: int = 0, s: Any = None,
    t: Any = None, full_output: int = 0, per: int = 0, quiet: int = 1,
) -> Any:  # fmt: skip
    """`scipy.interpolate.splrep` through traced samples at plain positions: knots, coefficients, degree.

    Without smoothing only, as the choice of the knots is not differentiable.

    >>> import numpy as np, funcgrad as fg
    >>> ip = fg.scipy.interpolate
    >>> fg.grad(lambda y: ip.splev(1.5, ip.splrep(np.arange(4.0), y)))(np.ones(4)).round(4)
    array([-0.0625,  0.5625,  0.5625, -0.0625])
    """
    if (
        s
        or w is not None
        or task
        or t is not None
        or per
        or full_output
        or xb is not None
        or xe is not None
    ):
        raise UnsupportedError(
            f"splrep: only interpolation (s=0, without weights and given knots) has a traced implementation{here()}"
        )
    x, y = _plain("splrep", "positions", x), convert(operand(y), np.float64)
    knots = scipy_module("interpolate").splrep(x, np.zeros(len(x)), k=k, s=0)[0]
    unit = scipy_module("interpolate").make_interp_spline(x, np.eye(len(x)), k, knots)
    return knots, np.concatenate([unit.c @ y, np.zeros(k + 1)]), k


@mirrors("interpolate")
def splev(x: Any, tck: Any, der: int = 0, ext: int = 0) -> Any:
    """`scipy.interpolate.splev`: a spline of `splrep`, or its derivative, at traced positions.

    Beyond the ends it goes on (`ext` 0), is 0 (1), NaN where SciPy raises (2), or the value at the end (3).

    >>> import numpy as np, funcgrad as fg
    >>> tck = fg.scipy.interpolate.splrep(np.arange(5.0), np.arange(5.0) ** 2)
    >>> fg.grad(lambda x: fg.scipy.interpolate.splev(x, tck))(1.5).round(6)
    np.float64(3.0)
    """
    t, c, k = tck
    if isinstance(c, (list, tuple)) or typeof(operand(c)).ndim != 1:
        raise UnsupportedError(f"splev: parametric curves have no traced implementation{here()}")
    spline = _spline(_plain("splev", "knots", t), c, k)
    x = convert(operand(x), np.float64)
    low, high = spline.x[0], spline.x[-1]
    if ext == 3:
        return spline(np.clip(x, low, high), der)
    out = spline(x, der)
    return out if ext == 0 else e.where((x < low) | (x > high), 0.0 if ext == 1 else math.nan, out)


@mirrors("interpolate")
def splint(a: Any, b: Any, tck: Any, full_output: int = 0) -> Any:
    """`scipy.interpolate.splint`: the integral of a spline of `splrep`.

    >>> import numpy as np, funcgrad as fg
    >>> tck = fg.scipy.interpolate.splrep(np.arange(5.0), np.arange(5.0) ** 2)
    >>> fg.grad(lambda b: fg.scipy.interpolate.splint(0.0, b, tck))(1.5).round(6)
    np.float64(2.25)
    """
    t, c, k = tck
    return _spline(_plain("splint", "knots", t), c, k).integrate(a, b)


@mirrors("interpolate")
def InterpolatedUnivariateSpline(
    x: Any,
    y: Any,
    w: Any = None,
    bbox: Any = (None, None),
    k: int = 3,
    ext: Any = 0,
    check_finite: bool = False,
) -> PiecewisePolynomial:
    """`scipy.interpolate.InterpolatedUnivariateSpline` through traced samples at plain positions.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda y: fg.scipy.interpolate.InterpolatedUnivariateSpline(np.arange(4.0), y)(1.5)
    >>> fg.grad(f)(np.ones(4)).round(4)
    array([-0.0625,  0.5625,  0.5625, -0.0625])
    """
    if ext not in (0, "extrapolate") or tuple(bbox) != (None, None) or w is not None:
        raise UnsupportedError(
            f"InterpolatedUnivariateSpline: ext, bbox and w have no traced implementation{here()}"
        )
    return _spline(*splrep(x, y, k=k))


@mirrors("interpolate")
def UnivariateSpline(
    x: Any, y: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, s: Any = None, ext: Any = 0,
    check_finite: bool = False,
) -> PiecewisePolynomial:  # fmt: skip
    """`scipy.interpolate.UnivariateSpline` through traced samples, for `s=0` only.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda y: fg.scipy.interpolate.UnivariateSpline(np.arange(4.0), y, s=0)(1.5)
    >>> fg.grad(f)(np.ones(4)).round(4)
    array([-0.0625,  0.5625,  0.5625, -0.0625])
    """
    if s != 0:
        raise UnsupportedError(
            f"UnivariateSpline: smoothing chooses knots by values{here()}\n  interpolate with s=0"
        )
    return InterpolatedUnivariateSpline(x, y, w, bbox, k, ext)


# Polynomials through all samples


def lagrange_basis(nodes: Any, x: Any) -> Any:
    """Lagrange's polynomials at x: (*x.shape, nodes)."""
    nodes, x = operand(nodes), operand(x)
    n = typeof(nodes).shape[0]
    gaps = x[..., None] - nodes
    columns = []
    for j in range(n):
        others = [i for i in range(n) if i != j]
        columns.append(np.prod(gaps[..., others] / (nodes[j] - nodes[others]), axis=-1))
    return np.stack(columns, axis=-1)


class _Polynomial(PiecewisePolynomial):
    """The polynomial through samples along the first axis."""

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        if nu:
            raise UnsupportedError(f"a traced interpolating polynomial has no derivative(){here()}")
        return np.tensordot(lagrange_basis(self.x, x), self.c, axes=1)


@mirrors("interpolate")
def BarycentricInterpolator(xi: Any, yi: Any = None, axis: int = 0, **options: Any) -> _Polynomial:
    """`scipy.interpolate.BarycentricInterpolator`: the polynomial through traced samples along the first axis.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda y: fg.scipy.interpolate.BarycentricInterpolator(np.arange(3.0), y)(0.5)
    >>> fg.grad(f)(np.ones(3))
    array([ 0.375,  0.75 , -0.125])
    """
    if axis or yi is None:
        raise UnsupportedError(f"BarycentricInterpolator: traced samples are along axis 0{here()}")
    return _Polynomial(operand(yi), operand(xi))


@mirrors("interpolate")
def KroghInterpolator(xi: Any, yi: Any, axis: int = 0) -> _Polynomial:
    """`scipy.interpolate.KroghInterpolator` without repeated nodes: the polynomial through traced samples."""
    return BarycentricInterpolator(xi, yi, axis)
