"""`numpy.fft` on traced values."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.dispatch import implements
from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import AxisError, deliver, normalize_axis, operand
from funcgrad.ops.basic import convert
from funcgrad.ops.complex import conj, is_complex
from funcgrad.ops.fft import OPPOSITE
from funcgrad.ops.fft import fft as transform


def _signal(name: str, a: Any, fft_type: str) -> Any:
    """The operand in a dtype that has a transform: integers become float64."""
    a = operand(a)
    dtype = typeof(a).dtype
    if not typeof(a).shape:
        raise AxisError(-1, 0, f"np.fft.{name} of a scalar: axis")
    if dtype.kind == "c" and fft_type == "RFFT":
        raise ArgumentError(
            f"np.fft.{name} takes real numbers, got {typeof(a)}{here()}\n  "
            "use np.fft.fft, or .real if the imaginary part is zero"
        )
    return a if dtype.kind in "fc" else convert(a, np.float64)


def _norm(norm: str | None) -> str:
    norm = "backward" if norm is None else norm
    if norm not in OPPOSITE:
        raise ArgumentError(
            f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".{here()}'
        )
    return norm


def _check_length(name: str, n: int) -> int:
    if n < 1:
        raise ArgumentError(f"np.fft.{name}: Invalid number of FFT data points ({n}){here()}")
    return n


def _one_axis(name: str, fft_type: str, a: Any, n: Any, axis: Any, norm: Any) -> Any:
    a = _signal(name, a, fft_type)
    shape = typeof(a).shape
    d = normalize_axis(axis, len(shape))
    if n is None:
        n = 2 * (shape[d] - 1) if fft_type == "IRFFT" else shape[d]
    n = _check_length(name, operator.index(n))
    return transform(a, fft_type, (n,), (d,), _norm(norm))


def _many_axes(name: str, fft_type: str, a: Any, s: Any, axes: Any, norm: Any) -> Any:
    a = _signal(name, a, fft_type)
    shape = typeof(a).shape
    if axes is None:
        axes = range(len(shape)) if s is None else range(len(shape) - len(s), len(shape))
    dims = [normalize_axis(d, len(shape)) for d in axes]
    if not dims:
        if fft_type in ("RFFT", "IRFFT"):
            raise ArgumentError(f"np.fft.{name}: at least one axis must be transformed{here()}")
        return a
    if s is None:
        lengths = [shape[d] for d in dims]
        if fft_type == "IRFFT":
            lengths[-1] = 2 * (lengths[-1] - 1)
    else:
        if len(s) != len(dims):
            raise ArgumentError(f"Shape and axes have different lengths: {s} and {dims}{here()}")
        lengths = [
            shape[d] if n is None or n == -1 else int(n) for n, d in zip(s, dims, strict=True)
        ]
    for n in lengths:
        _check_length(name, n)
    return transform(a, fft_type, lengths, dims, _norm(norm))


@implements(np.fft.fft)
def fft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """`np.fft.fft`."""
    return deliver(_one_axis("fft", "FFT", a, n, axis, norm), out, "np.fft.fft")


@implements(np.fft.ifft)
def ifft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """`np.fft.ifft`."""
    return deliver(_one_axis("ifft", "IFFT", a, n, axis, norm), out, "np.fft.ifft")


@implements(np.fft.rfft)
def rfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """`np.fft.rfft`."""
    return deliver(_one_axis("rfft", "RFFT", a, n, axis, norm), out, "np.fft.rfft")


@implements(np.fft.irfft)
def irfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """`np.fft.irfft`."""
    return deliver(_one_axis("irfft", "IRFFT", a, n, axis, norm), out, "np.fft.irfft")


@implements(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """`np.fft.hfft`: the spectrum, which is real, of a signal with Hermitian symmetry."""
    a = _conjugate(_signal("hfft", a, "IRFFT"))
    result = _one_axis("hfft", "IRFFT", a, n, axis, OPPOSITE[_norm(norm)])
    return deliver(result, out, "np.fft.hfft")


@implements(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    """`np.fft.ihfft`."""
    result = conj(_one_axis("ihfft", "RFFT", a, n, axis, OPPOSITE[_norm(norm)]))
    return deliver(result, out, "np.fft.ihfft")


def _conjugate(a: Any) -> Any:
    return conj(a) if is_complex(a) else a


@implements(np.fft.fftn)
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """`np.fft.fftn`."""
    return deliver(_many_axes("fftn", "FFT", a, s, axes, norm), out, "np.fft.fftn")


@implements(np.fft.ifftn)
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """`np.fft.ifftn`."""
    return deliver(_many_axes("ifftn", "IFFT", a, s, axes, norm), out, "np.fft.ifftn")


@implements(np.fft.rfftn)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """`np.fft.rfftn`."""
    return deliver(_many_axes("rfftn", "RFFT", a, s, axes, norm), out, "np.fft.rfftn")


@implements(np.fft.irfftn)
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: Any = None) -> Any:
    """`np.fft.irfftn`."""
    return deliver(_many_axes("irfftn", "IRFFT", a, s, axes, norm), out, "np.fft.irfftn")


@implements(np.fft.fft2)
def fft2(
    a: Any, s: Any = None, axes: Sequence[int] = (-2, -1), norm: Any = None, out: Any = None
) -> Any:
    """`np.fft.fft2`."""
    return fftn(a, s, axes, norm, out)


@implements(np.fft.ifft2)
def ifft2(
    a: Any, s: Any = None, axes: Sequence[int] = (-2, -1), norm: Any = None, out: Any = None
) -> Any:
    """`np.fft.ifft2`."""
    return ifftn(a, s, axes, norm, out)


@implements(np.fft.rfft2)
def rfft2(
    a: Any, s: Any = None, axes: Sequence[int] = (-2, -1), norm: Any = None, out: Any = None
) -> Any:
    """`np.fft.rfft2`."""
    return rfftn(a, s, axes, norm, out)


@implements(np.fft.irfft2)
def irfft2(
    a: Any, s: Any = None, axes: Sequence[int] = (-2, -1), norm: Any = None, out: Any = None
) -> Any:
    """`np.fft.irfft2`."""
    return irfftn(a, s, axes, norm, out)


def _shift(x: Any, axes: Any, sign: int) -> Any:
    x = operand(x)
    shape = typeof(x).shape
    if axes is None:
        axes = tuple(range(len(shape)))
    elif not isinstance(axes, (tuple, list)):
        axes = (axes,)
    dims = tuple([normalize_axis(d, len(shape)) for d in axes])
    return np.roll(x, [shape[d] // 2 if sign > 0 else -(shape[d] // 2) for d in dims], dims)


@implements(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    """`np.fft.fftshift`."""
    return _shift(x, axes, 1)


@implements(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """`np.fft.ifftshift`."""
    return _shift(x, axes, -1)
