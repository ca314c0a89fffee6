"""Assertions on arrays, and derivatives by finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STEP = 2e-5
_RTOL = {2: 1e-2, 4: 1e-4, 8: 1e-12, 16: 1e-12}


def default_rtol(dtype: np.dtype[Any]) -> float:
    """A tolerance for rounding in another order; 0 for integers."""
    if dtype.kind not in "fc":
        return 0.0
    return _RTOL[dtype.itemsize // (2 if dtype.kind == "c" else 1)]


def assert_same(got: Any, expected: Any, what: str, rtol: float) -> None:
    """The dtype, shape and value (up to rounding) that NumPy gives."""
    expected = np.asarray(expected)
    assert isinstance(got, (np.ndarray, np.generic)), f"{what}: a {type(got).__name__}: {got!r:.60}"
    assert got.dtype == expected.dtype, f"{what}: {got.dtype}, NumPy gives {expected.dtype}"
    assert_close(got, expected, rtol, what)


def assert_close(got: Any, expected: Any, rtol: float, what: str, *, noise: float = 0.0) -> None:
    """Equal shape, and values that differ by at most `rtol` times the largest magnitude, plus `noise`."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape, f"{what}: shape {got.shape} instead of {expected.shape}"
    if expected.dtype.kind not in "fc":
        np.testing.assert_array_equal(got, expected, err_msg=what)
        return
    finite = np.abs(expected[np.isfinite(expected)])
    scale = float(finite.max()) if finite.size else 1.0
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol * scale + noise, err_msg=what)


def pairing(cotangents: Sequence[Any], tangents: Sequence[Any]) -> float:
    """`<ct, t>`; for complex numbers the real part of the sum of products without conjugation, which is
    the pairing that makes JAX's reverse mode the transpose of its forward mode."""
    products = [np.sum(np.asarray(c) * t) for c, t in zip(cotangents, tangents, strict=True)]
    return float(np.real(sum(products, 0.0)))


def noise_of(values: Sequence[Any]) -> float:
    """How far off rounding may put sums of these values that should be zero."""
    largest = [
        np.max(np.abs(v), where=np.isfinite(v), initial=0.0) for v in map(np.asarray, values)
    ]
    return 1e-15 * float(max(largest, default=0.0))


def directional(
    fun: Callable[[Sequence[Any]], Sequence[Any]], point: Sequence[Any], tangents: Sequence[Any]
) -> list[Any]:
    """The derivative along `tangents` by central differences of fourth order."""

    def at(step: float) -> Sequence[Any]:
        return fun([x + step * t for x, t in zip(point, tangents, strict=True)])

    h = STEP
    parts = zip(at(h), at(-h), at(2 * h), at(-2 * h), strict=True)
    return [(8.0 * (np.asarray(a) - b) - (np.asarray(c) - d)) / (12.0 * h) for a, b, c, d in parts]
