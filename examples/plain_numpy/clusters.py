"""Principal components of points, and the k-means loss of their projections."""

import numpy as np

RNG = np.random.default_rng(3)
POINTS = np.concatenate([RNG.normal(0.0, 0.4, (8, 4)), RNG.normal(2.0, 0.4, (7, 4))])


def objective(p):
    """K-means loss of two centres in the plane of the first two components of the scaled points."""
    scale, centers = np.exp(p[:4]), p[4:].reshape(2, 2)
    x = POINTS * scale
    x = x - x.mean(axis=0)
    covariance = x.T @ x / (len(x) - 1)
    values, vectors = np.linalg.eigh(covariance)
    basis = vectors[:, ::-1][:, :2]
    basis = basis * np.sign(basis[0])  # eigenvectors are known up to their sign
    z = x @ basis
    distance = ((z[:, None, :] - centers[None, :, :]) ** 2).sum(axis=2)
    return distance.min(axis=1).sum() / values[-2:].sum()


def example(rng):
    return rng.normal(scale=0.3, size=8)
