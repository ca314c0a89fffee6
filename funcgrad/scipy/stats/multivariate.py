"""Distributions of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.ops.linalg.factor import cholesky_p
from funcgrad.ops.linalg.matrix import column, diagonal_matrix, matrix_diagonal, uncolumn
from funcgrad.ops.linalg.solve import triangular_solve
from funcgrad.ops.special import ufuncs as sp
from funcgrad.ops.stop import stop_gradient_p
from funcgrad.scipy.mirror import has_tracer
from funcgrad.scipy.stats.distribution import Distribution, double


def _scale_matrix(name: str, scale: Any, dim: int) -> Any:
    """A scalar, a vector of variances or a matrix as a matrix."""
    scale = double(scale) * 1.0
    shape = typeof(scale).shape
    if len(shape) < 2:
        return diagonal_matrix(np.broadcast_to(scale, (dim,)) * 1.0)
    if shape[-2:] != (dim, dim):
        raise ArgumentError(
            f"{name}: a {dim} by {dim} matrix is needed for points of dimension {dim}, "
            f"got {typeof(scale)}{here()}"
        )
    return scale


def _mahalanobis(x: Any, mean: Any, matrix: Any) -> tuple[Any, Any]:
    """Squared distances in the metric of the inverse of a matrix, and its log-determinant."""
    factor = cholesky_p(matrix)
    white = uncolumn(triangular_solve(factor, column(x - mean), lower=True))
    logdet = 2.0 * np.sum(np.log(matrix_diagonal(factor)), axis=-1)
    return np.sum(white * white, axis=-1), logdet


def _points(x: Any, *others: Any) -> tuple[Any, int]:
    """Points (..., dim); a vector is one point, or several if everything else is a scalar."""
    x = double(x) * 1.0
    dim = max([typeof(o).shape[-1] for o in others if len(typeof(o).shape)], default=1)
    shape = typeof(x).shape
    if not shape:
        return np.reshape(x, (1,)), dim
    if len(shape) == 1 and dim == 1:
        return np.reshape(x, (*shape, 1)), dim
    return x, dim


class _Multivariate(Distribution):
    """A distribution of vectors: its (log) density on traced values."""

    log_name, plain_name = "logpdf", "pdf"

    def _log(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name == self.log_name:
            return self._dispatched(name, self._log)
        if name == self.plain_name:
            return self._dispatched(name, lambda *a, **k: np.exp(self._log(*a, **k)))
        return super().__getattr__(name)

    def _dispatched(self, name: str, traced: Any) -> Any:
        def method(*args: Any, **kwargs: Any) -> Any:
            if has_tracer(args, kwargs):
                return traced(*args, **kwargs)
            return self._call_scipy(name, *args, **kwargs)

        return method


def _invertible(matrix: Any) -> tuple[Any, Any, Any]:
    """A positive semidefinite matrix with ones for the eigenvalues that are zero, the projector on their space, and
    how small an eigenvalue counts as zero.

    On the range of the matrix its inverse is the pseudo-inverse, and its determinant is the product of the other
    eigenvalues; so are the derivatives for changes that keep the rank.
    """
    values = np.linalg.eigvalsh(stop_gradient_p(matrix))
    cutoff = 1e6 * np.finfo(np.float64).eps  # SciPy's
    null = np.eye(len(values)) - matrix @ np.linalg.pinv(matrix, rcond=cutoff, hermitian=True)
    return matrix - null @ matrix @ null + null, null, cutoff * np.max(np.abs(values))


class MultivariateNormal(_Multivariate):
    """`scipy.stats.multivariate_normal`: `logpdf(x, mean, cov)`, `pdf` and `entropy` on traced values.

    Points are (..., d); `cov` is a matrix (d, d), variances (d,) or one variance, positive definite, or with
    `allow_singular=True` semidefinite.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda mean: fg.scipy.stats.multivariate_normal.logpdf(np.ones(2), mean, 2.0)
    >>> fg.grad(f)(np.zeros(2))
    array([0.5, 0.5])
    """

    def _log(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        mean = double(0.0 if mean is None else mean)
        x, dim = _points(x, mean, cov)
        dim = max(dim, typeof(x).shape[-1])
        matrix = _scale_matrix(self.name, cov, dim)
        if not allow_singular:
            square, logdet = _mahalanobis(x, mean, matrix)
            return -0.5 * (dim * math.log(2.0 * math.pi) + logdet + square)
        matrix, null, tolerance = _invertible(matrix)
        square, logdet = _mahalanobis(x, mean, matrix)
        rank = dim - np.trace(null)
        outside = uncolumn(null @ column(x - mean))
        supported = np.sqrt(np.sum(outside * outside, axis=-1)) < 1e3 * tolerance
        value = -0.5 * (rank * math.log(2.0 * math.pi) + logdet + square)
        return np.where((rank > dim - 0.5) | supported, value, -np.inf)

    def _entropy(self, mean: Any = None, cov: Any = 1) -> Any:
        mean = double(0.0 if mean is None else mean)
        dim = max([typeof(a).shape[-1] for a in (mean, double(cov)) if typeof(a).shape], default=1)
        matrix, null, _ = _invertible(_scale_matrix(self.name, cov, dim))
        _, logdet = _mahalanobis(np.zeros(dim), 0.0, matrix)
        return 0.5 * ((dim - np.trace(null)) * (math.log(2.0 * math.pi) + 1.0) + logdet)

    def __getattr__(self, name: str) -> Any:
        return (
            self._dispatched(name, self._entropy)
            if name == "entropy"
            else super().__getattr__(name)
        )


class MultivariateT(_Multivariate):
    """`scipy.stats.multivariate_t`: `logpdf(x, loc, shape, df)` and `pdf` on traced values.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.stats.multivariate_t.logpdf(x, np.zeros(2), np.eye(2), 4.0)
    >>> fg.grad(f)(np.ones(2))
    array([-1., -1.])
    """

    def _log(self, x: Any, loc: Any = None, shape: Any = 1, df: Any = 1) -> Any:
        loc = double(0.0 if loc is None else loc)
        x, dim = _points(x, loc, shape)
        df = double(df)
        square, logdet = _mahalanobis(x, loc, _scale_matrix(self.name, shape, dim))
        half = 0.5 * (df + dim)
        return (
            sp.gammaln(half)
            - sp.gammaln(0.5 * df)
            - 0.5 * dim * np.log(df * math.pi)
            - 0.5 * logdet
            - half * np.log1p(square / df)
        )


class Dirichlet(_Multivariate):
    """`scipy.stats.dirichlet`: `logpdf(x, alpha)` and `pdf`; `x` is (k,) or (k, n), also without its last row.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.array([0.5, 0.5])
    >>> fg.grad(lambda alpha: fg.scipy.stats.dirichlet.logpdf(x, alpha))(np.ones(2)).round(4)
    array([0.3069, 0.3069])
    """

    def _log(self, x: Any, alpha: Any) -> Any:
        x, alpha = operand(x), operand(alpha)
        if typeof(x).shape[0] == typeof(alpha).shape[0] - 1:
            x = np.concatenate([x, 1.0 - np.sum(x, axis=0, keepdims=True)])
        norm = np.sum(sp.gammaln(alpha)) - sp.gammaln(np.sum(alpha))
        powers = alpha - 1.0
        if len(typeof(x).shape) > 1:
            powers = column(powers)
        return np.sum(sp.xlogy(powers, x), axis=0) - norm


class Multinomial(_Multivariate):
    """`scipy.stats.multinomial`: `logpmf(x, n, p)` and `pmf` of counts (..., k) on traced values.

    >>> import numpy as np, funcgrad as fg
    >>> x = np.array([1, 3])
    >>> fg.grad(lambda p: fg.scipy.stats.multinomial.logpmf(x, 4, p))(np.array([0.5, 0.5]))
    array([2., 6.])
    """

    log_name, plain_name = "logpmf", "pmf"

    def _log(self, x: Any, n: Any, p: Any) -> Any:
        x, n, p = double(x), double(n), double(p)
        value = sp.gammaln(n + 1.0) + np.sum(sp.xlogy(x, p) - sp.gammaln(x + 1.0), axis=-1)
        possible = (np.sum(x, axis=-1) == n) & np.all((x >= 0.0) & (np.floor(x) == x), axis=-1)
        return np.where(possible, value, -np.inf)


class Wishart(_Multivariate):
    """`scipy.stats.wishart`: `logpdf(x, df, scale)` and `pdf` of one matrix on traced values.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.stats.wishart.logpdf(x, 4.0, np.eye(2))
    >>> fg.grad(f)(np.eye(2))
    array([[0., 0.],
           [0., 0.]])
    """

    def _log(self, x: Any, df: Any, scale: Any) -> Any:
        x, df = double(x), double(df)
        dim = typeof(x).shape[-1]
        v = cholesky_p(_scale_matrix(self.name, scale, dim))
        c = cholesky_p(x)
        white = triangular_solve(v, c, lower=True)
        logdet_v = 2.0 * np.sum(np.log(matrix_diagonal(v)), axis=-1)
        logdet_x = 2.0 * np.sum(np.log(matrix_diagonal(c)), axis=-1)
        return (
            0.5 * (df - dim - 1.0) * logdet_x
            - 0.5 * np.sum(white * white, axis=(-2, -1))
            - 0.5 * df * dim * math.log(2.0)
            - 0.5 * df * logdet_v
            - _multigammaln(0.5 * df, dim)
        )


def _multigammaln(a: Any, dim: int) -> Any:
    total = dim * (dim - 1) / 4.0 * math.log(math.pi)
    for i in range(dim):
        total = total + sp.gammaln(a - 0.5 * i)
    return total


multivariate_normal = MultivariateNormal("multivariate_normal")
multivariate_t = MultivariateT("multivariate_t")
dirichlet = Dirichlet("dirichlet")
multinomial = Multinomial("multinomial")
wishart = Wishart("wishart")
