"""A Kalman filter for a moving point, and the likelihood of what was measured."""

import numpy as np

F = np.array([[1.0, 0.1], [0.0, 1.0]])
H = np.array([[1.0, 0.0]])
MEASURED = np.array([0.05, 0.22, 0.31, 0.38, 0.53, 0.55, 0.73, 0.81])


def objective(log_noise):
    """Negative log likelihood of the measurements, given the logs of process and sensor noise."""
    q, r = np.exp(log_noise)
    Q = q * np.array([[0.25e-2, 0.5e-1], [0.5e-1, 1.0]])
    x = np.zeros(2)
    P = np.eye(2)
    nll = 0.0
    for z in MEASURED:
        x = F @ x
        P = F @ P @ F.T + Q
        y = z - H @ x
        S = H @ P @ H.T + r
        K = np.linalg.solve(S, H @ P).T
        x = x + K @ y
        P = (np.eye(2) - K @ H) @ P
        nll += 0.5 * (np.log(2 * np.pi * S[0, 0]) + y[0] ** 2 / S[0, 0])
    return nll


def example(rng):
    return rng.uniform(-3.0, 0.0, 2)
