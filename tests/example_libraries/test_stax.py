"""`example_libraries.stax` against JAX's."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from jax.example_libraries import stax as theirs

import funcgrad as fg
from funcgrad.errors import ArgumentError
from funcgrad.example_libraries import stax as ours

IMAGES = (2, 9, 8, 3)
LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "Dense": (lambda s: s.Dense(4), (2, 3)),
    "Conv": (lambda s: s.Conv(4, (3, 2), strides=(2, 1), padding="SAME"), IMAGES),
    "GeneralConv": (
        lambda s: s.GeneralConv(("NCHW", "OIHW", "NHWC"), 4, (3, 2)),
        (2, 3, 9, 8),
    ),
    "ConvTranspose": (lambda s: s.ConvTranspose(4, (3, 2), strides=(2, 1)), IMAGES),
    "Conv1DTranspose": (lambda s: s.Conv1DTranspose(4, (3,), padding="SAME"), (2, 9, 3)),
    "BatchNorm": (lambda s: s.BatchNorm(), IMAGES),
    "BatchNorm of a matrix": (lambda s: s.BatchNorm(0, center=False), (5, 3)),
    "MaxPool": (lambda s: s.MaxPool((2, 3), strides=(2, 1)), IMAGES),
    "SumPool": (lambda s: s.SumPool((2, 2), padding="SAME"), IMAGES),
    "AvgPool": (lambda s: s.AvgPool((2, 2), strides=(2, 2), padding="SAME"), IMAGES),
    "AvgPool, features first": (lambda s: s.AvgPool((2, 2), spec="NCHW"), (2, 3, 9, 8)),
    "Flatten": (lambda s: s.Flatten, IMAGES),
    "Identity": (lambda s: s.Identity, IMAGES),
    "shape_dependent": (lambda s: s.shape_dependent(lambda shape: s.Dense(2 * shape[-1])), (2, 3)),
    "network": (
        lambda s: s.serial(
            s.Conv(4, (3, 3)), s.BatchNorm(), s.Relu, s.MaxPool((2, 2)), s.Flatten, s.Dense(3),
            s.LogSoftmax,
        ),
        IMAGES,
    ),
    "branches": (
        lambda s: s.serial(
            s.FanOut(3), s.parallel(s.Dense(4), s.serial(s.Dense(4), s.Tanh), s.Identity),
            s.FanInConcat(),
        ),
        (2, 3),
    ),
    "sum of branches": (
        lambda s: s.serial(s.FanOut(2), s.parallel(s.Dense(4), s.Dense(4)), s.FanInSum),
        (2, 3),
    ),
    "dropout": (lambda s: s.serial(s.Dropout(0.5), s.Dense(2), s.Dropout(0.7, mode="test")), (2, 6)),
}  # fmt: skip
ELEMENTWISE = [
    "Tanh",
    "Relu",
    "Exp",
    "LogSoftmax",
    "Softmax",
    "Softplus",
    "Sigmoid",
    "Elu",
    "LeakyRelu",
    "Selu",
    "Gelu",
]


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    make, shape = LAYERS[name]
    inputs = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = []
    for library, module in ((fg, ours), (jax, theirs)):
        init, apply = make(module)
        out_shape, params = init(library.random.key(0), shape)
        params = library.tree.map(lambda p: np.asarray(p, np.float32), params)
        out = apply(params, inputs, rng=library.random.key(1))
        assert tuple(out_shape) == out.shape
        found.append([*library.tree.leaves(params), out])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_layers(name: str) -> None:
    x = np.linspace(-3.0, 3.0, 12).reshape(3, 4)
    (init, apply), (_, expected) = getattr(ours, name), getattr(theirs, name)
    assert init(fg.random.key(0), (3, 4)) == ((3, 4), ())
    np.testing.assert_allclose(apply((), x), expected((), x), rtol=1e-6)


def test_a_network_of_unknown_batch_is_trained() -> None:
    init, apply = ours.serial(ours.Dense(8), ours.Tanh, ours.Dense(1))
    shape, params = init(fg.random.key(0), (-1, 2))
    assert shape == (-1, 1)
    x = np.random.default_rng(0).normal(size=(20, 2))
    loss = lambda params: np.mean((apply(params, x)[:, 0] - x[:, 0]) ** 2)
    before = loss(params)
    for _ in range(50):
        gradient = fg.grad(loss)(params)
        params = fg.tree.map(lambda p, g: p - 0.1 * g, params, gradient)
    assert loss(params) < 0.3 * before


def test_dropout_needs_a_key() -> None:
    _, apply = ours.Dropout(0.5)
    with pytest.raises(ArgumentError, match="Dropout draws random numbers"):
        apply((), np.ones(3))
