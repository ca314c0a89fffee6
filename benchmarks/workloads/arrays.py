"""Large elementwise work, bound by memory or by transcendental functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workload import Workload

_N = 4_000_000


def polynomial(np: Any) -> Any:
    return lambda x: np.sum(3.0 * x * x + 2.0 * x - 1.0 / x)


def polynomial_by_hand(x: Any) -> Any:
    g = x * 6.0
    g += 2.0
    g += 1.0 / (x * x)
    return g


def transcendental(np: Any) -> Any:
    return lambda x: np.sum(np.sin(x) * np.exp(-x * x) + np.log1p(x) * np.tanh(x))


def transcendental_by_hand(x: Any) -> Any:
    e, t = np.exp(-x * x), np.tanh(x)
    g = np.cos(x)
    g -= 2.0 * x * np.sin(x)
    g *= e
    g += t / (1.0 + x)
    g += np.log1p(x) * (1.0 - t * t)
    return g


def black_scholes(np: Any) -> Any:
    def fun(s: Any, k: Any, t: Any, sigma: Any) -> Any:
        # The price of calls with an interest rate of 2 %; the normal distribution by tanh (Page 1977).
        root = sigma * np.sqrt(t)
        d1 = (np.log(s / k) + (0.02 + 0.5 * sigma * sigma) * t) / root
        d2 = d1 - root
        n1 = 0.5 * (1.0 + np.tanh(0.7978845608028654 * (d1 + 0.044715 * d1 * d1 * d1)))
        n2 = 0.5 * (1.0 + np.tanh(0.7978845608028654 * (d2 + 0.044715 * d2 * d2 * d2)))
        return np.sum(s * n1 - k * np.exp(-0.02 * t) * n2)

    return fun


def black_scholes_by_hand(s: Any, k: Any, t: Any, sigma: Any) -> Any:
    c, a, r = 0.7978845608028654, 0.044715, 0.02
    root_t = np.sqrt(t)
    root = sigma * root_t
    d1 = (np.log(s / k) + (r + 0.5 * sigma * sigma) * t) / root
    d2 = d1 - root
    t1 = np.tanh(c * (d1 + a * d1 * d1 * d1))
    t2 = np.tanh(c * (d2 + a * d2 * d2 * d2))
    n1, n2 = 0.5 * (1.0 + t1), 0.5 * (1.0 + t2)
    discount = np.exp(-r * t)
    p1 = s * (0.5 * (1.0 - t1 * t1)) * c * (1.0 + 3.0 * a * d1 * d1)
    p2 = k * discount * (0.5 * (1.0 - t2 * t2)) * c * (1.0 + 3.0 * a * d2 * d2)
    d = p1 - p2
    ds = n1 + d / (s * root)
    dk = -discount * n2 - d / (k * root)
    d1_t = (r + 0.5 * sigma * sigma) / root - 0.5 * d1 / t
    dt = d * d1_t + p2 * 0.5 * sigma / root_t + r * k * discount * n2
    dsigma = d * (root_t - d1 / sigma) + p2 * root_t
    return ds, dk, dt, dsigma


def black_scholes_args(rng: Any) -> Any:
    n = 1_000_000
    return (
        rng.uniform(50, 150, n),
        rng.uniform(50, 150, n),
        rng.uniform(0.1, 2.0, n),
        rng.uniform(0.1, 0.5, n),
    )


def softmax_rows(np: Any) -> Any:
    def fun(z: Any, y: Any) -> Any:
        z = z - np.max(z, axis=1, keepdims=True)
        return -np.sum((z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))) * y)

    return fun


def softmax_rows_by_hand(z: Any, y: Any) -> Any:
    p = z - z.max(1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(1, keepdims=True)
    p *= y.sum(1, keepdims=True)
    p -= y
    return p


WORKLOADS = [
    Workload(
        "polynomial",
        "sum(3x² + 2x - 1/x) on 4 million numbers",
        lambda rng: (rng.uniform(0.5, 1.5, _N),),
        polynomial,
        polynomial_by_hand,
    ),
    Workload(
        "transcendental",
        "sum(sin x exp -x² + log1p x tanh x) on 4 million numbers",
        lambda rng: (rng.uniform(0.5, 1.5, _N),),
        transcendental,
        transcendental_by_hand,
    ),
    Workload(
        "black-scholes",
        "four greeks of a million options",
        black_scholes_args,
        black_scholes,
        black_scholes_by_hand,
        transform="grad_all",
    ),
    Workload(
        "cross-entropy",
        "softmax cross-entropy of 20000 rows of 100",
        lambda rng: (rng.normal(size=(20000, 100)), np.eye(100)[rng.integers(0, 100, 20000)]),
        softmax_rows,
        softmax_rows_by_hand,
    ),
]
