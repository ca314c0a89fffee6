"""Methods of SciPy's objects that were made of plain arrays, on traced values: `matrix @ t`, `spline(t)`.

The table is read where such a method has failed (stand_ins).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core import patch
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.numpy.arguments import operand
from funcgrad.scipy import stats
from funcgrad.scipy.interpolate.grids import interpolate_along, interpolate_on_grid
from funcgrad.scipy.interpolate.piecewise import evaluate
from funcgrad.scipy.interpolate.scattered import joined, on_triangles, radial_of
from funcgrad.scipy.interpolate.splines import basis, basis_pieces, lagrange_basis, splev
from funcgrad.scipy.mirror import has_tracer
from funcgrad.scipy.sparse.matrix import as_sparse
from funcgrad.scipy.spatial.transform import Rotation, between
from funcgrad.scipy.stats.density import kernel_log_density
from funcgrad.scipy.stats.distribution import METHODS as OF_DISTRIBUTIONS

# (class of SciPy's, method) -> implementation (self, *args, **kwargs)
METHODS: dict[tuple[str, str], Callable[..., Any]] = {}


def dispatching(cls: type, name: str, ours: Callable[..., Any]) -> Callable[..., Any]:
    """A method that is SciPy's own on plain arrays, and ours on traced values."""
    scipys = patch.plain(cls, name)

    @functools.wraps(scipys)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        implementation = ours if has_tracer(args, kwargs) else scipys
        return implementation(self, *args, **kwargs)

    return method


def methods_of(cls: type) -> dict[str, Callable[..., Any]]:
    """The implementations for the objects of a class of SciPy's."""
    found: dict[str, Callable[..., Any]] = {}
    for parent in cls.__mro__:
        for (owner, name), implementation in METHODS.items():
            if owner == parent.__name__:
                found.setdefault(name, implementation)
    return found


