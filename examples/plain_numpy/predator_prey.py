"""Lotka-Volterra equations: a right-hand side that fills `dydt`, and Runge-Kutta steps."""

import numpy as np

OBSERVED = np.array([[1.2, 0.9], [1.5, 0.8], [1.9, 0.8], [2.2, 1.0]])


def rhs(t, y, parameters):
    a, b, c, d = parameters
    dydt = np.empty_like(y)
    dydt[0] = a * y[0] - b * y[0] * y[1]
    dydt[1] = -c * y[1] + d * y[0] * y[1]
    return dydt


def objective(parameters):
    """Squared distance of the trajectory from the observations."""
    y = np.array([1.0, 1.0]) * np.ones_like(parameters[:2])
    dt = 0.1
    error = 0.0
    for k in range(20):
        t = k * dt
        k1 = rhs(t, y, parameters)
        k2 = rhs(t + dt / 2, y + dt / 2 * k1, parameters)
        k3 = rhs(t + dt / 2, y + dt / 2 * k2, parameters)
        k4 = rhs(t + dt, y + dt * k3, parameters)
        y = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        if k % 5 == 4:
            error += np.sum((y - OBSERVED[k // 5]) ** 2)
    return error


def example(rng):
    return rng.uniform(0.5, 1.2, 4)
