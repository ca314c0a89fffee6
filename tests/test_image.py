"""`funcgrad.image` against `jax.image`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import funcgrad as fg
from funcgrad.errors import ArgumentError

X = np.sin(np.arange(60.0)).reshape(5, 12)
METHODS = ["linear", "cubic", "cubic-pytorch", "lanczos3", "lanczos5", "area"]


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("method", ["nearest", *METHODS])
@pytest.mark.parametrize("shape", [(10, 6), (5, 7), (3, 30), (1, 1)])
def test_resize(shape: tuple[int, ...], method: str, antialias: bool) -> None:
    ours = fg.image.resize(X, shape, method, antialias=antialias)
    theirs = jax.image.resize(X, shape, method, antialias=antialias)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_scale_and_translate(method: str, antialias: bool) -> None:
    scale, translation = np.array([1.3, 0.6]), np.array([0.21, -1.0])

    def frame(library: Any) -> Any:
        return lambda x, s, t: library.image.scale_and_translate(
            x, (7, 9), (0, -1), s, t, method, antialias=antialias
        )

    args = X, scale, translation
    np.testing.assert_allclose(frame(fg)(*args), frame(jax)(*args), rtol=1e-10, atol=1e-12)
    ours = fg.grad(lambda *a: np.sum(frame(fg)(*a) ** 2), (0, 1, 2))(*args)
    theirs = jax.grad(lambda *a: jnp.sum(frame(jax)(*a) ** 2), (0, 1, 2))(*args)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


def test_dtypes_and_batches() -> None:
    resize = lambda x: fg.image.resize(x, (4,), "linear")
    assert resize(np.arange(6, dtype=np.float32)).dtype == np.float32
    assert resize(np.arange(6)).dtype == np.float64
    assert fg.image.resize(np.arange(6), (4,), "nearest").dtype == np.arange(6).dtype
    np.testing.assert_allclose(
        fg.vmap(resize)(X), jax.vmap(lambda x: jax.image.resize(x, (4,), "linear"))(X)
    )
    method = fg.image.ResizeMethod.LANCZOS3
    np.testing.assert_array_equal(
        fg.image.resize(X, (3, 3), method), fg.image.resize(X, (3, 3), "lanczos3")
    )
    assert [m.value for m in fg.image.ResizeMethod] == [m.value for m in jax.image.ResizeMethod]


def test_errors() -> None:
    with pytest.raises(ArgumentError, match="no method 'sharp' of resizing"):
        fg.image.resize(X, (3, 3), "sharp")
    with pytest.raises(ArgumentError, match=r"cannot get the shape \(3,\): the axes differ"):
        fg.image.resize(X, (3,), "linear")
    with pytest.raises(ArgumentError, match="cannot take the nearest samples"):
        fg.image.scale_and_translate(X, (5, 9), (1,), np.ones(1), np.ones(1), "nearest")
