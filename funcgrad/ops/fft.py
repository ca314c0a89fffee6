"""Discrete Fourier transforms over any axes: one primitive of four kinds, as in JAX.

Lengths may differ from those of the operand: it is cut off or padded with zeros first.
Transposition is linear without conjugation, under which the complex transforms are their own
transposes. The real ones keep half of a spectrum: its inner frequencies stand for two, which is
what the weights say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.primitive import BatchAxis, Primitive
from funcgrad.core.types import ShapedArray
from funcgrad.ops.basic import convert, linear_jvp, shift
from funcgrad.ops.complex import COMPLEX_OF, conj, is_complex, real, real_dtype
from funcgrad.ops.shape import pad

Axes = tuple[int, ...]
# The norm with which the inverse transform has the scale of the forward one.
OPPOSITE = {"backward": "forward", "ortho": "ortho", "forward": "backward"}
_ONE_AXIS = {"FFT": np.fft.fft, "IFFT": np.fft.ifft, "RFFT": np.fft.rfft, "IRFFT": np.fft.irfft}
_MANY_AXES = {
    "FFT": np.fft.fftn,
    "IFFT": np.fft.ifftn,
    "RFFT": np.fft.rfftn,
    "IRFFT": np.fft.irfftn,
}


def _impl(x: Any, fft_type: str, fft_lengths: Axes, axes: Axes, norm: str) -> Any:
    if not x.size:  # NumPy returns memory that it has not written to
        return np.zeros(*_type(x.shape, x.dtype, fft_type, fft_lengths, axes))
    if len(axes) == 1:
        return _ONE_AXIS[fft_type](x, fft_lengths[0], axes[0], norm)
    return _MANY_AXES[fft_type](x, fft_lengths, axes, norm)


def _abstract(
    x: ShapedArray, fft_type: str, fft_lengths: Axes, axes: Axes, norm: str
) -> ShapedArray:
    return ShapedArray(*_type(x.shape, x.dtype, fft_type, fft_lengths, axes))


def _type(
    shape: tuple[int, ...], dtype: np.dtype[Any], fft_type: str, fft_lengths: Axes, axes: Axes
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype of the result, from those of the operand."""
    sizes = list(shape)
    for d, n in zip(axes, fft_lengths, strict=True):
        sizes[d] = n
    if fft_type == "RFFT":
        sizes[axes[-1]] = fft_lengths[-1] // 2 + 1
    real_result = fft_type == "IRFFT"
    return tuple(sizes), real_dtype(dtype) if real_result else COMPLEX_OF.get(dtype, dtype)


def _weights(n: int, inner: float, axis: int, like: Any) -> Any:
    """1 for the frequencies that half a spectrum of length `n` has once, `inner` for the others."""
    weights = np.full(n // 2 + 1, inner, real_dtype(like.dtype))
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return weights.reshape((-1,) + (1,) * (len(like.shape) - 1 - axis))


def _resize(x: Any, shape: Sequence[int]) -> Any:
    """`x` cut off or padded with zeros at the end of each axis."""
    config = tuple([(0, n - m, 0) for m, n in zip(x.shape, shape, strict=True)])
    if all(high == 0 for _, high, _ in config):
        return x
    return pad(x, x.dtype.type(0), padding_config=config)


def _transpose(
    ct: Any, x: Any, fft_type: str, fft_lengths: Axes, axes: Axes, norm: str
) -> tuple[Any]:
    rest = {"fft_lengths": fft_lengths, "axes": axes}
    if fft_type in ("FFT", "IFFT"):
        out = fft_p(ct, fft_type=fft_type, norm=norm, **rest)
    elif fft_type == "RFFT":
        half = conj(ct) * _weights(fft_lengths[-1], 0.5, axes[-1], ct)
        out = fft_p(half, fft_type="IRFFT", norm=OPPOSITE[norm], **rest)
    else:
        half = conj(fft_p(ct, fft_type="RFFT", norm=OPPOSITE[norm], **rest))
        out = half * _weights(fft_lengths[-1], 2.0, axes[-1], half)
    if is_complex(out) and x.dtype.kind != "c":
        out = real(out)
    return (_resize(convert(out, x.dtype), x.shape),)


def _batch(
    axis: BatchAxis, operands: Sequence[Any], batched: Sequence[bool], axes: Axes, **params: Any
) -> tuple[Any, bool]:
    return fft_p(operands[0], axes=shift(axes), **params), True


# `fft_type` FFT, IFFT, RFFT or IRFFT over `axes`, of which the last is the real one; `fft_lengths`
# are the lengths of the signals, `norm` is NumPy's.
fft_p = Primitive(
    "fft",
    impl=_impl,
    abstract=_abstract,
    jvp=linear_jvp(lambda: fft_p),
    transpose=_transpose,
    batch=_batch,
)


def fft(x: Any, fft_type: str, lengths: Sequence[int], axes: Sequence[int], norm: str) -> Any:
    """The transform over `axes` (non-negative; may repeat), one equation if they are different."""
    if len(set(axes)) == len(axes):
        lengths, axes = tuple(lengths), tuple(axes)
        return fft_p(x, fft_type=fft_type, fft_lengths=lengths, axes=axes, norm=norm)
    pairs = list(zip(lengths, axes, strict=True))
    complex_type = {"RFFT": "FFT", "IRFFT": "IFFT"}.get(fft_type, fft_type)
    steps = [(complex_type, n, d) for n, d in pairs[:-1]]
    last = (fft_type, *pairs[-1])
    for kind, n, d in [*steps, last] if fft_type == "IRFFT" else [last, *steps[::-1]]:
        x = fft_p(x, fft_type=kind, fft_lengths=(n,), axes=(d,), norm=norm)
    return x
