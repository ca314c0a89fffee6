"""Interpolation of scattered samples: radial basis functions, and linear functions on triangles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import funcgrad.numpy as fnp
from funcgrad.control.callback import pure_callback
from funcgrad.core.errors import ArgumentError, UnsupportedError
from funcgrad.core.source import here
from funcgrad.core.tracing import current_trace, typeof
from funcgrad.core.types import ShapedArray
from funcgrad.numpy.arguments import operand
from funcgrad.ops import elementwise as e
from funcgrad.ops.basic import convert
from funcgrad.ops.special import ufuncs as sp
from funcgrad.ops.stop import stop_gradient_p
from funcgrad.scipy.mirror import HoldsTraced, has_tracer, mirrors, scipy_module


def _distance(square: Any) -> Any:
    """The root, with the derivative 0 at 0."""
    here_ = square == 0.0
    return e.where(here_, 0.0, e.sqrt(e.where(here_, 1.0, square)))


# Of squared distances.
KERNELS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda s: -_distance(s),
    "thin_plate_spline": lambda s: 0.5 * sp.xlogy(s, e.where(s == 0.0, 1.0, s)),
    "cubic": lambda s: s * _distance(s),
    "quintic": lambda s: -s * s * _distance(s),
    "multiquadric": lambda s: -e.sqrt(1.0 + s),
    "inverse_multiquadric": lambda s: 1.0 / e.sqrt(1.0 + s),
    "inverse_quadratic": lambda s: 1.0 / (1.0 + s),
    "gaussian": lambda s: e.exp(-s),
}
_DEGREES = {"multiquadric": 0, "linear": 0, "thin_plate_spline": 1, "cubic": 1, "quintic": 2}
_SCALE_FREE = {"linear", "thin_plate_spline", "cubic", "quintic"}


def _powers(dimensions: int, degree: int) -> Any:
    """The exponents of all monomials up to a degree."""
    every = np.indices((degree + 1,) * dimensions).reshape(dimensions, -1).T
    return every[every.sum(axis=1) <= degree]


def _monomials(x: Any, powers: Any) -> Any:
    columns = [np.prod(x**p, axis=1) for p in powers] if len(powers) else []
    return np.stack(columns, axis=1) if columns else np.zeros((typeof(x).shape[0], 0))


def _squares(x: Any, y: Any) -> Any:
    return np.sum((x[:, None, :] - y[None, :, :]) ** 2, axis=-1)


class _Radial(HoldsTraced):
    """What `RBFInterpolator` makes of traced samples."""

    def __init__(
        self, y: Any, d: Any, smoothing: Any, kernel: str, epsilon: Any, degree: int
    ) -> None:
        self.y, self.kernel, self.epsilon = y, KERNELS[kernel], epsilon
        self.shape = typeof(d).shape[1:]
        n = typeof(y).shape[0]
        low, high = np.min(y, axis=0), np.max(y, axis=0)
        self.shift, self.scale = (high + low) / 2.0, (high - low) / 2.0
        self.scale = e.where(self.scale == 0.0, 1.0, self.scale)
        self.powers = _powers(typeof(y).shape[1], degree) if degree >= 0 else np.zeros((0, 1))
        p = _monomials((y - self.shift) / self.scale, self.powers)
        k = self.kernel(_squares(y, y) * epsilon**2) + np.diag(
            np.broadcast_to(smoothing, (n,)) * 1.0
        )
        m = typeof(p).shape[1]
        matrix = np.concatenate(
            [np.concatenate([k, p], axis=1), np.concatenate([p.T, np.zeros((m, m))], axis=1)]
        )
        right = np.concatenate([d.reshape(n, -1), np.zeros((m, max(math.prod(self.shape), 1)))])
        self.coefficients = np.linalg.solve(matrix, right)

    def __call__(self, x: Any) -> Any:
        """The values at points (m, dimensions)."""
        x = convert(operand(x), np.float64)
        if typeof(x).ndim != 2 or typeof(x).shape[1] != typeof(self.y).shape[1]:
            raise ArgumentError(
                f"RBFInterpolator: points of shape (m, {typeof(self.y).shape[1]}) are needed, not {typeof(x)}{here()}"
            )
        kernel = self.kernel(_squares(x, self.y) * self.epsilon**2)
        rest = _monomials((x - self.shift) / self.scale, self.powers)
        values = np.concatenate([kernel, rest], axis=1) @ self.coefficients
        return values.reshape((typeof(x).shape[0], *self.shape))


@mirrors("interpolate")
def RBFInterpolator(
    y: Any, d: Any, neighbors: Any = None, smoothing: Any = 0.0, kernel: str = "thin_plate_spline",
    epsilon: Any = None, degree: Any = None,
) -> Any:  # fmt: skip
    """`scipy.interpolate.RBFInterpolator` of traced samples, places or shape parameter, without `neighbors`.

    >>> import numpy as np, funcgrad as fg
    >>> places = np.array([[0.0], [1.0], [3.0]])
    >>> f = lambda d: fg.scipy.interpolate.RBFInterpolator(places, d, kernel="linear")(
    ...     np.array([[2.0]])
    ... )[0]
    >>> fg.grad(f)(np.ones(3)).round(6) + 0.0
    array([0. , 0.5, 0.5])
    """
    if neighbors is not None:
        raise UnsupportedError(f"RBFInterpolator: neighbors have no traced implementation{here()}")
    if kernel not in KERNELS:
        raise ArgumentError(f"kernel must be one of {', '.join(KERNELS)}, not {kernel!r}{here()}")
    if epsilon is None:
        if kernel not in _SCALE_FREE:
            raise ArgumentError(f"RBFInterpolator: kernel {kernel!r} needs epsilon{here()}")
        epsilon = 1.0
    degree = max(_DEGREES.get(kernel, -1), 0) if degree is None else int(degree)
    y, d = (convert(operand(v), np.float64) for v in (y, d))
    return _Radial(y, d, smoothing, kernel, epsilon, degree)


def radial_of(plain: Any) -> _Radial:
    """The same from SciPy's object, which was made of plain arrays."""
    if plain.neighbors is not None:
        raise UnsupportedError(f"RBFInterpolator: neighbors have no traced implementation{here()}")
    degree = int(np.max(np.sum(plain.powers, axis=1), initial=-1))
    d = np.reshape(plain.d, (len(plain.y), *plain.d_shape))
    return _Radial(plain.y, d, plain.smoothing, plain.kernel, plain.epsilon, degree)


