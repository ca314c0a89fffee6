"""`funcgrad.scipy.spatial.distance` against SciPy and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.spatial
from scipy.spatial import distance as scipys

import funcgrad as fg
import funcgrad.scipy.spatial.distance as distance
from funcgrad.errors import ArgumentError, TracingError, UnsupportedError

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(5, 3)), RNG.normal(size=(4, 3))
METRICS = (
    "braycurtis", "canberra", "chebyshev", "cityblock", "correlation", "cosine", "euclidean", "mahalanobis",
    "minkowski", "seuclidean", "sqeuclidean",
)  # fmt: skip


@pytest.mark.parametrize("metric", METRICS)
def test_distances_of_pairs(metric: str) -> None:
    np.testing.assert_allclose(
        fg.jit(lambda a, b: distance.cdist(a, b, metric))(A, B), scipys.cdist(A, B, metric)
    )
    np.testing.assert_allclose(
        fg.jit(lambda a: distance.pdist(a, metric))(A), scipys.pdist(A, metric)
    )
    fg.check_grads(lambda a, b: distance.cdist(a, b, metric), (A, B), order=1)
    fg.check_grads(lambda a: scipys.pdist(a, metric), (A,), order=1)  # unmodified code


@pytest.mark.parametrize("metric", sorted(set(METRICS) - {"mahalanobis", "seuclidean"}))
def test_distances_of_vectors(metric: str) -> None:
    ours, theirs = getattr(distance, metric), getattr(scipys, metric)
    weights = np.array([0.5, 1.0, 2.0])
    np.testing.assert_allclose(fg.jit(ours)(A[0], B[0]), theirs(A[0], B[0]))
    np.testing.assert_allclose(
        fg.jit(lambda u, v: ours(u, v, w=weights))(A[0], B[0]), theirs(A[0], B[0], w=weights)
    )


def test_distances_of_equal_points_have_finite_derivatives() -> None:
    for metric in ("euclidean", "minkowski", "canberra"):
        slope = fg.grad(lambda a: np.sum(distance.cdist(a, A, metric)))(A)
        assert np.all(np.isfinite(slope))


def test_squareform() -> None:
    pairs = scipys.pdist(A)
    np.testing.assert_allclose(fg.jit(distance.squareform)(pairs), scipys.squareform(pairs))
    matrix = scipys.squareform(pairs)
    np.testing.assert_allclose(fg.jit(distance.squareform)(matrix), pairs)


def test_errors_say_what_to_use() -> None:
    with pytest.raises(UnsupportedError, match="the metric 'hamming' takes no traced points"):
        fg.jit(lambda a: distance.pdist(a, "hamming"))(A)
    with pytest.raises(ArgumentError, match="as many coordinates"):
        fg.jit(lambda a: distance.cdist(a, B[:, :2]))(A)
    with pytest.raises(ArgumentError, match="two vectors"):
        fg.jit(lambda a: distance.euclidean(a, B))(A)


def test_distances_are_not_written_to_plain_arrays() -> None:
    plain = np.empty((5, 4))
    with pytest.raises(TracingError, match="cdist: the plain array given as out"):
        fg.grad(lambda a: distance.cdist(a, B, out=plain).sum())(A)
    np.testing.assert_allclose(
        fg.jit(lambda a: distance.pdist(a, out=np.zeros_like(a, shape=10)))(A), scipys.pdist(A)
    )


@pytest.mark.parametrize("p", [1, 2, 3.5, np.inf])
def test_matrices_of_minkowski_distances(p: float) -> None:
    for f in (
        lambda a: scipy.spatial.distance_matrix(a, B, p),
        lambda a: scipy.spatial.minkowski_distance(a[:4], B, p),
        lambda a: scipy.spatial.minkowski_distance_p(a[:4], B, p),
    ):
        np.testing.assert_allclose(fg.jit(f)(A), f(A), rtol=1e-12)
        fg.check_grads(f, (A,), order=1)
    with pytest.raises(ArgumentError, match=r"should be \(m, k\) and \(n, k\)"):
        fg.jit(lambda a: scipy.spatial.distance_matrix(a, B[:, :2]))(A)
