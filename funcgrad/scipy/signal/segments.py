"""Segments of a signal: the window, lengths and frequencies of a spectral analysis."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.core.errors import ArgumentError
from funcgrad.core.source import here
from funcgrad.core.tracing import typeof
from funcgrad.numpy.arguments import normalize_axis
from funcgrad.ops.basic import move_axis
from funcgrad.ops.fft import fft
from funcgrad.scipy.mirror import scipy_module
from funcgrad.scipy.signal.filters import detrend as remove_trend


class SegmentPlan:
    """Window, lengths and frequencies of a spectral analysis."""

    def __init__(
        self,
        window: Any,
        nperseg: Any,
        noverlap: Any,
        nfft: Any,
        length: int,
        dtype: Any,
        fs: float,
    ) -> None:
        if isinstance(window, (str, tuple)):
            self.size = min(256 if nperseg is None else int(nperseg), length)
            self.window = scipy_module("signal").get_window(window, self.size)
        else:
            self.window = np.asarray(window)
            self.size = len(self.window)
            if nperseg not in (None, self.size):
                raise ArgumentError(
                    f"nperseg is {nperseg}, but the window has {self.size} points{here()}"
                )
        self.nfft = self.size if nfft is None else int(nfft)
        if self.nfft < self.size:
            raise ArgumentError(
                f"nfft must be greater than or equal to nperseg: {self.nfft} and {self.size}{here()}"
            )
        overlap = self.size // 2 if noverlap is None else int(noverlap)
        if overlap >= self.size:
            raise ArgumentError(
                f"noverlap must be less than nperseg: {overlap} and {self.size}{here()}"
            )
        self.step = self.size - overlap
        self.dtype = dtype
        self.fs = fs

    def frequencies(self, onesided: bool) -> Any:
        make = np.fft.rfftfreq if onesided else np.fft.fftfreq
        return make(self.nfft, 1 / self.fs)

    def scale(self, scaling: str) -> float:
        if scaling == "density":
            return float(1.0 / (self.fs * np.sum(self.window * self.window)))
        if scaling == "spectrum":
            return float(1.0 / np.sum(self.window) ** 2)
        raise ArgumentError(f"Unknown scaling: {scaling!r}{here()}")

    def spectra(self, x: Any, trend: Any, onesided: bool) -> Any:
        """The transforms of the windowed segments: (..., segments, frequencies)."""
        count = max((typeof(x).shape[-1] - self.size) // self.step + 1, 0)
        where = np.arange(count)[:, None] * self.step + np.arange(self.size)
        segments = x[..., where]
        if trend:
            segments = trend(segments) if callable(trend) else remove_trend(segments, type=trend)
        segments = segments * self.window.astype(self.dtype)
        last = len(typeof(segments).shape) - 1
        return fft(segments, "RFFT" if onesided else "FFT", (self.nfft,), (last,), "backward")


def last_axis(x: Any, axis: int) -> Any:
    ndim = len(typeof(x).shape)
    return move_axis(x, normalize_axis(axis, ndim), ndim - 1)


def placed(segments: Any, axis: int) -> Any:
    """(..., segments, frequencies) with frequencies where the data's axis was and segments last."""
    ndim = len(typeof(segments).shape)
    swapped = move_axis(segments, ndim - 1, ndim - 2)
    return move_axis(swapped, ndim - 2, normalize_axis(axis, ndim - 1))


def real_dtype_of(x: Any) -> Any:
    return np.zeros((), typeof(x).dtype).real.dtype
