"""Density estimation by Gaussian kernels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import operand
from funcgrad.ops.basic import convert
from funcgrad.ops.linalg.factor import cholesky_p
from funcgrad.ops.linalg.matrix import matrix_diagonal
from funcgrad.ops.linalg.solve import triangular_solve
from funcgrad.scipy.mirror import HoldsTraced, mirrors
from funcgrad.scipy.special import logsumexp


def kernel_log_density(dataset: Any, weights: Any, covariance: Any, points: Any) -> Any:
    """The logarithm of the density at points (dimensions, m) of kernels at `dataset` (dimensions, n)."""
    d = typeof(dataset).shape[0]
    points = convert(operand(points), np.float64)
    if typeof(points).ndim < 2:
        points = points.reshape(1, -1) if d == 1 else points.reshape(-1, 1)
    if typeof(points).shape[0] != d:
        raise ArgumentError(
            f"points have dimension {typeof(points).shape[0]}, dataset has {d}{here()}"
        )
    factor = cholesky_p(operand(covariance))
    white = [triangular_solve(factor, v, lower=True) for v in (operand(dataset), points)]
    distances = np.sum((white[0][:, :, None] - white[1][:, None, :]) ** 2, axis=0)
    norm = 0.5 * d * math.log(2.0 * math.pi) + np.sum(np.log(matrix_diagonal(factor)))
    return logsumexp(-0.5 * distances, axis=0, b=operand(weights)[:, None]) - norm


class _Kernels(HoldsTraced):
    """What `gaussian_kde` makes of traced data, with SciPy's attributes."""

    def __init__(self, dataset: Any, bw_method: Any, weights: Any) -> None:
        dataset = convert(operand(dataset), np.float64)
        self.dataset = dataset if typeof(dataset).ndim == 2 else dataset.reshape(1, -1)
        self.d, self.n = typeof(self.dataset).shape
        if weights is None:
            self.weights: Any = np.full(self.n, 1.0 / self.n)
        else:
            given = convert(operand(weights), np.float64)
            self.weights = given / np.sum(given)
        self.neff = 1.0 / np.sum(self.weights**2)
        self.factor = self._factor(bw_method)
        mean = np.sum(self.weights * self.dataset, axis=1, keepdims=True)
        moved = self.dataset - mean
        spread = (self.weights * moved) @ moved.T / (1.0 - np.sum(self.weights**2))
        self.covariance = spread * self.factor**2

    def _factor(self, method: Any) -> Any:
        if method is None or method == "scott":
            return self.scotts_factor()
        if method == "silverman":
            return self.silverman_factor()
        if callable(method):
            return method(self)
        if isinstance(method, str):
            raise ArgumentError(
                f"`bw_method` should be 'scott', 'silverman', a scalar or a callable, not {method!r}{here()}"
            )
        return method

    def scotts_factor(self) -> Any:
        """Scott's factor of the width."""
        return self.neff ** (-1.0 / (self.d + 4))

    def silverman_factor(self) -> Any:
        """Silverman's factor of the width."""
        return (self.neff * (self.d + 2.0) / 4.0) ** (-1.0 / (self.d + 4))

    def logpdf(self, x: Any) -> Any:
        """The logarithm of the density at points (m,) or (dimensions, m)."""
        return kernel_log_density(self.dataset, self.weights, self.covariance, x)

    def evaluate(self, points: Any) -> Any:
        """The density at points (m,) or (dimensions, m)."""
        return np.exp(self.logpdf(points))

    __call__ = pdf = evaluate


@mirrors("stats")
def gaussian_kde(dataset: Any, bw_method: Any = None, weights: Any = None) -> Any:
    """`scipy.stats.gaussian_kde` of traced data or weights: an object with `evaluate`, `pdf` and `logpdf`.

    Args:
        dataset: (n,) or (dimensions, n).
        bw_method: "scott", "silverman", a number or a function of the object.
        weights: of the data (n,); equal by default.

    >>> import numpy as np, funcgrad as fg
    >>> f = lambda x: fg.scipy.stats.gaussian_kde(x, bw_method=1.0)(0.5)[0]
    >>> fg.grad(f)(np.array([0.0, 1.0]))
    array([ 0.43939129, -0.43939129])
    """
    return _Kernels(dataset, bw_method, weights)
