"""Neural networks: products of matrices with elementwise work between them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from benchmarks.workload import Workload


def classifier(np: Any) -> Any:
    def fun(params: Any, x: Any, labels: Any) -> Any:
        h = x
        for w, b in params[:-1]:
            h = np.maximum(np.dot(h, w) + b, 0.0)
        w, b = params[-1]
        z = np.dot(h, w) + b
        z = z - np.max(z, axis=1, keepdims=True)
        log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
        return -np.mean(np.sum(log_p * labels, axis=1))

    return fun


def classifier_by_hand(params: Any, x: Any, labels: Any) -> Any:
    hs = [x]
    for w, b in params[:-1]:
        h = hs[-1] @ w
        h += b
        np.maximum(h, 0.0, out=h)
        hs.append(h)
    w, b = params[-1]
    z = hs[-1] @ w + b
    z -= z.max(1, keepdims=True)
    p = np.exp(z)
    p /= p.sum(1, keepdims=True)
    d = (p - labels) / len(x)
    grads = []
    for (w, _), h in zip(params[::-1], hs[::-1], strict=True):
        grads.append((h.T @ d, d.sum(0)))
        if h is not x:
            d = d @ w.T
            d *= h > 0
    return grads[::-1]


def classifier_torch(torch: Any) -> Any:
    def fun(params: Any, x: Any, labels: Any) -> Any:
        h = x
        for w, b in params[:-1]:
            h = torch.relu(h @ w + b)
        w, b = params[-1]
        return -(torch.log_softmax(h @ w + b, 1) * labels).sum(1).mean()

    return fun


def classifier_args(rng: Any) -> Any:
    sizes = [784, 512, 512, 10]
    params = [
        (rng.normal(size=(m, n)) * (2.0 / m) ** 0.5, np.zeros(n))
        for m, n in itertools.pairwise(sizes)
    ]
    labels = np.eye(10)[rng.integers(0, 10, 256)]
    return params, rng.normal(size=(256, 784)), labels


def logistic(np: Any) -> Any:
    def fun(w: Any, x: Any, y: Any) -> Any:
        return np.log1p(np.exp(-y * np.dot(x, w))) + 0.005 * np.dot(w, w)

    return fun


def per_example_by_hand(w: Any, x: Any, y: Any) -> Any:
    s = -y / (1.0 + np.exp(y * (x @ w)))
    return s[:, None] * x + 0.01 * w


def attention(np: Any) -> Any:
    def fun(q: Any, k: Any, v: Any) -> Any:
        s = np.einsum("bid,bjd->bij", q, k) / 8.0
        s = s - np.max(s, axis=2, keepdims=True)
        p = np.exp(s)
        p = p / np.sum(p, axis=2, keepdims=True)
        return np.sum(np.einsum("bij,bjd->bid", p, v) ** 2)

    return fun


def attention_by_hand(q: Any, k: Any, v: Any) -> Any:
    s = q @ k.swapaxes(1, 2)
    s *= 1.0 / 8.0
    s -= s.max(2, keepdims=True)
    p = np.exp(s, out=s)
    p /= p.sum(2, keepdims=True)
    do = p @ v
    do *= 2.0
    dp = do @ v.swapaxes(1, 2)
    dv = p.swapaxes(1, 2) @ do
    ds = dp - np.einsum("bij,bij->bi", dp, p)[:, :, None]
    ds *= p
    ds *= 1.0 / 8.0
    return ds @ k, ds.swapaxes(1, 2) @ q, dv


WORKLOADS = [
    Workload(
        "mlp-large",
        "classifier 784-512-512-10 on 256 examples",
        classifier_args,
        classifier,
        classifier_by_hand,
        torch=classifier_torch,
    ),
    Workload(
        "per-example",
        "logistic regression, gradients of 2000 examples in 50 dimensions",
        lambda rng: (
            rng.normal(size=50),
            rng.normal(size=(2000, 50)),
            rng.choice([-1.0, 1.0], 2000),
        ),
        logistic,
        per_example_by_hand,
        transform="per_example",
    ),
    Workload(
        "attention",
        "attention of 8 heads over 256 positions in 64 dimensions",
        lambda rng: tuple(rng.normal(size=(8, 256, 64)) for _ in range(3)),
        attention,
        attention_by_hand,
        transform="grad_all",
    ),
]
