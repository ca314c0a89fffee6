"""`funcgrad.scipy.fft` against SciPy and finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.fft

import funcgrad as fg
import funcgrad.scipy.fft as fft
from funcgrad.errors import ArgumentError

X = np.random.default_rng(0).normal(size=(5, 6))
FOURIER = "fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn fftshift"


def _parts(z: Any) -> Any:
    return np.concatenate([z.real, z.imag]) if np.iscomplexobj(z) else z


@pytest.mark.parametrize("name", FOURIER.split())
def test_fourier_transforms(name: str) -> None:
    ours, scipys = getattr(fft, name), getattr(scipy.fft, name)
    np.testing.assert_allclose(fg.jit(ours)(X), scipys(X), atol=1e-12)
    fg.check_grads(lambda x: _parts(ours(x)), (X,), order=1)


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
def test_cosine_and_sine_transforms(name: str, kind: int) -> None:
    ours, scipys = getattr(fft, name), getattr(scipy.fft, name)
    for norm in (None, "ortho", "forward"):
        for options in ({}, {"axis": 0}, {"n": 4}, {"n": 9}, {"orthogonalize": True}):
            got = fg.jit(lambda x: ours(x, kind, norm=norm, **options))(X)
            np.testing.assert_allclose(got, scipys(X, kind, norm=norm, **options), atol=1e-12)
    z = X + 1j * X[::-1]
    np.testing.assert_allclose(fg.jit(lambda z: ours(z, kind))(z), scipys(z, kind), atol=1e-12)
    many, all_axes = getattr(fft, f"{name}n"), getattr(scipy.fft, f"{name}n")
    np.testing.assert_allclose(fg.jit(lambda x: many(x, kind))(X), all_axes(X, kind), atol=1e-12)
    fg.check_grads(lambda x: ours(x, kind, norm="ortho"), (X,), order=1)
    np.testing.assert_allclose(fg.vmap(lambda x: ours(x, kind))(X), scipys(X, kind), atol=1e-12)
    assert fg.jit(lambda x: ours(x, kind))(X.astype("f4")).dtype == np.float32


def test_unmodified_code_is_traced() -> None:
    fg.check_grads(lambda x: scipy.fft.dct(x) + scipy.fft.irfft(scipy.fft.rfft(x)), (X,), order=1)


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ArgumentError, match="1, 2, 3 and 4, not 5"):
        fg.jit(lambda x: fft.dct(x, 5))(X)
    with pytest.raises(ArgumentError, match="norm should be"):
        fg.jit(lambda x: fft.dct(x, norm="unit"))(X)
