"""Linear regression by gradient descent, in float32, on 100 points.

python examples/linear_regression.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import funcgrad as fg

DATA = Path(__file__).parent / "data" / "linear_regression.csv"


def loss(params, x, y):
    """Mean squared error of the line `w x + b`."""
    prediction = params["w"] * x + params["b"]
    return np.mean((prediction - y) ** 2)


def main() -> None:
    x, y = np.loadtxt(DATA, delimiter=",", skiprows=1, dtype=np.float32, unpack=True)
    params = {"w": np.float32(0), "b": np.float32(0)}
    learning_rate = np.float32(0.01)
    loss_and_grad = fg.value_and_grad(loss)

    for epoch in range(1, 101):
        value, grads = loss_and_grad(params, x, y)
        params = fg.tree.map(lambda p, g: p - learning_rate * g, params, grads)
        if epoch % 20 == 0:
            print(
                f"Epoch {epoch}: Loss = {value:.4f}, w = {params['w']:.4f}, b = {params['b']:.4f}"
            )


if __name__ == "__main__":
    main()