def _method_of(cls: str, *names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(implementation: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            METHODS[cls, name] = implementation
        return implementation

    return register


# Sparse matrices


_OF_MATRICES = """
    __matmul__ __rmatmul__ __mul__ __rmul__ __truediv__ __add__ __radd__ __sub__ __rsub__ multiply divide dot
"""


def _of_sparse(name: str) -> Callable[..., Any]:
    return lambda matrix, *args: getattr(as_sparse(matrix), name)(*args)


for _name in _OF_MATRICES.split():
    METHODS["_spbase", _name] = METHODS["spmatrix", _name] = _of_sparse(_name)


# Frozen distributions


def _frozen(name: str) -> Callable[..., Any]:
    def method(frozen: Any, *args: Any) -> Any:
        distribution = getattr(stats, frozen.dist.name)
        return getattr(distribution, name)(*args, *frozen.args, **frozen.kwds)

    return method


for _name in OF_DISTRIBUTIONS:
    for _class in ("rv_frozen", "rv_continuous_frozen", "rv_discrete_frozen"):
        METHODS[_class, _name] = _frozen(_name)


# Density estimates


def _kernels(log: bool) -> Callable[..., Any]:
    def method(self: Any, points: Any) -> Any:
        found = kernel_log_density(self.dataset, self.weights, self.covariance, points)
        return found if log else np.exp(found)

    return method


for _name in ("__call__", "evaluate", "pdf", "logpdf"):
    METHODS["gaussian_kde", _name] = _kernels(_name == "logpdf")


# Splines and interpolants


@_method_of("_PPolyBase", "__call__")
def _piecewise(self: Any, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
    extrapolate = self.extrapolate if extrapolate is None else extrapolate
    bernstein = type(self).__name__.endswith("BPoly")
    c = _powers_of_bernstein(self.c, np.diff(self.x)) if bernstein else self.c
    return evaluate(c, self.x, x, nu, extrapolate, self.axis)


def _powers_of_bernstein(c: Any, h: Any) -> Any:
    """Coefficients in powers of t from those of Bernstein's polynomials, binom(k, a) (t/h)^a (1 - t/h)^(k - a)."""
    k = len(c) - 1
    h = np.reshape(h, (-1, *(1,) * (np.ndim(c) - 2)))
    powers = [
        sum(
            (-1.0) ** (s - a) * math.comb(k, a) * math.comb(k - a, s - a) * c[a]
            for a in range(s + 1)
        )
        / h**s
        for s in range(k, -1, -1)
    ]
    return np.stack(powers)


@_method_of("BSpline", "__call__")
def _b_spline(self: Any, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
    extrapolate = self.extrapolate if extrapolate is None else extrapolate
    n, k = len(self.c), self.k
    pieces = np.tensordot(basis_pieces(self.t, n, k), self.c, axes=1)
    return evaluate(pieces, self.t[k : n + 1], x, nu, extrapolate, self.axis)


@_method_of("UnivariateSpline", "__call__")
def _univariate(self: Any, x: Any, nu: int = 0, ext: Any = None) -> Any:
    names = {"extrapolate": 0, "zeros": 1, "raise": 2, "const": 3}
    ext = self.ext if ext is None else ext
    return splev(x, self._eval_args, nu, names.get(ext, ext))


def _bivariate(self: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """The values of the B-splines along both axes, and the coefficients."""
    tx, ty, c = self.tck
    kx, ky = self.degrees
    shape = (len(tx) - kx - 1, len(ty) - ky - 1)
    return basis(tx, shape[0], kx, x), basis(ty, shape[1], ky, y), np.reshape(c, shape)


@_method_of("_BivariateSplineBase", "ev")
@_method_of("BivariateSpline", "ev")
def _at_points(self: Any, xi: Any, yi: Any, dx: int = 0, dy: int = 0) -> Any:
    if dx or dy:
        raise ArgumentError(
            f"a spline of two variables at traced points has no dx, dy: use fg.grad{here()}"
        )
    bx, by, c = _bivariate(self, xi, yi)
    return np.sum((bx @ c) * by, axis=-1)


@_method_of("_BivariateSplineBase", "__call__")
@_method_of("BivariateSpline", "__call__")
def _on_grid(self: Any, x: Any, y: Any, dx: int = 0, dy: int = 0, grid: bool = True) -> Any:
    if not grid:
        return _at_points(self, x, y, dx, dy)
    bx, by, c = _bivariate(self, np.atleast_1d(x), np.atleast_1d(y))
    return bx @ c @ by.T


@_method_of("_Interpolator1D", "__call__")
def _interpolator(self: Any, x: Any) -> Any:
    name = type(self).__name__
    if name == "interp1d":
        return interpolate_along(self, x)
    if name == "BarycentricInterpolator":
        values = np.tensordot(lagrange_basis(self.xi, x), self.yi, axes=1)
    elif name == "KroghInterpolator":  # Newton's form
        x = operand(x)
        product: Any = 1.0
        values = self.c[0] + 0.0 * x[..., None]
        for k in range(1, self.n):
            product = product * (x[..., None] - self.xi[k - 1])
            values = values + product * self.c[k]
    else:
        raise ArgumentError(f"{name} takes no traced values; use CubicSpline{here()}")
    return values.reshape((*np.shape(x), *self._y_extra_shape))


@_method_of("RBFInterpolator", "__call__")
def _radial(self: Any, x: Any) -> Any:
    return radial_of(self)(x)


@_method_of("LinearNDInterpolator", "__call__")
def _on_triangles(self: Any, *args: Any) -> Any:
    values = np.reshape(self.values, (len(self.values), *self.values_shape))
    return on_triangles(self.tri, values, joined(args), self.fill_value)


@_method_of("RegularGridInterpolator", "__call__")
def _regular_grid(self: Any, xi: Any, method: Any = None, *, nu: Any = None) -> Any:
    fill = np.nan if self.bounds_error else self.fill_value
    return interpolate_on_grid(self.grid, self.values, xi, method or self.method, fill)


# Rotations


@_method_of("Rotation", "apply")
def _rotated(rotation: Any, vectors: Any, inverse: bool = False) -> Any:
    return Rotation(rotation.as_quat()).apply(vectors, inverse)


@_method_of("Rotation", "__pow__")
def _turned_by(rotation: Any, n: Any, modulus: None = None) -> Any:
    return Rotation(rotation.as_quat()) ** n


@_method_of("Slerp", "__call__")
def _between_rotations(slerp: Any, times: Any) -> Any:
    rotations = Rotation(slerp.rotations.as_quat())
    return between(slerp.times, rotations, slerp.rotvecs, times)
