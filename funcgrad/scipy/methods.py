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
from funcgrad.scipy import stats
from funcgrad.scipy.interpolate.grids import interpolate_along, interpolate_on_grid
from funcgrad.scipy.interpolate.piecewise import evaluate
from funcgrad.scipy.mirror import has_tracer, scipy_module
from funcgrad.scipy.sparse.matrix import as_sparse
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
    of = scipy_module("interpolate").PPoly.from_spline
    n, k = len(self.c), self.k
    columns = np.reshape(self.c, (n, -1)).T
    pieces = np.stack([of((self.t, column, k)).c[:, k:n] for column in columns], axis=-1)
    pieces = pieces.reshape(*pieces.shape[:2], *np.shape(self.c)[1:])
    return evaluate(pieces, self.t[k : n + 1], x, nu, extrapolate, self.axis)


@_method_of("_Interpolator1D", "__call__")
def _interpolator(self: Any, x: Any) -> Any:
    if type(self).__name__ != "interp1d":
        raise ArgumentError(
            f"{type(self).__name__} takes no traced values; use CubicSpline{here()}"
        )
    return interpolate_along(self, x)


@_method_of("RegularGridInterpolator", "__call__")
def _regular_grid(self: Any, xi: Any, method: Any = None, *, nu: Any = None) -> Any:
    fill = np.nan if self.bounds_error else self.fill_value
    return interpolate_on_grid(self.grid, self.values, xi, method or self.method, fill)
