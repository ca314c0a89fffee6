"""Fitting: the derivative within an optimiser of SciPy's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workload import Workload

DATA = Path(__file__).resolve().parents[2] / "examples" / "data" / "digits.npz"


def softmax_regression(np: Any) -> Any:
    def fun(w: Any, x: Any, labels: Any) -> Any:
        z = np.dot(x, np.reshape(w, (65, 10)))
        z = z - np.max(z, axis=1, keepdims=True)
        log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
        return -np.mean(np.sum(log_p * labels, axis=1)) + 5e-4 * np.dot(w, w)

    return fun


def softmax_regression_by_hand(w: Any, x: Any, labels: Any) -> Any:
    z = x @ w.reshape(65, 10)
    z -= z.max(1, keepdims=True)
    p = np.exp(z)
    total = p.sum(1, keepdims=True)
    value = (np.log(total[:, 0]).sum() - np.vdot(z, labels)) / len(x) + 5e-4 * w @ w
    p /= total
    p -= labels
    return value, (x.T @ p).ravel() / len(x) + 1e-3 * w


def digits_args(rng: Any) -> Any:
    with np.load(DATA) as data:
        images, digits = data["images"], data["labels"]
    pixels = images.reshape(len(images), -1) / 16.0
    x = np.hstack([pixels, np.ones((len(pixels), 1))])
    return np.zeros(650), x, np.eye(10)[digits]


WORKLOADS = [
    Workload(
        "digits",
        "logistic regression on 1797 digits by scipy.optimize.minimize, 20 iterations",
        digits_args,
        softmax_regression,
        softmax_regression_by_hand,
        transform="minimize",
    ),
]
