"""Fourier transforms under JAX's name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.lax.settings import FftType

_FUNCTIONS = {
    FftType.FFT: np.fft.fftn,
    FftType.IFFT: np.fft.ifftn,
    FftType.RFFT: np.fft.rfftn,
    FftType.IRFFT: np.fft.irfftn,
}


def fft(x: Any, fft_type: FftType | str, fft_lengths: int | Sequence[int]) -> Any:
    """The Fourier transform over the last axes.

    Args:
        x: an array.
        fft_type: an `FftType`, or its name.
        fft_lengths: the lengths of the transformed axes; for "irfft" those of the result.

    Raises:
        ArgumentError: there is no such type, or the lengths are not those of the array.

    >>> import numpy as np, funcgrad as fg
    >>> fg.lax.fft(np.array([1.0, 2.0, 3.0]), "rfft", (3,)).round(3)
    array([ 6. +0.j   , -1.5+0.866j])
    """
    try:
        kind = FftType(fft_type.lower()) if isinstance(fft_type, str) else FftType(fft_type)
    except ValueError:
        names = ", ".join(repr(kind.value) for kind in FftType)
        raise ArgumentError(f"fft: fft_type is one of {names}, not {fft_type!r}{here()}") from None
    lengths = (fft_lengths,) if isinstance(fft_lengths, int) else tuple(fft_lengths)
    shape = typeof(x).shape
    given = lengths if kind is not FftType.IRFFT else (*lengths[:-1], lengths[-1] // 2 + 1)
    if shape[len(shape) - len(lengths) :] != given:
        raise ArgumentError(
            f"fft: fft_lengths {lengths} do not fit to the last axes of an array of shape {shape}{here()}"
        )
    if kind is FftType.RFFT and typeof(x).dtype.kind == "c":
        raise ArgumentError(f"fft: 'rfft' takes real numbers, not {typeof(x)}{here()}")
    return _FUNCTIONS[kind](x, axes=tuple(range(-len(lengths), 0)))
