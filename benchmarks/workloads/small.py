"""Small problems, where the overhead of a call is everything."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workload import Workload


def scalar(np: Any) -> Any:
    def fun(x: Any) -> Any:
        return np.tanh(x) * np.exp(-x * x) + x / (1.0 + x * x)

    return fun


def scalar_by_hand(x: float) -> Any:
    t, e, q = np.tanh(x), np.exp(-x * x), 1.0 + x * x
    return (1.0 - t * t) * e - 2.0 * x * t * e + 1.0 / q - 2.0 * x * x / (q * q)


def vector(np: Any) -> Any:
    def fun(x: Any) -> Any:
        return np.sum(np.sin(x) * x + 2.0 * x * x)

    return fun


def vector_by_hand(x: Any) -> Any:
    return np.cos(x) * x + np.sin(x) + 4.0 * x


def rosenbrock(np: Any) -> Any:
    def fun(x: Any) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return fun


def rosenbrock_by_hand(x: Any) -> Any:
    g = np.zeros_like(x)
    d = x[1:] - x[:-1] ** 2
    g[:-1] = -400.0 * x[:-1] * d - 2.0 * (1.0 - x[:-1])
    g[1:] += 200.0 * d
    return g


def rosenbrock_hessian_by_hand(x: Any) -> Any:
    n = x.size
    h = np.zeros((n, n))
    i = np.arange(n - 1)
    h[i, i] = 1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0
    h[i + 1, i + 1] += 200.0
    h[i, i + 1] = h[i + 1, i] = -400.0 * x[:-1]
    return h


def mlp(np: Any) -> Any:
    def fun(params: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = params
        h = np.tanh(np.dot(x, w1) + b1)
        return np.mean((np.dot(h, w2) + b2 - y) ** 2)

    return fun


def mlp_by_hand(params: Any, x: Any, y: Any) -> Any:
    w1, b1, w2, b2 = params
    h = np.tanh(x @ w1 + b1)
    d = h @ w2 + b2 - y
    d *= 2.0 / d.size
    dh = (d @ w2.T) * (1.0 - h * h)
    return [x.T @ dh, dh.sum(0), h.T @ d, d.sum(0)]


def mlp_args(rng: Any) -> Any:
    params = [
        rng.normal(size=(8, 64)) * 0.3,
        np.zeros(64),
        rng.normal(size=(64, 1)) * 0.1,
        np.zeros(1),
    ]
    return params, rng.normal(size=(32, 8)), rng.normal(size=(32, 1))


WORKLOADS = [
    Workload(
        "scalar",
        "derivative of a scalar function",
        lambda rng: (0.7,),
        scalar,
        scalar_by_hand,
        small=True,
    ),
    Workload(
        "vector",
        "gradient on 10 numbers",
        lambda rng: (rng.normal(size=10),),
        vector,
        vector_by_hand,
        small=True,
    ),
    Workload(
        "rosenbrock",
        "Rosenbrock's function of 100 variables, gradient",
        lambda rng: (rng.normal(size=100),),
        rosenbrock,
        rosenbrock_by_hand,
        small=True,
    ),
    Workload(
        "rosenbrock-hessian",
        "Rosenbrock's function of 100 variables, Hessian",
        lambda rng: (rng.normal(size=100),),
        rosenbrock,
        rosenbrock_hessian_by_hand,
        transform="hessian",
    ),
    Workload("mlp-small", "network 8-64-1 on 32 examples", mlp_args, mlp, mlp_by_hand, small=True),
]
