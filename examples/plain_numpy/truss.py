"""A plane truss by the finite element method: element matrices are assembled in place."""

import numpy as np

NODES = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.5, 0.8], [1.5, 0.8]])
BARS = [(0, 1), (1, 2), (0, 3), (1, 3), (1, 4), (2, 4), (3, 4)]
FREE = [2, 3, 4, 6, 7, 8, 9]  # node 0 is fixed, node 2 slides
LOAD = np.zeros(2 * len(NODES))
LOAD[3] = -1.0


def objective(areas):
    """Compliance (work of the load) for the cross sections of the bars."""
    stiffness = np.zeros((2 * len(NODES), 2 * len(NODES))) * areas[0]
    for area, (i, j) in zip(areas, BARS):
        d = NODES[j] - NODES[i]
        length = np.sqrt(d @ d)
        c = d / length
        block = area / length * np.outer(c, c)
        dof_i, dof_j = slice(2 * i, 2 * i + 2), slice(2 * j, 2 * j + 2)
        stiffness[dof_i, dof_i] += block
        stiffness[dof_j, dof_j] += block
        stiffness[dof_i, dof_j] -= block
        stiffness[dof_j, dof_i] -= block
    u = np.linalg.solve(stiffness[np.ix_(FREE, FREE)], LOAD[FREE])
    return LOAD[FREE] @ u


def example(rng):
    return rng.uniform(0.5, 2.0, len(BARS))
