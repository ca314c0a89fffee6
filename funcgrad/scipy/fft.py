"""`funcgrad.scipy.fft`: Fourier, cosine and sine transforms on traced values.

The names are SciPy's. On plain arrays its functions are SciPy's own; names that are not traced are passed
through, and refuse traced values.

>>> import numpy as np, funcgrad as fg
>>> fg.grad(lambda x: fg.scipy.fft.dct(x)[0])(np.ones(3))
array([2., 2., 2.])
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.naming import named
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import inexact, normalize_axis, operand
from funcgrad.ops.basic import move_axis
from funcgrad.scipy.mirror import mirrors, other_names


def _fourier(name: str) -> Any:
    """A transform that NumPy has, too, with SciPy's further arguments."""
    numpys = getattr(np.fft, name)
    all_axes = (-2, -1) if name.endswith("2") else None

    def function(
        x: Any, n: Any = None, axis: Any = -1, norm: Any = None,
        overwrite_x: bool = False, workers: Any = None, *, plan: Any = None,
    ) -> Any:  # fmt: skip
        return numpys(operand(x), n, axis, norm)

    def function_nd(
        x: Any, s: Any = None, axes: Any = all_axes, norm: Any = None,
        overwrite_x: bool = False, workers: Any = None, *, plan: Any = None,
    ) -> Any:  # fmt: skip
        if s is not None and axes is None:
            axes = tuple(range(-len(s), 0))
        return numpys(operand(x), s, axes, norm)

    chosen: Any = function_nd if name.endswith(("2", "n")) else function
    return mirrors("fft", name)(named(chosen, name, f"`scipy.fft.{name}`."))


fft, ifft, rfft, irfft = map(_fourier, ("fft", "ifft", "rfft", "irfft"))
hfft, ihfft = map(_fourier, ("hfft", "ihfft"))
fft2, ifft2, rfft2, irfft2 = map(_fourier, ("fft2", "ifft2", "rfft2", "irfft2"))
fftn, ifftn, rfftn, irfftn = map(_fourier, ("fftn", "ifftn", "rfftn", "irfftn"))


# Cosine and sine transforms along the last axis, by Fourier transforms of twice the length
# (https://en.wikipedia.org/wiki/Discrete_cosine_transform).


def _phases(x: Any, angles: Any) -> Any:
    return np.exp(-1j * np.pi * angles).astype(np.result_type(typeof(x).dtype, np.complex64))


def _cosine_1(x: Any) -> Any:
    return np.real(np.fft.rfft(np.concatenate([x, x[..., -2:0:-1]], axis=-1)))


def _cosine_2(x: Any) -> Any:
    n = typeof(x).shape[-1]
    spectrum = np.fft.fft(np.concatenate([x, x[..., ::-1]], axis=-1))[..., :n]
    return np.real(spectrum * _phases(x, np.arange(n) / (2 * n)))


def _cosine_3(x: Any) -> Any:
    n = typeof(x).shape[-1]
    weights = np.where(np.arange(n) == 0, 1.0, 2.0).astype(typeof(x).dtype)
    return np.real(np.fft.fft(x * weights * _phases(x, np.arange(n) / (2 * n)), 2 * n)[..., :n])


def _cosine_4(x: Any) -> Any:
    n = typeof(x).shape[-1]
    spectrum = np.fft.fft(x * _phases(x, np.arange(n) / (2 * n)), 2 * n)[..., :n]
    return 2.0 * np.real(spectrum * _phases(x, (2 * np.arange(n) + 1) / (4 * n)))


def _sine_1(x: Any) -> Any:
    zero = 0.0 * x[..., :1]
    odd = np.concatenate([zero, x, zero, -x[..., ::-1]], axis=-1)
    return -np.imag(np.fft.rfft(odd))[..., 1:-1]


def _alternating(x: Any) -> Any:
    return np.where(np.arange(typeof(x).shape[-1]) % 2, -1.0, 1.0).astype(typeof(x).dtype)


def _sine_2(x: Any) -> Any:
    return _cosine_2(x * _alternating(x))[..., ::-1]


def _sine_3(x: Any) -> Any:
    return _cosine_3(x[..., ::-1]) * _alternating(x)


def _sine_4(x: Any) -> Any:
    return _cosine_4(x[..., ::-1]) * _alternating(x)


_COSINES: dict[int, Callable[[Any], Any]] = {1: _cosine_1, 2: _cosine_2, 3: _cosine_3, 4: _cosine_4}
_SINES: dict[int, Callable[[Any], Any]] = {1: _sine_1, 2: _sine_2, 3: _sine_3, 4: _sine_4}
_INVERSE = {1: 1, 2: 3, 3: 2, 4: 4}


