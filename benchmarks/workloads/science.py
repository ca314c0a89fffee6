"""Science: simulation, statistics, Jacobians."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workload import Workload


def n_body(np: Any) -> Any:
    def fun(x: Any, m: Any) -> Any:
        d = x[:, None, :] - x[None, :, :]
        r = np.sqrt(np.sum(d * d, axis=2) + 0.01)
        return -0.5 * np.sum(m[:, None] * m[None, :] / r)

    return fun


def n_body_by_hand(x: Any, m: Any) -> Any:
    d = x[:, None, :] - x[None, :, :]
    r2 = np.einsum("ijk,ijk->ij", d, d)
    r2 += 0.01
    w = (m[:, None] * m[None, :]) / (r2 * np.sqrt(r2))
    return np.einsum("ij,ijk->ik", w, d)


def gaussian_process(np: Any) -> Any:
    def fun(theta: Any, x: Any, y: Any) -> Any:
        d = x[:, None, :] - x[None, :, :]
        k = np.exp(theta[0] - 0.5 * np.sum(d * d, axis=2) * np.exp(-2.0 * theta[1]))
        k = k + np.exp(theta[2]) * np.eye(len(y))
        c = np.linalg.cholesky(k)
        a = np.linalg.solve(c, y)
        return 0.5 * np.dot(a, a) + np.sum(np.log(np.diag(c)))

    return fun


def gaussian_process_by_hand(theta: Any, x: Any, y: Any) -> Any:
    d = x[:, None, :] - x[None, :, :]
    d2 = np.einsum("ijk,ijk->ij", d, d)
    scale = np.exp(-2.0 * theta[1])
    k0 = np.exp(theta[0] - 0.5 * d2 * scale)
    noise = np.exp(theta[2])
    k = k0.copy()
    k[np.diag_indices_from(k)] += noise
    inverse = np.linalg.inv(k)
    a = inverse @ y
    dk = 0.5 * (inverse - np.outer(a, a))
    dk0 = dk * k0
    return np.array([dk0.sum(), np.sum(dk0 * d2) * scale, noise * np.trace(dk)])


def layer(np: Any) -> Any:
    def fun(x: Any, w: Any) -> Any:
        h = np.tanh(np.dot(w, x))
        return h + np.sin(h) * x

    return fun


def layer_by_hand(x: Any, w: Any) -> Any:
    h = np.tanh(w @ x)
    j = w * ((1.0 + np.cos(h) * x) * (1.0 - h * h))[:, None]
    j[np.diag_indices_from(j)] += np.sin(h)
    return j


WORKLOADS = [
    Workload(
        "n-body",
        "forces between 500 bodies, by broadcasting",
        lambda rng: (rng.normal(size=(500, 3)), rng.uniform(0.5, 1.5, 500)),
        n_body,
        n_body_by_hand,
    ),
    Workload(
        "gaussian-process",
        "likelihood of a Gaussian process on 200 points",
        lambda rng: (np.array([0.1, 0.2, -1.0]), rng.normal(size=(200, 3)), rng.normal(size=200)),
        gaussian_process,
        gaussian_process_by_hand,
    ),
    Workload(
        "jacobian",
        "Jacobian of a map of 200 variables",
        lambda rng: (rng.normal(size=200), rng.normal(size=(200, 200)) / 14.0),
        layer,
        layer_by_hand,
        transform="jacobian",
    ),
]
