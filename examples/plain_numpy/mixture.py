"""Maximum likelihood for a mixture of two normal distributions, with SciPy's special functions."""

import numpy as np
from scipy.special import expit, log_ndtr

DATA = np.array([-1.2, -0.8, -1.1, 0.2, 1.9, 2.2, 2.4, 1.7, 2.1, -0.9])
CENSORED_ABOVE = 3.0
N_CENSORED = 2


def log_normal(x, mean, scale):
    return -0.5 * ((x - mean) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)


def objective(p):
    """Negative log likelihood; two more points are only known to lie above a limit."""
    weight = expit(p[0])
    means, scales = p[1:3], np.exp(p[3:5])
    left = np.log(weight) + log_normal(DATA, means[0], scales[0])
    right = np.log1p(-weight) + log_normal(DATA, means[1], scales[1])
    seen = np.logaddexp(left, right).sum()
    tail = np.logaddexp(
        np.log(weight) + log_ndtr((means[0] - CENSORED_ABOVE) / scales[0]),
        np.log1p(-weight) + log_ndtr((means[1] - CENSORED_ABOVE) / scales[1]),
    )
    return -(seen + N_CENSORED * tail)


def example(rng):
    return np.array([0.1, -1.0, 2.0, 0.0, -0.3]) + 0.1 * rng.normal(size=5)