def _scaled(x: Any, ends: list[int], factor: float) -> Any:
    scale = np.ones(typeof(x).shape[-1], typeof(x).dtype)
    scale[ends] = factor
    return x * scale


def _transformed(
    x: Any, sine: bool, type: int, norm: str | None, inverse: bool, orthogonalize: Any
) -> Any:
    """A cosine or sine transform along the last axis."""
    if np.iscomplexobj(x):
        parts = [
            _transformed(part, sine, type, norm, inverse, orthogonalize)
            for part in (x.real, x.imag)
        ]
        return parts[0] + 1j * parts[1]
    n = typeof(x).shape[-1]
    orthogonal = norm == "ortho" if orthogonalize is None else orthogonalize
    type = _INVERSE[type] if inverse else type
    length = 2 * n if type != 1 else 2 * (n + 1) if sine else 2 * (n - 1)
    # Where the basis is not orthogonal: before type III and type I, after type II and type I.
    ends = {1: [] if sine else [0, -1], 2: [-1] if sine else [0], 3: [-1] if sine else [0], 4: []}[
        type
    ]
    if orthogonal and type in (1, 3):
        x = _scaled(x, ends, math.sqrt(2.0))
    out = (_SINES if sine else _COSINES)[type](x)
    if orthogonal and type in (1, 2):
        out = _scaled(out, ends, math.sqrt(0.5))
    if norm == "ortho":
        return out * (1.0 / math.sqrt(length))
    return out * (1.0 / length) if (norm == "forward") != inverse else out


def _along(
    x: Any, n: Any, axis: int, sine: bool, type: int, norm: Any, inverse: bool, orthogonalize: Any
) -> Any:
    if type not in _INVERSE:
        raise ArgumentError(f"types of transforms are 1, 2, 3 and 4, not {type}{here()}")
    if norm not in (None, "backward", "ortho", "forward"):
        raise ArgumentError(
            f'norm should be "backward", "ortho" or "forward", not {norm!r}{here()}'
        )
    x = inexact(x)
    axis, last = normalize_axis(axis, typeof(x).ndim), typeof(x).ndim - 1
    x = move_axis(x, axis, last)
    size = typeof(x).shape[-1]
    if n is not None and n != size:
        x = x[..., :n] if n < size else np.pad(x, [(0, 0)] * last + [(0, n - size)])
    return move_axis(_transformed(x, sine, type, norm, inverse, orthogonalize), last, axis)


def _trigonometric(name: str) -> Any:
    sine, inverse = "s" in name, name.startswith("i")

    def function(
        x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None,
        overwrite_x: bool = False, workers: Any = None, orthogonalize: Any = None,
    ) -> Any:  # fmt: skip
        return _along(x, n, axis, sine, type, norm, inverse, orthogonalize)

    def function_nd(
        x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None,
        overwrite_x: bool = False, workers: Any = None, *, orthogonalize: Any = None,
    ) -> Any:  # fmt: skip
        if axes is None:
            axes = range(-(typeof(x).ndim if s is None else np.size(s)), 0)
        axes = [axes] if isinstance(axes, int) else list(axes)
        sizes = [None] * len(axes) if s is None else np.atleast_1d(s).tolist()
        for n, axis in zip(sizes, axes, strict=True):
            x = _along(x, n, axis, sine, type, norm, inverse, orthogonalize)
        return x

    chosen: Any = function_nd if name.endswith("n") else function
    return mirrors("fft", name)(
        named(chosen, name, f"`scipy.fft.{name}`: types 1 to 4, all norms.")
    )


dct, idct, dst, idst = map(_trigonometric, ("dct", "idct", "dst", "idst"))
dctn, idctn, dstn, idstn = map(_trigonometric, ("dctn", "idctn", "dstn", "idstn"))


def _shifting(name: str) -> Any:
    numpys = getattr(np.fft, name)

    def function(x: Any, axes: Any = None) -> Any:
        return numpys(x, axes)

    return mirrors("fft", name)(named(function, name, f"`scipy.fft.{name}`."))


fftshift, ifftshift = map(_shifting, ("fftshift", "ifftshift"))

__getattr__ = other_names("fft")

__all__ = [
    "dct", "dctn", "dst", "dstn", "fft", "fft2", "fftn", "fftshift", "hfft", "idct", "idctn",
    "idst", "idstn", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft", "irfft", "irfft2", "irfftn",
    "rfft", "rfft2", "rfftn",
]  # fmt: skip
