"""Energy of a lattice of continuous spins (the XY model) with periodic boundaries and a field."""

import numpy as np

N = 5


def objective(angles, coupling=1.0, field=0.3):
    """Total energy of the N x N lattice."""
    theta = angles.reshape(N, N)
    right = np.roll(theta, -1, axis=1)
    down = np.roll(theta, -1, axis=0)
    bonds = np.cos(theta - right) + np.cos(theta - down)
    return -coupling * bonds.sum() - field * np.cos(theta).sum()


def example(rng):
    return rng.uniform(-np.pi, np.pi, N * N)
