"""Methods of SciPy's objects that were made of plain arrays, on traced values."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import scipy.stats

import funcgrad as fg
from funcgrad.errors import ArgumentError

MATRIX = np.where(np.arange(12).reshape(3, 4) % 3 == 0, np.arange(12.0).reshape(3, 4) + 1.0, 0.0)
X = np.array([0.4, -0.9, 1.3, 0.2])


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "dia", "bsr", "lil"])
@pytest.mark.parametrize("family", ["array", "matrix"])
def test_sparse_matrices_times_traced_arrays(kind: str, family: str) -> None:
    matrix = getattr(scipy.sparse, f"{kind}_{family}")(MATRIX)
    both = np.stack([X, X**2], axis=1)
    for x in (X, both):
        np.testing.assert_allclose(fg.jit(lambda x: matrix @ x)(x), MATRIX @ x)
        np.testing.assert_allclose(fg.jit(lambda x: matrix.dot(x))(x), MATRIX @ x)
        fg.check_grads(lambda x: matrix @ x**2, (x,), order=2)
    np.testing.assert_allclose(fg.vmap(lambda x: matrix @ x)(both.T), both.T @ MATRIX.T)
    if family == "matrix":
        np.testing.assert_allclose(fg.jit(lambda x: matrix * x)(X), MATRIX @ X)


def test_sparse_products_of_wrong_shapes() -> None:
    matrix = scipy.sparse.csr_array(MATRIX)
    with pytest.raises(ArgumentError, match=r"of shape \(3, 4\) times f64\[3\]"):
        fg.jit(lambda x: matrix @ x)(X[:3])


def test_frozen_distributions() -> None:
    normal, poisson = scipy.stats.norm(0.5, scale=2.0), scipy.stats.poisson(3.0)
    for name in ("logpdf", "pdf", "cdf", "sf", "logsf"):
        f = getattr(normal, name)
        np.testing.assert_allclose(fg.jit(lambda x: getattr(normal, name)(x))(X), f(X))
        fg.check_grads(lambda x: getattr(normal, name)(x), (X,), order=1)
    np.testing.assert_allclose(
        fg.jit(lambda k: poisson.logpmf(k))(np.arange(3)), poisson.logpmf(range(3))
    )