# Triangles


def on_triangles(triangles: Any, values: Any, x: Any, fill: Any) -> Any:
    """Linear interpolation of values (n, ...) at the corners of triangles at points (..., dimensions)."""
    values, x = operand(values), convert(operand(x), np.float64)
    d = triangles.ndim
    shape = typeof(x).shape[:-1]
    points = x.reshape(-1, d)

    def find(at: Any) -> Any:
        return triangles.find_simplex(np.asarray(at)).astype(np.int64)

    if has_tracer(points):
        result = ShapedArray(typeof(points).shape[:1], np.dtype(np.int64))
        place = pure_callback(find, result, stop_gradient_p(points), vmap_method="sequential")
    else:
        place = find(points)
    inside, place = place >= 0, np.maximum(place, 0)
    transform = fnp.take(triangles.transform, place, axis=0)
    offset = points - transform[:, d]
    first = np.sum(transform[:, :d] * offset[:, None, :], axis=-1)
    weights = np.concatenate([first, 1.0 - np.sum(first, axis=1, keepdims=True)], axis=1)
    corners = fnp.take(
        values, fnp.take(triangles.simplices.astype(np.int64), place, axis=0), axis=0
    )
    rest = typeof(values).ndim - 1
    spread = (..., *(None,) * rest)
    out = np.sum(weights[spread] * corners, axis=1)
    return np.where(inside[spread], out, fill).reshape((*shape, *typeof(values).shape[1:]))


class _OnTriangles(HoldsTraced):
    """What `LinearNDInterpolator` makes of traced samples."""

    def __init__(self, triangles: Any, values: Any, fill: Any) -> None:
        self.triangles, self.values, self.fill = triangles, values, fill

    def __call__(self, *args: Any) -> Any:
        """The values at points: (..., dimensions), or an array per coordinate."""
        return on_triangles(self.triangles, self.values, joined(args), self.fill)


def joined(args: Any) -> Any:
    """Points as one array, from one or from an array per coordinate."""
    first = args[0] if len(args) == 1 else args
    return np.stack(np.broadcast_arrays(*first), axis=-1) if isinstance(first, tuple) else first


def LinearNDInterpolator(
    points: Any, values: Any, fill_value: Any = math.nan, rescale: bool = False
) -> Any:
    """`scipy.interpolate.LinearNDInterpolator` of samples at plain places, at traced points.

    >>> import numpy as np, funcgrad as fg
    >>> corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> f = lambda v: fg.scipy.interpolate.LinearNDInterpolator(corners, v)(0.25, 0.25)
    >>> fg.grad(f)(np.ones(3))
    array([0.5 , 0.25, 0.25])
    """
    if current_trace() is None:
        make = scipy_module("interpolate").LinearNDInterpolator
        return make(points, values, fill_value, rescale)
    if rescale or has_tracer(points):
        raise UnsupportedError(
            f"LinearNDInterpolator: traced places and rescale have no traced implementation{here()}"
        )
    plain = scipy_module("interpolate").LinearNDInterpolator(
        points, np.zeros(typeof(values).shape[0])
    )
    return _OnTriangles(plain.tri, values, fill_value)


@mirrors("interpolate")
def griddata(
    points: Any,
    values: Any,
    xi: Any,
    method: str = "linear",
    fill_value: Any = math.nan,
    rescale: bool = False,
) -> Any:
    """`scipy.interpolate.griddata` of traced samples at plain places, linear in two or more dimensions.

    >>> import numpy as np, funcgrad as fg
    >>> corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> f = lambda v: fg.scipy.interpolate.griddata(corners, v, np.array([[0.25, 0.25]]))[0]
    >>> fg.grad(f)(np.ones(3))
    array([0.5 , 0.25, 0.25])
    """
    if method != "linear":
        raise UnsupportedError(
            f"griddata: only method='linear' has a traced implementation{here()}"
        )
    points = np.stack(points, axis=-1) if isinstance(points, tuple) else points
    return LinearNDInterpolator(points, values, fill_value, rescale)(xi)
